// SPDX-License-Identifier: Apache-2.0
#include "actors/election.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "actors/caf.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/ensemble.hpp"
#include "actors/error_text.hpp"
#include "actors/trace/log.hpp"
#include "actors/trace/traced.hpp"
#include "actors/utc_text.hpp"
#include "config/node_config.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = pinned_pointer<election_actor, election_state>;
using std::chrono::milliseconds;
using timer = core::election_effects::timer;

/// A links actor answers sooner; this is against one that does not.
constexpr auto dial_timeout = milliseconds{10'000};
constexpr auto redial_wait_min = milliseconds{100};
constexpr auto redial_wait_max = milliseconds{2'000};
/// A link that is lost sooner was none: somebody accepts connections and hangs up.
constexpr auto steady_after = milliseconds{5'000};

const node_context& context_of(self_ptr self) { return *self->state.options.context; }
const log::logger& log_of(self_ptr self) { return context_of(self).log; }

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

milliseconds since(self_ptr self, std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<milliseconds>(self->clock().now() - then);
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
  const auto n = self->state.round.mine();
  wire::Notification out;
  out.set_from(n.from.value);
  out.set_state(static_cast<std::int32_t>(n.state));
  out.set_leader(n.proposed.leader.value);
  out.set_zxid(n.proposed.last.value);
  out.set_peer_epoch(n.proposed.peer_epoch.value);
  out.set_round(n.proposed.round.value);
  out.set_server_list_digest(n.server_list_digest);
  out.set_server_list(config::told_lines(*self->state.members->committed));
  out.set_membership_version(n.membership_version.value);
  if (context_of(self).config.reconfig_enabled && n.membership_version != zxid{})
    out.set_membership(config::print(*self->state.members->committed));
  if (const auto& own = *self->state.own; !own.is_settled()) {
    out.set_seen_version(own.seen->version.value);
    out.set_seen(config::print(*own.seen));
    out.set_own_zxid(self->state.history.last.value);
    out.set_own_epoch(self->state.history.current.value);
  }
  return out;
}

core::notification from_wire(const wire::Notification& n, std::optional<core::quorum> list) {
  return {.from = {n.from()},
          .state = static_cast<server_state>(n.state()),
          .proposed = {{n.leader()}, {n.zxid()}, {n.peer_epoch()}, {n.round()}},
          .server_list_digest = n.server_list_digest(),
          .membership_version = {n.membership_version()},
          .list = std::move(list)};
}

coro::task<> wait_for_a_better_vote(self_ptr self);

/// Sends, and sets the timer. Who leads, if that is known now, is for the search to tell.
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

void hear(self_ptr self, election_state::event what) {
  auto& s = self->state;
  if (s.round.is_looking())
    s.heard.push(std::move(what));
  else
    perform(self, take_event(s.round, what));
}

coro::task<> wait_for_a_better_vote(self_ptr self) {
  auto wait = coro::sleep(self, milliseconds{core::finalize_wait_ms});
  co_await wait;
  hear(self, election_state::wait_over{});
}

/// The sender's list, if it is not ours.
std::optional<core::quorum> note_server_list(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  const server_id from{n.from()};
  const bool may_change = context_of(self).config.reconfig_enabled;
  if (may_change && n.membership_version() != s.round.mine().membership_version.value) {
    s.lists.forget(from);
    return std::nullopt;
  }
  return s.lists.note(
      {from, n.server_list(), self->clock().now(), context_of(self).me, !may_change}, log_of(self));
}

/// What a looking server learns of the servers from another's words. True: they say no more to it.
bool hear_lists(self_ptr self, const wire::Notification& n) {
  auto& s = self->state;
  if (!s.links.contains({n.from()})) return false;  // who claims our id, or is one too many
  const auto committed = s.members->committed->version;
  if (n.membership_version() > committed.value) {
    auto newer = with_known_addresses(read_membership(n.membership()), *s.members->committed,
                                      context_of(self).me);
    if (!newer || newer->version <= committed) return false;
    hear(self, std::move(newer));
    return true;
  }
  // Of a shorter log: what it holds will be cut off, unless it is here, too.
  const bool is_ahead = std::pair{epoch{n.own_epoch()}, zxid{n.own_zxid()}} >
                        std::pair{s.history.current, s.history.last};
  if (is_ahead && n.membership_version() == committed.value &&
      n.seen_version() > s.members->seen->version.value)
    if (auto list = with_known_addresses(read_membership(n.seen()), *s.members->committed,
                                         context_of(self).me);
        list && list->version > s.members->seen->version)
      hear(self, election_state::list_seen{{n.from()}, std::move(list)});
  return false;
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

void follow_members(self_ptr self, const view_ptr& members);

core::standing standing_of(const look_for_leader& own) {
  return own.has_led ? core::standing::once_heard : core::standing::at_once;
}

/// Elects by the list that `by` has seen, too; `list` null: no longer. Who is a voter only of that
/// list could not lead: its own leader role would go by the lists that it knows itself.
void elect_by(self_ptr self, const look_for_leader& own, std::optional<server_id> by,
              const membership_ptr& list) {
  auto& s = self->state;
  s.lender = by;
  if (by && s.links.at(*by).caller) self->monitor(s.links.at(*by).caller);
  follow_members(self, list ? config::with_seen(*s.own, list) : s.own);
  const auto me = context_of(self).me;
  const bool may_lead = quorum_of(*s.own, me).is_voter(me);
  perform(self, s.round.start(own.last, own.current,
                              may_lead ? standing_of(own) : core::standing::for_others));
}

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
      if (seen.list->version > s.members->seen->version) elect_by(self, own, seen.by, seen.list);
      continue;
    }
    perform(self, what ? take_event(s.round, *what) : s.round.on_silence());
    if (what && std::holds_alternative<election_state::unreachable>(*what) &&
        s.round.is_looking() && s.lender == std::get<election_state::unreachable>(*what).server)
      elect_by(self, own, std::nullopt, nullptr);
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
  asked.deliver(
      elected{chosen.leader, chosen.peer_epoch, chosen.last, chosen.round, {}, s.members});
}

void begin_search(self_ptr self, look_for_leader own, caf::typed_response_promise<elected> asked) {
  auto& s = self->state;
  s.search.cancel();
  s.history = own;
  if (own.members) s.own = own.members;
  s.lender.reset();
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

/// The quorums and the links are those of this list from now on.
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

void on_down(self_ptr self, const caf::actor_addr& gone) {
  for (auto& [id, l] : self->state.links) {
    if (l.caller.address() == gone) {
      l.caller = nullptr;
      const bool is_stranger = l.host.empty();
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
