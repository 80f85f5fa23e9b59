// SPDX-License-Identifier: Apache-2.0
#include <zookeeper/zookeeper_version.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>

#include "actors/node/version.hpp"
#include "config/properties.hpp"
#include "config/server_line.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {
namespace {

std::string with_case(std::string text, char from, char to) {
  for (char& c : text)
    if (c >= from && c <= from + 25) c = static_cast<char>(c - from + to);
  return text;
}
std::string upper(std::string text) { return with_case(std::move(text), 'a', 'A'); }
std::string lower(std::string text) { return with_case(std::move(text), 'A', 'a'); }

/// The membership in a config file, line by line.
tl::expected<std::string, failure> members_in(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) return fail("Error processing " + path + ": it cannot be read");
  auto lines = config::parse_properties(text);
  if (!lines)
    return fail("Error processing " + path + ": line " + std::to_string(lines.error().line) + ": " +
                lines.error().text);
  std::string members;
  for (const auto& x : *lines) {
    const bool server = x.key.starts_with("server.");
    if (server && !config::parse_server_line({}, x.value))
      return fail("Error processing " + path + ": " + x.key + "=" + x.value +
                  " is no server line; accepted is " + std::string{config::server_line_form});
    if (server || x.key.starts_with("group.") || x.key.starts_with("weight."))
      members += x.key + "=" + x.value + "\n";
  }
  if (members.empty()) return fail("Error processing " + path + ": there is no server line in it");
  return members;
}

}  // namespace

outcome run_add_watch(context& to, const parsed_words& given) {
  if (given.words.size() != 2) return fail(usage_of(*find_command("addWatch")));
  auto mode = watch_mode::persistent_recursive;
  if (const auto* name = given.value("m")) {
    if (upper(*name) == "PERSISTENT")
      mode = watch_mode::persistent;
    else if (upper(*name) != "PERSISTENT_RECURSIVE")
      return fail(usage_of(*find_command("addWatch")));
  }
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  if (auto done = to.link.side().add_watch(path, mode); !done) return refused(done.error(), path);
  return {};
}

outcome run_remove_watches(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto kind = watch_kind::any;
  if (given.has("c"))
    kind = watch_kind::children;
  else if (given.has("d"))
    kind = watch_kind::data;
  if (auto done = to.link.remove_watches(path, kind, given.has("l")); !done)
    return refused(done.error(), path);
  return {};
}

outcome run_config(context& to, const parsed_words& given) {
  auto found = to.link.zk().get_config(given.has("w"));
  if (!found) return refused(found.error(), ZOO_CONFIG_NODE);
  const auto text = found->data.value_or("null");
  to.io.out() << (given.has("c") ? client_addresses(text) : text) << "\n";
  if (given.has("s")) to.io.out() << stat_text(found->info);
  return {};
}

outcome run_reconfig(context& to, const parsed_words& given) {
  const bool whole = given.has("file") || given.has("members");
  const bool change = given.has("add") || given.has("remove");
  if (!whole && !change) return fail(usage_of(*find_command("reconfig")));
  if (whole && change)
    return fail(
        "Can't use -file or -members together with -add or -remove (mixing incremental and "
        "non-incremental modes is not allowed)");
  if (given.has("file") && given.has("members"))
    return fail("Can't use -file and -members together (conflicting non-incremental modes)");
  client::reconfiguration x;
  if (const auto* text = given.value("v")) {
    auto version = parse_number<std::int64_t>(*text, 16);
    if (!version) return fail("-v must be followed by a long (configuration version)");
    x.from_version = *version;
  }
  auto text_of = [&given](std::string_view name) {
    const auto* value = given.value(name);
    return value == nullptr ? std::string{} : lower(*value);
  };
  const auto joining = text_of("add");
  const auto leaving = text_of("remove");
  auto members = text_of("members");
  if (const auto* file = given.value("file")) {
    auto read = members_in(*file);
    if (!read) return tl::unexpected(read.error());
    members = *read;
  }
  if (given.has("add")) x.joining = &joining;
  if (given.has("remove")) x.leaving = &leaving;
  if (whole) x.members = &members;
  auto done = to.link.zk().reconfig(x);
  if (!done) return refused(done.error(), "");
  to.io.out() << "Committed new configuration:\n" << done->data.value_or("") << "\n";
  if (given.has("s")) to.io.out() << stat_text(done->info);
  return {};
}

outcome run_version(context& to, const parsed_words& given) {
  if (given.words.size() > 1) return fail(usage_of(*find_command("version")));
  to.io.out() << "ZooKeeper CLI version: actor-cli " << version << ", ZooKeeper C client "
              << ZOO_VERSION << "\n";
  return {};
}

}  // namespace troupe::cli
