// SPDX-License-Identifier: Apache-2.0
// Faults that come at a certain moment: in the middle of a disk call, or of a conversation.
#include <caf/all.hpp>
#include <utility>

#include "actors/base/ensemble.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

using moment = world::moment;

bool is(moment which, const caf::message& m) {
  switch (which) {
    case moment::leader_info:
      return m.match_elements<wire::LeaderInfo>();
    case moment::ack_epoch:
      return m.match_elements<wire::AckEpoch>();
    case moment::truncate:
      return m.match_elements<wire::Truncate>();
    case moment::txns:
      return m.match_elements<wire::SyncTxns>();
    case moment::snapshot:
      return m.match_elements<wire::SnapshotChunk>();
    case moment::new_leader:
      return m.match_elements<wire::NewLeader>();
    case moment::ack_new_leader:
      return m.match_elements<wire::AckNewLeader>();
    case moment::up_to_date:
      return m.match_elements<wire::UpToDate>();
    case moment::proposal:
      return m.match_elements<wire::Proposal>();
    case moment::ack:
      return m.match_elements<wire::Ack>();
    case moment::commit:
      return m.match_elements<wire::Commit>();
    case moment::count:
      break;
  }
  return false;
}

}  // namespace

void world::crash_at_disk_call(server_id who, std::uint64_t calls, std::string part,
                               crash_kind how) {
  auto where = at(who).where;
  at(who).disk->crash_within(calls, std::move(part), [this, who, where, how] {
    if (!at(who).alive || at(who).where != where) return;
    die(who, how);
    clock_.after(duration{0}, [this, where] { clock_.kill(where); });
  });
}

void world::garble(server& s, caf::mailbox_element& message) {
  for (auto& x : message.content().get_mutable_as<apply_txns>(0).txns) {
    auto* made = std::get_if<create_txn>(&x->value.body);
    if (made == nullptr || !made->data || made->data->empty()) continue;
    auto wrong = x->value;
    std::get<create_txn>(wrong.body).data->front() ^= 1;
    wrong.digest.reset();  // nothing is seen of it until another txn's is compared
    x = make_logged(std::move(wrong));
    s.garbles_next_create = false;
    return;
  }
}

void world::trap(moment which, unsigned further, at_moment act) {
  constexpr std::size_t traps_max = 4;
  if (traps_.size() == traps_max) traps_.pop_front();
  traps_.push_back({which, further, std::move(act)});
}

void world::spring_traps(server_id from, server_id to, const caf::message& heard) {
  std::vector<at_moment> due;
  for (auto at = traps_.begin(); at != traps_.end();) {
    if (!is(at->which, heard) || at->further-- > 0) {
      ++at;
      continue;
    }
    due.push_back(std::move(at->act));
    at = traps_.erase(at);
  }
  for (const auto& act : due) act(from, to);
}

}  // namespace troupe::sim
