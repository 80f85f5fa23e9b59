// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/snapshot_files.hpp"

#include <algorithm>

#include "actors/storage/file_names.hpp"
#include "actors/storage/gzip.hpp"
#include "actors/storage/log_format.hpp"
#include "actors/storage/snappy_stream.hpp"

namespace troupe::storage {
namespace {

using namespace std::string_view_literals;

constexpr auto prefix = "snapshot."sv;
constexpr auto plain_end = "\x00\x00\x00\x01/"sv;
constexpr auto gzip_magic = "\x1f\x8b"sv;
constexpr auto snappy_magic = "\x82SNAPPY\x00"sv;
constexpr std::size_t read_block_bytes = std::size_t{1} << 20;
constexpr std::uint64_t end_mark_bytes = 4096;

std::string_view suffix_of(compression how) {
  switch (how) {
    case compression::gzip:
      return ".gz";
    case compression::snappy:
      return ".snappy";
    case compression::none:
      break;
  }
  return "";
}

io_result<void> remove_synced(disk& d, const std::string& directory,
                              const std::vector<std::string>& paths) {
  if (paths.empty()) return {};
  // What stays instead of these may have a name whose sync has failed.
  if (auto durable = d.sync_directory(directory); !durable) return durable;
  for (const auto& path : paths)
    if (auto removed = d.remove(path); !removed) return removed;
  return d.sync_directory(directory);
}

}  // namespace

std::string snapshot_name(zxid id, compression how) {
  std::string out{prefix};
  out += bare_hex(id.value);
  out += suffix_of(how);
  return out;
}

std::optional<snapshot_file> parse_snapshot_name(std::string_view name) {
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  auto rest = name.substr(prefix.size());
  snapshot_file out;
  for (auto how : {compression::gzip, compression::snappy}) {
    auto suffix = suffix_of(how);
    if (rest.size() > suffix.size() && rest.substr(rest.size() - suffix.size()) == suffix) {
      out.how = how;
      rest.remove_suffix(suffix.size());
      break;
    }
  }
  auto id = parse_bare_hex(rest);
  if (!id) return std::nullopt;
  out.id = *id;
  out.path = name;
  return out;
}

io_result<std::vector<snapshot_file>> list_snapshots(disk& d, const std::string& directory) {
  auto entries = d.list_directory(directory);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  std::vector<snapshot_file> out;
  for (const auto& entry : *entries) {
    auto file = parse_snapshot_name(entry.name);
    if (!file || entry.is_directory) continue;
    file->path = join_path(directory, entry.name);
    file->size = entry.size;
    out.push_back(std::move(*file));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.id > b.id; });
  return out;
}

io_result<bool> is_complete(disk& d, const snapshot_file& f) {
  auto file = d.open_readable(f.path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto size = (*file)->size();
  if (!size) return tl::unexpected(std::move(size.error()));
  if (*size < 10) return false;
  auto magic = f.how == compression::gzip ? gzip_magic : snappy_magic;
  bool plain = f.how == compression::none;
  auto bytes = plain ? (*file)->read_at(*size - plain_end.size(), plain_end.size())
                     : (*file)->read_at(0, magic.size());
  if (!bytes) return tl::unexpected(std::move(bytes.error()));
  return *bytes == (plain ? plain_end : magic);
}

io_result<std::int64_t> end_mark(disk& d, const std::string& path) {
  auto file = d.open_readable(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto size = (*file)->size();
  if (!size) return tl::unexpected(std::move(size.error()));
  const auto end = std::min(*size, end_mark_bytes);
  auto bytes = (*file)->read_at(*size - end, static_cast<std::size_t>(end));
  if (!bytes) return tl::unexpected(std::move(bytes.error()));
  std::uint64_t hash = 0xcbf29ce484222325U ^ *size;  // FNV-1a
  for (const char c : *bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(hash >> 1 | 1);
}

io_result<std::vector<snapshot_file>> snapshot_candidates(disk& d, const std::string& directory) {
  auto all = list_snapshots(d, directory);
  if (!all) return all;
  std::vector<snapshot_file> out;
  for (auto& file : *all) {
    auto complete = is_complete(d, file);
    if (!complete) return tl::unexpected(std::move(complete.error()));
    if (*complete) out.push_back(std::move(file));
  }
  return out;
}

io_result<std::vector<snapshot_file>> readable_candidates(disk& d, const std::string& directory) {
  auto all = list_snapshots(d, directory);
  if (all)
    std::erase_if(*all, [&d](const auto& file) { return !is_complete(d, file).value_or(false); });
  return all;
}

io_result<void> read_snapshot(disk& d, const snapshot_file& f, const chunk_sink& sink) {
  constexpr const char* reading = "read the snapshot";
  auto file = d.open_readable(f.path);
  if (!file) return tl::unexpected(std::move(file.error()));
  gunzip inflate;
  unsnappy expand;
  auto take = [&](std::string_view block) {
    if (f.how == compression::gzip) return inflate.feed(block, sink);
    return f.how == compression::snappy ? expand.feed(block, sink) : sink(block);
  };
  std::uint64_t offset = 0;
  for (;;) {
    auto block = (*file)->read_at(offset, read_block_bytes);
    if (!block) return tl::unexpected(std::move(block.error()));
    if (block->empty()) break;
    auto at = static_cast<std::int64_t>(offset);
    offset += block->size();
    if (auto taken = take(*block); !taken)
      return corrupt(reading, f.path, at, std::move(taken.error()));
  }
  bool ended = f.how == compression::gzip     ? inflate.done()
               : f.how == compression::snappy ? expand.done()
                                              : true;
  if (!ended)
    return corrupt(reading, f.path, static_cast<std::int64_t>(offset),
                   "the compressed data ends too early");
  return {};
}

io_result<void> remove_snapshots(disk& d, const std::string& directory,
                                 const std::function<bool(const snapshot_file&)>& goes) {
  auto complete = readable_candidates(d, directory);
  if (!complete) return tl::unexpected(std::move(complete.error()));
  bool one_stays = !std::all_of(complete->begin(), complete->end(), goes);
  auto all = list_snapshots(d, directory);
  if (!all) return tl::unexpected(std::move(all.error()));
  std::vector<std::string> going;
  for (const auto& file : *all)
    if (goes(file)) going.push_back(file.path);
  if (!going.empty() && !one_stays)
    return tl::unexpected(
        io_error{"remove snapshots from", directory, io_error::code_refused, -1,
                 "no complete one would remain"});
  return remove_synced(d, directory, going);
}

io_result<purged> purge(disk& d, const std::string& snapshot_directory,
                        const std::string& log_directory, int keep) {
  purged out;
  auto complete = readable_candidates(d, snapshot_directory);
  if (!complete) return tl::unexpected(std::move(complete.error()));
  auto kept = static_cast<std::size_t>(std::max(keep, snapshots_kept_min));
  if (complete->size() < kept) return out;
  auto oldest = (*complete)[kept - 1].id;
  auto all = list_snapshots(d, snapshot_directory);
  if (!all) return tl::unexpected(std::move(all.error()));
  for (const auto& file : *all)
    if (file.id < oldest) out.snapshots.push_back(file.path);
  auto logs = list_logs(d, log_directory);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  // A recovery from `oldest` begins in the newest log that starts at or before it: the txns after a
  // snapshot may stand in a file that was begun long before it.
  auto after = std::find_if(logs->begin(), logs->end(),
                            [oldest](const log_file& f) { return f.first > oldest; });
  if (after != logs->begin())
    for (auto file = logs->begin(); file != after - 1; ++file) out.logs.push_back(file->path);
  // Logs go for the sake of snapshots, whose names may not be durable yet.
  auto removed = remove_synced(d, snapshot_directory, out.snapshots)
                     .and_then([&] {
                       return out.logs.empty() ? io_result<void>{}
                                               : d.sync_directory(snapshot_directory);
                     })
                     .and_then([&] { return remove_synced(d, log_directory, out.logs); });
  if (!removed) return tl::unexpected(std::move(removed.error()));
  return out;
}

}  // namespace troupe::storage
