// SPDX-License-Identifier: Apache-2.0
#include "actors/election/election.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/base/utc_text.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/election/parts.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/traced.hpp"
#include "config/node_config.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using namespace election_parts;
using std::chrono::milliseconds;
using timer = core::election_effects::timer;

/// A links actor answers sooner; this is against one that does not.
constexpr auto dial_timeout = milliseconds{10'000};
constexpr auto redial_wait_min = milliseconds{100};
constexpr auto redial_wait_max = milliseconds{2'000};
/// A link that is lost sooner was none: somebody accepts connections and hangs up.
constexpr auto steady_after = milliseconds{5'000};

// -- words --------------------------------------------------------------------------------------

std::string address_of(self_ptr self, server_id id) {
  const auto& l = self->state.links.at(id);
  return l.host.empty() ? std::string{} : l.host + ":" + std::to_string(l.port);
}

/// A link's error begins with the address, which stands beside it wherever we show it.
std::string reason_without(const std::string& address, std::string text) {
  const auto prefix = address + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// How the election that has just been decided came out.
core::election_account account_of_decision(self_ptr self, milliseconds took) {
  std::map<server_id, std::string> errors;
  for (const auto& [id, l] : self->state.links) errors[id] = l.error;
  const auto& wall_ms = context_of(self).wall_ms;
  const auto& round = self->state.round;
  return core::account_of(round.last_decision(), round.ensemble(), took.count(),
                          wall_ms ? utc_text(wall_ms()) : std::string{}, errors);
}

// -- what is said -------------------------------------------------------------------------------

wire::Notification to_wire(self_ptr self) {
  auto& s = self->state;
  const auto n = s.round.mine();
  wire::Notification out;
  out.set_from(n.from.value);
  out.set_state(static_cast<std::int32_t>(n.state));
  out.set_leader(n.proposed.leader.value);
  out.set_zxid(n.proposed.last.value);
  out.set_peer_epoch(n.proposed.peer_epoch.value);
  out.set_round(n.proposed.round.value);
  out.set_server_list_digest(n.server_list_digest);
  out.set_server_list(config::told_lines(*s.members->committed));
  out.set_membership_version(n.membership_version.value);
  if (context_of(self).config.reconfig_enabled && n.membership_version != zxid{})
    out.set_membership(config::print(*s.members->committed));
  out.set_own_zxid(s.history.last.value);
  out.set_own_epoch(s.history.current.value);
  if (!context_of(self).config.reconfig_enabled) return out;
  if (const auto& own = *s.own; !own.is_settled()) {
    out.set_seen_version(own.seen->version.value);
    if (!s.gives_way) out.set_seen(config::print(*own.seen));
  }
  return out;
}

core::notification from_wire(const wire::Notification& n, std::optional<core::quorum> list) {
  return {.from = {n.from()},
          .state = static_cast<server_state>(n.state()),
          .proposed = {{n.leader()}, {n.zxid()}, {n.peer_epoch()}, {n.round()}},
          .server_list_digest = n.server_list_digest(),
          .membership_version = {n.membership_version()},
          .list = std::move(list),
          .own = {{n.own_epoch()}, {n.own_zxid()}}};
}

// -- what is heard ------------------------------------------------------------------------------

core::election_effects take_event(core::election_round& round, const election_state::event& what) {
  struct {
    core::election_round& round;
    auto operator()(const core::notification& n) { return round.on_notification(n); }
    auto operator()(election_state::reachable x) { return round.on_reachable(x.server); }
    auto operator()(election_state::unreachable x) { return round.on_unreachable(x.server); }
    auto operator()(election_state::wait_over) { return round.on_finalize_timeout(); }
    auto operator()(const election_state::list_seen&) { return core::election_effects{}; }
    auto operator()(const membership_ptr&) { return core::election_effects{}; }
  } taking{round};
  return std::visit(taking, what);
}

coro::task<> wait_for_a_better_vote(self_ptr self) {
  auto wait = coro::sleep(self, milliseconds{core::finalize_wait_ms});
  co_await wait;
  hear(self, election_state::wait_over{});
}

void hear_notification(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  const bool may_change = context_of(self).config.reconfig_enabled;
  if (s.links.size() < core::refused_senders_max && n.from() != context_of(self).me.value)
    s.links.try_emplace({n.from()});  // a stranger can be answered, too
  if (auto it = s.links.find({n.from()}); it != s.links.end()) {
    if (auto sender = self->current_sender()) {
      auto caller = caf::actor_cast<election_actor>(sender);
      const bool is_new = it->second.caller.address() != caller.address();
      it->second.caller = std::move(caller);
      // Of a stranger nothing else tells that it is gone.
      if (is_new && it->second.host.empty()) self->monitor(it->second.caller);
    }
    if (!it->second.dialled) it->second.called.notify();
  }
  auto list = note_server_list(self, n);
  if (may_change && s.round.is_looking() && hear_lists(self, n)) return;
  hear(self, from_wire(n, std::move(list)));
}

// -- the search for a leader --------------------------------------------------------------------

/// FastLeaderElection.lookForLeader: say what I vote for, count what the others say, repeat myself
/// when nobody says anything, until there is a leader.
coro::task<> look(self_ptr self, look_for_leader own, caf::typed_response_promise<elected> asked) {
  auto& s = self->state;
  s.search_began = self->clock().now();
  perform(self, s.round.start(own.last, own.current, standing_of(own)));
  while (s.round.is_looking()) {
    auto next = s.heard.next(self, milliseconds{s.round.notification_interval_ms()});
    const auto what = co_await next;
    if (what && std::holds_alternative<membership_ptr>(*what)) {
      elected nothing;
      nothing.newer = std::get<membership_ptr>(*what);
      asked.deliver(std::move(nothing));
      co_return;
    }
    if (what && std::holds_alternative<election_state::list_seen>(*what)) {
      const auto& seen = std::get<election_state::list_seen>(*what);
      if (!seen.list && s.lender == seen.by)
        elect_by(self, own, std::nullopt, nullptr);
      else if (seen.list && seen.list->version > s.members->seen->version)
        elect_by(self, own, seen.by, seen.list);
      continue;
    }
    perform(self, what ? take_event(s.round, *what) : s.round.on_silence());
    if (what && std::holds_alternative<election_state::unreachable>(*what) &&
        s.round.is_looking() && s.lender == std::get<election_state::unreachable>(*what).server)
      elect_by(self, own, std::nullopt, nullptr);
    weigh_pending_list(self, own);
  }
  const auto took = since(self, s.search_began);
  const auto& [chosen, role] = s.round.last_decision().result;
  s.last_account = account_of_decision(self, took);
  log_of(self).info("leader_elected", {{"role", to_string(role)},
                                       {"epoch", chosen.peer_epoch.value},
                                       {"zxid", chosen.last},
                                       {"leader", chosen.leader.value},
                                       {"round", chosen.round.value},
                                       {"took_ms", took.count()},
                                       {"why", core::to_string(s.round.last_decision().why)}});
  asked.deliver(elected{chosen.leader,
                        chosen.peer_epoch,
                        chosen.last,
                        chosen.round,
                        {},
                        s.members,
                        should_give_way_to_leader(self)});
  s.pending.clear();
}

void begin_search(self_ptr self, look_for_leader own, caf::typed_response_promise<elected> asked) {
  auto& s = self->state;
  s.search.cancel();
  s.history = own;
  if (own.members) s.own = own.members;
  s.lender.reset();
  begin_pending_lists(self);
  follow_members(self, s.own);
  s.finalizing.cancel();
  s.heard.clear();
  s.search.start(look(self, own, std::move(asked)));
}

/// Looking: the role is over, and the peer will ask for a leader when it has gathered its history.
/// Followers of one leader may have settled on it in different elections, with different epochs in
/// their votes: only the established epoch makes their votes agree for whoever comes later
/// (QuorumPeer.updateElectionVote).
void take_role(self_ptr self, server_state role, std::optional<epoch> established) {
  auto& s = self->state;
  const auto& wall_ms = context_of(self).wall_ms;
  s.established_at = established && wall_ms ? utc_text(wall_ms()) : std::string{};
  if (established && role != server_state::looking) {
    auto settled_on = s.round.proposal();
    settled_on.peer_epoch = *established;
    return perform(self, s.round.settle(role, settled_on));
  }
  if (role == s.round.state()) return;
  s.search.cancel();
  s.finalizing.cancel();
  if (role == server_state::looking)
    s.round.resign();
  else
    perform(self, s.round.settle(role, s.round.proposal()));
}

// -- links --------------------------------------------------------------------------------------

void link_failed(self_ptr self, server_id to, std::string why) {
  auto& l = self->state.links.at(to);
  l.dialled = nullptr;
  if (l.error != why)
    log_of(self).repeated(log::level::warn, std::to_string(to.value), "election_link_down",
                          {{"peer", to.value}, {"address", address_of(self, to)}, {"why", why}});
  l.error = std::move(why);
  self->state.pending.forget(to);
  // Only news: every event ends the silence that makes us repeat our vote.
  if (!self->state.round.unreachable().contains(to)) hear(self, election_state::unreachable{to});
}

void link_made(self_ptr self, server_id to, const caf::strong_actor_ptr& handle) {
  auto& l = self->state.links.at(to);
  l.dialled = caf::actor_cast<election_actor>(handle);
  l.error.clear();
  self->monitor(l.dialled);
  log_of(self).info("election_link_up", {{"peer", to.value}});
  hear(self, election_state::reachable{to});
}

/// Keeps the way to one server open for as long as this actor lives: dial, stay until it is lost,
/// dial again.
coro::task<> keep_link(self_ptr self, server_id to) {
  auto& l = self->state.links.at(to);
  for (auto wait = redial_wait_min;; wait = std::min(wait * 2, redial_wait_max)) {
    auto dialling = coro::ask<linked>(self, self->state.options.links, dial_timeout,
                                      dial{to, port_kind::election, l.host, l.port});
    auto reply = co_await dialling;
    if (reply && reply->handle) {
      const auto made = self->clock().now();
      link_made(self, to, reply->handle);
      auto lost = l.lost.wait();
      co_await lost;
      link_failed(self, to, "the connection was lost");
      if (self->clock().now() - made >= steady_after) wait = redial_wait_min;
    } else {
      link_failed(self, to,
                  reply ? "nobody at that port"
                        : reason_without(address_of(self, to), troupe::text_of(reply.error())));
    }
    auto pause = l.called.wait_for(self, wait);
    co_await pause;
  }
}

/// Who is to be dialled, and where: the newest list counts, and what is still committed.
std::map<server_id, config::server_entry> addresses_of(const config::membership_view& members,
                                                       server_id me) {
  std::map<server_id, config::server_entry> out;
  for (const auto* list : {members.seen.get(), members.committed.get()})
    for (const auto& x : list->servers) {
      const bool both_observe = x.observer && list->is_observer(me);
      if (x.id != me && !both_observe) out.try_emplace(x.id, x);
    }
  return out;
}

void on_down(self_ptr self, const caf::actor_addr& gone) {
  for (auto& [id, l] : self->state.links) {
    if (l.caller.address() == gone) {
      l.caller = nullptr;
      const bool is_stranger = l.host.empty();
      if (is_stranger) self->state.pending.forget(id);
      if (is_stranger) self->state.lists.forget(id);
      if ((is_stranger || self->state.lender == id) && !l.dialled)
        hear(self, election_state::unreachable{id});
    }
    if (l.dialled.address() == gone) return l.lost.notify();
  }
}

election_status status_of(self_ptr self) {
  const auto& s = self->state;
  election_status out{.round = s.round.round()};
  std::set<server_id> reachable{context_of(self).me};
  for (const auto& [id, l] : s.links) {
    if (l.dialled)
      reachable.insert(id);
    else if (!l.host.empty())
      out.unreachable.push_back(
          {id, address_of(self, id), l.error.empty() ? "no answer yet" : l.error});
  }
  core::election_account account{{"Quorum", core::reach_text(s.round.ensemble(), reachable)}};
  if (auto text = pending_list_text(self, reachable); !text.empty())
    account.emplace_back("Pending list", std::move(text));
  if (!s.established_at.empty()) account.emplace_back("Established", s.established_at);
  if (s.round.is_looking())
    for (auto& x : core::account_of_search(s.round, since(self, s.search_began).count()))
      account.push_back(std::move(x));
  account.insert(account.end(), s.last_account.begin(), s.last_account.end());
  for (const auto& [name, text] : account) out.last_reason += name + ": " + text + "\n";
  out.differing = s.lists.differing();
  for (auto& x : out.differing)
    if (s.round.refused().contains(x.id)) x.what = election_status::differing_list::kind::refused;
  out.not_listed_by = s.lists.without_us();
  return out;
}

}  // namespace

namespace election_parts {

void perform(self_ptr self, const core::election_effects& fx) {
  auto& s = self->state;
  if (fx.refused && fx.refused->why == core::refusal::my_own_id &&
      !std::exchange(s.id_claimed, true))
    log_of(self).warn("server_id_used_twice", {{"server", fx.refused->from}});
  std::set<server_id> to(fx.answer_to.begin(), fx.answer_to.end());
  if (fx.broadcast)
    to.insert(s.round.ensemble().voters().begin(), s.round.ensemble().voters().end());
  to.erase(context_of(self).me);
  if (!to.empty()) {
    const auto words = to_wire(self);
    for (auto id : to) {
      auto it = s.links.find(id);
      if (it == s.links.end()) continue;
      // Both, while a server that was restarted is known by the old link and by its first words.
      const auto& [dialled, caller] = std::tie(it->second.dialled, it->second.caller);
      if (dialled) self->send(dialled, words);
      if (caller && caller != dialled) self->send(caller, words);
    }
  }
  if (fx.finalize != timer::unchanged) s.finalizing.cancel();
  if (fx.finalize == timer::start) s.finalizing.start(wait_for_a_better_vote(self));
}

void hear(self_ptr self, election_state::event what) {
  auto& s = self->state;
  if (s.round.is_looking())
    s.heard.push(std::move(what));
  else
    perform(self, take_event(s.round, what));
}

void follow_members(self_ptr self, const view_ptr& members) {
  auto& s = self->state;
  const auto me = context_of(self).me;
  s.members = members;
  s.lists.compare_with(members->committed);
  s.round.reconfigure(quorum_of(*members, me), config::digest_of(*members->committed),
                      members->committed->version, context_of(self).config.reconfig_enabled);
  const auto wanted = addresses_of(*members, me);
  for (auto& [id, l] : s.links) {
    if (wanted.contains(id) || l.host.empty()) continue;
    l.dialling.cancel();
    l.dialled = nullptr;
    l.error.clear();
    l.host.clear();
  }
  for (const auto& [id, x] : wanted) {
    auto& l = s.links.try_emplace(id).first->second;
    if (l.host == x.host && l.port == x.election_port) continue;
    l.host = x.host;
    l.port = x.election_port;
    l.dialling.cancel();
    l.dialling.on_failure(
        [self](std::exception_ptr) { self->quit(caf::exit_reason::unhandled_exception); });
    l.dialling.start(keep_link(self, id));
  }
}

}  // namespace election_parts

election_actor::behavior_type election(self_ptr self, election_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.round = {context_of(self).me, {}, 0};
  s.own = s.options.members;

  const auto stop = [self](std::exception_ptr) {
    self->quit(caf::exit_reason::unhandled_exception);
  };
  for (auto* x : {&s.finalizing, &s.search}) x->on_failure(stop);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down.source); });
  follow_members(self, s.options.members);

  return trace::traced(
      context_of(self).trace, election_state::name,
      [self](const look_for_leader& own) {
        auto asked = self->make_response_promise<elected>();
        begin_search(self, own, asked);
        return asked;
      },
      [self](const role_taken& x) { take_role(self, x.state, x.established); },
      [self](const members_changed& m) {
        // A search ends with the list it began with; the next one is told of this.
        self->state.own = m.members;
        if (!self->state.round.is_looking()) follow_members(self, m.members);
      },
      [self](const get_election_status&) { return status_of(self); },
      [self](const wire::Notification& n) { hear_notification(self, n); });
}

}  // namespace troupe
