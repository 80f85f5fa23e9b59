// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/data_place.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "actors/core/edit_distance.hpp"
#include "actors/storage/log_format.hpp"
#include "actors/storage/log_reader.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe::storage {
namespace {

constexpr std::size_t looked_at_max = 100;
constexpr std::size_t near_max = 4;
constexpr int levels_below = 2;
constexpr const char* version_name = "version-2";

bool has(const std::vector<directory_entry>& entries, std::string_view name, bool directory) {
  return std::ranges::any_of(
      entries, [&](const auto& x) { return x.name == name && x.is_directory == directory; });
}

bool is_history(const directory_entry& x) {
  return !x.is_directory && (parse_log_name(x.name) || parse_snapshot_name(x.name));
}

bool is_version_directory(const std::vector<directory_entry>& entries) {
  return std::ranges::any_of(entries, is_history) || has(entries, "currentEpoch", false) ||
         has(entries, "acceptedEpoch", false);
}

/// What may lie in a directory before a server has been there.
bool is_preparation(const directory_entry& x) {
  constexpr std::array<std::string_view, 5> names = {"myid", "initialize", "lost+found",
                                                     "zookeeper_server.pid", "zoo.cfg"};
  return std::ranges::find(names, x.name) != names.end() || x.name.starts_with("actor-node.") ||
         x.name.starts_with("zoo.cfg.");
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// "." for a name without a directory.
std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return path == "." ? ".." : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string without_last_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Looks through directories, and stops when it has looked at enough of them.
class search {
 public:
  explicit search(disk& d) : d_(d) {}

  /// Adds the data directories at most `levels` below the path.
  void below(const std::string& path, int levels) {
    if (found_.size() >= near_max || looked_at_++ >= looked_at_max) return;
    const auto entries = d_.list_directory(path);
    if (!entries) return;  // not ours to read, or gone
    for (const auto& x : *entries) {
      if (!x.is_directory || found_.size() >= near_max) continue;
      const auto here = join_path(path, x.name);
      if (is_data_directory(here)) {
        add(here);
      } else if (levels > 1 && x.name != version_name) {
        below(here, levels - 1);
      }
    }
  }
  void at(const std::string& path) {
    if (is_data_directory(path)) add(path);
  }
  std::vector<std::string> found() && { return std::move(found_); }

 private:
  bool is_data_directory(const std::string& path) {
    if (looked_at_++ >= looked_at_max) return false;
    const auto entries = d_.list_directory(path);
    return entries && has(*entries, version_name, true);
  }
  void add(const std::string& path) {
    if (std::ranges::find(found_, path) == found_.end() && found_.size() < near_max)
      found_.push_back(path);
  }

  disk& d_;
  std::size_t looked_at_ = 0;
  std::vector<std::string> found_;
};

/// Below the place, else above it and beside it.
std::vector<std::string> near_to(disk& d, const data_place& place) {
  search around{d};
  if (place.is != data_place::kind::missing && place.is != data_place::kind::file)
    around.below(place.path, levels_below);
  if (auto found = std::move(around).found(); !found.empty()) return found;
  search further{d};
  const auto parent = parent_of(place.path);
  if (!place.misspelt.empty()) {
    further.at(place.misspelt);
    further.below(place.misspelt, levels_below);
    return std::move(further).found();
  }
  further.at(parent);
  if (parent != "/") further.at(parent_of(parent));
  if (parent != "/") further.below(parent, 1);
  return std::move(further).found();
}

std::string misspelt_of(disk& d, const std::string& path) {
  const auto parent = parent_of(path);
  const auto entries = d.list_directory(parent);
  if (!entries) return {};
  std::vector<std::string> names;
  for (const auto& x : *entries) names.push_back(x.name);
  const auto meant = core::near_miss(name_of(path), names);
  if (!meant) return {};
  return path.find('/') == std::string::npos ? *meant : join_path(parent, *meant);
}

}  // namespace

std::string data_place::refusal() const { return path + ": " + reason(); }

std::string data_place::reason() const {
  std::string out;
  switch (is) {
    case kind::missing:
      out = "there is no such file or directory";
      if (!misspelt.empty()) out += "; did you mean " + misspelt + "?";
      break;
    case kind::file:
      out = "this is a file, and no data directory";
      break;
    case kind::empty:
      out = "this is no ZooKeeper data directory: it is empty";
      break;
    case kind::prepared:
      out = "this is a data directory in which no server has been: it has no version-2";
      break;
    case kind::version_directory:
      out = "this holds what a version-2 holds; the data directory is the one above it";
      break;
    default:
      out = "this is no ZooKeeper data directory: it has no version-2";
  }
  const std::string there_is =
      is == kind::missing ? "; there is a data directory at " : "; there is one at ";
  for (std::size_t i = 0; i < near.size(); ++i)
    if (near[i] != misspelt) out += (i == 0 ? there_is : ", ") + near[i];
  return out;
}

io_result<data_place> look_at_place(disk& d, const std::string& path) {
  data_place out;
  out.path = without_last_slashes(path);
  auto there = d.exists(out.path);
  if (!there && there.error().code != ENOTDIR) return tl::unexpected(std::move(there.error()));
  if (!there || !*there) {
    out.misspelt = misspelt_of(d, out.path);
    out.near = near_to(d, out);
    return out;
  }
  auto entries = d.list_directory(out.path);
  if (!entries && entries.error().code != ENOTDIR && !entries.error().is_missing())
    return tl::unexpected(std::move(entries.error()));
  if (!entries)
    out.is = data_place::kind::file;
  else if (has(*entries, version_name, true))
    out.is = data_place::kind::data_directory;
  else if (is_version_directory(*entries))
    out.is = data_place::kind::version_directory;
  else if (entries->empty())
    out.is = data_place::kind::empty;
  else
    out.is = std::ranges::all_of(*entries, is_preparation) ? data_place::kind::prepared
                                                           : data_place::kind::other;
  if (!out.is_readable()) out.near = near_to(d, out);
  return out;
}

std::vector<std::string> filled_below(disk& d, const std::string& path) {
  search around{d};
  around.below(path, levels_below);
  auto found = std::move(around).found();
  std::erase_if(found, [&d](const std::string& x) {
    const auto entries = d.list_directory(join_path(x, version_name));
    return !entries || std::ranges::none_of(*entries, is_history);
  });
  return found;
}

}  // namespace troupe::storage
