// SPDX-License-Identifier: Apache-2.0
#include "actors/client_gateway.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/tcp_listener.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {

/// From the gateway to itself, a turn of the multiplexer later.
struct apply_pause {
  TROUPE_STAYS_LOCAL;
  connection_id connection;
};

/// From whoever moves the gateway: listen here instead.
struct accept_at {
  TROUPE_STAYS_LOCAL;
  int listening_fd = -1;
};

namespace {

using caf::io::connection_handle;

/// A read's size follows the client's appetite: most send some hundred bytes at a time, and a
/// buffer is held for every connection, and cleared for every read.
constexpr std::size_t read_bytes_min = 4 * 1024;
constexpr std::size_t read_bytes_max = 64 * 1024;

/// A client with more than this unsent is asked for no further requests, until it is down to the
/// lesser.
constexpr std::size_t congested_bytes = 1024 * 1024;
constexpr std::size_t relieved_bytes = 256 * 1024;

struct client {
  connection_handle socket;
  client_session_actor session;
  std::string host, address;  // address = host:port
  std::int64_t since_wall_ms = 0;
  caf::actor_clock::time_point heard;
  std::uint64_t requests = 0, replies = 0, events = 0;
  std::size_t read_bytes = read_bytes_min;
  bool congested = false;
  bool pause_wanted = false, paused = false, pause_in_flight = false;
};

struct client_gateway_state {
  static inline const char* name = "zk.client_gateway";
  client_gateway_options options;
  std::map<connection_id, client> clients;
  std::map<connection_handle, connection_id> by_socket;
  std::map<std::string, std::uint32_t> per_host;
  connection_id last_id;
  std::int64_t started_wall_ms = 0;
  caf::io::accept_handle listening;
};
using gateway_ptr = caf::io::stateful_broker<client_gateway_state>*;

/// CAF names a connection by its descriptor (default_multiplexer.hpp, conn_hdl_from_socket).
int descriptor_of(connection_handle socket) { return static_cast<int>(socket.id()); }

const config::node_config& config_of(gateway_ptr self) {
  return self->state.options.context->config;
}
const log::logger& log_of(gateway_ptr self) { return self->state.options.context->log; }

client* find(gateway_ptr self, connection_id id) {
  auto at = self->state.clients.find(id);
  return at == self->state.clients.end() ? nullptr : &at->second;
}

/// Drops a connection from all books. What is left in its write buffer still goes out.
void forget(gateway_ptr self, connection_id id) {
  auto& s = self->state;
  auto gone = s.clients.extract(id);
  if (gone.empty()) return;
  const auto& c = gone.mapped();
  s.by_socket.erase(c.socket);
  if (auto count = s.per_host.find(c.host); --count->second == 0) s.per_host.erase(count);
  self->demonitor(c.session.address());
  self->close(c.socket);
}

/// An IPv4 client of a socket for both kinds of address is shown, counted and let in by its own.
std::string unmapped(std::string host) {
  constexpr std::string_view mapped = "::ffff:";
  const bool is_v4 = host.starts_with(mapped) && host.find('.') != std::string::npos;
  return is_v4 ? host.substr(mapped.size()) : host;
}

void refuse(gateway_ptr self, connection_handle socket, const std::string& address,
            std::string_view reason, std::uint32_t limit) {
  log_of(self).warn("client_refused", {{"client", address}, {"reason", reason}, {"limit", limit}});
  self->close(socket);
}

void accept(gateway_ptr self, connection_handle socket) {
  auto& s = self->state;
  const auto& cfg = config_of(self);
  auto host = unmapped(self->remote_addr(socket));
  const bool is_v6 = host.find(':') != std::string::npos;
  const auto address =
      (is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(self->remote_port(socket));
  if (cfg.connections_max > 0 && s.clients.size() >= cfg.connections_max)
    return refuse(self, socket, address, "too many connections", cfg.connections_max);
  auto& from_host = s.per_host[host];
  if (cfg.connections_per_address_max > 0 && from_host >= cfg.connections_per_address_max)
    return refuse(self, socket, address, "too many connections from this address",
                  cfg.connections_per_address_max);
  ++from_host;
  watch_for_dead_peer(descriptor_of(socket), cfg.max_session_timeout_ms, cfg.client_keep_alive);
  const connection_id id{++s.last_id.value};
  auto session =
      s.options.make_session(self->system(), id, address, caf::actor_cast<transport_sink>(self));
  self->monitor(session);
  s.by_socket.emplace(socket, id);
  s.clients.emplace(id, client{.socket = socket,
                               .session = std::move(session),
                               .host = std::move(host),
                               .address = address,
                               .since_wall_ms = s.options.context->wall_ms(),
                               .heard = self->clock().now()});
  self->configure_read(socket, caf::io::receive_policy::at_most(read_bytes_min));
}

void on_data(gateway_ptr self, const caf::io::new_data_msg& data) {
  auto& s = self->state;
  auto at = s.by_socket.find(data.handle);
  if (at == s.by_socket.end()) return;
  auto& c = s.clients.at(at->second);
  c.heard = self->clock().now();
  self->send(c.session, bytes_received{std::string(data.buf.begin(), data.buf.end())});
  auto wanted = c.read_bytes;
  if (data.buf.size() == wanted) wanted = std::min(2 * wanted, read_bytes_max);
  if (data.buf.size() < wanted / 4) wanted = std::max(wanted / 2, read_bytes_min);
  if (std::exchange(c.read_bytes, wanted) != wanted)
    self->configure_read(data.handle, caf::io::receive_policy::at_most(wanted));
}

void on_disconnected(gateway_ptr self, connection_handle socket) {
  auto& s = self->state;
  auto at = s.by_socket.find(socket);
  if (at == s.by_socket.end()) return;
  const auto id = at->second;
  self->send(s.clients.at(id).session, transport_closed{});
  forget(self, id);
}

/// Cuts a connection at once, with what was not yet sent.
void cut_off(gateway_ptr self, connection_id id, const client& c, std::size_t unsent_bytes) {
  log_of(self).warn("client_cut_off", {{"client", c.address},
                                       {"reason", "does not take its watch events"},
                                       {"unsent_bytes", unsent_bytes},
                                       {"limit", self->state.options.unsent_bytes_max}});
  self->send(c.session, transport_closed{});
  caf::io::network::shutdown_both(descriptor_of(c.socket));
  forget(self, id);
}

/// Writes are acknowledged to us only while we wait for the client to catch up.
void set_congested(gateway_ptr self, client& c, bool congested) {
  c.congested = congested;
  self->ack_writes(c.socket, congested);
  self->send(c.session, output_congested{congested});
}

void on_send(gateway_ptr self, const send_bytes& x) {
  auto* c = find(self, x.connection);
  if (c == nullptr) return;  // closed meanwhile
  c->requests += x.requests;
  c->replies += x.replies;
  c->events += x.events;
  auto& buffer = self->wr_buf(c->socket);
  const bool only_events = x.replies == 0 && !x.bytes.empty();
  if (only_events && buffer.size() > self->state.options.unsent_bytes_max)
    return cut_off(self, x.connection, *c, buffer.size());
  buffer.insert(buffer.end(), x.bytes.begin(), x.bytes.end());
  if (!c->congested && buffer.size() > congested_bytes) set_congested(self, *c, true);
  self->flush(c->socket);
  if (x.close) forget(self, x.connection);
}

void on_written(gateway_ptr self, const caf::io::data_transferred_msg& x) {
  auto& s = self->state;
  auto at = s.by_socket.find(x.handle);
  if (at == s.by_socket.end()) return;
  auto& c = s.clients.at(at->second);
  if (c.congested && x.remaining < relieved_bytes) set_congested(self, c, false);
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
  const auto& clients = self->state.clients;
  auto at = std::ranges::find_if(
      clients, [&](const auto& entry) { return entry.second.session.address() == down.source; });
  if (at != clients.end()) forget(self, at->first);
}

gateway_stats stats_of(gateway_ptr self, const get_gateway_stats& asked) {
  const auto& s = self->state;
  gateway_stats stats;
  stats.connection_count = s.clients.size();
  if (asked.with_connections)
    for (const auto& [id, c] : s.clients)
      stats.connections.push_back(
          {id, c.address, c.requests, c.replies, c.events, !c.pause_wanted, c.since_wall_ms,
           std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now() - c.heard)
               .count()});
  stats.up_ms = s.options.context->wall_ms() - s.started_wall_ms;
  std::error_code unreadable;
  for (std::filesystem::directory_iterator at("/proc/self/fd", unreadable), end; at != end; ++at)
    ++stats.open_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    stats.open_files_max = static_cast<std::int64_t>(limit.rlim_cur);
  return stats;
}

void accept_elsewhere(gateway_ptr self, const accept_at& x) {
  auto& s = self->state;
  self->close(std::exchange(s.listening, self->add_doorman(x.listening_fd)));
}

void stop(gateway_ptr self, caf::error reason) {
  for (const auto& [id, c] : self->state.clients) self->send(c.session, transport_closed{});
  self->quit(std::move(reason));  // closes all sockets, each when its buffer is out
}

caf::behavior client_gateway(gateway_ptr self, client_gateway_options options, int listening_fd) {
  auto& s = self->state;
  s.options = std::move(options);
  s.started_wall_ms = s.options.context->wall_ms();
  s.listening = self->add_doorman(listening_fd);
  self->set_down_handler([self](const caf::down_msg& x) { on_session_down(self, x); });
  self->set_exit_handler([self](caf::exit_msg& x) { stop(self, std::move(x.reason)); });
  return trace::traced(
      s.options.context->trace, "zk.client_gateway",
      [self](const caf::io::new_connection_msg& x) { accept(self, x.handle); },
      [self](const caf::io::new_data_msg& x) { on_data(self, x); },
      [self](const caf::io::connection_closed_msg& x) { on_disconnected(self, x.handle); },
      [self](const caf::io::data_transferred_msg& x) { on_written(self, x); },
      [self](const send_bytes& x) { on_send(self, x); },
      [self](const pause_reading& x) { on_pause(self, x); },
      [self](const apply_pause& x) { on_apply_pause(self, x); },
      [self](const accept_at& x) { accept_elsewhere(self, x); },
      [self](const get_gateway_stats& x) { return stats_of(self, x); },
      [self](const reset_statistics& x) {
        if (!x.connections) return;
        for (auto& [id, c] : self->state.clients) c.requests = c.replies = c.events = 0;
      });
}

}  // namespace

tl::expected<running_gateway, std::string> start_client_gateway(caf::actor_system& sys,
                                                                client_gateway_options options) {
  auto listener =
      tcp_listener::open(options.address, options.port, options.context->config.listen_backlog);
  if (!listener) return tl::unexpected(std::move(listener.error()));
  const auto port = listener->port();
  auto broker =
      sys.middleman().spawn_broker(client_gateway, std::move(options), listener->release());
  return running_gateway{caf::actor_cast<transport_sink>(broker), port};
}

std::string move_client_gateway(running_gateway& gateway, const std::string& address,
                                std::uint16_t port, const node_context& context) {
  auto listener = tcp_listener::open(address, port, context.config.listen_backlog);
  if (!listener) return std::move(listener.error());
  gateway.port = listener->port();
  caf::anon_send(caf::actor_cast<caf::actor>(gateway.handle), accept_at{listener->release()});
  return {};
}

}  // namespace troupe
