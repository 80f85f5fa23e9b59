// SPDX-License-Identifier: Apache-2.0
/// QuorumMajorityTest, ReconfigTest, ReconfigFailureCasesTest and QuorumPeerConfigTest of ZooKeeper
/// as arithmetic on lists.
#include "config/membership.hpp"

#include <gmock/gmock.h>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;
using code = error_code;

constexpr std::string_view three =
    "server.1=h1:2888:3888:participant;0.0.0.0:2181\n"
    "server.2=h2:2888:3888:participant;0.0.0.0:2181\n"
    "server.3=h3:2888:3888:participant;0.0.0.0:2181\n"
    "version=100000000";
constexpr std::string_view grouped =
    "server.1=h1:1:2:participant\nserver.2=h2:1:2:participant\nserver.3=h3:1:2:observer\n"
    "group.1=1\ngroup.2=2\nweight.1=1\nweight.2=3\nversion=0";

membership list(std::string_view text = three) {
  auto m = parse_membership(text);
  EXPECT_TRUE(m) << m.error();
  return m.value_or(membership{});
}
std::vector<std::int64_t> ids(const membership& m) {
  std::vector<std::int64_t> out;
  for (const auto& x : m.servers) out.push_back(x.observer ? -x.id.value : x.id.value);
  return out;
}
using numbers = std::vector<std::int64_t>;

membership changed(const membership_change& asked, const membership& from = list()) {
  auto m = change(from, asked, zxid{0x100000007}, true);
  EXPECT_TRUE(m) << m.error().reason;
  return m.value_or(membership{});
}
code refused(const membership_change& asked, const membership& from = list(),
             bool standalone_enabled = true) {
  auto m = change(from, asked, zxid{0x100000007}, standalone_enabled);
  return m ? code::ok : m.error().code;
}

TEST(Membership, TextIsZooKeepersThereAndBack) {
  EXPECT_EQ(print(list()), three);
  EXPECT_EQ(list().version, zxid{0x100000000});
  EXPECT_EQ(print(list(grouped)), grouped);
}

TEST(Membership, ClientAddressIsSaidInFullAndRoleAlways) {
  EXPECT_EQ(print_lines(list("server.1=h:1:2;3")), "server.1=h:1:2:participant;0.0.0.0:3\n");
  EXPECT_EQ(print_lines(list("server.1=[::1]:1:2:observer")), "server.1=[::1]:1:2:observer\n");
}

TEST(Membership, TextThatIsNoneSaysWhatIsAccepted) {
  for (auto text : {"server.1=h", "server.x=h:1:2", "version=xyz", "tickTime=5", "group.1=x",
                    "server.1=h:1:2\ngroup.1=2", "group.1=1\ngroup.2=1"})
    EXPECT_FALSE(parse_membership(text)) << text;
  EXPECT_THAT(parse_membership("server.1=h").error(), HasSubstr("accepted"));
}

TEST(Membership, DigestSeesVotersAndNoAddressesPortsObserversOrVersion) {
  auto other = list(
      "server.1=0.0.0.0:5:6\nserver.2=H2:2888:3888;5\nserver.3=h3:2888:3888\n"
      "server.9=h9:1:2:observer");
  EXPECT_EQ(digest_of(list()), digest_of(other));
  EXPECT_NE(digest_of(list()), digest_of(list("server.1=h1:2888:3888")));
  EXPECT_NE(digest_of(list()), digest_of(list("server.1=h1:1:2\nserver.2=h2:1:2\n"
                                              "server.3=h3:1:2:observer")));
}

TEST(Membership, DigestSeesWhoIsInAGroupWithWhomAndNotWhatItIsCalled) {
  const std::string lines = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n";
  const auto digest = [&](const std::string& groups) { return digest_of(list(lines + groups)); };
  EXPECT_EQ(digest("group.1=1:2\ngroup.2=3"), digest("group.8=3\ngroup.5=2:1"));
  EXPECT_NE(digest("group.1=1:2\ngroup.2=3"), digest("group.1=1\ngroup.2=2:3"));
  EXPECT_NE(digest("group.1=1:2:3"), digest("group.1=1:2:3\nweight.1=2"));
  EXPECT_NE(digest("group.1=1:2:3"), digest(""));
}

/// An observer's, say: a list that is printed and read again has lost it.
TEST(Membership, DigestPassesOverTheWeightOfWhoIsInNoGroup) {
  const auto said =
      list("server.1=a:1:2\nserver.2=b:1:2\nserver.4=c:1:2:observer\ngroup.1=1:2\nweight.4=2");
  EXPECT_EQ(digest_of(said), digest_of(*parse_membership(print(said))));
  const auto grouped = list("server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.2=2");
  EXPECT_NE(digest_of(grouped), digest_of(list("server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2")));
}

TEST(MembershipChange, JoinsAndLeaves) {
  EXPECT_EQ(ids(changed({.joining = "server.4=h4:1:2;3,5=h5:1:2:observer;3"})),
            (numbers{1, 2, 3, 4, -5}));
  EXPECT_EQ(ids(changed({.leaving = "3"})), (numbers{1, 2}));
  EXPECT_EQ(ids(changed({.leaving = "3, 9"})), (numbers{1, 2})) << "9 is not there; so be it";
  EXPECT_EQ(ids(changed({.leaving = "-1"})), (numbers{1, 2, 3})) << "nor is this";
  EXPECT_EQ(ids(changed({.joining = "server.4=h4:1:2;3", .leaving = "1"})), (numbers{2, 3, 4}));
  EXPECT_EQ(changed({.leaving = "3"}).version, zxid{0x100000007});
}

TEST(MembershipChange, JoiningWhoIsThereChangesItsLine) {
  auto m = changed({.joining = "server.3=elsewhere:1:2:observer;3"});
  EXPECT_EQ(ids(m), (numbers{1, 2, -3}));
  EXPECT_EQ(m.find({3})->host, "elsewhere");
}

TEST(MembershipChange, WholeListMayChangeTheKindOfQuorum) {
  auto m = changed(
      {.joining = "ignored", .new_members = "server.1=h1:1:2,server.2=h2:1:2;5,group.1=1:2"});
  EXPECT_EQ(ids(m), (numbers{1, 2}));
  EXPECT_EQ(m.find({2})->group, 1);
}

TEST(MembershipChange, IncrementsOfGroupsAreRefused) {
  EXPECT_EQ(refused({.leaving = "1"}, list(grouped)), code::bad_arguments);
}

TEST(MembershipChange, MalformedServersAreBadArgumentsAndMalformedNumbersMarshallingErrors) {
  for (auto joining : {"some thing", "server.4=h4", "server.4=h4:1:2", "server.4=h4:1:x;3",
                       "server.4=h4:1:1;3", "server.4=a=b"})
    EXPECT_EQ(refused({.joining = joining}), code::bad_arguments) << joining;
  EXPECT_EQ(refused({.joining = "server.x=h4:1:2;3"}), code::marshalling_error);
  EXPECT_EQ(refused({.leaving = "three"}), code::marshalling_error);
  EXPECT_EQ(refused({.new_members = "tickTime=5"}), code::bad_arguments);
  EXPECT_EQ(refused({.new_members = "server.1=h"}), code::bad_arguments);
}

TEST(MembershipChange, NameThatWouldBecomeALineOfItsOwnIsRefused) {
  EXPECT_EQ(refused({.joining = "server.4=h\nserver.9:1:2;3"}), code::bad_arguments);
  EXPECT_EQ(refused({.new_members = "server.4=h\\nx:1:2"}), code::bad_arguments);
}

TEST(MembershipChange, TwoServersAtOneAddressAreRefusedButNotOnLoopback) {
  EXPECT_EQ(refused({.joining = "server.4=h3:2888:4000;3"}), code::bad_arguments);
  auto local = list("server.1=127.0.0.1:1:2;3\nserver.2=127.0.0.1:4:5;6");
  EXPECT_EQ(refused({.joining = "server.3=127.0.0.1:1:2;3"}, local), code::ok);
}

/// ZooKeeper takes them.
TEST(MembershipChange, TwoServersWhoseSessionsMightBeTheSameAreRefused) {
  EXPECT_EQ(refused({.joining = "server.257=h4:1:2;3"}), code::bad_arguments);
  EXPECT_EQ(refused({.joining = "server.257=h4:1:2:observer;3"}), code::bad_arguments);
  EXPECT_EQ(refused({.new_members = "server.1=h1:1:2;3,server.2=h2:1:2;3,server.258=h3:1:2;3"}),
            code::bad_arguments);
  EXPECT_EQ(refused({.joining = "server.256=h4:1:2;3"}), code::ok);
  EXPECT_EQ(refused({.joining = "server.257=h4:1:2;3", .leaving = "1"}), code::ok);
}

TEST(MembershipChange, FewerThanTwoVotersNeedStandaloneEnabledToBeFalse) {
  EXPECT_EQ(refused({.leaving = "2,3"}), code::bad_arguments);
  EXPECT_EQ(refused({.leaving = "2,3"}, list(), false), code::ok);
  EXPECT_EQ(refused({.leaving = "1,2,3"}, list(), false), code::bad_arguments);
  EXPECT_EQ(refused({.new_members = "server.1=h:1:2:observer"}), code::marshalling_error);
}

TEST(MembershipChange, ListInWhichNobodyCouldDecideHasNoQuorum) {
  EXPECT_EQ(refused({.new_members = "server.1=h1:1:2,server.2=h2:1:2,group.1=1:2,weight.1=0,"
                                    "weight.2=0"}),
            code::new_config_no_quorum);
}

TEST(MembershipView, CommittedListsOnlyRiseAndReplaceWhatWasSeenBefore) {
  auto view = make_view(list());
  EXPECT_TRUE(view->is_settled());
  auto next = std::make_shared<const membership>(changed({.leaving = "3"}));
  auto seen = with_seen(*view, next);
  EXPECT_FALSE(seen->is_settled());
  EXPECT_EQ(seen->committed->version, zxid{0x100000000});
  EXPECT_TRUE(with_committed(*seen, next)->is_settled());
  EXPECT_TRUE(with_seen(*with_committed(*seen, next), view->seen)->is_settled()) << "an older one";
}

TEST(MembershipFiles, VersionStandsInTheNameOfTheDynamicFile) {
  EXPECT_EQ(dynamic_file_name("/c/zoo.cfg", zxid{0x10000000a}), "/c/zoo.cfg.dynamic.10000000a");
  EXPECT_EQ(version_in_name("/c/zoo.cfg.dynamic.10000000a"), zxid{0x10000000a});
  EXPECT_EQ(version_in_name("/c/zoo.cfg.dynamic"), zxid{0});
  EXPECT_EQ(version_in_name("/c/members"), zxid{0});
}

TEST(MembershipFiles, ZooCfgKeepsAllButTheServers) {
  constexpr std::string_view before =
      "# ours\ntickTime=2000\nserver.1=h:1:2\n  server.2 = h:\\\n   3:4\ngroup.1=1\nweight.1=1\n"
      "peerType=observer\nclientPort=2181\ndataDir=/d\ndynamicConfigFile=/old";
  EXPECT_EQ(point_to(before, "/new", false),
            "# ours\ntickTime=2000\nclientPort=2181\ndataDir=/d\ndynamicConfigFile=/new\n");
  EXPECT_EQ(point_to(before, "/new", true),
            "# ours\ntickTime=2000\ndataDir=/d\ndynamicConfigFile=/new\n");
  EXPECT_EQ(point_to("", "/new", true), "dynamicConfigFile=/new\n");
}

TEST(MembershipFiles, ByteOrderMarkHidesNoLine) {
  EXPECT_EQ(point_to("\xef\xbb\xbfserver.1=h:1:2\r\ndataDir=/d\r\n", "/new", false),
            "dataDir=/d\r\ndynamicConfigFile=/new\n");
}

TEST(MembershipFiles, LineThatOnlyGoesOnIsNoServersLine) {
  EXPECT_EQ(point_to("dataDir=/d\\\nserver.1\n#\\\nserver.1=h:1:2\n", "/new", false),
            "dataDir=/d\\\nserver.1\n#\\\ndynamicConfigFile=/new\n");
}

}  // namespace
}  // namespace troupe::config
