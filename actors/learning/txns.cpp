// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/unlogged.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/pending.hpp"
#include "actors/learning/parts.hpp"
#include "messages/in_steps.hpp"

namespace troupe::learner_parts {
namespace {

/// So much is read within one turn; what is longer, in slices. Until it is read no other message is
/// handled, so the order is that of their coming.
constexpr std::size_t read_at_once_bytes = 32 * 1024;

}  // namespace

void tell_committed(learner_ptr self, const std::vector<txn_ptr>& txns) {
  auto& s = self->state;
  if (!s.options.context->committed) return;
  if (!s.broadcasting) {
    s.synced_early.insert(s.synced_early.end(), txns.begin(), txns.end());
    return;
  }
  for (const auto& txn : txns) s.options.context->committed(txn);
}

void commit_upto(learner_ptr self, zxid upto, bool established) {
  auto& s = self->state;
  auto committed = s.window.on_commit(upto);
  if (!committed) return end_term(self, committed.error());
  if (committed->empty()) return;
  apply_txns apply;
  for (std::size_t i = 0; i < committed->size(); ++i) {
    s.uncommitted_bytes.add(-core::held_bytes(*s.uncommitted.front()));
    apply.txns.push_back(std::move(s.uncommitted.front()));
    s.uncommitted.pop_front();
  }
  tell_committed(self, apply.txns);
  auto txns = apply.txns;
  self->send(s.options.database, std::move(apply));
  if (!established) return;
  for (const auto& txn : txns)
    if (!s.ended) note_committed(self, txn->value);
}

namespace {

/// Takes txns in their order: checks for holes, logs them. The fresh ones are returned.
/// Empty optional: the leader's history does not continue ours, and the term has ended.
std::optional<std::vector<txn_ptr>> take_in(learner_ptr self, std::vector<txn_ptr> txns) {
  auto& s = self->state;
  if (auto why = too_much_unlogged(*s.options.context)) {
    end_term(self, *std::move(why));
    return std::nullopt;
  }
  std::vector<txn_ptr> fresh;
  for (auto& txn : txns) {
    if (!txn) {
      end_term(self, "the leader sent a txn this version does not know");
      return std::nullopt;
    }
    switch (s.window.on_proposal(txn->id())) {
      case core::pending::receipt::fresh:
        note_logged(self, txn->value);
        s.uncommitted_bytes.add(core::held_bytes(*txn));
        fresh.push_back(std::move(txn));
        break;
      case core::pending::receipt::duplicate:
        break;
      case core::pending::receipt::hole:
        end_term(self, "zxid hole: " + to_string(txn->id()) + " does not follow " +
                           to_string(s.window.last_received()));
        return std::nullopt;
    }
  }
  if (!fresh.empty()) {
    count_unlogged(*s.options.context, fresh);
    self->send(s.options.journal, append_txns{fresh, caf::actor_cast<logged_sink>(self)});
    if (mutated(mutant::applied_when_proposed)) self->send(s.options.database, apply_txns{fresh});
    s.uncommitted.insert(s.uncommitted.end(), fresh.begin(), fresh.end());
  }
  return fresh;
}

/// Committed history or INFORM: logged and applied as it comes.
void take_in_committed(learner_ptr self, std::vector<txn_ptr> txns, bool established) {
  auto fresh = take_in(self, std::move(txns));
  if (fresh && !fresh->empty()) commit_upto(self, fresh->back()->id(), established);
}

}  // namespace

void take_in_as_meant(learner_ptr self, received_txns received) {
  switch (received.what) {
    case received_txns::kind::history:
      return take_in_committed(self, std::move(received.txns), false);
    case received_txns::kind::proposed:
      return void(take_in(self, std::move(received.txns)));
    case received_txns::kind::informed:
      return take_in_committed(self, std::move(received.txns), true);
  }
}

namespace {

/// Takes a part of a txn in. True: it is whole, and `encoded` has it.
bool join(learner_ptr self, received_txns::kind what, encoded_txns& encoded,
          core::part_place place) {
  auto& s = self->state;
  if (encoded.size() != 1 || (s.arriving.is_under_way() && s.arriving_as != what)) {
    end_term(self, "the leader's parts of txns come several at once");
    return false;
  }
  s.arriving_as = what;
  auto whole = s.arriving.add(std::move(encoded[0]), place);
  s.arriving_bytes.set(static_cast<std::int64_t>(s.arriving.held_bytes()));
  if (!whole) {
    end_term(self, "the parts of a txn do not join: " + whole.error());
    return false;
  }
  if (!*whole) return false;
  encoded[0] = std::move(**whole);
  return true;
}

}  // namespace

void hear_txns(learner_ptr self, received_txns::kind what, encoded_txns encoded,
               core::part_place place) {
  auto& s = self->state;
  if (!place.is_all() || s.arriving.is_under_way())
    if (!join(self, what, encoded, place)) return;
  auto read = [self, what](encoded_txns& all, const step_teller& step) {
    received_txns out{what, {}};
    for (auto& each : all) {
      if (step) step();
      out.txns.push_back(parse_logged(std::move(each), step));
    }
    auto& st = self->state;
    if (st.broadcasting && what != received_txns::kind::history)
      return take_in_as_meant(self, std::move(out));
    st.turns.push({std::move(out), caf::actor_cast<caf::strong_actor_ptr>(st.handler)});
  };
  std::size_t bytes = 0;
  for (const auto& each : encoded) bytes += each.size();
  if (bytes <= read_at_once_bytes) return read(encoded, {});
  s.reading.set_steps_per_slice(s.options.context->steps_per_slice);
  self->do_in_slices(s.reading, [self, read, encoded = std::move(encoded)]() mutable {
    core::pace walks{self->state.reading};
    read(encoded, [&walks] { walks.step(); });
  });
}

}  // namespace troupe::learner_parts
