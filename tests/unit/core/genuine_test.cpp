// SPDX-License-Identifier: Apache-2.0
/// This project's database against what a genuine ZooKeeper 3.8.0 said and wrote (data/record.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <sstream>

#include "actors/core/watches.hpp"
#include "messages/client/session_password.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

/// The txns of a log file (FileTxnLog): header 16 bytes; checksum, length, bytes, 'B' each.
std::vector<std::string> txns_of(const std::string& log) {
  std::vector<std::string> out;
  jute::reader in{log};
  in.i64();
  in.i64();
  while (!in.at_end()) {
    in.i64();
    out.emplace_back(in.bytes().value());
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.rest().front(), 'B');
    bool end_of_record = false;
    in(end_of_record);
  }
  return out;
}

image image_of(const std::string& bytes) {
  auto read = decode_all(bytes);
  if (!read) throw std::runtime_error(read.error());
  return std::move(*read);
}

TEST(GenuineSnapshot, NewDatabaseIsWrittenByteForByteAsZooKeeperWritesIt) {
  EXPECT_EQ(encode_all(tree{}), recorded("snapshot.first"));
}

TEST(GenuineSnapshot, SnapshotReadAndWrittenAgainIsTheSameBytes) {
  for (std::size_t slice : {1, 7, 64, 4096}) {
    auto bytes = recorded("snapshot.ordered");
    auto read = decode_all(bytes, slice);
    ASSERT_TRUE(read) << read.error();
    ASSERT_TRUE(read->digest);
    read->data.set_last_processed(read->digest->at);
    EXPECT_EQ(read->data.digest(), read->digest->value);
    EXPECT_EQ(encode_all(read->data, slice), bytes);
  }
}

/// One recorded run: what was said, and what ZooKeeper left on disk.
struct recording {
  std::string conversation, log, snapshot;
  std::size_t exists_denied = 0;  // 3.8.0 did not ask for READ there; 3.8.6 does
};
const recording classic{"conversation.txt", "log.first", "snapshot.last", 1};
const recording operations{"operations.txt", "log.operations", "snapshot.operations"};
void PrintTo(const recording& x, std::ostream* out) { *out << x.conversation; }

class Genuine : public ::testing::TestWithParam<recording> {};
INSTANTIATE_TEST_SUITE_P(Recorded, Genuine, ::testing::Values(classic, operations));

TEST_P(Genuine, ReplayedLogHasTheDigestZooKeeperWroteBesideEveryTxn) {
  auto start = image_of(recorded("snapshot.first"));
  std::size_t count = 0;
  for (const auto& bytes : txns_of(recorded(GetParam().log))) {
    auto x = decode_txn(bytes);
    ASSERT_TRUE(x);
    // ZooKeeper gives none to what it refused.
    EXPECT_EQ(x->digest.has_value(), x->header.type != op_code::error);
    EXPECT_TRUE(start.data.apply(*x).digest_matches) << to_string(x->header.id);
    EXPECT_EQ(x->digest.value_or(txn_digest{2, start.data.digest()}).tree, start.data.digest());
    EXPECT_EQ(encode_txn(*x), bytes);
    ++count;
  }
  EXPECT_GT(count, 40U);
}

TEST_P(Genuine, ReplayedLogEndsInTheDatabaseZooKeeperWrote) {
  auto replayed = image_of(recorded("snapshot.first"));
  for (const auto& bytes : txns_of(recorded(GetParam().log)))
    replayed.data.apply(*decode_txn(bytes));
  auto at = replayed.data.last_processed();
  replayed = image_of(encode_all(replayed.data));  // what is in use of a quota is counted anew
  replayed.data.set_last_processed(at);
  auto last = image_of(recorded(GetParam().snapshot));
  ASSERT_TRUE(last.digest);
  last.data.set_last_processed(last.digest->at);
  // Both in our order of children, with the numbers of the access lists and the sessions.
  EXPECT_EQ(encode_all(replayed.data), encode_all(last.data));
}

/// Repeats the recorded conversation: each request goes through our prep, tree and replies.
class Conversation : public ::testing::TestWithParam<recording> {
 protected:
  struct connection {
    session_id session;
    identities shown{{"ip", "127.0.0.1"}};
    std::deque<std::string> sent;
    bool is_open = false;
  };
  struct line {
    std::string who;
    bool from_client;
    std::string bytes;
  };

  void SetUp() override {
    logged_ = txns_of(recorded(GetParam().log));
    std::istringstream in{recorded(GetParam().conversation)};
    for (std::string who, hex; in >> who >> hex;) {
      std::string bytes;
      for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
      lines_.push_back({who.substr(0, 1), who[1] == '>', std::move(bytes)});
    }
    planner_.begin(zxid{1});
    data_.set_extended_types(true);
  }

  /// What ZooKeeper logged at this point gives the clock; all else must come out of prep.
  applied write(const write_request& request) {
    EXPECT_LT(next_logged_, logged_.size());
    const auto& bytes = logged_.at(next_logged_++);
    auto expected = decode_txn(bytes).value();
    auto planned = planner_.plan(request, expected.header.time_ms);
    EXPECT_EQ(planned, expected) << to_string(expected.header.id);
    EXPECT_EQ(encode_txn(planned), bytes);
    auto done = data_.apply(planned);
    planner_.applied(planned.header.id);
    EXPECT_TRUE(done.digest_matches);
    for (const auto& what : done.triggers) {
      const auto fired = watches_.trigger(what);
      for (auto watcher : fired.watchers) send_event(watcher, fired.event);
    }
    return done;
  }

  void send_event(watcher_key to, const watch_event& event) {
    by_name_[std::string(1, static_cast<char>(to))].sent.push_back(
        jute::encode(reply_header{cxid{special_xid::watch_event}, zxid{-1}, error_code::ok}) +
        jute::encode(event));
  }

  void connect(connection& c, const std::string& answer) {
    auto accepted = jute::decode<connect_response>(answer).value();
    c.session = accepted.session;
    EXPECT_EQ(*accepted.password, session_password(accepted.session));
    c.is_open = true;
    std::string timeout;
    jute::writer{timeout}.i32(accepted.timeout_ms);
    write({c.session, cxid{0}, op_code::create_session, timeout, {}});
  }

  void request(const std::string& who, connection& c, std::string_view frame) {
    jute::reader in{frame};
    request_header header;
    in(header);
    std::string body{in.rest()};
    auto watcher = static_cast<watcher_key>(who[0]);
    reply answer;
    std::optional<zxid> at;
    if (is_write(header.type)) {
      answer = reply_to_write(write({c.session, header.xid, header.type, body, c.shown}));
      if (header.type == op_code::close_session) watches_.remove_watcher(watcher);
    } else if (header.type == op_code::auth) {
      auto asked = jute::decode<auth_request>(body).value();
      auto proved = authenticate(asked.scheme, *asked.auth, "", "127.0.0.1");
      c.shown.insert(c.shown.end(), proved->begin(), proved->end());
      at = zxid{0};
    } else if (header.type == op_code::set_watches || header.type == op_code::set_watches2) {
      auto asked = decode_set_watches(header.type, body);
      if (!asked) answer.err = asked.error();
      for (const auto& event : asked ? watches_.set_watches(watcher, *asked, data_) : no_events)
        send_event(watcher, event);
    } else if (header.type == op_code::add_watch || header.type == op_code::check_watches ||
               header.type == op_code::remove_watches) {
      answer = answer_watch_op(header.type, body, watcher, watches_);
    } else {
      auto read = answer_read(header.type, body, {c.shown, c.session}, data_);
      if (read.watch) watches_.add(read.watch->kind, read.watch->path, watcher);
      answer = {read.err, read.body};
      if (read.err == error_code::unimplemented) at = zxid{-1};
    }
    c.sent.push_back(
        jute::encode(reply_header{header.xid, at.value_or(data_.last_processed()), answer.err}) +
        answer.body);
    asked_ = header.type;
  }

  /// ZooKeeper lists children as its hash set has them.
  static std::string with_children_sorted(std::string_view frame) {
    jute::reader in{frame};
    reply_header header;
    std::vector<std::string> names;
    in(header, names);
    std::sort(names.begin(), names.end());
    return jute::encode(header) + jute::encode(children{names}) + std::string{in.rest()};
  }
  struct children {
    std::vector<std::string> names;
    friend void fields(jute::writer& w, const children& c) { w(c.names); }
  };

  std::vector<std::string> logged_;
  std::size_t next_logged_ = 0;
  std::vector<line> lines_;
  std::map<std::string, connection> by_name_;
  tree data_;
  prep planner_{data_, {.enforce_quota = true}};
  watches watches_;
  op_code asked_ = op_code::error;
  const std::vector<watch_event> no_events;
};
INSTANTIATE_TEST_SUITE_P(Recorded, Conversation, ::testing::Values(classic, operations));

TEST_P(Conversation, RepeatedGivesTheSameTxnsRepliesAndEventsByteForByte) {
  std::size_t denied = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto& now = lines_[i];
    auto& c = by_name_[now.who];
    if (now.from_client) {
      if (c.is_open)
        request(now.who, c, now.bytes);
      else
        connect(c, lines_.at(i + 1).bytes), ++i;
      continue;
    }
    ASSERT_FALSE(c.sent.empty()) << "line " << i + 1;
    auto ours = std::move(c.sent.front());
    c.sent.pop_front();
    auto header = jute::decode<reply_header>(ours).value();
    bool lists = (asked_ == op_code::get_children || asked_ == op_code::get_children2) &&
                 header.err == error_code::ok && header.xid.value > 0;
    if (asked_ == op_code::exists && header.err == error_code::no_auth) {
      ++denied;  // 3.8.0 did not ask for READ here; 3.8.6 does
      continue;
    }
    if (asked_ == op_code::multi_read && header.err == error_code::marshalling_error) {
      // ZooKeeper sends what of the answer it has made before it failed; nobody reads that.
      EXPECT_EQ(ours, now.bytes.substr(0, ours.size()));
      continue;
    }
    EXPECT_EQ(lists ? with_children_sorted(ours) : ours,
              lists ? with_children_sorted(now.bytes) : now.bytes)
        << "line " << i + 1;
  }
  EXPECT_EQ(next_logged_, logged_.size());
  EXPECT_EQ(denied, GetParam().exists_denied);
  for (const auto& [name, c] : by_name_) EXPECT_TRUE(c.sent.empty()) << name;
}

}  // namespace
}  // namespace troupe::core::testing
