// SPDX-License-Identifier: Apache-2.0
/// Servers whose files do not say the same list: who elects, who is refused, and what is told.
#include <gmock/gmock.h>

#include "tests/actor/election_fixture.hpp"

namespace troupe {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using difference = election_status::differing_list::kind;

/// The container images' way: each names itself by the wildcard, and the others as it likes.
TEST_F(Election, ListsThatDifferByAddressesAloneElectAndNameTheLines) {
  for (int id : {1, 2, 3}) {
    auto own = list_of(3);
    own.servers[static_cast<std::size_t>(id - 1)].host = id == 3 ? "localhost" : "0.0.0.0";
    own.servers[static_cast<std::size_t>(id % 3)].host[0] = 'H';
    own.servers[static_cast<std::size_t>(id % 3)].peer_port = 3000 + id;
    start_and_look({id}, own);
  }
  until_elected({1, 2, 3});
  for (int id : {1, 2, 3}) {
    EXPECT_EQ(leader_of(id), 3);
    auto differing = status(id).differing;
    EXPECT_FALSE(differing.empty());
    for (const auto& x : differing) EXPECT_EQ(x.what, difference::addresses);
  }
  auto seen_by_1 = status(1).differing;
  EXPECT_EQ(seen_by_1[0].ours, "server.1=0.0.0.0:2888:3888:participant");
  EXPECT_EQ(seen_by_1[0].theirs, "server.1=host1:2888:3888:participant");
}

TEST_F(Election, ServerWithAListOfOtherQuorumsIsRefusedAndTheLineIsNamed) {
  auto other = list_of(3);
  other.servers[1].id = {7};
  start_and_look({1, 2}, list_of(3));
  start_and_look({3}, other);
  until_elected({1, 2});
  for (int i = 0; i < 30; ++i) pass(100ms);
  EXPECT_EQ(leader_of(1), 2);
  EXPECT_FALSE(results_.contains({3}));
  for (int id : {1, 2}) {
    auto differing = status(id).differing;
    ASSERT_THAT(differing, SizeIs(2));
    EXPECT_EQ(differing[0].id, server_id{3});
    EXPECT_EQ(differing[0].what, difference::refused);
    EXPECT_THAT(differing[0].ours, HasSubstr("server.2=host2"));
    EXPECT_EQ(differing[0].theirs, "");
    EXPECT_THAT(differing[1].theirs, HasSubstr("server.7=host2"));
  }
  EXPECT_THAT(status(2).not_listed_by, ElementsAre(server_id{3}));
}

/// From three to four, one restart at a time, with files alone.
TEST_F(Election, FourthServerComesInWhileTheFilesAreChangedOneAfterTheOther) {
  start_and_look({1, 2, 3}, list_of(3));
  until_elected({1, 2, 3});
  start_and_look({4}, list_of(4));
  until_elected({4});
  EXPECT_EQ(leader_of(4), 3);
  EXPECT_EQ(status(4).differing.at(0).what, difference::under_change);
  EXPECT_THAT(status(4).not_listed_by, ElementsAre(server_id{1}, server_id{2}, server_id{3}));
  for (int id : {1, 2}) {
    kill(id);
    start_and_look({id}, list_of(4));
    until_elected({id});
    EXPECT_EQ(leader_of(id), 3);
  }
  kill(3);
  for (int id : {1, 2, 4}) look(id);
  until_elected({1, 2, 4});
  EXPECT_EQ(leader_of(1), 4);
  start_and_look({3}, list_of(4));
  until_elected({3});
  EXPECT_EQ(leader_of(3), 4);
  for (int id : {1, 2, 3, 4}) EXPECT_THAT(status(id).differing, IsEmpty());
}

/// Nobody goes without a leader because the change has only half been made.
TEST_F(Election, HalfOfAChangeElectsWhoIsInBothLists) {
  start_and_look({1}, list_of(4));
  start_and_look({2}, list_of(3));
  start_and_look({4}, list_of(4));
  until_elected({1, 2, 4});
  for (int id : {1, 2, 4}) EXPECT_EQ(leader_of(id), 2);
}

TEST_F(Election, ServerThatNobodyListsIsToldSo) {
  auto own = list_of(3);
  own.servers.push_back({.id = {9}, .host = "host9", .peer_port = 2888, .election_port = 3888});
  own.servers.push_back({.id = {8}, .host = "host8", .peer_port = 2888, .election_port = 3888});
  start_and_look({1, 2, 3}, list_of(3));
  until_elected({1, 2, 3});
  start_and_look({9}, own);
  for (int i = 0; i < 30; ++i) pass(100ms);
  EXPECT_FALSE(results_.contains({9}));
  EXPECT_THAT(status(9).not_listed_by, ElementsAre(server_id{1}, server_id{2}, server_id{3}));
  EXPECT_EQ(status(9).differing.at(0).what, difference::refused);
}

}  // namespace
}  // namespace troupe
