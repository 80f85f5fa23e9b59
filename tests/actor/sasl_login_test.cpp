// SPDX-License-Identifier: Apache-2.0
/// Clients that log in by SASL, request by request (ZooKeeperServer.processSasl,
/// AuthenticationHelper.enforceAuthentication, SaslAuthTest).
#include "tests/actor/database_fixture.hpp"
#include "tests/actor/sasl_client.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class SaslLogin : public Database {
 protected:
  SaslLogin() {
    context->config.sasl_users = {{"bob", "builder"}, {"ann", "sword"}};
    context->config.sasl_in_acls = true;
    database_ = keep(system().spawn(database, database_options{context}));
    run();
  }

  static client_request token(int xid, jute::buffer bytes) {
    return {cxid{xid}, op_code::sasl, jute::encode(sasl_token{std::move(bytes)})};
  }
  static client_request create_for(int xid, const std::string& path, auth_id who) {
    create_request body;
    body.path = path;
    body.acl = std::vector<acl_entry>{{permission::all, std::move(who)}};
    return {cxid{xid}, op_code::create, jute::encode(body)};
  }

  /// Says hello as a client whose output is kept, and returns its connection.
  void come(connection_id id) {
    auto client = keep(system().spawn([this](client_sink::pointer) {
      return client_sink::behavior_type{[this](const client_output& m) {
        frames_ += m.frames;
        closed_ = closed_ || m.close;
      }};
    }));
    system().spawn([=, this](caf::event_based_actor* self) {
      self->request(database_, caf::infinite, open_session{id, {}, 10'000, {}, "127.0.0.1", client})
          .then([=](const session_opened&) {});
    });
    run();
    commit();
  }
  struct answered {
    reply_header header;
    std::string body;
  };
  /// The answer to a token; it is alone.
  answered say(connection_id from, int xid, jute::buffer bytes) {
    frames_.clear();
    ask(from, {token(xid, std::move(bytes))});
    return only_frame();
  }
  answered only_frame() {
    answered out;
    jute::reader in{frames_};
    EXPECT_EQ(static_cast<std::size_t>(in.i32()) + 4, frames_.size());
    in(out.header);
    EXPECT_TRUE(in.ok());
    out.body = in.rest();
    return out;
  }
  static std::string token_of(const answered& x) {
    auto decoded = jute::decode<sasl_token>(x.body);
    EXPECT_TRUE(decoded && decoded->token);
    return decoded && decoded->token ? *decoded->token : "";
  }
  /// Both rounds; how the second ended.
  answered log_in(connection_id from, const std::string& user, const std::string& password) {
    sasl_client client{user, password};
    auto challenge = say(from, 1, "");
    EXPECT_EQ(challenge.header.err, error_code::ok);
    EXPECT_EQ(challenge.header.id, zxid{});
    return say(from, 2, client.answer(token_of(challenge)));
  }
  std::vector<std::string> who_is(connection_id id) {
    frames_.clear();
    ask(id, {{cxid{9}, op_code::who_am_i, {}}});
    auto answer = only_frame();
    jute::reader in{answer.body};
    std::vector<std::string> out;
    for (auto n = in.i32(); n > 0; --n) {
      auth_id one;
      in(one);
      out.push_back(one.scheme + ":" + one.id);
    }
    return out;
  }

  static inline const std::string null_token{"\xff\xff\xff\xff"};
  std::string frames_;
  bool closed_ = false;
};

TEST_F(SaslLogin, WhoKnowsThePasswordIsThatUserFromThenOn) {
  lead();
  come(conn_a);
  auto proof = log_in(conn_a, "bob", "builder");
  EXPECT_EQ(proof.header.xid, cxid{2});
  EXPECT_EQ(proof.header.err, error_code::ok);
  EXPECT_EQ(proof.header.id, zxid{});
  EXPECT_THAT(token_of(proof), StartsWith("rspauth="));
  EXPECT_THAT(who_is(conn_a), ElementsAre("ip:127.0.0.1", "sasl:bob"));
  EXPECT_FALSE(closed_);
}

TEST_F(SaslLogin, WrongPasswordAndUnknownUserAreAnsweredAlikeAndCutOff) {
  lead();
  for (auto [user, password] : {std::pair{"bob", "sword"}, {"mallory", "builder"}}) {
    come(conn_a);
    closed_ = false;
    auto refused = log_in(conn_a, user, password);
    EXPECT_EQ(refused.header.err, error_code::auth_failed);
    EXPECT_EQ(refused.header.id, zxid{});
    EXPECT_EQ(refused.body, null_token);
    EXPECT_TRUE(closed_);
  }
}

TEST_F(SaslLogin, WhereSaslIsRequiredAFailureSaysSo) {
  context->config.required_auth_schemes = {"sasl"};
  context->config.keeps_who_fails_sasl = true;  // of no avail then
  lead();
  come(conn_a);
  EXPECT_EQ(log_in(conn_a, "bob", "sword").header.err,
            error_code::session_closed_require_sasl_auth);
  EXPECT_TRUE(closed_);
}

TEST_F(SaslLogin, WhereSaslIsRequiredNothingElseIsAnsweredBeforeIt) {
  context->config.required_auth_schemes = {"sasl"};
  lead();
  for (auto op : {op_code::get_data, op_code::create, op_code::ping, op_code::close_session}) {
    come(conn_a);
    frames_.clear();
    closed_ = false;
    ask(conn_a, {{cxid{5}, op, jute::encode(read_request{"/", false})}, token(6, "")});
    auto refused = only_frame();
    EXPECT_EQ(refused.header.err, error_code::session_closed_require_sasl_auth);
    EXPECT_EQ(refused.header.id, zxid{});
    EXPECT_EQ(refused.body, "");
    EXPECT_TRUE(closed_);
    EXPECT_THAT(planned_, IsEmpty());
  }
  come(conn_b);
  closed_ = false;
  log_in(conn_b, "bob", "builder");
  frames_.clear();
  ask(conn_b, {get(5, "/")});
  EXPECT_EQ(only_frame().header.err, error_code::ok);
  EXPECT_FALSE(closed_);
}

TEST_F(SaslLogin, WhoMayFailGoesOnAsNobody) {
  context->config.keeps_who_fails_sasl = true;
  lead();
  come(conn_a);
  auto refused = log_in(conn_a, "bob", "sword");
  EXPECT_EQ(refused.header.err, error_code::ok);
  EXPECT_EQ(refused.body, null_token);
  EXPECT_THAT(who_is(conn_a), ElementsAre("ip:127.0.0.1"));
  EXPECT_EQ(say(conn_a, 3, "").body, null_token) << "a conversation that failed is over";
  EXPECT_FALSE(closed_);
}

TEST_F(SaslLogin, ServerWithoutUsersAnswersATokenByNone) {
  context->config.sasl_users = {};
  lead();
  come(conn_a);
  auto answer = say(conn_a, 1, "");
  EXPECT_EQ(answer.header.err, error_code::ok);
  EXPECT_EQ(answer.body, null_token);
  EXPECT_FALSE(closed_);
}

TEST_F(SaslLogin, RequestWithoutATokenEndsTheConnectionWithoutAnAnswer) {
  lead();
  for (const auto& body : {std::string{}, null_token, std::string("\0\0\0\5x", 5)}) {
    come(conn_a);
    frames_.clear();
    closed_ = false;
    ask(conn_a, {{cxid{1}, op_code::sasl, body}, get(2, "/")});
    EXPECT_EQ(frames_, "");
    EXPECT_TRUE(closed_);
  }
}

TEST_F(SaslLogin, UserWhoIsConfiguredSoPassesEveryAcl) {
  context->config.sasl_super_users = {{"", "carl"}, {".2", "ann"}};
  lead();
  come(conn_a);
  log_in(conn_a, "ann", "sword");
  EXPECT_THAT(who_is(conn_a), ElementsAre("ip:127.0.0.1", "sasl:ann", "super:"));
  frames_.clear();
  ask(conn_a, {create_for(1, "/x", {"sasl", "bob"})});
  commit();
  frames_.clear();
  ask(conn_a, {get(2, "/x")});
  EXPECT_EQ(only_frame().header.err, error_code::ok);
}

TEST_F(SaslLogin, WhereAclsDoNotKnowSaslAUserIsNobody) {
  context->config.sasl_in_acls = false;
  lead();
  come(conn_a);
  EXPECT_EQ(log_in(conn_a, "bob", "builder").header.err, error_code::ok);
  EXPECT_THAT(who_is(conn_a), ElementsAre("ip:127.0.0.1"));
}

TEST_F(SaslLogin, AnAnswerWaitsForItsTurnAndTheWritesBehindItDoNot) {
  learn();
  session_exists({7}, at(2, 1));
  upstream_heard_.verdicts.release();
  open(conn_a, {7}, "a");
  ask(conn_a, {create(1, "/first"), token(2, ""), create(3, "/second")});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 2u);
  EXPECT_THAT(on.news_of("a"), IsEmpty()) << "the challenge waits behind the first write";
  commit({7}, cxid{1}, at(2, 2), create_txn{"/first", {}, *core::open_acl(), false, 1},
         op_code::create);
  EXPECT_THAT(on.news_of("a"), ElementsAre("a: xid 1 err 0", "a: xid 2 err 0"));
}

TEST_F(SaslLogin, NothingBehindAFailureIsHeardEvenIfItsAnswerWaits) {
  learn();
  session_exists({7}, at(2, 1));
  upstream_heard_.verdicts.release();
  open(conn_a, {7}, "a");
  ask(conn_a, {create(1, "/first"), token(2, ""), token(3, "no proof"), create(4, "/second")});
  ASSERT_EQ(upstream_heard_.forwarded.size(), 1u);
  commit({7}, cxid{1}, at(2, 2), create_txn{"/first", {}, *core::open_acl(), false, 1},
         op_code::create);
  EXPECT_THAT(on.news_of("a"),
              ElementsAre("a: xid 1 err 0", "a: xid 2 err 0", "a: xid 3 err -115", "a: closed"));
}

}  // namespace
}  // namespace troupe::test
