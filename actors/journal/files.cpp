// SPDX-License-Identifier: Apache-2.0
#include "actors/journal/files.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "actors/core/memory_budget.hpp"
#include "actors/core/mutants.hpp"
#include "actors/journal/membership.hpp"
#include "actors/storage/disk.hpp"
#include "actors/storage/sync_mark.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using storage::io_error;
using storage::io_result;

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

tl::unexpected<io_error> not_in_log(const storage::data_dir& directory, zxid after) {
  return tl::unexpected(io_error{"read the log", directory.log_directory(), io_error::code_refused,
                                 -1, "it does not go on from " + to_string(after)});
}

}  // namespace

storage::data_dir_options directory_options(const config::node_config& config, server_id me,
                                            std::int64_t wall_ms) {
  storage::data_dir_options options;
  options.data_dir = config.data_dir;
  options.data_log_dir = config.data_log_dir;
  if (!config.is_standalone()) options.owner = me;
  options.trust_empty_snapshot = config.snapshot_trust_empty;
  options.auto_create_database = config.auto_create_database;
  options.wall_ms = wall_ms;
  return options;
}

storage::log_options log_options(const config::node_config& config, std::string directory) {
  storage::log_options options;
  options.directory = std::move(directory);
  options.prealloc_bytes = config.log_prealloc_bytes;
  options.size_limit_bytes = config.log_file_bytes_max;
  options.force_sync = config.force_sync;
  return options;
}

io_result<storage::data_dir> open_data_dir(const node_context& context) {
  return storage::data_dir::open(*context.disk,
                                 directory_options(context.config, context.me, context.wall_ms()));
}

io_result<void> settle_names(storage::disk& d, const storage::data_dir& directory,
                             const config::node_config& config) {
  auto done = d.sync_directory(config.data_dir)
                  .and_then([&] { return d.sync_directory(directory.snapshot_directory()); })
                  .and_then([&] { return d.sync_directory(directory.log_directory()); });
  if (!done || config.membership_version == zxid{}) return done;
  return d.sync_directory(split_path(config.config_file).first);
}

recent_window window_of(const node_context& context) {
  return {static_cast<std::size_t>(context.config.commit_log_count), context.memory.recent_max()};
}

void report(const log::logger& log, const read_database& data) {
  for (const auto& why : data.how.passed_over) log.warn("snapshot_passed_over", {{"reason", why}});
  if (!data.how.mark_note.empty()) log.warn("sync_mark_void", {{"reason", data.how.mark_note}});
  if (const auto& first = data.digests.first)
    log.error("digest_mismatch", {{"zxid", first->at},
                                  {"told", to_hex(first->told)},
                                  {"ours", to_hex(first->ours)},
                                  {"found", "at_load"},
                                  {"mismatches", data.digests.mismatches}});
  if (data.digests.fuzzy_until)
    log.warn("snapshot_ahead_of_log",
             {{"zxid", *data.digests.fuzzy_until}, {"last_logged", data.how.last}});
}

namespace {

/// The newest txns, as many as the window allows.
class newest_txns {
 public:
  explicit newest_txns(const recent_window& window) : window_(window) {}

  void add(const txn_ptr& t) {
    all_.push_back(t);
    bytes_ += core::held_bytes(*t);
    while (all_.size() > window_.txns_max || (all_.size() > 1 && bytes_ > window_.bytes_max)) {
      bytes_ -= core::held_bytes(*all_.front());
      all_.pop_front();
    }
  }
  [[nodiscard]] std::vector<txn_ptr> take() const { return {all_.begin(), all_.end()}; }

 private:
  recent_window window_;
  std::deque<txn_ptr> all_;
  std::int64_t bytes_ = 0;
};

/// `noted`: by the log's mark, which is of a log that has it. What roles have said may be more than
/// the log has.
zxid committed_of(const storage::loaded_database& how, zxid said, zxid noted, bool stands_alone) {
  if (stands_alone || how.last == zxid{}) return how.last;
  auto out = std::max(std::min(said, how.last), noted <= how.last ? noted : zxid{});
  if (mutated(mutant::snapshot_taken_for_committed)) out = std::max(out, how.snapshot);
  return out;
}

}  // namespace

io_result<read_database> read_data(const node_context& context, storage::data_dir& directory,
                                   known_part known) {
  auto mark = storage::read_sync_mark(*context.disk, directory.log_directory());
  if (!mark) return tl::unexpected(std::move(mark.error()));
  const bool stands_alone = context.config.is_standalone();
  const auto committed = std::max(known.committed, mark->committed);
  std::optional<storage::hold_back> held;
  // Where nothing is known, as in a directory of ZooKeeper's, holding all back would only make the
  // next election wait for it.
  if (!known.whole && !stands_alone && committed != zxid{} && !mutated(mutant::logged_tail_served))
    held.emplace(committed, [&directory](zxid id) { return directory.snapshot_covers(id); });
  newest_txns recent{window_of(context)};
  storage::image_builder builder{[&recent](const txn_ptr& t) { recent.add(t); }, std::move(held)};
  auto loaded = directory.load_database(builder.sink());
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  // Of txns that were cut off: vouched for as held, it would let a learner keep a txn that is in no
  // history of ours.
  if (directory.history_after() > loaded->last && !mutated(mutant::lost_snapshot_vouched_for))
    if (auto kept = directory.set_history_end(loaded->last); !kept)
      return tl::unexpected(std::move(kept.error()));
  read_database out;
  out.holds_what_was_cut = directory.snapshot_covers(loaded->snapshot) > loaded->last;
  builder.finish(*loaded);
  out.how = std::move(*loaded);
  out.image = builder.image();
  out.digests = builder.findings();
  out.committed = committed_of(out.how, known.committed, mark->committed, stands_alone);
  out.recent = recent.take();
  return out;
}

storage::compression compression_of(const config::node_config& config) {
  switch (config.snapshot_compression) {
    case config::snapshot_compression::gzip:
      return storage::compression::gzip;
    case config::snapshot_compression::snappy:
      return storage::compression::snappy;
    case config::snapshot_compression::none:
      break;
  }
  return storage::compression::none;
}

io_result<void> append_to(storage::txn_log& log, const logged_txn& next,
                          const config::node_config& config) {
  if (mutated(mutant::length_taken_for_disk_fault) &&
      next.bytes.size() > config.planned_txn_bytes_max())
    return tl::unexpected(io_error{"append to the log", log.options().directory, EMSGSIZE});
  return log.append(next);
}

io_error no_history(const storage::data_dir& directory) {
  return {"append to the log", directory.log_directory(), io_error::code_refused, -1,
          "what was logged here is lost: a snapshot has to come first"};
}

io_result<storage::snapshot_file> write_snapshot(storage::disk& d, const std::string& directory,
                                                 const core::tree& data, storage::compression how) {
  core::snapshot_encoder encoder{data};
  auto file = storage::snapshot_writer::begin(d, directory, encoder.at(), how);
  if (!file) return tl::unexpected(std::move(file.error()));
  while (!encoder.done())
    if (auto written = file->append(encoder.next(piece_bytes)); !written)
      return tl::unexpected(std::move(written.error()));
  return file->finish();
}

io_result<log_range> read_range(storage::disk& d, const storage::data_dir& directory,
                                const storage::txn_log& log, const read_log& asked) {
  log_range out;
  out.last_logged = log.last_zxid();
  out.complete = asked.after >= out.last_logged;
  bool at_snapshot = asked.after != zxid{} && asked.after == directory.history_after();
  out.holds_after = at_snapshot || asked.after == out.last_logged;
  if (out.complete) return out;
  if (asked.after < directory.history_after()) return not_in_log(directory, asked.after);
  if (asked.bytes_max == 0) return out;
  auto reader = storage::log_reader::open(d, directory.log_directory(), asked.after,
                                          storage::log_start::anywhere);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  std::uint64_t bytes = 0;
  while (bytes < asked.bytes_max) {
    auto t = reader->next();
    if (!t) return tl::unexpected(std::move(t.error()));
    if (!*t) break;
    if ((*t)->id() == asked.after) {
      out.holds_after = true;
      continue;
    }
    if (out.txns.empty() && !storage::follows(asked.after, (*t)->id()))
      return not_in_log(directory, asked.after);
    bytes += (*t)->bytes.size();
    out.txns.push_back(std::move(*t));
  }
  if (out.txns.empty()) return not_in_log(directory, asked.after);
  out.complete = out.txns.back()->id() == out.last_logged;
  return out;
}

}  // namespace troupe
