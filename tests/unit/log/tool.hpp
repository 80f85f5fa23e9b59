// SPDX-License-Identifier: Apache-2.0
/// actor-log on a disk in memory, and what it said.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"
#include "tools/log/cli.hpp"

namespace troupe::log_tool {

class Tool : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z/version-2")); }
  /// The genuine files under /z/version-2.
  void put_genuine(const std::vector<std::string>& names, const std::string& to = "/z") {
    for (const auto& name : names)
      d.put(to + "/version-2/" + name.substr(name.find('/') + 1), storage::genuine_file(name));
  }
  int run(std::vector<std::string> arguments, const std::string& answer = "",
          bool may_ask = false) {
    arguments.insert(arguments.begin(), "actor-log");
    std::vector<const char*> argv;
    for (const auto& x : arguments) argv.push_back(x.c_str());
    std::ostringstream told, complained;
    std::istringstream answers{answer};
    terminal term{told, complained, answers, may_ask, false, who_runs};
    auto code = log_tool::run(static_cast<int>(argv.size()), argv.data(), d, term);
    out = told.str();
    err = complained.str();
    return code;
  }
  /// One JSON value a line.
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> values;
    std::istringstream in{out};
    for (std::string line; std::getline(in, line);) values.push_back(nlohmann::json::parse(line));
    return values;
  }
  storage::memory_disk d;
  server_finder who_runs;
  std::string out, err;
};

}  // namespace troupe::log_tool
