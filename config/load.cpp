// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

#include "config/builder.hpp"
#include "config/files.hpp"
#include "config/java_flags.hpp"
#include "config/key_entries.hpp"
#include "config/server_line.hpp"

namespace troupe::config {
namespace reading {

std::string builder::at(const std::string& key) const {
  auto i = said_.find(key);
  return (i == said_.end() ? file_ : i->second.where) + ": " + key;
}

namespace {

/// A secret is not repeated in a log.
std::string told(std::string_view key, const std::string& value) {
  return std::string{key} + (is_secret(key) ? "" : "=" + value);
}

}  // namespace

problem builder::take_known(const key_entry& entry, std::string_view said_as,
                            const std::string& value, const std::string& where) {
  const auto what = where + ": " + told(said_as, value) + ": ";
  if (entry.how == key_class::honoured && !entry.is_secret && is_quoted(value))
    return what + "not valid: the quotes would be part of the value; accepted: " + entry.accepted +
           ", without quotes";
  auto accepted = entry.read(draft_, plain_name(said_as), value);
  if (accepted && entry.how == key_class::refused)
    return what + "refused: " + std::string{entry.why} + "; accepted: " + *accepted;
  if (accepted) return what + "not valid; accepted: " + *accepted;
  if (entry.how == key_class::no_effect && (entry.as_ours.empty() || value != entry.as_ours))
    warn(where + ": " + std::string{said_as} +
         ": accepted, without effect: " + std::string{entry.why});
  if (said_as == "clientPortAddress" && value.empty())
    warn(where + ": clientPortAddress is empty: taken for 127.0.0.1, as in ZooKeeper; accepted: " +
         entry.accepted);
  said_[std::string{plain_name(said_as)}] = {value, where};
  return std::nullopt;
}

problem builder::take(const property& p) {
  const auto where = file_ + ":" + std::to_string(p.line);
  const std::string key{plain_name(p.key)};
  const auto* entry = find_key(key);
  if (!entry) {
    const auto nearest = nearest_key(p.key);
    unknown_.push_back({p.key, where, nearest});
    warn(where + ": " + p.key + ": unknown key, ignored; the nearest known key is " + nearest);
    return std::nullopt;
  }
  if (auto before = said_.find(key); before != said_.end()) {
    if (before->second.where == on_the_command_line) return std::nullopt;  // that stands above
    auto line = before->second.where.substr(before->second.where.rfind(':') + 1);
    warn(where + ": " + p.key + ": said before in line " + line + "; this line wins");
  }
  if (key == "autopurge.snapRetainCount" && parse_number(p.value, -entries::int_max, 2)) {
    warn(where + ": " + p.key + "=" + p.value + ": raised to 3, the fewest that are kept");
    return std::nullopt;
  }
  return take_known(*entry, p.key, p.value, where);
}

problem builder::take(const setting& x) {
  const std::string where{on_the_command_line};
  if (const auto* entry = find_key(plain_name(x.key)))
    return take_known(*entry, x.key, x.value, where);
  return where + " " + x.key + ": unknown key; the nearest known key is " + nearest_key(x.key);
}

problem builder::take(const java_flag& x) {
  const auto key = key_of_property(x.property);
  if (key.empty()) {
    if (x.property.starts_with("zookeeper."))
      warn(x.where + ": -D" + x.property + ": ignored, as in ZooKeeper; accepted in zoo.cfg alone");
    return std::nullopt;
  }
  if (said(key)) return std::nullopt;
  const auto* entry = find_key(key);
  if (entry == nullptr) {
    warn(x.where + ": -D" + x.property + ": unknown, ignored; the nearest known key is " +
         nearest_key(key));
    return std::nullopt;
  }
  if (auto found = take_known(*entry, key, x.value, x.where)) return found;
  if (entry->how == key_class::honoured)
    warn(x.where + ": " + key + ": taken from -D" + x.property +
         ", since zoo.cfg does not say it; better: a line in " + file_);
  return std::nullopt;
}

}  // namespace reading

namespace {

using reading::builder;

/// Values may bear line ends, written \n; what is said of them stays one line of a log.
std::string in_one_line(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  return out;
}

tl::expected<loaded, std::string> build(const std::vector<property>& properties,
                                        const std::string& name, const file_reader& read,
                                        const std::vector<setting>& settings,
                                        const java_flags& flags) {
  builder b{name, read};
  for (const auto& x : settings)
    if (auto found = b.take(x)) return tl::unexpected(in_one_line(*found));
  for (const auto& p : properties)
    if (auto found = b.take(p)) return tl::unexpected(in_one_line(*found));
  for (const auto& warning : flags.warnings) b.warn(warning);
  for (const auto& x : flags.flags)
    if (auto found = b.take(x)) return tl::unexpected(in_one_line(*found));
  if (auto found = b.finish()) return tl::unexpected(in_one_line(*found));
  return std::move(b).result();
}

}  // namespace

std::optional<setting> setting::parse(std::string_view text) {
  auto at = text.find('=');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  return setting{std::string{text.substr(0, at)}, std::string{text.substr(at + 1)}};
}

tl::expected<loaded, std::string> parse(std::string_view text, const std::string& name,
                                        const file_reader& read,
                                        const std::vector<setting>& settings,
                                        const java_flags& flags) {
  auto properties = parse_properties(text);
  if (!properties)
    return tl::unexpected(name + ":" + std::to_string(properties.error().line) + ": " +
                          properties.error().text);
  auto out = build(*properties, name, read, settings, flags);
  if (out)
    for (auto& warning : out->warnings) warning = in_one_line(warning);
  return out;
}

namespace {

/// The files beside zoo.cfg that a ZooKeeper installation would run before its server.
java_flags flags_beside(const std::string& path, const environment& from) {
  std::vector<shell_file> files;
  for (const auto* name : shell_file_names) {
    const auto file = (std::filesystem::path{path}.parent_path() / name).string();
    if (auto text = read_whole(file)) files.push_back({file, *std::move(text)});
  }
  return read_java_flags(from, files);
}

/// Files whose passwords every user of the host can read.
void warn_of_open_files(loaded& out) {
  std::map<std::string, std::string> holding;  // by file: what is in it
  if (!out.value.jaas_file.empty()) holding[out.value.jaas_file] = "the passwords of SASL users";
  for (const auto& [key, said] : out.said_keys)
    if (key == reading::super_password_key)
      holding[said.where.substr(0, said.where.rfind(':'))] = "the password of " + key;
  for (const auto& [file, what] : holding) {
    std::error_code failed;
    const auto rights = std::filesystem::status(file, failed).permissions();
    if (failed || (rights & std::filesystem::perms::others_read) == std::filesystem::perms::none)
      continue;
    out.warnings.push_back(file + ": holds " + what +
                           ", and every user of this host may read it; better: chmod 640 " + file);
  }
}

}  // namespace

tl::expected<loaded, std::string> load(const std::string& path,
                                       const std::vector<setting>& settings,
                                       const environment& from) {
  errno = 0;
  auto text = read_whole(path);
  if (!text)
    return tl::unexpected(
        path + ": cannot be read: " + (errno != 0 ? std::strerror(errno) : "not a file") +
        "; accepted: a zoo.cfg");
  auto out = parse(*text, path, read_whole, settings, flags_beside(path, from));
  if (!out) return out;
  out->value.config_file = absolute_path(path);
  if (has_byte_order_mark(*text))
    out->warnings.push_back(path + ":1: begins with a byte order mark, which is skipped; " +
                            "ZooKeeper would take it for a part of the first key");
  warn_of_open_files(*out);
  return out;
}

}  // namespace troupe::config
