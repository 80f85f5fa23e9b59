// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/audit_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace troupe::log {
namespace {

std::string content(const std::filesystem::path& of) {
  std::ifstream in{of};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class AuditLog : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_ = "/tmp/troupe_audit.XXXXXX";
};

TEST_F(AuditLog, EachLineIsOutAtOnceBehindWhatWasThereInTheFormOfZooKeepers) {
  const auto path = directory_ + "/zookeeper_audit.log";
  std::ofstream{path} << "before\n";
  auto write = open_audit_log(path);
  ASSERT_TRUE(write) << write.error();
  (*write)(false, "user=root\toperation=serverStart\tresult=success");
  (*write)(true, "operation={}\tresult=failure");
  EXPECT_THAT(
      content(path),
      testing::MatchesRegex("before\n"
                            "[0-9-]{10} [0-9:]{8},[0-9]{3} INFO o\\.a\\.z\\.a\\.Slf4jAuditLogger: "
                            "user=root\toperation=serverStart\tresult=success\n"
                            "[0-9-]{10} [0-9:]{8},[0-9]{3} ERROR o\\.a\\.z\\.a\\.Slf4jAuditLogger: "
                            "operation=\\{\\}\tresult=failure\n"));
}

TEST_F(AuditLog, FileThatIsFullIsKeptUnderANumber) {
  const auto path = directory_ + "/audit.log";
  auto write = open_audit_log(path);
  ASSERT_TRUE(write) << write.error();
  const std::string long_line(1 << 20, 'x');
  for (int i = 0; i < 11; ++i) (*write)(false, long_line);
  EXPECT_GT(std::filesystem::file_size(directory_ + "/audit.1.log"), 9u << 20);
  EXPECT_LT(std::filesystem::file_size(path), 3u << 20);
}

TEST_F(AuditLog, PathThatCannotBeOpenedIsNamed) {
  std::ofstream{directory_ + "/file"} << "x";
  auto write = open_audit_log(directory_ + "/file/audit.log");
  ASSERT_FALSE(write);
  EXPECT_THAT(write.error(), testing::HasSubstr(directory_ + "/file/audit.log"));
}

}  // namespace
}  // namespace troupe::log
