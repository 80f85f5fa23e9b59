// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/database/parts.hpp"
#include "actors/interfaces/broadcast.hpp"

namespace troupe::database_parts {

using state = database_state;

namespace {

/// Returns the length of what follows the frame's own length.
std::size_t append_frame(std::string& out, const reply_header& header, std::string_view body,
                         const core::pace& walks = {}) {
  constexpr std::size_t part_bytes = 64 * 1024;
  std::string head = jute::encode(header);
  const auto bytes = head.size() + body.size();
  if (body.size() > part_bytes) out.reserve(out.size() + sizeof(std::int32_t) + bytes);
  jute::writer w{out};
  w.i32(static_cast<std::int32_t>(bytes));
  w.raw(head);
  for (; body.size() > part_bytes; body.remove_prefix(part_bytes)) {
    walks.step(part_bytes / core::bytes_per_step);
    w.raw(body.substr(0, part_bytes));
  }
  w.raw(body);
  return bytes;
}

void count_reply_bytes(state& s, std::int64_t bytes) {
  auto& now = s.stats;
  now.reply_bytes_min = now.reply_bytes_last < 0 ? bytes : std::min(now.reply_bytes_min, bytes);
  now.reply_bytes_max = std::max(now.reply_bytes_max, bytes);
  now.reply_bytes_last = bytes;
}

void count_latency(state& s, std::int64_t ms) {
  s.stats.latency_ms_min = s.latency_count == 0 ? ms : std::min(s.stats.latency_ms_min, ms);
  s.stats.latency_ms_max = std::max(s.stats.latency_ms_max, ms);
  s.latency_sum_ms += static_cast<double>(ms);
  ++s.latency_count;
}

}  // namespace

void note_output(state& s, connection_id id, state::connection& c) {
  if (!std::exchange(c.has_output, true)) s.with_output.push_back(id);
}

/// ServerCnxn.updateStatsForResponse.
void count_answer(state& s, state::connection& c, const state::waiting_request& asked, zxid at,
                  state::clock::time_point now) {
  const auto ms = [](auto span) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  };
  const auto took_ms = ms(now - asked.received);
  count_latency(s, took_ms);
  auto& f = c.figures;
  f.latency_ms_min = f.count == 0 ? took_ms : std::min(f.latency_ms_min, took_ms);
  f.latency_ms_max = std::max(f.latency_ms_max, took_ms);
  f.latency_ms_last = took_ms;
  f.latency_ms_sum += took_ms;
  ++f.count;
  f.last_op = asked.request.op;
  f.last_zxid = at;
  f.last_reply_ms = ms(now.time_since_epoch());
  if (asked.request.xid.value >= 0) f.last_cxid = asked.request.xid.value;
}

/// An error has no body, but a refused SASL token has.
void reply(database_ptr self, connection_id id, state::connection& c,
           const state::waiting_request& asked, zxid at, error_code err, std::string_view body) {
  auto& s = self->state;
  const auto op = asked.request.op;
  const auto bytes =
      append_frame(c.output.frames, {asked.request.xid, at, err},
                   err == error_code::ok || op == op_code::sasl ? body : "", s.walks);
  if (op != op_code::ping && !logs_in(op)) count_reply_bytes(s, static_cast<std::int64_t>(bytes));
  ++c.output.replies;
  c.output.request_bytes += asked.bytes;
  ++s.stats.replies_sent;
  count_answer(s, c, asked, at, self->clock().now());
  note_output(s, id, c);
}

void close_after_output(state& s, connection_id id, state::connection& c) {
  c.output.close = true;
  leave_gate(s, id, c);
  abandon_queue(s, c);
  note_output(s, id, c);
}

std::string framed(zxid at, const watch_event& event) {
  std::string frame;
  append_frame(frame, {cxid{special_xid::watch_event}, at, error_code::ok}, jute::encode(event));
  return frame;
}

void send_event(state& s, connection_id id, state::connection& c, std::string_view frame) {
  c.output.frames += frame;
  c.output.event_bytes += frame.size();
  s.gathered_bytes += frame.size();
  ++c.output.events;
  ++s.stats.events_sent;
  note_output(s, id, c);
}

void log_limit(database_ptr self, const state::connection& c, std::string_view what,
               std::int64_t limit) {
  auto& s = self->state;
  constexpr std::int64_t silence_ms = 1'000;
  const auto now_ms = steady_ms(self);
  auto [told, is_first] = s.limit_told_ms.try_emplace(what, now_ms);
  if (!is_first && now_ms - told->second < silence_ms) return;
  told->second = now_ms;
  s.options.context->log.warn(
      "client_limit_met",
      {{"limit", what}, {"is", limit}, {"session", c.session}, {"client", c.shown.front().id}});
}

/// To thousands, maybe, in one turn: an event is encoded once, and since its watchers are
/// ascending, the connection of the next one is mostly the one behind the last one's.
void send_events(database_ptr self, const core::fired_watches& fired, zxid at) {
  auto& s = self->state;
  if (fired.watchers.empty()) return;
  const auto frame = framed(at, fired.event);
  auto client = s.connections.end();
  for (auto watcher : fired.watchers) {
    s.walks.step(steps_of_output);
    const connection_id id{watcher};
    if (client != s.connections.end()) ++client;
    if (client == s.connections.end() || client->first != id) client = s.connections.find(id);
    if (client != s.connections.end()) send_event(s, id, client->second, frame);
    if (s.gathered_bytes < gathered_bytes_max || !is_in_slices(s)) continue;
    flush_output(self);
    client = s.connections.end();  // flushing may have closed it
  }
}

void propose_planned(database_ptr self) {
  auto& s = self->state;
  if (s.to_propose.empty()) return;
  for (const auto& txn : s.to_propose)
    s.planned_bytes += static_cast<std::int64_t>(txn->bytes.size());
  self->send(s.leader, propose{std::exchange(s.to_propose, {})});
}

void end_turn(database_ptr self) {
  auto& s = self->state;
  if (is_in_slices(s)) {
    for (auto id : std::exchange(s.to_end, {})) on_connection_closed(self, id);
    drain_later(self);
  }
  // To plan one takes what it takes.
  if (is_in_slices(s) || s.role != state::mode::leading) let_writes_go(self);
  propose_planned(self);
  if (!s.to_forward.empty())
    self->send(s.upstream,
               forwarded_writes{s.options.context->me, std::exchange(s.to_forward, {})});
  flush_output(self);
  if (s.to_drain.empty() && s.to_end.empty() && !s.gate.has_next()) return;
  in_slices(self, [self] { end_turn(self); });
}

void flush_output(database_ptr self) {
  auto& s = self->state;
  auto ready = std::exchange(s.with_output, {});
  s.gathered_bytes = 0;
  core::sort_in_steps(ready, s.walks);
  auto at = s.connections.end();
  std::size_t sent = 0;
  for (auto id : ready) {
    s.walks.step(steps_of_output);
    if (sent > 0 && sent % clients_at_once_max == 0) s.walks.give_way();
    ++sent;
    if (at != s.connections.end()) ++at;
    if (at == s.connections.end() || at->first != id) at = s.connections.find(id);
    if (at == s.connections.end()) continue;  // gone within the turn
    at->second.has_output = false;
    bool close = at->second.output.close;
    at->second.account->add_output(at->second.output.frames.size());
    self->send(at->second.client, std::exchange(at->second.output, {}));
    if (!close) continue;
    if (!is_in_slices(s) && s.watches.held_by(id.value).count > at_once_max)
      s.to_end.push_back(id);
    else
      on_connection_closed(self, id);
    at = s.connections.end();
  }
}

}  // namespace troupe::database_parts
