// SPDX-License-Identifier: Apache-2.0
/// The worker's connections: how they come up, what they bring, and how they end.
#include <sys/epoll.h>

#include "tools/bench/worker.hpp"

namespace troupe::bench {
namespace {

constexpr std::int64_t retry_every_ns = 100'000'000;

}  // namespace

void worker::connect(client& c) {
  std::size_t lost_requests = 0;
  const auto opened = c.link.open(servers_[c.server], lost_requests);
  if (!opened) return lost(c, opened.error());
  c.at = stage::greeting;
  c.heard_ns = now_;
  c.is_watching_out = true;
  epoll_event interest{EPOLLIN | EPOLLOUT, {.ptr = &c}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.link.fd(), &interest);
}

void worker::on_ready_event(client& c, std::uint32_t events) {
  if (!c.link.is_open()) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    const auto got = c.link.read();
    now_ = now_ns();
    take(c);
    if (c.at == stage::closed) return;
    if (!got) return lost(c, got.error());
  }
  if (c.link.is_open()) flush(c);
}

/// Acts on all that has been read.
void worker::take(client& c) {
  auto& pipe = c.link.pipe;
  while (auto next = pipe.next()) {
    if (std::holds_alternative<session_begun>(*next)) {
      on_begun(c);
    } else if (const auto* done = std::get_if<answered>(&*next)) {
      on_answer(c, *done);
      if (c.at == stage::closed) return;
    } else if (const auto since = c.ops.on_event(std::get<watch_event>(*next))) {
      ended(c, *since);
    }
    if (c.ops.unasked() && c.at == stage::ready) return fail(c, c.ops.unasked()->text);
  }
  if (const auto& failed = pipe.failed()) {
    if (failed->kind != failure_kind::refused || !options_.reconnect) return fail(c, failed->text);
    pipe.forget_session();
    return lost(c, failed->text);
  }
  start_more(c);
}

void worker::on_begun(client& c) {
  if (closing_) {
    c.at = stage::closing;
    return c.link.pipe.end_session();
  }
  c.at = stage::preparing;
  if (c.is_prepared)
    c.ops.catch_up(c.link.pipe);
  else
    c.ops.prepare(c.link.pipe);
}

void worker::on_answer(client& c, const answered& done) {
  if (c.at == stage::closing) {
    if (done.op != op_code::close_session) return;
    c.link.close();
    c.at = stage::closed;
  } else if (c.at == stage::preparing) {
    if (c.link.pipe.outstanding() > 0) return;
    c.at = stage::ready;
    c.lost_ns = 0;
    c.heard_ns = now_;
    if (!c.is_prepared && --not_ready_ == 0) board_.ready();
    c.is_prepared = true;
  } else if (const auto since = c.ops.on_answered(done)) {
    ended(c, *since);
  }
}

void worker::flush(client& c) {
  if (!c.link.is_open()) return;
  if (!c.link.pipe.out().empty()) c.sent_ns = now_;
  if (const auto sent = c.link.flush(); !sent) return lost(c, sent.error());
  if (c.link.wants_write() == c.is_watching_out) return;
  c.is_watching_out = !c.is_watching_out;
  epoll_event interest{c.is_watching_out ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = &c}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.link.fd(), &interest);
}

void worker::lost(client& c, const std::string& why) {
  const auto under_way = c.ops.on_connection_lost();
  c.link.close();
  if (!options_.reconnect)
    return fail(c, "it was lost: " + why +
                       (under_way > 0 ? " (" + std::to_string(under_way) + " operations under way)"
                                      : std::string{}) +
                       (c.is_prepared ? "; --reconnect goes on over losses" : ""));
  if (c.is_prepared) {
    ++tally_.losses;
    tally_.lost += under_way;
  }
  c.at = closing_ ? stage::closed : stage::down;
  c.server = (c.server + 1) % servers_.size();
  c.retry_ns = now_ + retry_every_ns;
  if (c.lost_ns == 0) c.lost_ns = now_;
}

void worker::fail(client& c, const std::string& why) {
  board_.fail("connection " + std::to_string(c.number + 1) + " to " +
              to_string(servers_[c.server].name) + ": " + why);
  c.link.close();
  c.at = stage::closed;
}

}  // namespace troupe::bench
