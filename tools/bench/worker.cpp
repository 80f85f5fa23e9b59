// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/worker.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <limits>

namespace troupe::bench {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second_ns = 1'000 * ms;
constexpr std::int64_t tick_every_ns = 20 * ms;
constexpr std::int64_t ready_max_ns = 15 * second_ns;
// After the end: how long what is due is still sent, and how long an answer may take then.
constexpr std::int64_t backlog_max_ns = 10 * second_ns;
constexpr std::int64_t drain_max_ns = 20 * second_ns;
constexpr std::int64_t closing_max_ns = 10 * second_ns;
constexpr std::int64_t aborting_max_ns = 2 * second_ns;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::int64_t in_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

}  // namespace

worker::client::client(const run_options& options, std::uint32_t number_among_all,
                       std::shared_ptr<const key_space> keys)
    : number(number_among_all),
      server(number_among_all % options.servers.size()),
      link(options.session_timeout_ms),
      ops(options.work, std::move(keys), number_among_all, options.seed) {
  const auto all = options.work.connections;
  left = options.operations / all + (number < options.operations % all ? 1 : 0);
}

worker::worker(const run_options& options, std::uint32_t number,
               const std::vector<address>& servers, std::shared_ptr<const key_space> keys,
               scoreboard& board)
    : options_(options), servers_(servers), board_(board), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (auto n = number; n < options.work.connections; n += options.threads)
    clients_.push_back(std::make_unique<client>(options, n, keys));
}

worker::~worker() { ::close(epoll_); }

void worker::run() {
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // an open loop means its moments
  not_ready_ = static_cast<std::uint32_t>(clients_.size());
  begun_ns_ = now_ = now_ns();
  for (auto& c : clients_) connect(*c);
  loop();
  for (auto& c : clients_) tally_.not_sent += c->due;
  board_.finished(tally_, seconds_told_);
}

void worker::loop() {
  const auto is_closed = [](const auto& c) { return c->at == stage::closed; };
  while (!std::all_of(clients_.begin(), clients_.end(), is_closed)) {
    wait_for_events();
    now_ = now_ns();
    if (start_ns_ != 0 && is_open_loop() && !closing_) make_due();
    if (now_ >= tick_ns_) on_tick();
  }
}

void worker::wait_for_events() {
  auto until = tick_ns_;
  if (start_ns_ != 0 && is_open_loop() && !closing_) {
    const auto due = due_at(*clients_[turn_], round_);
    if (due < end_ns_) until = std::min(until, due);
  }
  const auto wait_ns = std::max<std::int64_t>(until - now_ns(), 0);
  const timespec wait{wait_ns / second_ns, wait_ns % second_ns};
  constexpr int events_max = 256;
  epoll_event events[events_max];
  const int n = ::epoll_pwait2(epoll_, events, events_max, &wait, nullptr);
  for (int i = 0; i < n; ++i) {
    auto& c = *static_cast<client*>(events[i].data.ptr);
    on_ready_event(c, events[i].events);
  }
}

// -- the run's stages -----------------------------------------------------------------------------

void worker::on_tick() {
  tick_ns_ = now_ + tick_every_ns;
  if (start_ns_ == 0 && board_.start_ns() != 0 && now_ + tick_every_ns >= board_.start_ns()) {
    // The rest of a tick is slept through by waiting for exactly the start.
    if (now_ < board_.start_ns()) {
      tick_ns_ = board_.start_ns();
      return;
    }
    begin_load();
  }
  tell_seconds();
  for (auto& c : clients_) check(*c);
  if (board_.is_stopping() && !aborting_) {
    aborting_ = true;
    begin_closing();
  } else if (start_ns_ != 0 && !closing_ && is_idle()) {
    begin_closing();
  }
  if (closing_ && now_ > closing_ns_ + (aborting_ ? aborting_max_ns : closing_max_ns)) {
    for (auto& c : clients_) {
      if (c->at == stage::closed) continue;
      if (!aborting_) fail(*c, "the session's end was not confirmed within 10 s");
      c->link.close();
      c->at = stage::closed;
    }
  }
}

void worker::begin_load() {
  start_ns_ = board_.start_ns();
  count_ns_ = start_ns_ + in_ns(options_.warmup_s);
  end_ns_ = counts_operations() ? never : count_ns_ + in_ns(options_.seconds);
  for (auto& c : clients_) {
    start_more(*c);
    flush(*c);
  }
}

void worker::tell_seconds() {
  if (start_ns_ == 0 || closing_) return;
  while (now_ >= start_ns_ + (seconds_told_ + 1) * second_ns) {
    board_.second_over(seconds_told_++, second_);
    second_ = {};
  }
}

/// What time alone brings: a ping, another try, the end of patience.
void worker::check(client& c) {
  if (c.at == stage::closed || c.at == stage::closing) return;
  const std::int64_t patience_ns = options_.session_timeout_ms * ms;
  const auto silent_ns = now_ - c.heard_ns;
  if (!c.is_prepared && now_ - begun_ns_ > ready_max_ns)
    return fail(c, "it is not ready after 15 s");
  if (c.lost_ns != 0 && now_ - c.lost_ns > 2 * patience_ns)
    return fail(c,
                "no server has taken it back for " + std::to_string(2 * patience_ns / ms) + " ms");
  if (c.at == stage::down) {
    if (now_ >= c.retry_ns) connect(c);
    return;
  }
  if (c.at != stage::ready) {
    if (options_.reconnect && silent_ns > patience_ns / 3) lost(c, "it does not get ready");
    return;
  }
  if (now_ - c.sent_ns > patience_ns / 3) {
    c.link.pipe.ping();
    flush(c);
  }
  if (c.at != stage::ready || c.ops.under_way() == 0) return;
  const bool is_draining = start_ns_ != 0 && end_ns_ != never && now_ > end_ns_ + drain_max_ns;
  const auto why = std::to_string(c.ops.under_way()) + " operations have no answer after " +
                   std::to_string(silent_ns / ms) + " ms";
  if (silent_ns > patience_ns || is_draining) return fail(c, why);
  if (options_.reconnect && silent_ns > patience_ns / 3 * 2) lost(c, why);
}

bool worker::gives_up() const { return end_ns_ != never && now_ > end_ns_ + backlog_max_ns; }

/// Nothing is under way and nothing will be.
bool worker::is_idle() const {
  return std::all_of(clients_.begin(), clients_.end(), [&](const auto& c) {
    const bool has_more = counts_operations() ? c->left > 0 : now_ < end_ns_ || c->due > 0;
    return c->ops.under_way() == 0 && (!has_more || gives_up());
  });
}

void worker::begin_closing() {
  closing_ = true;
  closing_ns_ = now_;
  for (auto& c : clients_) {
    if (c->at == stage::ready || c->at == stage::preparing) {
      c->at = stage::closing;
      c->link.pipe.end_session();
      flush(*c);
    } else if (c->at != stage::closing) {
      c->link.close();
      c->at = stage::closed;
    }
  }
}

// -- operations -----------------------------------------------------------------------------------

std::int64_t worker::due_at(const client& c, std::uint64_t n) const {
  return start_ns_ + due_ns(n, c.number, options_.work.connections, options_.rate_per_s);
}

/// Open loop: what has become due since the last time, and is sent at once.
void worker::make_due() {
  for (;;) {
    auto& c = *clients_[turn_];
    const auto due = due_at(c, round_);
    if (due > now_ || due >= end_ns_) break;
    if (++turn_ == clients_.size()) turn_ = 0, ++round_;
    ++c.due;
    start_more(c);
    touched_.push_back(&c);
  }
  for (auto* c : touched_) flush(*c);
  touched_.clear();
}

void worker::start_more(client& c) {
  if (c.at != stage::ready || start_ns_ == 0 || closing_ || gives_up()) return;
  if (is_open_loop()) {
    for (; c.due > 0 && c.ops.has_free_slot(); --c.due) start_one(c, due_at(c, c.started++));
    return;
  }
  const auto now = now_ns();
  while (c.ops.has_free_slot() && now < end_ns_) {
    if (counts_operations() && now >= count_ns_) {
      if (c.left == 0) return;
      --c.left;
    }
    start_one(c, now);
  }
}

void worker::start_one(client& c, std::int64_t since_ns) {
  if (c.ops.under_way() == 0) c.heard_ns = now_ns();
  c.ops.start(since_ns, c.link.pipe);
}

void worker::ended(client& c, std::int64_t since_ns) {
  c.heard_ns = now_;
  second_.record(now_ - since_ns);
  // A closed loop of some seconds counts what was answered in them; the others, what began.
  const bool is_timed = !is_open_loop() && !counts_operations();
  const bool is_counted = is_timed ? now_ >= count_ns_ && now_ < end_ns_ : since_ns >= count_ns_;
  if (!is_counted) return;
  tally_.latency.record(now_ - since_ns);
  tally_.last_ns = now_;
}

}  // namespace troupe::bench
