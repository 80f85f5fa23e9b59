// SPDX-License-Identifier: Apache-2.0
#include "actors/journal/space.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

#include "actors/base/caf.hpp"
#include "actors/storage/disk.hpp"
#include "actors/storage/image_builder.hpp"
#include "actors/storage/snapshot_files.hpp"

namespace troupe {
namespace {

/// What a disk that failed must take before it counts as working again: a batch of txns fits.
constexpr std::uint64_t probe_bytes = std::uint64_t{1} << 20;

/// A large room is asked for where the file system tells, and else tried.
storage::io_result<void> try_disk(journal_ptr self) {
  auto& s = self->state;
  const auto& where = s.directory->snapshot_directory();
  const auto room = s.options.context->disk->free_bytes(where);
  if (!room) return s.directory->probe(probe_bytes + s.room_needed);
  if (*room < probe_bytes + s.room_needed)
    return tl::unexpected(storage::io_error{"write into", where, ENOSPC, -1,
                                            std::to_string(*room) + " bytes are free, and " +
                                                std::to_string(s.room_needed) +
                                                " that were needed the last time"});
  return s.directory->probe(probe_bytes);
}

/// What is older than the newest snapshot is a history's only beginning while that one is rotten.
/// Where that cannot be read, whyever, it does not: nothing is purged, and the disk's fault is told
/// by whoever asked for room.
bool newest_snapshot_holds(journal_ptr self) {
  auto& s = self->state;
  auto& d = *s.options.context->disk;
  const auto files = storage::snapshot_candidates(d, s.directory->snapshot_directory());
  if (!files || files->empty()) return false;
  const auto& newest = files->front();
  storage::image_builder builder;
  const auto sink = builder.sink();
  sink.begin_snapshot();
  return storage::read_snapshot(d, newest, sink.chunk) && sink.end_snapshot(newest.id);
}

}  // namespace

void purge_old(journal_ptr self) {
  auto& s = self->state;
  if (!s.directory || !s.damaged.empty()) return;  // people may want to look at it
  const auto& log = s.options.context->log;
  auto done = storage::purge(*s.options.context->disk, s.directory->snapshot_directory(),
                             s.directory->log_directory(), config_of(self).purge_retain_count);
  if (!done)
    log.warn("purge_failed", {{"reason", done.error().text()}});
  else
    log.info("purged", {{"snapshots", done->snapshots.size()}, {"logs", done->logs.size()}});
}

void purge_by_the_clock(journal_ptr self) {
  const auto hours = config_of(self).purge_interval_hours;
  if (hours <= 0) return;
  if (self->state.broken.empty()) purge_old(self);
  self->delayed_send(self, std::chrono::hours{hours}, purge_files{});
}

void make_room(journal_ptr self) {
  const auto& s = self->state;
  if (config_of(self).purge_interval_hours <= 0 || !s.directory) return;
  if (s.log || newest_snapshot_holds(self)) purge_old(self);
}

caf::result<stored> probe_room(journal_ptr self) {
  auto& s = self->state;
  if (!s.directory) return stored{};
  auto works = try_disk(self);
  if (!works && works.error().code == ENOSPC) {
    make_room(self);
    works = try_disk(self);
  }
  if (!works) return error_of(works.error());
  return stored{};
}

}  // namespace troupe
