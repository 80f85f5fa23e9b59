// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/completion.hpp"

#include <gmock/gmock.h>

namespace troupe::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<known_command> commands{
    {"set", {"-s", "-v"}}, {"setAcl", {"-R"}}, {"get", {"-s", "-w"}}, {"help", {}}};

struct world {
  std::vector<std::string> asked;

  std::vector<std::string> at_end_of(std::string_view line) {
    return complete(line, commands, [this](const std::string& path) -> std::vector<std::string> {
      asked.push_back(path);
      if (path == "/") return {"a", "app", "zookeeper"};
      if (path == "/a") return {"two", "one"};
      return {};
    });
  }
};

TEST(Completion, TheFirstWordIsACommand) {
  world w;
  EXPECT_THAT(w.at_end_of("se"), ElementsAre("set", "setAcl"));
  EXPECT_THAT(w.at_end_of("  ge"), ElementsAre("get"));
  EXPECT_THAT(w.at_end_of(""), ElementsAre("get", "help", "set", "setAcl"));
  EXPECT_THAT(w.at_end_of("nosuch"), IsEmpty());
  EXPECT_THAT(w.asked, IsEmpty());
}

TEST(Completion, TheWordBehindHelpIsACommand) {
  EXPECT_THAT(world{}.at_end_of("help g"), ElementsAre("get"));
}

TEST(Completion, AWordWithADashIsAnOptionOfTheCommand) {
  EXPECT_THAT(world{}.at_end_of("get -"), ElementsAre("-s", "-w"));
  EXPECT_THAT(world{}.at_end_of("get /a -w"), ElementsAre("-w"));
  EXPECT_THAT(world{}.at_end_of("nosuch -"), IsEmpty());
}

TEST(Completion, AWordWithASlashIsAPath) {
  world w;
  EXPECT_THAT(w.at_end_of("get /a"), ElementsAre("/a", "/app"));
  EXPECT_THAT(w.at_end_of("get -s /a/"), ElementsAre("/a/one", "/a/two"));
  EXPECT_THAT(w.at_end_of("get /a/t"), ElementsAre("/a/two"));
  EXPECT_THAT(w.at_end_of("get /none/x"), IsEmpty());
  EXPECT_THAT(w.asked, ElementsAre("/", "/a", "/a", "/none"));
}

TEST(Completion, AnyOtherWordIsTheUsersOwn) {
  world w;
  EXPECT_THAT(w.at_end_of("set /a da"), IsEmpty());
  EXPECT_THAT(w.at_end_of("get "), IsEmpty());
  EXPECT_THAT(w.asked, IsEmpty());
}

}  // namespace
}  // namespace troupe::cli
