// SPDX-License-Identifier: Apache-2.0
/// Lists of servers as text, in dynamic files, in /zookeeper/config and between servers, and what a
/// client's reconfig makes of one: a list, again one that reads back, or a refusal with a reason.
///     input = options | list, 0 | joining, 0 | leaving, 0 | new members, 0 | zoo.cfg
/// options & 1, 2, 4: joining, leaving, new members are said; & 8: a server may stand alone
#include "config/server_line.hpp"
#include "tests/fuzz/checks.hpp"

namespace {

using namespace troupe;
using fuzz::require;

void check_server_line(std::string_view value) {
  const auto line = config::parse_server_line({7}, value);
  if (!line) return;
  const auto printed = config::print_server_line(*line, true);
  const auto again = config::parse_server_line({7}, printed);
  require(again && *again == *line, "a server's line reads back as another");
}

void check_change(const config::membership& now, const config::membership_change& asked,
                  bool standalone_enabled) {
  constexpr zxid made_by{0x200000005};
  const auto next = config::change(now, asked, made_by, standalone_enabled);
  if (!next) {
    require(next.error().code != error_code::ok, "a refusal without a code");
    return fuzz::count_refusal(next.error().reason);
  }
  require(next->version == made_by, "a list without its version");
  const auto read = fuzz::check_membership(config::print(*next));
  require(read.has_value(), "a list that was made cannot be read");
  const auto view =
      config::with_seen(*config::make_view(now), std::make_shared<const config::membership>(*next));
  require(view->committed->version <= view->seen->version, "an older list was seen last");
}

void check_files(std::string_view zoo_cfg, zxid version) {
  const auto name = config::dynamic_file_name("/etc/zoo.cfg", version);
  require(config::version_in_name(name) == version, "a dynamic file's name says another version");
  const auto pointed = config::point_to(zoo_cfg, name, true);
  require(config::point_to(pointed, name, true) == pointed, "moving the list twice is not once");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string list =
      "server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=[::1]:1:2:observer;5\n"
      "server.3=h3:1:2:participant;h3:7\nversion=100000000";
  const std::string grouped = "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=2\nversion=0";
  const auto with = [](char options, std::string text, std::string joining, std::string leaving,
                       std::string members, std::string cfg) {
    return options + text + '\0' + joining + '\0' + leaving + '\0' + members + '\0' + cfg;
  };
  return {with('\0', list, "", "", "", "tickTime=1\nserver.1=a:1:2\nclientPort=5\n"),
          with('\3', list, "server.4=h4:1:2:observer;6,server.1=h1:5:6;7", "2,3", "",
               "# c\ndynamicConfigFile=x\n"),
          with('\4', list, "", "", "server.1=a:1:2;3,server.2=b:1:2;3", "peerType = observer\n"),
          with('\x0c', grouped, "", "", "server.1=a:1:2;3\ngroup.1=1\nweight.1=3", "")};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto options = in.number();
  const auto list = fuzz::check_membership(in.text());
  config::membership_change asked;
  const std::string joining{in.text()}, leaving{in.text()}, members{in.text()};
  check_server_line(joining.substr(joining.find('=') + 1));
  if ((options & 1) != 0) asked.joining = joining;
  if ((options & 2) != 0) asked.leaving = leaving;
  if ((options & 4) != 0) asked.new_members = members;
  const auto zoo_cfg = in.rest();
  if (list) {
    check_change(*list, asked, (options & 8) != 0);
    if (list->version.value > 0) check_files(zoo_cfg, list->version);
  }
  return 0;
}
