// SPDX-License-Identifier: Apache-2.0
#include "actors/journal/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "actors/base/caf.hpp"
#include "actors/core/epoch_bounds.hpp"
#include "actors/core/memory_budget.hpp"
#include "actors/core/mutants.hpp"
#include "actors/journal/errors.hpp"
#include "actors/journal/files.hpp"
#include "actors/journal/membership.hpp"
#include "actors/journal/scribe.hpp"
#include "actors/journal/space.hpp"
#include "actors/storage/disk.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using storage::io_error;
using storage::io_result;

// -- snapshots of our own -----------------------------------------------------------------------

void forget_scribe(journal_ptr self) {
  auto scribe = std::exchange(self->state.scribe, nullptr);
  if (scribe) self->send_exit(scribe, caf::exit_reason::kill);
}

/// Random, so that the servers of an ensemble do not all write at once (SyncRequestProcessor).
void draw_next_snapshot(journal_ptr self, std::uint64_t txns_behind) {
  auto& s = self->state;
  auto half_of = [](std::int64_t limit) {
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(limit) / 2, 1);
  };
  const auto half = half_of(config_of(self).snap_count);
  s.txns_since_snapshot = txns_behind;
  s.txns_until_snapshot = half + s.spread() % half;
  s.bytes_since_snapshot = s.bytes_until_snapshot = 0;
  if (auto limit = config_of(self).snap_log_bytes_max; limit > 0)
    s.bytes_until_snapshot = half_of(limit) + s.spread() % half_of(limit);
}

bool snapshot_is_due(const journal_state& s) {
  if (!s.log) return false;
  return s.txns_since_snapshot > s.txns_until_snapshot ||
         (s.bytes_until_snapshot > 0 && s.bytes_since_snapshot > s.bytes_until_snapshot);
}

// -- failures -----------------------------------------------------------------------------------

/// They wait for the disk no longer: it has them, or nobody will give them to it.
void release_unsynced(journal_ptr self) {
  auto& s = self->state;
  s.options.context->gauges->unlogged_bytes.fetch_sub(std::exchange(s.unsynced_bytes, 0),
                                                      std::memory_order_relaxed);
}

/// The disk failed, or what was asked must not be logged: nothing is acked any more.
void fail(journal_ptr self, const io_error& why) {
  auto& s = self->state;
  if (!s.broken.empty()) return;
  s.broken = why.text();
  s.broken_by_disk = why.is_of_the_disk();
  s.waiting.clear();
  release_unsynced(self);
  s.incoming.reset();
  forget_scribe(self);
  if (!s.failures) return;
  if (why.is_of_the_disk())
    self->send(s.failures, disk_failed{s.broken});  // who logs it
  else
    self->send(s.failures, log_refused{s.broken});
}

/// Runs `work`; a failure of it breaks the journal.
template <class Work>
auto must(journal_ptr self, Work work) -> decltype(work()) {
  auto done = work();
  if (!done) fail(self, done.error());
  return done;
}

// -- group commit -------------------------------------------------------------------------------

/// The mark goes up behind each sync, but not by a sync of its own each time.
void queue_note(journal_ptr self) {
  auto& s = self->state;
  if (s.note_queued || !s.log || !s.log->is_mark_behind()) return;
  s.note_queued = true;
  self->delayed_send(self, s.note_after, note_synced{});
}

void note(journal_ptr self) {
  auto& s = self->state;
  s.note_queued = false;
  if (!s.broken.empty() || !s.log || !s.log->is_mark_behind()) return;
  const auto before = self->clock().now();
  // A failure breaks the journal, and is told.
  (void)must(self, [&] { return s.log->note_synced(); });
  s.note_after = core::sync_note_interval(self->clock().now() - before);
}

/// Syncs what was appended and tells those who wait. False: broken.
bool flush(journal_ptr self) {
  auto& s = self->state;
  if (!s.broken.empty()) return false;
  if (!s.log) return true;  // nothing can wait
  auto before = self->clock().now();
  if (!must(self, [&] { return s.log->sync(); })) return false;
  release_unsynced(self);
  using std::chrono::milliseconds;
  auto took_ms = std::chrono::duration_cast<milliseconds>(self->clock().now() - before).count();
  if (took_ms > config_of(self).fsync_warning_ms)
    s.options.context->log.warn("fsync_slow", {{"ms", took_ms}});
  for (auto& [sink, upto] : std::exchange(s.waiting, {})) self->send(sink, logged{upto});
  queue_note(self);
  return true;
}

void start_snapshot(journal_ptr self) {
  auto& s = self->state;
  draw_next_snapshot(self, 0);
  if (s.scribe || s.incoming || !s.snapshots) return;  // one at a time; the next turn will come
  if (!must(self, [&] { return s.log->roll(); })) return;
  scribe_options options{s.options.context, s.directory->snapshot_directory(), s.snapshots,
                         caf::actor_cast<scribe_owner>(self)};
  s.scribe = s.options.context->detach_journal
                 ? self->spawn<caf::detached>(journal_scribe, std::move(options))
                 : self->spawn(journal_scribe, std::move(options));
  self->send(s.snapshots, take_snapshot{s.scribe});
}

void append(journal_ptr self, const append_txns& m) {
  auto& s = self->state;
  s.unsynced_bytes += core::held_bytes(m.txns);
  if (!s.broken.empty()) return release_unsynced(self);
  if (m.txns.empty()) return;
  if (!s.log) return fail(self, no_history(*s.directory));
  for (const auto& t : m.txns) {
    if (!must(self, [&] { return append_to(*s.log, *t, config_of(self)); })) return;
    s.bytes_since_snapshot += t->bytes.size();
  }
  s.txns_since_snapshot += m.txns.size();
  if (m.to) {
    auto upto = m.txns.back()->id();
    auto known = std::find_if(s.waiting.begin(), s.waiting.end(),
                              [&m](const auto& waiter) { return waiter.first == m.to; });
    if (known != s.waiting.end())
      known->second = upto;
    else
      s.waiting.emplace_back(m.to, upto);
  }
  if (mutated(mutant::ack_before_sync) && m.to) self->send(m.to, logged{m.txns.back()->id()});
  if (!std::exchange(s.flush_queued, true)) self->send(self, flush_log{});
}

void flush_queued(journal_ptr self) {
  auto& s = self->state;
  s.flush_queued = false;
  if (flush(self) && snapshot_is_due(s)) start_snapshot(self);
}

/// Nothing is lost by it: the log goes on, and is the longer to read. The next try comes sooner.
void snapshot_has_failed(journal_ptr self, const std::string& reason) {
  auto& s = self->state;
  const auto sooner = std::max<std::uint64_t>(s.txns_until_snapshot / 4, 1);
  s.txns_until_snapshot = s.txns_since_snapshot + sooner;
  s.options.context->log.warn("snapshot_failed", {{"reason", reason}, {"next_in_txns", sooner}});
  make_room(self);
}

/// False: it is another one's word, which was given up meanwhile.
bool end_of_scribe(journal_ptr self) {
  auto& s = self->state;
  if (!s.scribe || self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(s.scribe))
    return false;
  s.scribe = nullptr;
  return true;
}

void publish_snapshot(journal_ptr self, const snapshot_sealed& m) {
  auto& s = self->state;
  if (!end_of_scribe(self)) return;  // its file goes with the message
  if (!flush(self)) return;
  const auto& log = s.options.context->log;
  if (s.log->synced_zxid() < m.covers) {
    log.warn("snapshot_dropped", {{"zxid", m.as_of}, {"covers", m.covers}});
    return;
  }
  const bool is_fuzzy = m.covers > m.as_of;
  const auto mark = is_fuzzy ? m.file->mark() : 0;
  auto file = mark
                  .and_then([&](std::int64_t of) {
                    return is_fuzzy ? s.directory->set_snapshot_covers(m.as_of, m.covers, of)
                                    : io_result<void>{};
                  })
                  .and_then([&] { return m.file->publish(); });
  if (!file) return snapshot_has_failed(self, file.error().text());
  // Should it stay, what is noted of one before it is believed of this one: TRUNC may remove it.
  if (auto kept = s.directory->snapshot_is_published(m.as_of, *mark); !kept)
    log.warn("snapshot_note_stays", {{"zxid", m.as_of}, {"reason", kept.error().text()}});
  log.info("snapshot_written", {{"zxid", m.as_of}, {"bytes", file->size}});
}

/// The disk has nothing to do with it, and the next turn will come.
void snapshot_was_given_up(journal_ptr self, const std::string& reason) {
  if (end_of_scribe(self))
    self->state.options.context->log.info("snapshot_given_up", {{"reason", reason}});
}

// -- loading ------------------------------------------------------------------------------------

io_result<void> open_directory(journal_ptr self) {
  auto& s = self->state;
  if (s.directory) return {};
  auto opened = open_data_dir(*s.options.context);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  s.directory.emplace(std::move(*opened));
  return {};
}

/// The log, open for appending after `last`.
io_result<storage::txn_log> open_log(journal_ptr self, zxid last) {
  auto& s = self->state;
  auto log = storage::txn_log::open(*s.options.context->disk,
                                    log_options(config_of(self), s.directory->log_directory()));
  if (!log) return log;
  log->know_committed(s.committed);
  if (auto positioned = log->continue_after(last); !positioned)
    return tl::unexpected(std::move(positioned.error()));
  return log;
}

/// Writes the list of servers that came last, unless it is in the files already.
io_result<void> keep_membership(journal_ptr self) {
  auto& s = self->state;
  if (!s.to_keep || s.to_keep->version <= s.kept) return {};
  auto written = write_membership(*s.options.context->disk, config_of(self), *s.to_keep);
  if (written) s.kept = s.to_keep->version;
  return written;
}

void store_list(journal_ptr self, const store_membership& m) {
  auto& s = self->state;
  if (!s.to_keep || m.committed->version > s.to_keep->version) s.to_keep = m.committed;
  // Tried again when the disk works: load() keeps it, too.
  if (s.broken.empty()) (void)must(self, [&] { return keep_membership(self); });
}

/// The database out of the files, and the log open behind it. A corrupt_error: the disk served the
/// bytes, and they are not what was written.
io_result<read_database> read_history(journal_ptr self, bool whole) {
  auto& s = self->state;
  auto asked = s.directory->is_resync_asked();
  if (!asked) return tl::unexpected(std::move(asked.error()));
  if (*asked)
    return storage::corrupt("load the database from", s.directory->snapshot_directory(), -1,
                            "the file `resync` in " + config_of(self).data_dir +
                                " says that the other servers' history is to replace it");
  auto data = read_data(*s.options.context, *s.directory, {s.committed, whole});
  if (!data) return data;
  s.committed = std::max(s.committed, data->committed);
  report(s.options.context->log, *data);
  if (data->how.came == storage::loaded_database::origin::unknown)
    return tl::unexpected(io_error{
        "load the database", s.directory->snapshot_directory(), io_error::code_refused, -1,
        "it is empty, and db.autocreate is false. If that is meant, make a file `initialize` in " +
            config_of(self).data_dir});
  if (data->how.came == storage::loaded_database::origin::created)
    if (auto first = write_snapshot(*s.options.context->disk, s.directory->snapshot_directory(),
                                    data->image->data, compression_of(config_of(self)));
        !first)
      return tl::unexpected(std::move(first.error()));
  auto log = open_log(self, data->how.last);
  if (!log) return tl::unexpected(std::move(log.error()));
  if (const auto& cut = log->cut_at_open())
    s.options.context->log.warn("torn_batch_cut", {{"file", cut->path},
                                                   {"offset", cut->tail.end},
                                                   {"bytes", cut->tail.bytes},
                                                   {"last_logged", data->how.last},
                                                   {"reason", cut->tail.why}});
  s.log.emplace(std::move(*log));
  return data;
}

/// Reads everything anew and makes the journal usable, or leaves it broken. Where the past cannot
/// be read the promises still can: the server may take its history from the others, and until then
/// is none whose word counts for what was acknowledged (Alagappan et al., FAST 2018).
io_result<loaded_data> load_once(journal_ptr self, bool whole) {
  auto& s = self->state;
  forget_scribe(self);
  s.incoming.reset();
  s.waiting.clear();
  s.damaged.clear();
  if (auto done = open_directory(self).and_then([&] { return keep_membership(self); }); !done)
    return tl::unexpected(std::move(done.error()));
  if (auto kept = settle_names(*s.options.context->disk, *s.directory, config_of(self)); !kept)
    return tl::unexpected(std::move(kept.error()));
  if (s.log && s.log->poison())
    if (auto taken_back = s.log->take_back_unsynced(); !taken_back)
      return tl::unexpected(std::move(taken_back.error()));
  s.log.reset();
  auto session_time = s.directory->claim_session_time();
  if (!session_time) return tl::unexpected(std::move(session_time.error()));
  auto data = read_history(self, whole);
  const bool may_go_on = data || (data.error().is_corrupt() && s.may_resync);
  if (!may_go_on) return tl::unexpected(std::move(data.error()));
  const auto last = data ? data->how.last : zxid{};
  auto era =
      storage::epoch_files{*s.options.context->disk, s.directory->snapshot_directory()}.load(last);
  if (!era) return tl::unexpected(std::move(era.error()));
  s.era = *era;
  s.broken.clear();
  loaded_data out{.last_logged = last, .accepted = s.era.accepted, .current = s.era.current};
  out.session_time_ms = *session_time;
  if (!data) {
    out.image = std::make_shared<core::image>();
    out.damaged = s.damaged = data.error().text();
    return out;
  }
  draw_next_snapshot(self, data->how.txns);
  out.image = std::move(data->image);
  out.recent = std::move(data->recent);
  out.committed = data->committed;
  out.digest_mismatches = data->digests.mismatches;
  out.tree_differs = data->digests.differs_at_end || data->holds_what_was_cut;
  return out;
}

/// A full disk may have what can go.
io_result<loaded_data> load(journal_ptr self, bool whole) {
  auto loaded = load_once(self, whole);
  if (loaded || loaded.error().code != ENOSPC || !self->state.directory) return loaded;
  make_room(self);
  return load_once(self, whole);
}

caf::result<loaded_data> load_or_say_why(journal_ptr self, bool whole) {
  auto loaded = load(self, whole);
  if (loaded) return std::move(*loaded);
  self->state.broken = loaded.error().text();
  self->state.broken_by_disk = loaded.error().is_of_the_disk();
  return why_broken(self->state);
}

caf::result<loaded_data> begin(journal_ptr self, const load_data& m) {
  auto& s = self->state;
  s.snapshots = m.snapshots;
  s.failures = m.failures;
  s.may_resync = m.may_resync;
  if (s.broken.empty()) (void)flush(self);  // what a failing one leaves is taken back by load()
  return load_or_say_why(self, m.whole);
}

/// It is noted a moment later, with what was synced meanwhile.
void know(journal_ptr self, zxid upto) {
  auto& s = self->state;
  s.committed = std::max(s.committed, upto);
  if (s.log) s.log->know_committed(s.committed);
  if (s.broken.empty()) queue_note(self);
}

// -- requests -----------------------------------------------------------------------------------

caf::result<stored> store(journal_ptr self, const store_epoch& m) {
  auto& s = self->state;
  if (!mutated(mutant::epoch_before_history) && !flush(self)) return why_broken(s);
  note(self);
  if (!s.broken.empty()) return why_broken(s);
  s.incoming.reset();  // an epoch begins with a whole history: what is not whole by now never will
  if (!core::is_epoch(m.era)) return error_of_asking(std::to_string(m.era.value) + " is no epoch");
  auto& kept = m.kind == epoch_kind::accepted ? s.era.accepted : s.era.current;
  if (m.era < kept)
    return error_of_asking("epoch " + std::to_string(kept.value) + " is stored already, so " +
                           std::to_string(m.era.value) + " would break a promise");
  storage::epoch_files files{*s.options.context->disk, s.directory->snapshot_directory()};
  auto done = must(self, [&] {
    return m.kind == epoch_kind::accepted ? files.store_accepted(m.era)
                                          : files.store_current(m.era);
  });
  if (!done) return why_broken(s);
  kept = m.era;
  return stored{};
}

/// Snapshots that may hold a txn to be cut off go first; then the log. A crash in between leaves
/// the history as it was before, from an older snapshot: where there is none that leads to all of
/// the log, nothing is cut, and a leader's snapshot has to come.
caf::result<loaded_data> truncate(journal_ptr self, const truncate_log& m) {
  auto& s = self->state;
  if (!flush(self)) return why_broken(s);
  if (!s.log) return error_of(no_history(*s.directory));
  forget_scribe(self);
  auto cut = s.log->check_cut(m.keep_upto);
  if (cut && !mutated(mutant::cut_keeps_newer_snapshots))
    cut = s.directory->remove_snapshots_after(m.keep_upto);
  cut = std::move(cut).and_then([&] { return s.log->truncate_to(m.keep_upto); });
  if (!cut) {
    if (s.log->poison()) fail(self, *s.log->poison());
    if (cut.error().is_of_the_disk()) fail(self, cut.error());
    return error_of(cut.error());
  }
  auto loaded = load(self, true);
  if (loaded && (loaded->last_logged == m.keep_upto || mutated(mutant::cut_keeps_newer_snapshots)))
    return std::move(*loaded);
  s.broken = loaded ? "after the cut the database ends at " + to_string(loaded->last_logged) +
                          ", not at " + to_string(m.keep_upto)
                    : loaded.error().text();
  s.broken_by_disk = !loaded && loaded.error().is_of_the_disk();
  return why_broken(s);
}

caf::result<log_range> read(journal_ptr self, const read_log& m) {
  auto& s = self->state;
  if (!flush(self)) return why_broken(s);
  if (!s.log) {
    log_range nothing{{}, true, false, {}, s.era.accepted, s.era.current, true};
    return nothing;
  }
  auto range = read_range(*s.options.context->disk, *s.directory, *s.log, m);
  if (!range) return error_of(range.error());
  range->accepted = s.era.accepted;
  range->current = s.era.current;
  return std::move(*range);
}

/// Gives the leader's snapshot its name; from then on the history begins behind it.
io_result<void> publish_incoming(journal_state& s, zxid as_of) {
  if (mutated(mutant::lost_snapshot_vouched_for))
    return s.directory->set_history_after(as_of)
        .and_then([&] { return s.incoming->publish(); })
        .and_then([&](const storage::snapshot_file&) { return s.directory->finish_install(); });
  return s.directory->expect_snapshot(as_of)
      .and_then([&] { return s.incoming->publish(); })
      .and_then([&](const storage::snapshot_file&) { return s.directory->snapshot_has_come(); });
}

/// In place of a history that cannot be read. A crash in between leaves the word that it is not to
/// be believed, or the new one.
io_result<void> replace_damaged(journal_ptr self, zxid as_of) {
  auto& s = self->state;
  auto installed = s.incoming->seal()
                       .and_then([&] { return s.directory->ask_for_resync(); })
                       .and_then([&] { return s.directory->set_history_aside(); })
                       .and_then([&] { return publish_incoming(s, as_of); });
  s.incoming.reset();
  if (!installed) return tl::unexpected(std::move(installed.error()));
  auto log = open_log(self, as_of);
  if (!log) return tl::unexpected(std::move(log.error()));
  s.log.emplace(std::move(*log));
  if (auto done = s.directory->resync_is_done(); !done) return done;
  s.options.context->log.info("history_replaced", {{"zxid", as_of}, {"was", s.damaged}});
  s.damaged.clear();
  draw_next_snapshot(self, 0);
  return {};
}

/// The order is such that a crash leaves the old history or the new one: the file durable, the old
/// log cut to what can stand before it, then its name, then what is newer than it out of the way.
io_result<void> install_incoming(journal_ptr self, zxid as_of) {
  auto& s = self->state;
  if (!s.damaged.empty()) return replace_damaged(self, as_of);
  if (mutated(mutant::snapshot_before_cut)) {
    auto early = s.incoming->seal().and_then([&] { return s.incoming->publish(); });
    s.incoming.reset();
    if (!early) return tl::unexpected(std::move(early.error()));
    return s.log->continue_after(as_of);
  }
  auto installed = s.incoming->seal().and_then([&] { return s.log->continue_after(as_of); });
  installed = std::move(installed).and_then([&] { return publish_incoming(s, as_of); });
  s.incoming.reset();
  if (installed) draw_next_snapshot(self, 0);
  return installed;
}

caf::result<stored> install(journal_ptr self, const install_piece& m) {
  auto& s = self->state;
  if (!flush(self)) return why_broken(s);
  if (m.first) {
    forget_scribe(self);
    s.incoming.reset();
    auto begun = must(self, [&] {
      return storage::snapshot_writer::begin(*s.options.context->disk,
                                             s.directory->snapshot_directory(), m.as_of,
                                             compression_of(config_of(self)));
    });
    if (!begun) return why_broken(s);
    s.incoming.emplace(std::move(*begun));
  }
  if (!s.incoming) return error_of_asking("a piece of a snapshot that has no first piece");
  const auto so_far = s.incoming->bytes_written() + m.bytes.size();
  auto done = must(self, [&] {
    auto written = s.incoming->append(m.bytes);
    return written && m.last ? install_incoming(self, m.as_of) : written;
  });
  if (!done) {
    if (done.error().code == ENOSPC) s.room_needed = so_far;
    return why_broken(s);
  }
  if (m.last) s.room_needed = 0;
  return stored{};
}

}  // namespace

journal_with_helpers::behavior_type journal(journal_ptr self, journal_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.spread.seed(s.options.context->seed);
  s.kept = config_of(self).membership_version;
  purge_by_the_clock(self);
  self->set_exit_handler([self](caf::exit_msg& x) {
    if (flush(self)) note(self);  // so that what a clean stop leaves is all known to be synced
    self->quit(std::move(x.reason));
  });
  return trace::traced(
      s.options.context->trace, "zk.journal", [self](const load_data& m) { return begin(self, m); },
      [self](const append_txns& m) { append(self, m); },
      [self](const store_epoch& m) { return store(self, m); },
      [self](const truncate_log& m) { return truncate(self, m); },
      [self](const read_log& m) { return read(self, m); },
      [self](const install_piece& m) { return install(self, m); },
      [self](const probe_disk&) { return probe_room(self); },
      [self](const store_membership& m) { store_list(self, m); },
      [self](const known_committed& m) { know(self, m.upto); },
      [self](const flush_log&) { flush_queued(self); }, [self](const note_synced&) { note(self); },
      [self](const purge_files&) { purge_by_the_clock(self); },
      [self](const snapshot_sealed& m) { publish_snapshot(self, m); },
      [self](const snapshot_failed& m) {
        if (end_of_scribe(self)) snapshot_has_failed(self, m.reason);
      },
      [self](const snapshot_given_up& m) { snapshot_was_given_up(self, m.reason); });
}

}  // namespace troupe
