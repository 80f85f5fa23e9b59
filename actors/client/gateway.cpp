// SPDX-License-Identifier: Apache-2.0
#include "actors/client/gateway.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/base/tcp_listener.hpp"
#include "actors/client/doorman.hpp"
#include "actors/client/gateway_parts.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/traced.hpp"
#include "config/host.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {

namespace {

using namespace client_gateway_parts;
using caf::io::connection_handle;

// -- the end of a connection --------------------------------------------------------------------

/// Takes a connection out of the books of clients; its socket is still open.
client deregister(gateway_ptr self, connection_id id) {
  auto& s = self->state;
  auto c = std::move(s.clients.extract(id).mapped());
  s.by_session.erase(c.session.address());
  s.connections_bytes.add(-connection_bytes);
  if (auto count = s.per_host.find(c.host); --count->second == 0) s.per_host.erase(count);
  if (!c.closing) self->demonitor(c.session.address());
  c.account->close();
  return c;
}

/// Closes a connection now, with what was not sent.
void forget(gateway_ptr self, connection_id id) {
  if (find(self, id) == nullptr) return;
  const auto c = deregister(self, id);
  self->state.by_socket.erase(c.socket);
  if (c.unsent() > 0) c.wire->cut();
  self->close(c.socket);
}

void end_lingering(gateway_ptr self, connection_id id) {
  auto gone = self->state.lingering.extract(id);
  if (gone.empty()) return;
  const auto socket = gone.mapped().wire->hdl();
  self->state.by_socket.erase(socket);
  self->close(socket);
}

/// All is with the kernel: says so to the client, and gives it the time to end its side.
void linger(gateway_ptr self, connection_id id) {
  auto& s = self->state;
  const auto c = deregister(self, id);
  c.wire->ack_writes(false);
  c.wire->end_output();
  if (s.lingering.size() >= lingering_max) end_lingering(self, s.lingering.begin()->first);
  const auto stall_ms_max = config_of(self).max_session_timeout_ms;
  s.lingering.emplace(id, departed_client{c.wire, c.handed_bytes, {stall_ms_max, now_ms(self)}});
  if (c.paused) self->backend().post([wire = c.wire] { wire->add_to_loop(); });
  self->delayed_send(self, linger_max, end_linger{id});
}

/// A client may need longer for what the kernel holds; once it has all, it has had its time.
void on_end_linger(gateway_ptr self, const end_linger& x) {
  auto at = self->state.lingering.find(x.connection);
  if (at == self->state.lingering.end()) return;
  auto& [wire, handed_bytes, watch] = at->second;
  const auto left = std::min<std::uint64_t>(wire->untaken(), handed_bytes);
  if (left == 0 || watch.is_given_up(handed_bytes - left, left, now_ms(self)))
    return end_lingering(self, x.connection);
  self->delayed_send(self, linger_max, x);
}

void watch_last_bytes(gateway_ptr self, connection_id id, client& c) {
  if (c.watch) return;
  c.watch.emplace(config_of(self).max_session_timeout_ms, now_ms(self));
  self->delayed_send(self, std::chrono::milliseconds(c.watch->check_ms()), check_last_bytes{id});
}

/// Closes a connection once it has its bytes.
void close_when_sent(gateway_ptr self, connection_id id, client& c) {
  if (std::exchange(c.closing, true)) return;
  self->demonitor(c.session.address());
  if (c.unsent() > 0) return watch_last_bytes(self, id, c);
  if (c.input_ended) return forget(self, id);
  linger(self, id);
}

/// An IPv4 client of a socket for both kinds of address is shown, counted and let in by its own.
std::string unmapped(std::string host) {
  constexpr std::string_view mapped = "::ffff:";
  const bool is_v4 = host.starts_with(mapped) && host.find('.') != std::string::npos;
  return is_v4 ? host.substr(mapped.size()) : host;
}

void refuse(gateway_ptr self, connection_handle socket, const std::string& address,
            std::string_view reason, std::uint32_t limit) {
  self->state.accepted.erase(socket);
  log_of(self).repeated(log::level::warn, self->remote_addr(socket), "client_refused",
                        {{"client", address}, {"reason", reason}, {"limit", limit}});
  self->close(socket);
}

/// For want of what this process is allowed to have: any number of clients may come then.
void tell_shortage(gateway_ptr self, std::string_view reason, std::int64_t limit) {
  auto& s = self->state;
  ++s.untold_refusals;
  const auto now = self->clock().now();
  if (s.refusals_told && now - *s.refusals_told < refusals_told_every) return;
  s.refusals_told = now;
  log_of(self).warn(
      "client_refused",
      {{"reason", reason}, {"limit", limit}, {"count", std::exchange(s.untold_refusals, 0)}});
}

/// The first file descriptor that clients may not have, or the bytes, are what is told.
bool refuse_for_shortage(gateway_ptr self, connection_handle socket) {
  auto& s = self->state;
  const auto& files = s.options.context->files;
  const auto& memory = s.options.context->memory;
  if (!files.is_for_clients(descriptor_of(socket))) {
    ++s.refused_for_files;
    tell_shortage(self, "too few file descriptors left", files.clients_end());
  } else if (memory.is_limited() && s.connections_bytes.value() >= memory.sessions_max()) {
    ++s.refused_for_memory;
    tell_shortage(self, "connections have their part of memory.limit", memory.sessions_max());
  } else {
    return false;
  }
  s.accepted.erase(socket);
  self->close(socket);
  return true;
}

void on_short_of_files(gateway_ptr self, const short_of_files& x) {
  auto& s = self->state;
  ++s.refused_for_files;
  tell_shortage(self, std::generic_category().message(x.code), s.options.context->files.open_max());
  if (x.was_closed) return;
  self->halt(s.listening);
  self->delayed_send(self, accept_retry_pause, listen_again{});
}

caf::io::accept_handle listen_at(gateway_ptr self, int listening_fd) {
  auto report = [to = self->address()](int code, bool was_closed) {
    if (auto gateway = caf::actor_cast<caf::actor>(to))
      caf::anon_send(gateway, short_of_files{code, was_closed});
  };
  auto& loop = dynamic_cast<caf::io::network::default_multiplexer&>(self->backend());
  auto accepted = [self](client_socket_ptr wire) {
    const auto socket = wire->hdl();
    self->state.accepted.insert_or_assign(socket, std::move(wire));
  };
  auto doorman =
      caf::make_counted<client_doorman>(loop, listening_fd, std::move(accepted), std::move(report));
  const auto handle = doorman->hdl();
  self->add_doorman(std::move(doorman));
  return handle;
}

void accept(gateway_ptr self, const caf::io::new_connection_msg& x) {
  auto& s = self->state;
  const auto socket = x.handle;
  if (refuse_for_shortage(self, socket)) return;
  const auto& cfg = config_of(self);
  auto host = unmapped(self->remote_addr(socket));
  const auto address = config::print_host(host) + ':' + std::to_string(self->remote_port(socket));
  if (cfg.connections_max > 0 && s.clients.size() >= cfg.connections_max)
    return refuse(self, socket, address, "too many connections", cfg.connections_max);
  auto& from_host = s.per_host[host];
  if (cfg.connections_per_address_max > 0 && from_host >= cfg.connections_per_address_max)
    return refuse(self, socket, address, "too many connections from this address",
                  cfg.connections_per_address_max);
  ++from_host;
  watch_for_dead_peer(descriptor_of(socket), cfg.max_session_timeout_ms, cfg.client_keep_alive);
  const connection_id id{++s.last_id.value};
  auto wire = std::move(s.accepted.extract(socket).mapped());
  wire->ack_writes(true);
  wire->hold_back_while([gauges = s.options.context->gauges] {
    return gauges->arrived_bytes.load(std::memory_order_relaxed) > arrived_bytes_max;
  });
  auto account = std::make_shared<client_account>(*s.options.context);
  auto session = s.options.make_session(self->system(), id, address,
                                        caf::actor_cast<transport_sink>(self), account);
  self->monitor(session);
  s.connections_bytes.add(connection_bytes);
  s.by_socket.emplace(socket, id);
  s.by_session.emplace(session.address(), id);
  s.clients.emplace(id, client{.socket = socket,
                               .wire = std::move(wire),
                               .session = std::move(session),
                               .account = std::move(account),
                               .host = std::move(host),
                               .address = address,
                               .since_wall_ms = s.options.context->wall_ms(),
                               .heard = self->clock().now()});
  self->configure_read(socket, caf::io::receive_policy::at_most(read_bytes_min));
}

/// Cuts a connection at once, with what was not yet sent.
void cut_off(gateway_ptr self, connection_id id, const client& c, std::string_view reason,
             std::int64_t limit) {
  const auto& context = *self->state.options.context;
  context.log.repeated(log::level::warn, c.host, "client_cut_off",
                       {{"client", c.address},
                        {"reason", reason},
                        {"unsent_bytes", c.account->unsent()},
                        {"request_bytes", c.account->requests()},
                        {"limit", limit}});
  context.gauges->clients_cut_off.fetch_add(1, std::memory_order_relaxed);
  if (!c.closing) self->send(c.session, transport_closed{});
  c.wire->cut();
  forget(self, id);
}

/// While all clients together hold more than `bytes_max`, whoever holds most goes.
void cut_down_to(gateway_ptr self, std::int64_t bytes_max) {
  auto& clients = self->state.clients;
  const auto& gauges = *self->state.options.context->gauges;
  std::vector<std::pair<std::int64_t, connection_id>> holders;
  for (const auto& [id, c] : clients)
    if (const auto held = c.account->held(); held > 0) holders.emplace_back(held, id);
  std::ranges::sort(holders, std::greater{}, &std::pair<std::int64_t, connection_id>::first);
  for (const auto& [held, id] : holders) {
    if (gauges.unsent_bytes + gauges.request_bytes <= bytes_max) return;
    cut_off(self, id, clients.at(id), "holds most of what all clients hold", bytes_max);
  }
}

/// A little more than they may is given a tick to go by itself.
void bound_all(gateway_ptr self) {
  const auto max = self->state.options.context->client_buffer_bytes_max();
  const auto& gauges = *self->state.options.context->gauges;
  if (gauges.unsent_bytes + gauges.request_bytes > max + max / 4) cut_down_to(self, max);
}

void on_check(gateway_ptr self) {
  auto& s = self->state;
  const auto max = self->state.options.context->client_buffer_bytes_max();
  const auto& gauges = *s.options.context->gauges;
  const bool is_short = gauges.unsent_bytes + gauges.request_bytes > max;
  if (std::exchange(s.was_short, is_short) && is_short) cut_down_to(self, max);
  self->delayed_send(self, std::chrono::milliseconds(config_of(self).tick_ms),
                     check_what_all_hold{});
}

void on_data(gateway_ptr self, const caf::io::new_data_msg& data) {
  auto& s = self->state;
  auto at = s.by_socket.find(data.handle);
  if (at == s.by_socket.end()) return;
  auto* known = find(self, at->second);
  if (known == nullptr || known->closing) return;  // nobody listens any more
  auto& c = *known;
  c.heard = self->clock().now();
  c.account->add_arrived(data.buf.size());
  self->send(c.session, bytes_received{std::string(data.buf.begin(), data.buf.end())});
  auto wanted = c.read_bytes;
  if (data.buf.size() == wanted) wanted = std::min(2 * wanted, read_bytes_max);
  if (data.buf.size() < wanted / 4) wanted = std::max(wanted / 2, read_bytes_min);
  if (std::exchange(c.read_bytes, wanted) != wanted)
    self->configure_read(data.handle, caf::io::receive_policy::at_most(wanted));
  bound_all(self);
}

void on_disconnected(gateway_ptr self, const caf::io::connection_closed_msg& x) {
  auto& s = self->state;
  auto at = s.by_socket.find(x.handle);
  if (at == s.by_socket.end()) return;
  const auto id = at->second;
  if (const auto* c = find(self, id); c != nullptr && !c->closing)
    self->send(c->session, transport_closed{});
  forget(self, id);
  end_lingering(self, id);
}

/// The client sends no more. What it is owed is its session's to say.
void on_input_ended(gateway_ptr self, connection_handle socket) {
  auto at = self->state.by_socket.find(socket);
  if (at == self->state.by_socket.end()) return;
  const auto id = at->second;
  auto* c = find(self, id);
  if (c == nullptr) return end_lingering(self, id);
  if (std::exchange(c->input_ended, true)) return;
  if (!c->closing) self->send(c->session, bytes_received{});  // as a read of 0 bytes is
  watch_last_bytes(self, id, *c);
}

void on_check_last_bytes(gateway_ptr self, const check_last_bytes& x) {
  auto* c = find(self, x.connection);
  if (c == nullptr) return;
  const auto left = std::min<std::uint64_t>(c->untaken(), c->handed_bytes);
  if (c->watch->is_given_up(c->handed_bytes - left, left, now_ms(self)))
    return cut_off(self, x.connection, *c, "does not take its last answers",
                   config_of(self).max_session_timeout_ms);
  self->delayed_send(self, std::chrono::milliseconds(c->watch->check_ms()), x);
}

/// Hands CAF as much as it may have at once.
void write_on(gateway_ptr self, client& c) {
  if (c.output.size() == 0 || c.being_written >= being_written_max) return;
  c.being_written += c.output.pop_into(self->wr_buf(c.socket), being_written_max - c.being_written);
  self->flush(c.socket);
}

void set_congested(gateway_ptr self, client& c, bool congested) {
  c.congested = congested;
  self->send(c.session, output_congested{congested});
}

/// True: the client lets events pile up.
bool has_too_many_events(client& c, const send_bytes& more, std::size_t bytes_max) {
  if (c.unsent() == 0) {
    c.event_bytes = more.event_bytes;
    return false;
  }
  c.event_bytes += more.event_bytes;
  return more.event_bytes > 0 && c.event_bytes > bytes_max;
}

void on_send(gateway_ptr self, send_bytes& x) {
  auto* c = find(self, x.connection);
  if (c == nullptr || c->closing) return;  // closed meanwhile
  c->requests += x.requests;
  c->replies += x.replies;
  c->events += x.events;
  const auto events_max = self->state.options.event_bytes_max;
  if (has_too_many_events(*c, x, events_max))
    return cut_off(self, x.connection, *c, "does not take its watch events",
                   static_cast<std::int64_t>(events_max));
  c->handed_bytes += x.bytes.size();
  c->output.push(std::move(x.bytes));
  write_on(self, *c);
  const auto unsent = static_cast<std::int64_t>(c->unsent());
  if (unsent > (x.wants_room ? unsent_bytes_relieved : unsent_bytes_max)) {
    if (!c->congested) set_congested(self, *c, true);
  } else if (x.wants_room) {
    set_congested(self, *c, false);
  }
  if (x.close) close_when_sent(self, x.connection, *c);
  bound_all(self);
}

void on_written(gateway_ptr self, const caf::io::data_transferred_msg& x) {
  auto& s = self->state;
  auto at = s.by_socket.find(x.handle);
  if (at == s.by_socket.end()) return;
  auto* known = find(self, at->second);
  if (known == nullptr) return;  // it lingers
  auto& c = *known;
  c.account->take_output(x.written);
  c.being_written = x.remaining;
  write_on(self, c);
  c.event_bytes = std::min(c.event_bytes, c.unsent());
  if (c.closing) {
    if (c.unsent() > 0) return;
    c.input_ended ? forget(self, at->second) : linger(self, at->second);
  } else if (c.congested && static_cast<std::int64_t>(c.unsent()) <= unsent_bytes_relieved) {
    set_congested(self, c, false);
  }
}

/// CAF leaves a socket unread forever when reading is halted and triggered, or the other way round,
/// within one turn of its multiplexer: what was asked first is carried out at the turn's end. So
/// the change waits for the next turn, and only the latest wish counts.
void on_pause(gateway_ptr self, const pause_reading& x) {
  auto* c = find(self, x.connection);
  if (c == nullptr) return;
  c->pause_wanted = x.paused;
  if (std::exchange(c->pause_in_flight, true)) return;
  self->backend().post([to = caf::actor_cast<caf::actor>(self), id = x.connection] {
    caf::anon_send(to, apply_pause{id});
  });
}

void on_apply_pause(gateway_ptr self, const apply_pause& x) {
  auto* c = find(self, x.connection);
  if (c == nullptr) return;
  c->pause_in_flight = false;
  if (std::exchange(c->paused, c->pause_wanted) == c->pause_wanted) return;
  if (c->paused)
    self->halt(c->socket);
  else
    self->trigger(c->socket);
}

/// A session that ended without closing its connection failed; its client shall not wait.
void on_session_down(gateway_ptr self, const caf::down_msg& down) {
  auto& s = self->state;
  const auto at = s.by_session.find(down.source);
  auto* c = at == s.by_session.end() ? nullptr : find(self, at->second);
  if (c != nullptr && !c->closing) close_when_sent(self, at->second, *c);
}

gateway_stats stats_of(gateway_ptr self, const get_gateway_stats& asked) {
  const auto& s = self->state;
  gateway_stats stats;
  const auto& gauges = *s.options.context->gauges;
  stats.connection_count = s.clients.size();
  auto at = asked.after ? s.clients.upper_bound(*asked.after) : s.clients.begin();
  for (; at != s.clients.end() && stats.connections.size() < asked.connections_max; ++at) {
    const auto& [id, c] = *at;
    if (c.closing) continue;
    stats.connections.push_back(
        {id, c.address, c.requests, c.replies, c.events, !c.pause_wanted, c.since_wall_ms,
         std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now() - c.heard)
             .count()});
  }
  stats.unsent_bytes = gauges.unsent_bytes;
  stats.request_bytes = gauges.request_bytes;
  stats.cut_off = gauges.clients_cut_off;
  stats.up_ms = s.options.context->wall_ms() - s.started_wall_ms;
  stats.refused_for_files = s.refused_for_files;
  stats.refused_for_memory = s.refused_for_memory;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    stats.open_files_max = static_cast<std::int64_t>(limit.rlim_cur);
  return stats;
}

void accept_elsewhere(gateway_ptr self, const accept_at& x) {
  auto& s = self->state;
  self->close(std::exchange(s.listening, listen_at(self, x.listening_fd)));
}

void stop(gateway_ptr self, caf::error reason) {
  for (const auto& [id, c] : self->state.clients)
    if (!c.closing) self->send(c.session, transport_closed{});
  self->quit(std::move(reason));  // closes all sockets, each when its buffer is out
}

caf::behavior client_gateway(gateway_ptr self, client_gateway_options options, int listening_fd) {
  auto& s = self->state;
  s.options = std::move(options);
  s.started_wall_ms = s.options.context->wall_ms();
  s.connections_bytes = {s.options.context->gauges, &shared_gauges::connections_bytes};
  s.listening = listen_at(self, listening_fd);
  on_check(self);
  self->set_down_handler([self](const caf::down_msg& x) { on_session_down(self, x); });
  self->set_exit_handler([self](caf::exit_msg& x) { stop(self, std::move(x.reason)); });
  return trace::traced(
      s.options.context->trace, "zk.client_gateway",
      as_turn<caf::io::new_connection_msg>(self, accept),
      as_turn<caf::io::new_data_msg>(self, on_data),
      as_turn<caf::io::connection_closed_msg>(self, on_disconnected),
      [self](const input_ended_msg& x) { on_input_ended(self, x.handle); },
      as_turn<caf::io::data_transferred_msg>(self, on_written),
      [self](const check_last_bytes& x) { on_check_last_bytes(self, x); },
      [self](const end_linger& x) { on_end_linger(self, x); },
      [self](send_bytes& x) { on_send(self, x); }, [self](check_what_all_hold) { on_check(self); },
      [self](const pause_reading& x) { on_pause(self, x); },
      [self](const apply_pause& x) { on_apply_pause(self, x); },
      [self](const accept_at& x) { accept_elsewhere(self, x); },
      [self](const short_of_files& x) { on_short_of_files(self, x); },
      [self](const listen_again&) { self->trigger(self->state.listening); },
      [self](const get_gateway_stats& x) { return stats_of(self, x); },
      [self](const reset_statistics& x) {
        if (!x.connections) return;
        for (auto& [id, c] : self->state.clients) c.requests = c.replies = c.events = 0;
      });
}

}  // namespace

tl::expected<running_gateway, listen_error> start_client_gateway(caf::actor_system& sys,
                                                                 client_gateway_options options) {
  auto listener =
      tcp_listener::open(options.address, options.port, options.context->config.listen_backlog);
  if (!listener) return tl::unexpected(std::move(listener.error()));
  const auto port = listener->port();
  auto broker =
      sys.middleman().spawn_broker(client_gateway, std::move(options), listener->release());
  return running_gateway{caf::actor_cast<transport_sink>(broker), port};
}

tl::expected<void, listen_error> move_client_gateway(running_gateway& gateway,
                                                     const std::string& address, std::uint16_t port,
                                                     const node_context& context) {
  auto listener = tcp_listener::open(address, port, context.config.listen_backlog);
  if (!listener) return tl::unexpected(std::move(listener.error()));
  gateway.port = listener->port();
  caf::anon_send(caf::actor_cast<caf::actor>(gateway.handle), accept_at{listener->release()});
  return {};
}

}  // namespace troupe
