// SPDX-License-Identifier: Apache-2.0
#include "tools/log/source.hpp"

#include <ostream>

#include "actors/core/snapshot_codec.hpp"
#include "actors/storage/data_place.hpp"

namespace troupe::log_tool {

using storage::io_error;
using storage::io_result;
using storage::join_path;

namespace {

/// The version-2 of a data directory, or the directory itself when it has none.
io_result<std::string> versioned(storage::disk& d, const std::string& path) {
  auto below = join_path(path, "version-2");
  auto there = d.exists(below);
  if (!there) return tl::unexpected(std::move(there.error()));
  return *there ? below : path;
}

using place_kind = storage::data_place::kind;

io_error refused(const std::string& path, std::string why) {
  return io_error{"read", path, 0, -1, std::move(why)};
}

/// Of a log or a snapshot: by its name, or else by its first bytes, since files are renamed.
io_result<bool> is_history(storage::disk& d, const std::string& path) {
  const auto name = base_name_of(path);
  if (name.starts_with("log.") || name.starts_with("snapshot.")) return true;
  auto file = d.open_readable(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto head = (*file)->read_at(0, 8);
  if (!head) return tl::unexpected(std::move(head.error()));
  for (std::string_view mark : {"ZKLG", "ZKSN", "\x1f\x8b", "\x82SNAPPY"})
    if (head->starts_with(mark)) return true;
  return false;
}

/// A data directory, a version-2 or a file of one; an error for all else.
io_result<storage::data_place> usable_place(storage::disk& d, const std::string& path) {
  auto place = storage::look_at_place(d, path);
  if (!place || place->is_readable()) return place;
  if (place->is != place_kind::file) return tl::unexpected(refused(path, place->reason()));
  auto known = is_history(d, path);
  if (!known) return tl::unexpected(std::move(known.error()));
  if (*known) return place;
  return tl::unexpected(
      refused(path, "neither a txn log nor a snapshot, by its name and its first bytes"));
}

io_result<loaded> load_directory(storage::disk& d, const directory& from, progress& told) {
  storage::data_dir_options rules;
  rules.data_dir = from.data_dir;
  rules.trust_empty_snapshot = true;  // a tool may look at what a server would not start on
  std::uint64_t txns = 0;
  storage::image_builder builder{[&](const txn_ptr&) {
    if (++txns % 1000 == 0) told.at("replaying " + from.data_dir + ", txns", txns, 0);
  }};
  auto how = storage::load_database(d, from.snapshots, from.logs, rules, builder.sink());
  if (!how) return tl::unexpected(std::move(how.error()));
  if (how->came == storage::loaded_database::origin::created)
    return tl::unexpected(
        io_error{"read", from.data_dir, 0, -1, "neither a snapshot nor a txn log is there"});
  builder.finish(*how);
  loaded out{from.data_dir, how->last, builder.image(), std::move(how->passed_over)};
  if (!from.who_runs.empty())
    out.notes.push_back(from.who_runs + ", runs there; what it has not yet written is not shown");
  if (const auto& first = builder.findings().first)
    out.notes.push_back("at " + to_string(first->at) + " the digest should be " +
                        to_hex(first->told) + " and is " + to_hex(first->ours));
  return out;
}

}  // namespace

std::string base_name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

int fail(const terminal& term, const std::string& reason) {
  term.err << "actor-log: " << reason << "\n";
  return exit_code::failed;
}

io_result<std::optional<directory>> find_directory(storage::disk& d, const std::string& path,
                                                   const common_options& options) {
  auto place = usable_place(d, path);
  if (!place) return tl::unexpected(std::move(place.error()));
  if (place->is == place_kind::file) return std::nullopt;
  auto snapshots = versioned(d, path);
  if (!snapshots) return tl::unexpected(std::move(snapshots.error()));
  auto logs = snapshots;
  if (!options.data_log_dir.empty()) {
    auto log_place = usable_place(d, options.data_log_dir);
    if (!log_place) return tl::unexpected(std::move(log_place.error()));
    if (log_place->is == place_kind::file)
      return tl::unexpected(refused(options.data_log_dir, log_place->reason()));
    logs = versioned(d, options.data_log_dir);
    if (!logs) return tl::unexpected(std::move(logs.error()));
  }
  directory out{path, std::move(*snapshots), std::move(*logs)};
  const bool is_whole = place->is == place_kind::data_directory;
  if (!options.who_runs) return out;
  if (const auto server = options.who_runs(is_whole ? path : join_path(path, ".."))) {
    out.who_runs = server->text();
    out.writes_in_place = server->is == storage::running_server::kind::zookeeper;
  }
  return out;
}

void tell_of_server(const directory& where, const terminal& term) {
  if (where.who_runs.empty()) return;
  term.err << "actor-log: " << where.who_runs << ", runs in " << where.data_dir
           << ": it is read only, and its newest log may end in the middle of a txn\n";
}

storage::log_file log_at(const std::string& path) {
  auto name = base_name_of(path);
  // log.5.torn and the like are told by what stands before.
  auto second_dot = name.find('.', name.find('.') + 1);
  return {storage::parse_log_name(name.substr(0, second_dot)).value_or(zxid{}), path};
}

io_result<storage::snapshot_file> snapshot_at(storage::disk& d, const std::string& path) {
  auto file = d.open_readable(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto head = (*file)->read_at(0, 8);
  if (!head) return tl::unexpected(std::move(head.error()));
  auto size = (*file)->size();
  if (!size) return tl::unexpected(std::move(size.error()));
  auto name = base_name_of(path);
  auto second_dot = name.find('.', name.find('.') + 1);
  auto parsed = storage::parse_snapshot_name(name.substr(0, second_dot));
  storage::snapshot_file out{parsed ? parsed->id : zxid{}, path, storage::compression::none, *size};
  if (head->starts_with("\x1f\x8b")) out.how = storage::compression::gzip;
  if (head->starts_with("\x82SNAPPY")) out.how = storage::compression::snappy;
  return out;
}

io_result<core::image> decode(storage::disk& d, const storage::snapshot_file& file,
                              progress& told) {
  core::snapshot_decoder decoder;
  std::uint64_t bytes = 0;
  auto done = storage::read_snapshot(
      d, file, [&](std::string_view chunk) -> tl::expected<void, std::string> {
        bytes += chunk.size();
        bool plain = file.how == storage::compression::none;
        told.at("reading " + base_name_of(file.path), bytes, plain ? file.size : 0);
        if (decoder.feed(chunk)) return {};
        return tl::unexpected(std::move(decoder.finish().error()));
      });
  if (!done) return tl::unexpected(std::move(done.error()));
  auto decoded = decoder.finish();
  const auto end = file.how == storage::compression::none ? bytes : file.size;
  if (!decoded)
    return storage::corrupt("read the snapshot", file.path, static_cast<std::int64_t>(end),
                            std::move(decoded.error()));
  decoded->data.set_last_processed(file.id);
  return std::move(*decoded);
}

io_result<loaded> load(storage::disk& d, const std::string& path, const common_options& options,
                       progress& told) {
  auto from = find_directory(d, path, options);
  if (!from) return tl::unexpected(std::move(from.error()));
  if (*from) {
    auto out = load_directory(d, **from, told);
    for (int n = 1; n < live_read_tries && !out && !(*from)->who_runs.empty(); ++n)
      out = load_directory(d, **from, told);
    return out;
  }
  auto file = snapshot_at(d, path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto decoded = decode(d, *file, told);
  if (!decoded) return tl::unexpected(std::move(decoded.error()));
  loaded out{path, file->id, std::make_shared<core::image>(std::move(*decoded)), {}};
  if (out.image->digest && !out.image->data.expect_digest(*out.image->digest))
    out.notes.push_back("its digest is " + to_hex(out.image->digest->value) + ", its content has " +
                        to_hex(out.image->data.digest()));
  return out;
}

}  // namespace troupe::log_tool
