// SPDX-License-Identifier: Apache-2.0
/// Wrong places are refused with a near one, and a running server's directory is told as such.
#include "tests/unit/log/tool.hpp"

namespace troupe::log_tool {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::vector<std::string>> every_reader = {
    {"verify"}, {"txns"}, {"snapshot"}, {"summary"}, {"diff", "/z"}};

std::vector<std::string> with(std::vector<std::string> command, const std::string& path) {
  command.push_back(path);
  return command;
}

class Places : public Tool {
 protected:
  void SetUp() override {
    Tool::SetUp();
    put_genuine({"snapshot.0", "log.1"});
    put_genuine({"snapshot.0", "log.1"}, "/run/server.1/data");
    for (const char* dir : {"/run", "/run/server.1", "/run/server.1/data", "/etc", "/bare"})
      ASSERT_TRUE(d.create_directories(dir));
    d.put("/etc/passwd", "root:x:0:0:root");
  }
};

TEST_F(Places, EveryCommandRefusesWhatIsNoDataDirectory) {
  for (const auto& command : every_reader) {
    for (const char* path : {"/etc", "/bare", "/run/server.1", "/run", "/etc/passwd", "/z/log.9"}) {
      EXPECT_EQ(run(with(command, path)), exit_code::failed) << command[0] << " " << path;
      EXPECT_EQ(out, "") << command[0] << " " << path;
      EXPECT_THAT(err, HasSubstr(path));
    }
    EXPECT_EQ(run(with(command, "/run/server.1")), exit_code::failed);
    EXPECT_THAT(err, HasSubstr("no ZooKeeper data directory"));
    EXPECT_THAT(err, HasSubstr("there is one at /run/server.1/data"));
    EXPECT_EQ(run(with(command, "/run/server.1/dat")), exit_code::failed);
    EXPECT_THAT(err, HasSubstr("did you mean /run/server.1/data?"));
    EXPECT_EQ(run(with(command, "/etc/passwd")), exit_code::failed);
    EXPECT_THAT(err, HasSubstr("neither a txn log nor a snapshot"));
  }
}

TEST_F(Places, DataDirectoryWithoutAFileIsNotAllRight) {
  ASSERT_TRUE(d.create_directories("/new/version-2"));
  EXPECT_EQ(run({"verify", "/new"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("neither a snapshot nor a txn log is there"));
  EXPECT_THAT(out, Not(HasSubstr("all right")));
}

TEST_F(Places, LogDirectoryThatIsNoneIsRefused) {
  EXPECT_EQ(run({"verify", "/z", "--data-log-dir", "/etc"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("/etc"));
  ASSERT_TRUE(d.remove("/z/version-2/log.1"));
  put_genuine({"snapshot.f"});
  EXPECT_EQ(run({"verify", "/z"}), exit_code::fine);
  EXPECT_THAT(out, HasSubstr("--data-log-dir names it"));
}

TEST_F(Places, RepairOfADirectoryNamesItsLastLog) {
  EXPECT_EQ(run({"repair", "--yes", "/run/server.1/data"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("such as /run/server.1/data/version-2/log.1"));
  EXPECT_EQ(run({"repair", "--yes", "/z/version-2/lgo.1"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("did you mean /z/version-2/log.1?"));
}

class Living : public Places {
 protected:
  void SetUp() override {
    Places::SetUp();
    who_runs = [this](const std::string& dir) -> std::optional<storage::running_server> {
      if (!dir.starts_with("/z")) return std::nullopt;
      storage::running_server server;
      server.is = kind;
      server.pid = 7;
      return server;
    };
  }
  storage::running_server::kind kind = storage::running_server::kind::actor_node;
};

TEST_F(Living, EveryCommandSaysWhoRunsThere) {
  for (const auto& command : every_reader) {
    run(with(command, "/z"));
    EXPECT_THAT(out + err, HasSubstr("process 7, an actor-node")) << command[0];
  }
  EXPECT_EQ(run({"verify", "/run/server.1/data"}), exit_code::fine);
  EXPECT_THAT(out + err, Not(HasSubstr("process 7")));
  EXPECT_EQ(run({"verify", "--json", "/z/version-2"}), exit_code::fine);
  EXPECT_EQ(lines().at(0)["who_runs"], "process 7, an actor-node");
}

TEST_F(Living, TornTailAndASnapshotOnItsWayAreNoDamage) {
  kind = storage::running_server::kind::zookeeper;
  auto bytes = storage::genuine_file("log.1");
  d.put("/z/version-2/log.1", bytes.substr(0, bytes.size() - 3));
  d.put("/z/version-2/snapshot.f", storage::genuine_file("snapshot.f").substr(0, 200));
  EXPECT_EQ(run({"verify", "/z"}), exit_code::fine) << out << err;
  EXPECT_THAT(out, HasSubstr("the server may be writing it"));
  who_runs = {};
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
}

TEST_F(Living, NewestSnapshotThatIsDamagedIsNotOnItsWay) {
  const auto whole = storage::genuine_file("snapshot.f");
  // A server of ours gives a snapshot its name when it is whole.
  d.put("/z/version-2/snapshot.f", whole.substr(0, 200));
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found) << out << err;
  // A genuine one writes it from front to end, and not what is no snapshot.
  kind = storage::running_server::kind::zookeeper;
  auto damaged = whole;
  damaged[3] ^= 1;
  d.put("/z/version-2/snapshot.f", damaged);
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found) << out << err;
}

TEST_F(Living, DamageThatStaysIsDamage) {
  auto bytes = storage::genuine_file("log.1");
  bytes[200] ^= 1;
  d.put("/z/version-2/log.1", bytes);
  EXPECT_EQ(run({"verify", "/z"}), exit_code::found);
}

TEST_F(Living, RepairIsRefused) {
  auto bytes = storage::genuine_file("log.1");
  d.put("/z/version-2/log.1", bytes.substr(0, bytes.size() - 3));
  for (const char* how : {"--yes", "--in-place"})
    EXPECT_EQ(run({"repair", "--yes", how, "/z/version-2/log.1"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("process 7, an actor-node, runs in this directory"));
  EXPECT_FALSE(d.has("/z/version-2/log.1.repaired"));
}

// -- the command line of every program ------------------------------------------------------

TEST_F(Tool, UnknownWordIsNamedWithWhatWasMeant) {
  EXPECT_EQ(run({"verfy", "/z"}), exit_code::failed);
  EXPECT_EQ(err, "actor-log: verfy: no such command; did you mean verify? (--help explains)\n");
  EXPECT_EQ(out, "");
  EXPECT_EQ(run({"frobnicate"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("frobnicate: no such command; there are txns, verify, "));
  EXPECT_EQ(run({"verify", "/z", "--jsno"}), exit_code::failed);
  EXPECT_EQ(err,
            "actor-log verify: --jsno: no such option; did you mean --json? (--help explains)\n");
  EXPECT_EQ(run({"repair", "/z/version-2/log.1", "again"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("again: one argument too many"));
  EXPECT_EQ(run({}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("a command is missing; there are txns, "));
}

TEST_F(Tool, VersionNamesTheProgram) {
  EXPECT_EQ(run({"--version"}), exit_code::fine);
  EXPECT_THAT(out, testing::MatchesRegex("actor-log of Troupe [0-9.]+ \\(ZooKeeper protocol .*\\), "
                                         "built on .* UTC\n"));
}

}  // namespace
}  // namespace troupe::log_tool
