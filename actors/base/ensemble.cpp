// SPDX-License-Identifier: Apache-2.0
#include "actors/base/ensemble.hpp"

#include <memory>
#include <utility>
#include <variant>

#include "actors/core/mutants.hpp"
#include "config/list_difference.hpp"

namespace troupe {

core::quorum quorum_of(const config::node_config& cfg) {
  return quorum_of(config::membership_of(cfg), cfg.my_id.value_or(standalone_id));
}

core::quorum quorum_of(const config::membership& list, server_id me) {
  if (list.servers.empty()) return core::quorum::make({{.id = me}}).value();
  return config::quorum_of(list).value();
}

core::quorum quorum_of(const config::membership_view& members, server_id me) {
  auto committed = quorum_of(*members.committed, me);
  if (members.is_settled() || mutated(mutant::logged_list_not_asked)) return committed;
  return core::quorum::joint(committed, quorum_of(*members.seen, me));
}

bool others_are_a_quorum(const config::membership& list, server_id me) {
  const auto all = quorum_of(list, me);
  auto others = all.voters();
  others.erase(me);
  return all.has_quorum(others);
}

config::membership_ptr read_membership(std::string_view text) {
  auto list = config::parse_membership(text);
  if (!list || !config::quorum_of(*list)) return nullptr;
  return std::make_shared<const config::membership>(*std::move(list));
}

config::membership_ptr with_known_addresses(const config::membership_ptr& told,
                                            const config::membership& known, server_id me) {
  if (!told) return nullptr;
  return std::make_shared<const config::membership>(config::with_known_addresses(*told, known, me));
}

config::membership_ptr membership_made_by(const txn& x) {
  if (x.header.type != op_code::reconfig) return nullptr;
  const auto* change = std::get_if<set_data_txn>(&x.body);
  return change == nullptr ? nullptr : read_membership(change->data.value_or(""));
}

}  // namespace troupe
