// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/client_wires.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <iterator>
#include <utility>

#include "actors/interfaces/statistics.hpp"

namespace troupe::sim {
namespace {

constexpr duration delay_min{50};
constexpr duration delay_max{2'000};

struct transport_state {
  static inline const char* name = "sim.transport";
};

}  // namespace

void client_wires::start(server_id who, realm where, context_ptr context, session_spawner spawn) {
  servers_[who] = {where, std::move(context), std::move(spawn),
                   on_.spawn_in(where, [&] { return spawn_transport(); })};
}

transport_sink client_wires::spawn_transport() {
  return on_.system().spawn(
      [this](transport_sink::stateful_pointer<transport_state>) -> transport_sink::behavior_type {
        return {
            [this](const send_bytes& m) { on_server_bytes(m); },
            [](const pause_reading&) {},  // the simulated client sends little enough
            [](const get_gateway_stats&) { return gateway_stats{}; },
            [](const reset_statistics&) {},
        };
      });
}

void client_wires::stop(server_id who) {
  if (servers_.erase(who) == 0) return;
  std::vector<connection_id> broken;
  for (auto& [id, c] : connections_)
    if (c.to == who) broken.push_back(id);
  for (auto id : broken) end(id, true, false);
}

std::optional<connection_id> client_wires::connect(server_id to, connection_hearer* from) {
  auto at = servers_.find(to);
  if (at == servers_.end()) return std::nullopt;
  connection_id id{++made_};
  connection c;
  c.to = to;
  c.client = from;
  c.account = std::make_shared<client_account>(*at->second.context);
  c.session = on_.spawn_in(at->second.where, [&] {
    return at->second.spawn(id, "10.0.0.1:" + std::to_string(id.value), at->second.transport,
                            c.account);
  });
  connections_.emplace(id, std::move(c));
  return id;
}

duration client_wires::next_due(duration& last_due) {
  last_due = std::max(last_due, on_.now() + chance_.between(delay_min, delay_max));
  return last_due;
}

void client_wires::send(connection_id via, std::string bytes) {
  auto at = connections_.find(via);
  if (at == connections_.end()) return;
  // TCP keeps bytes, not pieces.
  auto cut = chance_.chance(10) ? chance_.below(bytes.size() + 1) : bytes.size();
  for (auto piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    if (piece.empty()) continue;
    on_.at(next_due(at->second.last_due_up), [this, via, piece = std::move(piece)] {
      auto c = connections_.find(via);
      if (c != connections_.end()) caf::anon_send(c->second.session, bytes_received{piece});
    });
  }
}

void client_wires::on_server_bytes(const send_bytes& m) {
  auto at = connections_.find(m.connection);
  if (at == connections_.end() || at->second.closing) return;
  at->second.closing = m.close;
  on_.at(next_due(at->second.last_due_down),
         [this, id = m.connection, bytes = m.bytes, close = m.close, wants_room = m.wants_room] {
           auto c = connections_.find(id);
           if (c == connections_.end()) return;
           auto* client = c->second.client;
           c->second.account->take_output(bytes.size());
           if (wants_room) caf::anon_send(c->second.session, output_congested{false});
           for (char x : bytes) on_.add_to_hash(static_cast<unsigned char>(x));
           if (close) connections_.erase(c);
           if (!bytes.empty()) client->on_bytes(id, bytes);
           if (close) client->on_closed(id);
         });
}

void client_wires::end(connection_id which, bool tell_client, bool tell_server) {
  auto at = connections_.find(which);
  if (at == connections_.end()) return;
  auto c = std::move(at->second);
  connections_.erase(at);
  if (tell_server)
    on_.at(next_due(c.last_due_up),
           [session = c.session] { caf::anon_send(session, transport_closed{}); });
  if (tell_client)
    on_.at(next_due(c.last_due_down), [client = c.client, which] { client->on_closed(which); });
}

void client_wires::close(connection_id which) { end(which, false, true); }

void client_wires::break_one(std::size_t pick) {
  if (connections_.empty()) return;
  auto at =
      std::next(connections_.begin(), static_cast<std::ptrdiff_t>(pick % connections_.size()));
  end(at->first, true, true);
}

void client_wires::shutdown() {
  servers_.clear();
  connections_.clear();
}

}  // namespace troupe::sim
