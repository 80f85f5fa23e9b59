// SPDX-License-Identifier: Apache-2.0
// What is in force and who said so, and the page docs/configuration.md: both from the table of
// keys.
#include <algorithm>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace troupe::config {

namespace {

/// "tickTime" or "snapCount": what print_with_sources() says a line under.
std::string under(const std::string& comment, const std::string& line) {
  return "# " + comment + "\n" + line;
}

std::string said_lines(const loaded& from) {
  std::string out;
  for (const auto& section : key_table())
    for (const auto& key : section.keys) {
      // A row may stand for many names.
      for (const auto& [name, said] : from.said_keys) {
        if (find_key(name) != &key || is_membership(name)) continue;
        if (name == "dynamicConfigFile") {  // its lines stand below
          out += under(said.where, "# " + print_line(name, said.value));
          continue;
        }
        if (is_secret(name)) {
          out += under(said.where, "# " + print_line(name, "*** (not shown)"));
          continue;
        }
        auto value = key.show ? key.show(from.value).value_or(said.value) : said.value;
        auto note = key.how == key_class::no_effect && said.value != key.as_ours
                        ? ", without effect: " + std::string{key.why}
                        : std::string{};
        out += under(said.where + note, print_line(name, value));
      }
    }
  return out;
}

std::string default_lines(const loaded& from) {
  std::string out;
  for (const auto& section : key_table())
    for (const auto& key : section.keys) {
      if (!key.show || from.said_keys.contains(std::string{key.name})) continue;
      if (auto value = key.show(from.value)) out += print_line(key.name, *value);
    }
  return out;
}

std::string member_lines(const loaded& from) {
  auto all = print_members(from.value);
  std::string out, place;
  for (std::size_t at = 0; at < all.size();) {
    auto end = all.find('\n', at) + 1;
    auto line = all.substr(at, end - at);
    auto said = from.said_keys.find(line.substr(0, line.find('=')));
    auto where = said == from.said_keys.end() ? "default" : said->second.where;
    out += where == place ? line : under(where, line);
    place = where;
    at = end;
  }
  return out;
}

// -- docs/configuration.md ----------------------------------------------------------------------

/// In a cell of a table a bar has to be escaped.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string outcome(const key_entry& key) {
  const auto ours =
      key.as_ours.empty() ? std::string{} : "; `" + std::string{key.as_ours} + "` is accepted";
  switch (key.how) {
    case key_class::honoured:
      return "honoured";
    case key_class::no_effect:
      return "no effect: " + std::string{key.why};
    case key_class::refused:
      return "refused: " + std::string{key.why} + ours;
  }
  return {};
}

std::string name_of(std::string_view name) {
  return name.ends_with('.') ? std::string{name} + "*" : std::string{name};
}

constexpr std::string_view preface =
    R"(<!-- Made by `actor-node print-config --markdown`; a test compares it with the table. -->
# Configuration

`actor-node` reads zoo.cfg as ZooKeeper does: the syntax of Java Properties, one `key=value` a line.
What stands here as *honoured* does what it says. *No effect* means that the key is accepted, so
that a zoo.cfg of ZooKeeper's can be used as it is, and that one line at the start says why nothing
comes of it. *Refused* means that the server does not start: to go on would be a promise that is not
kept. A key that is not in this table is warned of, with the key that was probably meant.

ZooKeeper makes a Java property `zookeeper.K` of each key `K` its config does not know, and reads
many settings from there. Here `zookeeper.K` and `K` are one key.

`--set KEY=VALUE` on the command line of `actor-node` stands above the file. Below the file stand
the `-Dzookeeper.K=VALUE` words of `JVMFLAGS` and `SERVER_JVMFLAGS`, from the environment or from
`zookeeper-env.sh` and `java.env` beside zoo.cfg, as zkServer.sh gives them to Java: of one key
`JVMFLAGS` counts before `SERVER_JVMFLAGS`, and what a file sets before the environment. These
shell files are not executed: only what can be told from their text is read, and a warning names
what is not. What is in force and who said so is printed by `actor-node print-config`, without the
values of passwords and digests.
)";

}  // namespace

std::string print_with_sources(const loaded& from) {
  const auto& cfg = from.value;
  std::string out =
      "# This server: " + (cfg.my_id ? std::to_string(cfg.my_id->value) : std::string{"no myid"}) +
      (cfg.is_standalone() ? ", standalone\n" : ", one of an ensemble\n");
  out += "\n" + said_lines(from) + "\n# Defaults\n" + default_lines(from);
  if (!cfg.servers.empty()) out += "\n" + member_lines(from);
  return out;
}

std::string markdown() {
  std::string out{preface};
  for (const auto& section : key_table()) {
    out += "\n## " + std::string{section.title} +
           "\n\n| key | values | default | what becomes of it | meaning |\n|---|---|---|---|---|\n";
    for (const auto& key : section.keys)
      out += "| `" + name_of(key.name) + "` | " + cell(key.accepted) + " | " + cell(key.fallback) +
             " | " + cell(outcome(key)) + " | " + cell(key.meaning) + " |\n";
  }
  return out;
}

}  // namespace troupe::config
