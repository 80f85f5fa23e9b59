// SPDX-License-Identifier: Apache-2.0
/// What of its tree a server shows while nobody leads, and which clients it lets in that have seen
/// more than it has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/core/snapshot_codec.hpp"
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

constexpr connection_id conn_a{1}, conn_b{2};

struct DatabaseShown : Database {
  DatabaseShown() {
    context->config.servers.resize(3);
    for (std::int64_t n : {1, 2, 3}) context->config.servers[n - 1].id = {n};
    context->config.local_sessions = true;  // no txn comes of a client
  }
  void install(zxid last, zxid committed, std::optional<zxid> fuzzy_until = {}) {
    auto image = std::make_shared<core::image>();
    image->data.set_last_processed(last);
    if (fuzzy_until) {
      EXPECT_TRUE(image->data.expect_digest({*fuzzy_until, core::digest_version, 4711}));
    }
    tell(install_image{std::move(image), {}, 0, 0, committed});
  }
  std::string read_only_answer() {
    tell(start_read_only{});
    auto answer = *open(conn_a, {}, "a", true);
    tell(stop_serving{});
    return answer;
  }
  void make_znode(zxid at) { commit({7}, {}, at, create_txn{.path = "/x"}, op_code::create); }
  std::string answer_to_one_who_saw(zxid seen) {
    std::string answer = "nothing";
    auto client = keep(fake_client(system(), &on, "b"));
    system().spawn([&](caf::event_based_actor* self) {
      self->request(database_, caf::infinite,
                    open_session{conn_b,
                                 {},
                                 10'000,
                                 seen,
                                 "127.0.0.1",
                                 client,
                                 true,
                                 std::make_shared<client_account>(*context)})
          .then([&](const session_opened& x) {
            answer = x.result == session_opened::outcome::open     ? "open"
                     : x.result == session_opened::outcome::behind ? "behind"
                                                                   : "another";
          });
    });
    run();
    return answer;
  }
  bool may_be_shown() { return answer_to<last_zxid>(get_last_zxid{}).may_be_shown; }
};

TEST_F(DatabaseShown, WhatIsReadFromTheDiskIfAllOfItIsKnownToBeCommitted) {
  install(at(1, 5), at(1, 5));
  EXPECT_TRUE(may_be_shown());
  EXPECT_EQ(read_only_answer(), "open");
  install(at(1, 5), at(1, 4));
  EXPECT_FALSE(may_be_shown());
  EXPECT_EQ(read_only_answer(), "not serving");
}

TEST_F(DatabaseShown, ACopyThatHoldsAPartOfWhatIsBehindItIsNot) {
  install(at(1, 5), at(1, 9), at(1, 7));
  EXPECT_EQ(read_only_answer(), "not serving");
}

TEST_F(DatabaseShown, WhatIsAppliedBeforeAnEpochIsEstablishedIsNot) {
  make_znode(at(1, 1));
  EXPECT_EQ(read_only_answer(), "not serving");
  learn();
  tell(stop_serving{});
  EXPECT_EQ(read_only_answer(), "open") << "the epoch has committed it";
}

TEST_F(DatabaseShown, WhatIsAppliedInAnEstablishedEpochIs) {
  learn();
  make_znode(at(2, 1));
  tell(stop_serving{});
  EXPECT_EQ(read_only_answer(), "open");
  make_znode(at(2, 2));  // of the next leader, which is not established yet
  EXPECT_EQ(read_only_answer(), "not serving");
}

TEST_F(DatabaseShown, ClientThatSawTheLastOfAnEarlierEpochIsLetInThoughNothingIsWritten) {
  make_znode(at(1, 3));
  learn();  // epoch 2
  EXPECT_EQ(answer_to_one_who_saw(at(1, 4)), "open") << "which was cut off";
  EXPECT_EQ(answer_to_one_who_saw(zxid::first_of(epoch{2})), "open")
      << "as ZooKeeper's leader says";
  EXPECT_EQ(answer_to_one_who_saw(at(2, 1)), "behind");
}

TEST_F(DatabaseShown, ClientThatSawMoreIsNotLetInByATreeOfNoEpoch) {
  learn();
  tell(stop_serving{});
  install(at(1, 3), at(1, 3));
  tell(start_read_only{});
  EXPECT_EQ(answer_to_one_who_saw(at(1, 4)), "behind");
  EXPECT_EQ(answer_to_one_who_saw(at(1, 3)), "open");
}

}  // namespace
}  // namespace troupe::test
