// SPDX-License-Identifier: Apache-2.0
/// zoo.cfg, myid and a dynamic file: whatever the bytes, reading them ends in a config or in one
/// line of error, and a config that was read prints as text that reads back the same.
///     input = zoo.cfg, 0 | myid, 0 | dynamic file; a file without a byte is not there
#include <optional>

#include "config/load.hpp"
#include "config/properties.hpp"
#include "tests/fuzz/target.hpp"

using namespace troupe;
using fuzz::require;

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out{
      "# c\ntickTime=2000\ndataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\n"
      "server.1=127.0.0.1:2888:3888\nserver.2=h2:2888:3888:participant;2182\n"
      "server.3=[::1]:2888:3888:observer;[::1]:2183\n",
      "dataDir=/d\nclientPort 2181\nserver.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=2\n"
      "initLimit:1\nsyncLimit:1\n4lw.commands.whitelist=srvr,\\\n  ruok\n",
      "dataDir=/d\\u0041\\ \\tb\nclientPort=1\njute.maxbuffer=0xfffff\nsnapshotSizeFactor=0.33\n",
      "! c\nunknown=1\nminSessionTimeout=-1\nforceSync=yes\nautopurge.snapRetainCount=1\n"
      "dataDir=/d\nclientPort=0\n",
      "dataDir=/d\\ud83d\\ude00\r\ninitLimit=5\nsyncLimit=2\nreconfigEnabled=true\n"
      "dynamicConfigFile=/d/zoo.cfg.dynamic.100000000\n"};
  for (auto& text : out) text += std::string("\0001\n\0", 4);
  out.back() += "server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:1:2:observer;5\n";
  return out;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto text = in.text(), myid = in.text(), dynamic = in.rest();
  const auto read = [&](const std::string& path) -> std::optional<std::string> {
    const auto content = path.ends_with("myid") ? myid : dynamic;
    return content.empty() ? std::nullopt : std::optional{std::string{content}};
  };
  if (const auto lines = config::parse_properties(text); !lines)
    require(!lines.error().text.empty(), "an error without a word");
  const auto result = config::parse(text, "zoo.cfg", read);
  if (!result) {
    require(result.error().find('\n') == std::string::npos, "an error of several lines");
    fuzz::count_refusal(result.error());
    return 0;
  }
  fuzz::count(true);
  for (const auto& warning : result->warnings) require(!warning.empty(), "a warning of no word");
  // The version is in a dynamic file's name, and a printed list stands in no such file.
  auto expected = result->value;
  expected.membership_version = {};
  const auto printed = config::print(expected);
  const auto again = config::parse(printed, "printed", read);
  require(again.has_value(), "the printed config is refused: " + (again ? "" : again.error()));
  require(again->value == expected, "the printed config differs");
  const auto explained = config::parse(config::print_with_sources(*result), "explained", read);
  require(explained && explained->value == expected, "with its sources it differs");
  return 0;
}
