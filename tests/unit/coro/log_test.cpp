// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "actors/coro/scope.hpp"
#include "actors/coro/signal.hpp"

namespace troupe::log {
namespace {

enum class colour { red };
std::string_view to_string(colour) { return "red"; }

class Log : public testing::Test {
 protected:
  void SetUp() override {
    set_observer([this](level at, std::string_view line) {
      heard_.push_back(std::string(to_string(at)) + ": " + std::string(line));
    });
  }
  void TearDown() override {
    set_observer({});
    EXPECT_TRUE(init({.console = false}).has_value());
  }

  std::vector<std::string> heard_;
};

TEST_F(Log, LineIsTheEventThenItsFieldsInOrder) {
  info("leader_elected", {{"epoch", epoch{5}}, {"votes", 3}, {"old", false}});
  EXPECT_EQ(heard_, std::vector<std::string>{"info: leader_elected epoch=5 votes=3 old=false"});
}

TEST_F(Log, ScalarsShowAsZooKeeperPrintsThem) {
  warn("x", {{"zxid", zxid{0x1000000a2}},
             {"session", session_id{-1}},
             {"cxid", cxid{7}},
             {"peer", server_id{2}},
             {"bytes", std::size_t{9}},
             {"ratio", 0.5},
             {"colour", colour::red}});
  EXPECT_EQ(heard_, std::vector<std::string>{"warn: x zxid=0x1000000a2 "
                                             "session=0xffffffffffffffff cxid=7 peer=2 bytes=9 "
                                             "ratio=0.5 colour=red"});
}

TEST_F(Log, ValueThatCouldBreakTheLineIsQuoted) {
  const std::string path = "/a b";
  info("x", {{"path", path}, {"why", "say \"no\"\n"}, {"none", ""}, {"raw", std::string("a\x01")}});
  EXPECT_EQ(heard_,
            std::vector<std::string>{
                "info: x path=\"/a b\" why=\"say \\\"no\\\"\\n\" none=\"\" raw=\"a\\x01\""});
}

TEST_F(Log, ValueThatCouldSteerATerminalOrForgeALineIsEscaped) {
  info("x", {{"c1", std::string("a\xc2\x9b[2J")},
             {"bidi", std::string("/a\xe2\x80\xae/b")},
             {"separator", std::string("a\xe2\x80\xa8z")},
             {"no_utf8", std::string("/a\xff")},
             {"tab", "a\tb"},
             {"words", "日本語"}});
  EXPECT_EQ(heard_, std::vector<std::string>{
                        "info: x c1=\"a\\xc2\\x9b[2J\" bidi=\"/a\\xe2\\x80\\xae/b\" "
                        "separator=\"a\\xe2\\x80\\xa8z\" no_utf8=\"/a\\xff\" tab=\"a\\x09b\" "
                        "words=日本語"});
}

TEST_F(Log, LongTextIsClippedAndItsLengthTold) {
  info("x", {{"path", std::string(5'000, 'p')}, {"quoted", std::string(1'025, ' ')}, {"n", 1}});
  EXPECT_EQ(heard_, std::vector<std::string>{"info: x path=" + std::string(1'024, 'p') +
                                             "...(5000_bytes) quoted=\"" + std::string(1'024, ' ') +
                                             "\"...(1025_bytes) n=1"});
}

TEST_F(Log, RepeatedLinesAreHeldBackFromTheFileAndCounted) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "troupe_repeated_test";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(init({.console = false, .file = folder / "node.log"}));
  for (int i = 0; i < 50; ++i)
    logger().repeated(level::warn, "10.0.0.1", "client_refused_in_a_test", {{"n", i}});
  ASSERT_TRUE(init({.console = false}));
  std::ifstream in(folder / "node.log");
  int lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  EXPECT_EQ(lines, 10);
  EXPECT_EQ(heard_.size(), 50u);
  std::filesystem::remove_all(folder);
}

TEST_F(Log, FileIsForItsGroupToReadAtMostAndOneThatIsThereStaysAsItIs) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "troupe_modes_test";
  std::filesystem::remove_all(folder);
  const auto mode_of = [](const std::filesystem::path& p) {
    return static_cast<int>(std::filesystem::status(p).permissions());
  };
  const auto before = ::umask(0);
  ASSERT_TRUE(init({.console = false, .file = folder / "node.log", .file_bytes_max = 100}));
  for (int i = 0; i < 20; ++i) info("tick", {{"n", i}});
  ::umask(077);
  ASSERT_TRUE(init({.console = false, .file = folder / "narrow.log"}));
  ::umask(before);
  EXPECT_EQ(mode_of(folder), 0750);
  EXPECT_EQ(mode_of(folder / "node.log"), 0640);
  EXPECT_EQ(mode_of(folder / "node.1.log"), 0640);
  EXPECT_EQ(mode_of(folder / "narrow.log"), 0600);
  std::ofstream(folder / "old.log") << "old\n";
  std::filesystem::permissions(folder / "old.log", std::filesystem::perms{0644});
  ASSERT_TRUE(init({.console = false, .file = folder / "old.log"}));
  EXPECT_EQ(mode_of(folder / "old.log"), 0644);
  ASSERT_TRUE(init({.console = false}));
  std::filesystem::remove_all(folder);
}

TEST_F(Log, WhereEverybodyMayMakeFilesALinkIsNotWrittenThrough) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "troupe_links_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "target") << "precious\n";
  std::filesystem::create_symlink(folder / "target", folder / "node.log");
  std::filesystem::permissions(folder, std::filesystem::perms{01777});
  auto refused = init({.console = false, .file = folder / "node.log"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("symbolic link"), std::string::npos) << refused.error();
  std::filesystem::permissions(folder, std::filesystem::perms{0755});
  EXPECT_TRUE(init({.console = false, .file = folder / "node.log"}));  // its owner's wish
  ASSERT_TRUE(init({.console = false}));
  std::filesystem::remove_all(folder);
}

TEST_F(Log, LoggerOfAServerNamesItsNodeFirst) {
  auto second = make(server_id{2});
  auto copy = second;
  copy.error("fsync_failed", {{"file", "log.1"}});
  EXPECT_EQ(heard_, std::vector<std::string>{"error: fsync_failed node=2 file=log.1"});
}

TEST_F(Log, BelowTheThresholdNobodyHears) {
  debug("quiet");
  EXPECT_TRUE(heard_.empty());
  ASSERT_TRUE(init({.console = false, .threshold = level::debug}).has_value());
  EXPECT_TRUE(is_enabled(level::debug));
  debug("loud");
  EXPECT_EQ(heard_, std::vector<std::string>{"debug: loud"});
}

TEST_F(Log, FileGetsLinesAndRotates) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "troupe_log_test";
  std::filesystem::remove_all(folder);
  const auto file = folder / "node.log";
  ASSERT_TRUE(init({.console = false, .file = file, .file_bytes_max = 200, .files_max = 2}));
  for (int i = 0; i < 20; ++i) info("tick", {{"n", i}});
  ASSERT_TRUE(init({.console = false}));
  EXPECT_TRUE(std::filesystem::exists(folder / "node.1.log"));
  EXPECT_TRUE(std::filesystem::exists(folder / "node.2.log"));
  EXPECT_FALSE(std::filesystem::exists(folder / "node.3.log"));
  std::ifstream in(file);
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_NE(line.find(" info tick n="), std::string::npos) << line;
  std::filesystem::remove_all(folder);
}

TEST_F(Log, FileThatCannotBeOpenedIsNamedAndChangesNothing) {
  auto opened = init({.console = false, .file = "/proc/none/node.log", .threshold = level::error});
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().find("/proc/none/node.log"), std::string::npos) << opened.error();
  info("still_heard");
  EXPECT_EQ(heard_.size(), 1U);
}

coro::task<> logs_around_a_wait(coro::signal* on, zxid at) {
  info("before", {{"zxid", at}, {"path", std::string("/a")}});
  co_await on->wait();
  info("after", {{"zxid", at}, {"path", std::string("/a")}});
}

TEST_F(Log, CoroutineLogsBeforeAndAfterItWaits) {
  coro::signal on;
  coro::scope work;
  work.start(logs_around_a_wait(&on, zxid{1}));
  on.notify();
  EXPECT_EQ(heard_, (std::vector<std::string>{"info: before zxid=0x1 path=/a",
                                              "info: after zxid=0x1 path=/a"}));
}

}  // namespace
}  // namespace troupe::log
