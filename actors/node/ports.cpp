// SPDX-License-Identifier: Apache-2.0
#include "actors/node/ports.hpp"

#include <caf/io/middleman.hpp>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/tcp_listener.hpp"
#include "actors/node/port_holder.hpp"
#include "config/host.hpp"

namespace troupe {
namespace {

std::string client_port_problem(const listen_error& why) {
  return "clientPort " + std::to_string(why.port) + " cannot be listened on at " +
         config::print_host(why.host) + ": " + in_words(why);
}

}  // namespace

ports::ports(caf::actor_system& system, context_ptr context, server_handles server)
    : system_(system), context_(std::move(context)), server_(std::move(server)) {
  const auto& config = context_->config;
  if (!config.is_standalone()) place_ = *config.me();
  place_.client_address = config.client_address;
  place_.client_port = config.client_port;
}

template <class Handle>
std::string ports::publish(const Handle& actor, const std::string& host, std::uint16_t port,
                           const char* what) {
  const bool everywhere = context_->config.listen_on_all_ips || config::is_wildcard(host);
  const std::string at = everywhere ? "::" : listening_address(host);
  auto published = system_.middleman().publish(actor, port, at.c_str(), true);
  if (published) return {};
  // CAF does not say why.
  std::string why;
  if (auto tried = tcp_listener::open(everywhere ? at : host, port); !tried)
    why = in_words(tried.error());
  if (why.empty() && everywhere)  // there is no IPv6 here
    published = system_.middleman().publish(actor, port, "0.0.0.0", true);
  if (published) return {};
  if (why.empty()) why = system_.render(published.error());
  return std::string{what} + " port " + std::to_string(port) + " of server." +
         std::to_string(context_->me.value) + " cannot be listened on" +
         (everywhere ? std::string{} : " at " + config::print_host(host)) + ": " + why;
}

std::string ports::open() {
  const auto& config = context_->config;
  if (!config.is_standalone()) {
    auto problem = publish(server_.election, place_.host, place_.election_port, "election");
    if (problem.empty()) problem = publish(server_.peer, place_.host, place_.peer_port, "peer");
    if (!problem.empty()) return problem;
  }
  auto make_session = [context = context_, server = server_](
                          caf::actor_system& sys, connection_id id, std::string address,
                          transport_sink to, account_ptr account) {
    return spawn_client_session(sys, context, server, id, std::move(address), std::move(to),
                                std::move(account));
  };
  auto gateway = start_client_gateway(
      system_, {context_, *place_.client_address, *place_.client_port, std::move(make_session)});
  if (!gateway) return client_port_problem(gateway.error());
  gateway_ = *std::move(gateway);
  return {};
}

template <class Handle>
void ports::move(const Handle& actor, const config::server_entry& to, std::uint16_t old_port,
                 std::uint16_t new_port, const char* what) {
  if (old_port == new_port && place_.host == to.host) return;
  if (old_port == new_port) (void)system_.middleman().unpublish(actor, old_port);
  if (auto problem = publish(actor, to.host, new_port, what); !problem.empty()) {
    context_->log.error("port_not_moved", {{"reason", problem}, {"still_at", old_port}});
    if (old_port == new_port) (void)publish(actor, place_.host, old_port, what);
    return;
  }
  if (old_port != new_port) (void)system_.middleman().unpublish(actor, old_port);
  context_->log.info("port_moved", {{"which", what}, {"from", old_port}, {"to", new_port}});
}

void ports::move_clients(const config::server_entry& to) {
  const auto address = to.client_address.value_or(*place_.client_address);
  const auto port = to.client_port.value_or(*place_.client_port);
  if (address == *place_.client_address && port == *place_.client_port) return;
  if (auto moved = move_client_gateway(gateway_, address, port, *context_); !moved) {
    context_->log.error("port_not_moved", {{"reason", client_port_problem(moved.error())},
                                           {"still_at", *place_.client_port}});
    return;
  }
  context_->log.info("port_moved",
                     {{"which", "client"}, {"from", *place_.client_port}, {"to", port}});
  place_.client_address = address;
  place_.client_port = port;
}

void ports::follow(const config::server_entry& to) {
  move(server_.election, to, place_.election_port, to.election_port, "election");
  move(server_.peer, to, place_.peer_port, to.peer_port, "peer");
  place_.host = to.host;
  place_.election_port = to.election_port;
  place_.peer_port = to.peer_port;
  move_clients(to);
}

void ports::close() { caf::anon_send_exit(gateway_.handle, caf::exit_reason::user_shutdown); }

}  // namespace troupe
