// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/coro/ask.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/learning/parts.hpp"

namespace troupe::learner_parts {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto dial_timeout = 2s;
constexpr auto retry_delay_min = 20ms;
constexpr auto retry_delay_max = 500ms;
/// For a server that refuses connections, or says that it does not lead: it may be a moment behind
/// us with the election, but not for long (Learner.connectToLeader tries five times).
constexpr auto refusal_patience = milliseconds{5'000};

/// What came back for a hello.
enum class welcome {
  taken_in,  // by a handler of the leader, which is ours from now on
  silence,   // a leader that has no quorum of learners yet says nothing
  refused,
  hopeless,  // refused for a reason that stays
};
welcome read_answer(learner_ptr self, const std::optional<leader_message>& answer) {
  auto& s = self->state;
  if (!answer) return welcome::silence;
  if (auto* info = std::get_if<wire::LeaderInfo>(&answer->what)) {
    s.handler = caf::actor_cast<learner_handler_actor>(answer->from);
    s.era = epoch{info->epoch()};
    s.uncounted = info->uncounted();
    self->monitor(s.handler);
    hear_membership(self, info->membership());
    return welcome::taken_in;
  }
  auto* no = std::get_if<wire::NotLeading>(&answer->what);
  if (no == nullptr) return welcome::silence;
  s.not_taken_in = no->reason();
  return no->retry() ? welcome::refused : welcome::hopeless;
}

/// Dials the leader's Peer and introduces this server to it.
coro::task<welcome> say_hello(learner_ptr self) {
  auto& s = self->state;
  const auto& lists = s.options.electing ? s.options.electing : s.members;
  const auto* line = lists->seen->find(s.options.leader);
  if (line == nullptr) line = lists->committed->find(s.options.leader);
  if (line == nullptr) {
    s.not_taken_in = "it is in no line of this server's list, which does not say where it listens";
    co_return welcome::hopeless;
  }
  auto dialling =
      coro::ask<linked>(self, s.options.links, dial_timeout,
                        dial{s.options.leader, port_kind::peer, line->host, line->peer_port});
  auto link = co_await dialling;
  if (!link) {
    bool in_time = link.error() != caf::sec::request_timeout;
    s.not_taken_in = in_time ? text_of(link.error()) : "no connection in time";
    co_return welcome::refused;
  }
  wire::LearnerInfo hello;
  hello.set_server(my_number(self));
  hello.set_accepted_epoch(s.options.accepted.value);
  hello.set_current_epoch(s.options.current.value);
  hello.set_in_doubt(s.options.in_doubt);
  hello.set_observer(s.options.observer);
  hello.set_server_list_digest(config::digest_of(*s.members->committed));
  hello.set_server_list(config::told_lines(*s.members->committed));
  hello.set_membership_version(s.members->committed->version.value);
  self->send(caf::actor_cast<introduction_sink>(link->handle), hello);
  auto answering = s.turns.next(self, dial_timeout);
  auto answer = co_await answering;
  co_return read_answer(self, answer);
}

}  // namespace

std::int64_t my_number(learner_ptr self) { return self->state.options.context->me.value; }

milliseconds init_limit(learner_ptr self) {
  return milliseconds{self->state.options.context->config.init_limit_ms()};
}

void end_term(learner_ptr self, std::string reason, role_ended::trust trusts) {
  auto& s = self->state;
  if (std::exchange(s.ended, true)) return;
  for (auto& [ticket, asked] : s.revalidations)
    asked.deliver(caf::make_error(caf::sec::runtime_error, "there is no leader to ask"));
  s.revalidations.clear();
  self->send(s.options.peer, role_ended{std::move(reason), trusts});
  self->quit();
}

coro::task<bool> find_leader(learner_ptr self) {
  auto& s = self->state;
  auto deadline = self->clock().now() + milliseconds{s.options.context->config.connect_limit_ms()};
  auto give_up = self->clock().now() + refusal_patience;
  for (auto delay = milliseconds{retry_delay_min};
       self->clock().now() < std::min(deadline, give_up);
       delay = std::min<milliseconds>(2 * delay, retry_delay_max)) {
    auto trying = say_hello(self);
    auto outcome = co_await trying;
    if (outcome == welcome::silence) {
      give_up = self->clock().now() + refusal_patience;
      s.not_taken_in = "no answer";
    }
    if (outcome == welcome::refused || outcome == welcome::silence) {
      auto late = s.turns.next(self, delay);  // an answer may still come; else this is the pause
      auto answer = co_await late;
      if (answer) outcome = read_answer(self, answer);
    }
    if (outcome == welcome::taken_in) co_return true;
    if (outcome == welcome::hopeless) break;
  }
  end_term(self, "server " + std::to_string(s.options.leader.value) +
                     " does not answer as leader: " + s.not_taken_in);
  co_return false;
}

}  // namespace troupe::learner_parts
