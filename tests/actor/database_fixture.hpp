// SPDX-License-Identifier: Apache-2.0
/// The database between clients, a leader and an upstream that only listen: what its tests share.
#pragma once

#include "actors/database/database.hpp"

#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

inline constexpr connection_id conn_a{1}, conn_b{2};

/// The frames of an output, in words: "xid 5 err 0", "event /a" or "event /a of no txn".
inline std::vector<std::string> words_of(std::string_view frames) {
  std::vector<std::string> out;
  while (!frames.empty()) {
    jute::reader length{frames.substr(0, 4)};
    auto size = static_cast<std::size_t>(length.i32());
    auto frame = frames.substr(4, size);
    frames.remove_prefix(4 + size);
    jute::reader in{frame};
    reply_header header;
    in(header);
    if (header.xid.value == special_xid::watch_event) {
      watch_event event;
      in(event);
      out.push_back("event " + event.path + (header.id == zxid{-1} ? " of no txn" : ""));
    } else {
      out.push_back("xid " + std::to_string(header.xid.value) + " err " +
                    std::to_string(static_cast<int>(header.err)));
    }
  }
  return out;
}

struct upstream_script {
  std::vector<write_request> forwarded;
  gate verdicts;
  session_verdict verdict{true, 10'000, {}};
  int questions = 0;
  zxid differs_at;
};
// Spawned.
database_actor make_database(caf::actor_system& system, context_ptr context);
client_sink fake_client(caf::actor_system& system, scene* on, std::string name);
forward_sink fake_upstream(caf::actor_system& system, upstream_script* to);
proposal_sink fake_leader(caf::actor_system& system, std::vector<txn_ptr>* planned);

class Database : public room {
 protected:
  Database() {
    context->wall_ms = [] { return std::int64_t{1'700'000'000'000}; };
    upstream_heard_.verdicts.open_in(system());
    upstream_heard_.verdicts.hold();
    database_ = keep(make_database(system(), context));
    upstream_ = keep(fake_upstream(system(), &upstream_heard_));
    leader_ = keep(fake_leader(system(), &planned_));
    run();
  }
  void TearDown() override {
    upstream_heard_.verdicts.close_down();
    room::TearDown();
  }

  void lead() { tell(start_leading{epoch{2}, leader_}); }
  void learn() { tell(start_learning{epoch{2}, upstream_}); }
  template <class M>
  void tell(M m) {
    caf::anon_send(database_, std::move(m));
    run();
  }
  /// All that was planned so far is committed.
  void commit() { tell(apply_txns{std::exchange(planned_, {})}); }
  void commit(session_id client, cxid cx, zxid id, txn_body body, op_code type) {
    tell(apply_txns{
        {make_logged({{client, cx, id, 1'700'000'000'000, type}, std::move(body), {}})}});
  }
  void session_exists(session_id id, zxid created) {
    commit(id, {}, created, create_session_txn{10'000}, op_code::create_session);
  }

  /// Says how the answer came out: "open", "expired", ... or "nothing".
  std::shared_ptr<std::string> open(connection_id id, session_id session, std::string name,
                                    bool accepts_read_only = false) {
    auto outcome = std::make_shared<std::string>("nothing");
    auto client = keep(fake_client(system(), &on, std::move(name)));
    auto account = accounts_[id] = std::make_shared<client_account>(*context);
    system().spawn([=, this](caf::event_based_actor* self) {
      self->request(database_, caf::infinite,
                    open_session{
                        id, session, 10'000, {}, "127.0.0.1", client, accepts_read_only, account})
          .then([=, this](const session_opened& x) {
            static constexpr const char* names[] = {"open", "expired", "behind", "not serving",
                                                    "no memory", "too many", "too many unclaimed"};
            *outcome = names[static_cast<int>(x.result)];
            opened_ = x.session;
            opened_read_only_ = x.read_only;
          });
    });
    run();
    return outcome;
  }
  session_id open_new(connection_id id, std::string name) {
    auto outcome = open(id, {}, std::move(name));
    commit();
    EXPECT_EQ(*outcome, "open");
    return opened_;
  }
  static client_request create(int xid, const std::string& path, std::int32_t flags = 0) {
    create_request body;
    body.flags = flags;
    body.path = path;
    body.acl = std::vector<acl_entry>{{permission::all, {"world", "anyone"}}};
    return {cxid{xid}, op_code::create, jute::encode(body)};
  }
  static client_request get(int xid, const std::string& path, bool watch = false) {
    return {cxid{xid}, op_code::get_data, jute::encode(read_request{path, watch})};
  }
  void ask(connection_id from, std::vector<client_request> requests) {
    tell(client_requests{from, std::move(requests)});
  }

  template <class Reply, class Question>
  Reply answer_to(Question question) {
    Reply out;
    system().spawn([&](caf::event_based_actor* self) {
      self->request(database_, caf::infinite, question).then([&](const Reply& x) { out = x; });
    });
    run();
    return out;
  }
  database_stats stats() { return answer_to<database_stats>(get_database_stats{}); }
  database_details details(get_database_details asked) {
    return answer_to<database_details>(asked);
  }
  database_details::connection_line figures_of(connection_id id) {
    for (auto& line : details({.connections = true}).connections)
      if (line.id == id) return line;
    ADD_FAILURE() << "no connection " << id.value;
    return {};
  }

  database_actor database_;
  forward_sink upstream_;
  proposal_sink leader_;
  upstream_script upstream_heard_;
  std::vector<txn_ptr> planned_;
  std::map<connection_id, account_ptr> accounts_;  // their output is taken by nobody
  session_id opened_;
  bool opened_read_only_ = false;
};

}  // namespace troupe::test
