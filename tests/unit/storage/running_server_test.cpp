// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

class RunningServer : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "running_server.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
  }
  void TearDown() override { fs::remove_all(dir); }
  void put(const std::string& name, const std::string& content) {
    std::ofstream{dir + "/" + name} << content;
  }
  std::optional<running_server> found() {
    auto out = find_running(dir);
    EXPECT_TRUE(out) << out.error().text();
    return out ? *out : std::nullopt;
  }
  std::string dir;
};

TEST_F(RunningServer, NoteComesBackAsItWas) {
  const server_note note{{7, 4711, "boot"}, "1:2", "/a b/zoo\\n.cfg", false, "/l\nog", "::1", 2181};
  const auto back = parse_note(to_text(note));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->process, note.process);
  EXPECT_EQ(back->directory, note.directory);
  EXPECT_EQ(back->config_file, note.config_file);
  EXPECT_FALSE(back->is_placed_by_config);
  EXPECT_EQ(back->log_file, note.log_file);
  EXPECT_EQ(back->client_host, note.client_host);
  EXPECT_EQ(back->client_port, note.client_port);
}

TEST_F(RunningServer, WhatIsNoNoteIsNone) {
  for (const char* text : {"", "\n\n", "pid", "pid=", "pid=-3\n", "boot=x\n", "=\n=pid"})
    EXPECT_FALSE(parse_note(text)) << text;
}

TEST_F(RunningServer, ProcessThatPublishesANoteRunsThereUntilItTakesItBack) {
  EXPECT_FALSE(found());
  {
    published_note note{{dir, dir}, {.config_file = "/zoo.cfg"}};
    EXPECT_EQ(note.problem(), "");
    ASSERT_TRUE(found());
    EXPECT_EQ(found()->pid, ::getpid());
    EXPECT_EQ(found()->note->client_port, 0);
    note.listens_at("localhost", 2181);
    EXPECT_EQ(found()->note->client_port, 2181);
    EXPECT_THAT(found()->text(), testing::HasSubstr("an actor-node started from /zoo.cfg"));
  }
  EXPECT_FALSE(found());
  EXPECT_TRUE(fs::is_empty(dir));
}

TEST_F(RunningServer, NumberThatIsAnotherProcessByNowIsNotTheServer) {
  auto me = *process_of(::getpid());
  auto other = me;
  ++other.began_ticks;
  published_note note{{dir}, {}};
  auto text = to_text({.process = other, .directory = found()->note->directory});
  put("actor-node.running", text);
  EXPECT_FALSE(found());
  other = me;
  other.boot = "another";
  put("actor-node.running", to_text({.process = other, .directory = "x"}));
  EXPECT_FALSE(found());
}

TEST_F(RunningServer, CopyOfADirectoryRunsNothing) {
  published_note note{{dir}, {}};
  const auto copy = dir + ".copy";
  fs::copy(dir, copy, fs::copy_options::recursive);
  auto there = find_running(copy);
  ASSERT_TRUE(there);
  EXPECT_FALSE(*there);
  fs::remove_all(copy);
}

TEST_F(RunningServer, PidFileOfAKilledServerIsNobodysLock) {
  put("zookeeper_server.pid", std::to_string(::getpid()));
  EXPECT_FALSE(found());
  put("zookeeper_server.pid", "no number");
  EXPECT_FALSE(found());
}

TEST_F(RunningServer, ServerIsFoundByItsConfigWhereverItsDirectoryIs) {
  const auto config = dir + "/zoo.cfg";
  published_note note{{dir}, {.config_file = config, .is_placed_by_config = true}};
  note.listens_at("localhost", 2181);
  const auto seen = [&] { return servers_of_config(config); };
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(seen().front().pid, ::getpid());
  EXPECT_TRUE(seen().front().is_there());
  fs::remove_all(dir);
  EXPECT_FALSE(found());
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(seen().front().note->client_port, 2181);
  EXPECT_TRUE(servers_of_config(dir + "/other.cfg").empty());
}

TEST_F(RunningServer, ServerThatTheCommandLineHasPlacedIsNotFoundByItsConfigAlone) {
  published_note note{{dir}, {.config_file = dir + "/zoo.cfg", .is_placed_by_config = false}};
  EXPECT_TRUE(servers_of_config(dir + "/zoo.cfg").empty());
  EXPECT_TRUE(found());
}

TEST_F(RunningServer, ProcessIsKnownByItsStart) {
  const auto me = process_of(::getpid());
  ASSERT_TRUE(me);
  EXPECT_GT(me->began_ticks, 0u);
  EXPECT_FALSE(me->boot.empty());
  EXPECT_FALSE(process_of(0));
  EXPECT_FALSE(process_of(1 << 30));
  EXPECT_EQ(process_state(::getpid()), 'R');
  EXPECT_EQ(blocked_reason(::getpid()), "");
}

TEST_F(RunningServer, FilesAreTheSameBehindLinks) {
  put("zoo.cfg", "");
  fs::create_symlink(dir, dir + ".link");
  EXPECT_TRUE(is_same_file(dir + "/zoo.cfg", dir + ".link/zoo.cfg"));
  EXPECT_TRUE(is_same_file(dir + "/gone.cfg", dir + ".link/gone.cfg"));
  EXPECT_TRUE(is_same_file("/a/../b", "/b"));
  EXPECT_FALSE(is_same_file(dir + "/zoo.cfg", dir + "/other.cfg"));
  EXPECT_FALSE(is_same_file("", ""));
  fs::remove(dir + ".link");
}

}  // namespace
}  // namespace troupe::storage
