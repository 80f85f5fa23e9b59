// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/base/disk_errors.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/peer/parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::peer_parts {
namespace {

using std::chrono::milliseconds;

/// Of logged txns read at a time while log and database are brought together.
constexpr std::uint64_t catch_up_bytes_max = 16 << 20;
/// A server whose tree is in doubt leaves it to the others so long to have a leader; then it stands
/// as ZooKeeper always does, for a wrong tree may be everybody's.
constexpr int doubt_ticks = 10;

std::int64_t steady_ms(peer_ptr self) {
  return std::chrono::duration_cast<milliseconds>(self->clock().now().time_since_epoch()).count();
}

milliseconds tick_of(peer_ptr self) {
  return milliseconds{self->state.options.context->config.tick_ms};
}

bool has_others(peer_ptr self) {
  const auto& s = self->state;
  return others_are_a_quorum(*s.members->committed, s.options.context->me);
}

// -- the disk -----------------------------------------------------------------------------------

void count_fault(peer_state& s) {
  if (!std::exchange(s.trouble_is_counted, true)) ++s.status.disk_faults;
}

void note_trouble(peer_ptr self, const caf::error& error) {
  auto& s = self->state;
  auto why = text_of(error);
  if (is_of_the_disk(error)) count_fault(s);
  if (s.disk_trouble != why) s.options.context->log.warn("disk_unusable", {{"reason", why}});
  s.disk_trouble = std::move(why);
  s.status.disk_fault = s.disk_trouble;
  s.status.reason = "the data directory cannot be used: " + s.disk_trouble;
}

/// Until the disk takes what it did not take.
coro::task<> wait_for_the_disk(peer_ptr self) {
  auto& s = self->state;
  if (s.is_readable && !s.status.read_only) s.reading.start(serve_reads(self, milliseconds{0}));
  for (;;) {
    auto pause = coro::sleep(self, milliseconds{s.patience.pause_ms(steady_ms(self))});
    co_await pause;
    auto probing = coro::ask<stored>(self, s.options.journal, coro::infinite, probe_disk{});
    auto probed = co_await probing;
    if (probed) co_return;
    note_trouble(self, probed.error());
  }
}

void disk_works(peer_ptr self) {
  auto& s = self->state;
  s.patience.works(steady_ms(self));
  s.options.context->log.info("disk_works_again", {{"failed", s.disk_trouble}});
  s.disk_trouble.clear();
  s.trouble_is_counted = false;
  s.status.disk_fault.clear();
}

void end_role(peer_ptr self, std::string last_word) {
  auto& s = self->state;
  s.last_word = {std::move(last_word), role_ended::trust::tree};
  if (auto role = caf::actor_cast<caf::actor>(s.role))
    self->send_exit(role, caf::exit_reason::kill);
}

// -- the past -----------------------------------------------------------------------------------

void begin_doubt(peer_ptr self, std::string why) {
  auto& s = self->state;
  s.options.context->log.warn("tree_in_doubt",
                              {{"reason", why}, {"then", "a leader's snapshot replaces it"}});
  s.tree_doubt = std::move(why);
  s.doubted_since = self->clock().now();
  s.is_readable = false;
}

void take_in(peer_ptr self, loaded_data& data) {
  auto& s = self->state;
  const auto& log = s.options.context->log;
  log.info("data_loaded",
           {{"zxid", data.last_logged}, {"accepted", data.accepted}, {"current", data.current}});
  self->send(s.options.database,
             install_image{data.image, std::move(data.recent), data.digest_mismatches,
                           data.session_time_ms, data.committed});
  self->send(s.options.database, know_membership{s.members->committed});
  s.is_readable = data.damaged.empty();
  s.tree_doubt.clear();
  if (!data.damaged.empty())
    log.error("history_damaged",
              {{"reason", data.damaged}, {"then", "a leader's snapshot replaces it"}});
  else if (data.tree_differs && has_others(self))
    begin_doubt(self, "the tree read from the disk is not the one that its newest digest is of");
}

/// The list that the log holds, when it is newer than what is known to be committed. An established
/// list is in the files before anything is logged under it. So where the files name none that ever
/// was, or the server is configured to stand alone (ZooKeeperServerMain), the log's is that of
/// another ensemble, from which the directory was copied.
void look_into_log(peer_ptr self, const membership_ptr& newest) {
  auto& s = self->state;
  if (!s.options.context->config.reconfig_enabled) return;
  const auto& committed = s.members->committed;
  auto logged = !newest || !committed->was_established()
                    ? nullptr
                    : with_known_addresses(newest, *committed, s.options.context->me);
  s.members = config::with_seen(*s.members, logged ? logged : committed);
}

/// Of the last reconfig among these.
membership_ptr newest_list_in(const std::vector<txn_ptr>& txns) {
  for (auto txn = txns.rbegin(); txn != txns.rend(); ++txn)
    if (auto list = membership_made_by((*txn)->value)) return list;
  return nullptr;
}

}  // namespace

coro::task<> load_from_disk(peer_ptr self, bool whole) {
  auto& s = self->state;
  for (;;) {
    if (!s.disk_trouble.empty()) {
      auto waiting = wait_for_the_disk(self);
      co_await waiting;
    }
    const auto failures = s.failures_heard;
    auto loading = coro::ask<loaded_data>(
        self, s.options.journal, coro::infinite,
        load_data{caf::actor_cast<snapshot_source>(s.options.database),
                  caf::actor_cast<failure_sink>(self), has_others(self), whole});
    auto data = co_await loading;
    if (!data) note_trouble(self, data.error());
    if (!data || s.failures_heard != failures) continue;
    if (!s.disk_trouble.empty()) disk_works(self);
    s.log_refusal.clear();
    stop_reads(self);
    take_in(self, *data);
    co_return;
  }
}

coro::task<std::optional<term>> settle_history(peer_ptr self) {
  auto& s = self->state;
  for (bool is_read_anew = false;;) {
    auto asking = coro::ask<last_zxid>(self, s.options.database, coro::infinite, get_last_zxid{});
    auto applied = co_await asking;
    if (!applied) co_return std::nullopt;
    // The list that the log holds is looked for; else nothing but its end is asked for.
    const bool may_change = s.options.context->config.reconfig_enabled;
    auto list = may_change ? read_membership(applied->membership) : nullptr;
    auto after = applied->id;
    for (bool is_read = false; !is_read;) {
      auto reading = coro::ask<log_range>(self, s.options.journal, coro::infinite,
                                          read_log{after, may_change ? catch_up_bytes_max : 0});
      auto range = co_await reading;
      if (!range) {
        const bool blames_disk =
            is_of_the_disk(range.error()) || mutated(mutant::dead_role_taken_for_disk_fault);
        if (blames_disk && s.log_refusal.empty()) note_trouble(self, range.error());
        if (blames_disk || is_read_anew) co_return std::nullopt;
        // A role may have ended while the journal put a leader's snapshot in place of its log: the
        // files are right, and nothing of it is what a disk has done.
        s.options.context->log.info("files_read_anew", {{"reason", text_of(range.error())}});
        is_read_anew = true;
        break;
      }
      if (range->last_logged < applied->id || applied->tree_differs) break;
      if (auto newer = newest_list_in(range->txns)) list = std::move(newer);
      if (!range->txns.empty()) after = range->txns.back()->id();
      is_read = range->complete || !may_change;
      if (!is_read) continue;
      look_into_log(self, list);
      term out{{}, range->accepted, range->current, range->last_logged, s.members};
      out.damaged = range->damaged;
      co_return out;
    }
    // A role ended while the journal cut its log: what was cut off must leave the database too.
    auto reloading = load_from_disk(self, applied->tree_differs);
    co_await reloading;
  }
}

coro::task<bool> apply_logged(peer_ptr self, zxid last) {
  auto& s = self->state;
  for (;;) {
    auto asking = coro::ask<last_zxid>(self, s.options.database, coro::infinite, get_last_zxid{});
    auto applied = co_await asking;
    if (!applied || applied->tree_differs) co_return false;
    if (applied->id >= last) co_return true;
    auto reading = coro::ask<log_range>(self, s.options.journal, coro::infinite,
                                        read_log{applied->id, catch_up_bytes_max});
    auto range = co_await reading;
    if (!range) {
      // What is no disk's doing is met again, and mended, when the history is settled next.
      if (is_of_the_disk(range.error()) && s.log_refusal.empty()) note_trouble(self, range.error());
      co_return false;
    }
    if (range->txns.empty()) co_return false;
    self->send(s.options.database, apply_txns{std::move(range->txns)});
  }
}

coro::task<> serve_reads(peer_ptr self, milliseconds grace) {
  auto& s = self->state;
  if (grace.count() > 0) {
    auto waiting = coro::sleep(self, grace);
    co_await waiting;
  }
  auto asking = coro::ask<last_zxid>(self, s.options.database, coro::infinite, get_last_zxid{});
  auto shown = co_await asking;
  if (!shown) co_return;
  if (!shown->may_be_shown) {
    s.options.context->log.info("serving_no_reads",
                                {{"zxid", shown->id}, {"reason", "not known to be committed"}});
    s.status.reason +=
        "; reads are not served, for what is applied here is not known to be committed";
    co_return;
  }
  s.status.read_only = true;
  s.options.context->log.info("serving_reads_only",
                              {{"upto", shown->id}, {"reason", s.status.reason}});
  self->send(s.options.database, start_read_only{});
  for (;;) {
    auto pause = coro::sleep(self, tick_of(self) / 2);
    co_await pause;
    self->send(s.options.database, expire_sessions{});
  }
}

coro::task<> reread_for_readers(peer_ptr self) {
  auto asking =
      coro::ask<last_zxid>(self, self->state.options.database, coro::infinite, get_last_zxid{});
  auto shown = co_await asking;
  if (!shown || shown->may_be_shown) co_return;
  auto reloading = load_from_disk(self);
  co_await reloading;
}

void stop_reads(peer_ptr self) {
  auto& s = self->state;
  s.reading.cancel();
  if (std::exchange(s.status.read_only, false)) self->send(s.options.database, stop_serving{});
}

void on_disk_failed(peer_ptr self, const std::string& reason) {
  auto& s = self->state;
  ++s.failures_heard;
  count_fault(s);
  s.disk_trouble = s.status.disk_fault = reason;
  s.options.context->log.warn(
      "disk_failed",
      {{"reason", reason},
       {"then", "this server leaves its role and serves reads only, until the disk works"}});
  end_role(self, "the disk failed: " + reason);
}

void on_log_refused(peer_ptr self, const std::string& reason) {
  auto& s = self->state;
  ++s.failures_heard;
  s.log_refusal = reason;
  s.options.context->log.warn(
      "log_refused",
      {{"reason", reason}, {"then", "this server leaves its role and reads its log anew"}});
  end_role(self, "the log refused a txn: " + reason);
}

coro::task<> read_tree_anew(peer_ptr self, role_ended::trust trusts, std::string reason) {
  auto& s = self->state;
  auto reloading = load_from_disk(self, true);  // the digest that differs may be of the log's end
  co_await reloading;
  if (!s.tree_doubt.empty()) co_return;
  if (trusts == role_ended::trust::none_by_others)
    begin_doubt(self, std::move(reason));
  else
    s.options.context->log.info("tree_read_anew", {{"reason", reason}});
}

candidacy candidacy_of(peer_ptr self, const term& history) {
  auto& s = self->state;
  if (history.damaged && !mutated(mutant::rotten_server_votes)) return {false, coro::infinite};
  if (s.tree_doubt.empty()) return {true, coro::infinite};
  const auto left = s.doubted_since + doubt_ticks * tick_of(self) - self->clock().now();
  if (left > std::chrono::nanoseconds::zero()) return {false, left};
  s.options.context->log.warn("stands_in_doubt",
                              {{"reason", s.tree_doubt}, {"because", "no other server leads"}});
  return {true, coro::infinite};
}

}  // namespace troupe::peer_parts
