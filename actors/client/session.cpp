// SPDX-License-Identifier: Apache-2.0
#include "actors/client/session.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/client/session_parts.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/coro/task.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = client_session_ptr;
using phase = client_session_state::phase;
using std::chrono::milliseconds;

constexpr std::size_t request_header_bytes = 8;
constexpr std::size_t password_bytes = 16;

/// "10.0.0.1:4711" -> "10.0.0.1", "[::1]:4711" -> "::1": what an ip identity is made of.
std::string host_of(std::string_view address) {
  auto host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string{host};
}

/// A first frame, and whether its sender knows of read-only servers: the answer has that byte then
/// too. (The C client reads 37 bytes whatever comes; it always asks with the byte.)
struct hello {
  connect_request request;
  bool knows_read_only = false;
  bool accepts_read_only = false;
};

std::optional<hello> parse_hello(std::string_view payload) {
  jute::reader in{payload};
  hello parsed;
  in(parsed.request);
  if (!in.ok()) return std::nullopt;
  parsed.knows_read_only = !in.at_end();
  parsed.accepts_read_only = parsed.knows_read_only && in.boolean();
  return parsed;
}

const config::node_config& config_of(self_ptr self) { return self->state.options.context->config; }
const log::logger& log_of(self_ptr self) { return self->state.options.context->log; }

// -- towards the transport ----------------------------------------------------------------------

/// Hands on what the database has counted.
void deliver(self_ptr self, client_output& output, bool close) {
  auto& s = self->state;
  const auto requests = static_cast<std::uint32_t>(std::exchange(s.unreported, 0));
  self->send(s.options.transport,
             send_bytes{s.options.id, std::move(output.frames), close, requests, output.replies,
                        output.events, output.event_bytes, output.wants_room});
}

/// Says something of our own.
void say(self_ptr self, std::string bytes, std::uint32_t replies, bool close) {
  self->state.options.account->add_output(bytes.size());
  client_output output{.frames = std::move(bytes), .replies = replies};
  deliver(self, output, close);
}

void pause(self_ptr self, bool paused) {
  auto& s = self->state;
  if (std::exchange(s.reading_paused, paused) == paused) return;
  self->send(s.options.transport, pause_reading{s.options.id, paused});
}

/// The conversation is over and the database, if it knows us, is told.
void leave(self_ptr self) {
  auto& s = self->state;
  s.stage = phase::over;
  if (std::exchange(s.known_to_database, false))
    self->send(s.options.database, connection_closed{s.options.id});
  self->quit();
}

/// Says the last bytes, if any, and closes.
void finish(self_ptr self, std::string last_bytes, std::uint32_t replies = 0) {
  say(self, std::move(last_bytes), replies, true);
  leave(self);
}

void refuse_frame(self_ptr self, std::string_view why, std::int64_t length, std::int64_t limit) {
  auto& s = self->state;
  log_of(self).repeated(log::level::warn, host_of(s.options.client_address), "client_frame_refused",
                        {{"session", s.session},
                         {"client", s.options.client_address},
                         {"why", why},
                         {"length", length},
                         {"limit", limit}});
  finish(self, {});
}

void refuse_frame(self_ptr self, const bad_frame& bad) {
  refuse_frame(self, to_string(bad), bad.length, bad.length_max);
}

// -- the hot path -------------------------------------------------------------------------------

/// What all clients together have under way, this one's included (ZooKeeperServer.shouldThrottle).
std::int64_t under_way(self_ptr self) {
  return self->state.options.context->gauges->requests_under_way.load(std::memory_order_relaxed);
}

void count_under_way(client_session_state& s, std::int64_t more) {
  s.unanswered += static_cast<std::size_t>(more);
  s.options.context->gauges->requests_under_way.fetch_add(more, std::memory_order_relaxed);
}

/// What the client makes us hold of its requests.
void count_bytes(client_session_state& s) {
  s.options.account->set_requests(s.under_way_bytes + s.input.waiting().size());
}

/// All whole requests that have arrived, as far as they may be under way, become one message.
void pass_requests_on(self_ptr self) {
  auto& s = self->state;
  const auto max = unanswered_max(config_of(self));
  const auto left_of_all = config_of(self).global_outstanding_max - under_way(self);
  const bool is_short = s.options.account->is_short();
  client_requests batch{.connection = s.options.id, .requests = {}};
  const auto is_full = [&] {
    const auto added = batch.requests.size();
    if (s.congested || s.unanswered + added >= max) return true;
    if (s.unanswered + added == 0) return false;
    return is_short || static_cast<std::int64_t>(added) > left_of_all ||
           s.under_way_bytes >= static_cast<std::size_t>(request_bytes_max);
  };
  std::optional<std::size_t> short_of_header;
  while (!is_full()) {
    const auto payload = s.input.next();
    if (!payload) break;
    const auto header = jute::decode<request_header>(*payload);
    if (!header) {
      short_of_header = payload->size();
      break;
    }
    s.under_way_bytes += payload->size();
    s.close_asked = s.close_asked || header->type == op_code::close_session;
    batch.requests.push_back(
        {header->xid, header->type, s.input.take_behind(request_header_bytes)});
  }
  const auto must_wait = is_full();
  if (const auto count = batch.requests.size(); count > 0) {
    count_under_way(s, static_cast<std::int64_t>(count));
    s.unreported += count;
    self->send(s.options.database, std::move(batch));
  }
  count_bytes(s);
  if (short_of_header)
    return refuse_frame(self, "no request header", static_cast<std::int64_t>(*short_of_header),
                        request_header_bytes);
  if (s.input.bad()) return refuse_frame(self, *s.input.bad());
  pause(self, must_wait);
}

/// Goes on with what was held back, once there is room for more than a few. A connection that has
/// nothing under way always may: so none waits for another's answers alone.
void pass_on_what_waits(self_ptr self) {
  auto& s = self->state;
  if (s.stage != phase::live || !s.reading_paused || s.congested) return;
  const auto& cfg = config_of(self);
  if (s.unanswered == 0 ||
      (s.unanswered <= unanswered_max(cfg) / 2 && under_way(self) <= cfg.global_outstanding_max))
    pass_requests_on(self);
}

/// A client that sends no more has no use for its connection once it has all its answers. (Behind
/// pass_requests_on() nothing whole waits while nothing is under way, but for congestion.)
void end_if_nothing_is_owed(self_ptr self) {
  auto& s = self->state;
  if (!s.input_over || s.stage != phase::live || s.unanswered > 0 || s.congested) return;
  log_of(self).info("session_disconnected",
                    {{"session", s.session}, {"client", s.options.client_address}});
  finish(self, {});
}

void on_input_ended(self_ptr self) {
  auto& s = self->state;
  s.input_over = true;
  s.arrived.notify();
  end_if_nothing_is_owed(self);
}

void on_bytes(self_ptr self, std::string_view bytes) {
  auto& s = self->state;
  s.options.account->take_arrived(bytes.size());
  if (s.stage == phase::over) return;
  if (bytes.empty()) return on_input_ended(self);
  s.input.feed(bytes);
  if (s.stage == phase::live) return pass_requests_on(self);
  count_bytes(s);
  s.arrived.notify();
  // What a client sends behind its hello is kept, but no more of it than a frame may be long.
  const auto kept_max = static_cast<std::size_t>(config_of(self).jute_buffer_bytes_max);
  if (s.stage == phase::opening && s.input.waiting().size() > kept_max) pause(self, true);
}

void on_output(self_ptr self, client_output& output) {
  auto& s = self->state;
  if (s.stage == phase::over) return;
  if (const auto done = std::min<std::size_t>(s.unanswered, output.replies); done > 0)
    count_under_way(s, -static_cast<std::int64_t>(done));
  s.under_way_bytes -= std::min(s.under_way_bytes, output.request_bytes);
  s.database_waits = s.database_waits || output.wants_room;
  count_bytes(s);
  if (output.close) {
    log_of(self).info("session_closed", {{"session", s.session},
                                         {"client", s.options.client_address},
                                         {"by", s.close_asked ? "client" : "server"}});
    deliver(self, output, true);
    return leave(self);
  }
  if (!output.frames.empty() || output.wants_room) deliver(self, output, false);
  pass_on_what_waits(self);
  end_if_nothing_is_owed(self);
}

void on_congested(self_ptr self, bool congested) {
  auto& s = self->state;
  if (s.stage != phase::live) return;
  s.congested = congested;
  if (congested) return pause(self, true);
  if (std::exchange(s.database_waits, false))
    self->send(s.options.database, client_has_room{s.options.id});
  pass_on_what_waits(self);
  end_if_nothing_is_owed(self);
}

void on_transport_closed(self_ptr self) {
  auto& s = self->state;
  if (s.stage == phase::live)
    log_of(self).info("session_disconnected",
                      {{"session", s.session}, {"client", s.options.client_address}});
  leave(self);
}

// -- the conversation ---------------------------------------------------------------------------

/// Closes a connection that has not said in time who it is.
coro::task<> limit_silence(self_ptr self) {
  auto limit = coro::sleep(self, milliseconds(silence_max_ms(config_of(self))));
  co_await limit;
  auto& s = self->state;
  log_of(self).repeated(
      log::level::info, host_of(s.options.client_address), "client_silent",
      {{"client", s.options.client_address}, {"silence_max_ms", silence_max_ms(config_of(self))}});
  finish(self, {});
}

coro::task<> answer_word(self_ptr self, std::string word) {
  auto& s = self->state;
  s.stage = phase::over;  // what comes behind the word is of no interest
  s.unreported = 1;
  say(self, {}, 0, false);  // the word counts as a request, also in its own answer
  pause(self, true);
  if (four_letter::is_listing(word) &&
      four_letter::judge(word, config_of(self)) == four_letter::verdict::answered &&
      !s.options.account->begin_listing(four_letter::listings_max))
    co_return finish(self, four_letter::too_many_listings(word));
  auto behind = std::string(s.input.waiting().substr(frame_prefix_bytes));
  auto answering = client_session_parts::answer_to_word(self, word, std::move(behind));
  auto text = co_await answering;
  finish(self, std::move(text));
}

std::string framed_response(const hello& to, session_id session, std::int32_t timeout_ms,
                            std::string password, bool read_only = false) {
  auto body = jute::encode(connect_response{0, timeout_ms, session, std::move(password)});
  if (to.knows_read_only) body.push_back(read_only ? '\1' : '\0');
  std::string frame;
  append_frame(frame, body);
  return frame;
}

void log_refusal(self_ptr self, const hello& from, std::string_view reason) {
  const auto& address = self->state.options.client_address;
  log_of(self).repeated(
      log::level::info, host_of(address), "session_refused",
      {{"session", from.request.session}, {"client", address}, {"reason", reason}});
}

/// Zeros are how a client learns that its session is no more.
void refuse_for_good(self_ptr self, const hello& from, std::string_view reason) {
  log_refusal(self, from, reason);
  finish(self, framed_response(from, session_id{}, 0, std::string(password_bytes, '\0')), 1);
}

/// Closing without a word makes a client try another server.
void refuse_here(self_ptr self, const hello& from, std::string_view reason) {
  log_refusal(self, from, reason);
  finish(self, {});
}

void begin_serving(self_ptr self, const hello& from, const session_opened& opened) {
  auto& s = self->state;
  s.stage = phase::live;
  s.session = opened.session;
  const bool is_new = from.request.session == session_id{};
  log_of(self).info(is_new ? "session_opened" : "session_resumed",
                    {{"session", opened.session},
                     {"client", s.options.client_address},
                     {"timeout_ms", opened.timeout_ms}});
  say(self,
      framed_response(from, opened.session, opened.timeout_ms,
                      s.options.passwords->of(opened.session), opened.read_only),
      1, false);
  pass_requests_on(self);
  end_if_nothing_is_owed(self);
}

/// ZooKeeperServer.processConnectRequest, with the session's fate in the database's hands.
coro::task<> open(self_ptr self, hello from) {
  auto& s = self->state;
  const auto& cfg = config_of(self);
  const auto& request = from.request;
  const auto& passwords = *s.options.passwords;
  const std::string_view shown = request.password ? *request.password : std::string_view{};
  if (request.session != session_id{} && !passwords.accepts(request.session, shown))
    co_return refuse_for_good(self, from, passwords.why_refused(request.session, shown));
  const auto timeout_ms =
      std::clamp(request.timeout_ms, cfg.min_session_timeout_ms, cfg.max_session_timeout_ms);
  s.known_to_database = true;
  auto asked = coro::ask<session_opened>(
      self, s.options.database, milliseconds(silence_max_ms(cfg)),
      open_session{s.options.id, request.session, timeout_ms, request.last_zxid_seen,
                   host_of(s.options.client_address), caf::actor_cast<client_sink>(self),
                   from.accepts_read_only, s.options.account});
  auto reply = co_await asked;
  if (!reply) co_return refuse_here(self, from, self->system().render(reply.error()));
  switch (reply->result) {
    case session_opened::outcome::open:
      co_return begin_serving(self, from, *reply);
    case session_opened::outcome::expired:
      co_return refuse_for_good(self, from, "expired");
    case session_opened::outcome::behind:
      co_return refuse_here(self, from, "client has seen a later zxid");
    case session_opened::outcome::not_serving:
      co_return refuse_here(self, from, "not serving");
    case session_opened::outcome::too_many:
      co_return refuse_here(self, from, "too many sessions from this address");
    case session_opened::outcome::too_many_unclaimed:
      co_return refuse_here(self, from, "too many sessions are being made for clients that left");
    case session_opened::outcome::no_memory:
      co_return refuse_here(self, from, "no memory for one more session");
  }
}

/// From the first byte until the session is live or the connection over.
coro::task<> converse(self_ptr self) {
  auto& s = self->state;
  while (s.input.waiting().size() < frame_prefix_bytes) {
    if (s.input_over) co_return finish(self, {});
    auto more = s.arrived.wait();
    co_await more;
  }
  const auto first_four = std::string(s.input.waiting().substr(0, frame_prefix_bytes));
  const auto what = four_letter::judge(first_four, config_of(self));
  if (what == four_letter::verdict::hang_up) co_return finish(self, {});
  if (what != four_letter::verdict::no_word) {
    auto answering = answer_word(self, first_four);
    co_await answering;
    co_return;
  }
  auto first_frame = s.input.next();
  while (!first_frame && !s.input.bad()) {
    if (s.input_over) co_return finish(self, {});
    auto more = s.arrived.wait();
    co_await more;
    first_frame = s.input.next();
  }
  if (!first_frame) co_return refuse_frame(self, *s.input.bad());
  const auto from = parse_hello(*first_frame);
  if (!from)
    co_return refuse_frame(self, "no connect request",
                           static_cast<std::int64_t>(first_frame->size()),
                           config_of(self).jute_buffer_bytes_max);
  s.stage = phase::opening;
  s.unreported = 1;
  s.deadline.cancel();
  auto opening = open(self, *from);
  co_await opening;
}

void give_up(self_ptr self, std::exception_ptr what) {
  try {
    std::rethrow_exception(std::move(what));
  } catch (const std::exception& e) {
    log_of(self).error("client_session_failed", {{"session", self->state.session},
                                                 {"client", self->state.options.client_address},
                                                 {"error", e.what()}});
  }
  finish(self, {});
}

}  // namespace

std::size_t unanswered_max(const config::node_config& cfg) {
  return static_cast<std::size_t>(std::max(1, cfg.global_outstanding_max / 4));
}

std::int32_t silence_max_ms(const config::node_config& cfg) {
  return cfg.sessionless_ms_max > 0 ? cfg.sessionless_ms_max : cfg.max_session_timeout_ms;
}

client_session_state::~client_session_state() {
  if (options.context) count_under_way(*this, -static_cast<std::int64_t>(unanswered));
}

client_session_actor::behavior_type client_session(self_ptr self, client_session_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  if (!s.options.account) s.options.account = std::make_shared<client_account>(*s.options.context);
  s.input = frame_splitter{config_of(self).jute_buffer_bytes_max};
  s.conversation.on_failure([self](std::exception_ptr what) { give_up(self, std::move(what)); });
  s.deadline.start(limit_silence(self));
  s.conversation.start(converse(self));
  return trace::traced(
      s.options.context->trace, "zk.client_session",
      [self](const bytes_received& x) { on_bytes(self, x.bytes); },
      [self](transport_closed) { on_transport_closed(self); },
      [self](output_congested x) { on_congested(self, x.congested); },
      [self](client_output& x) { on_output(self, x); });
}

}  // namespace troupe
