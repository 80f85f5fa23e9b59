// SPDX-License-Identifier: Apache-2.0
#include "actors/core/pending.hpp"

#include <algorithm>

#include "actors/core/mutants.hpp"
#include "actors/core/zxid_order.hpp"

namespace troupe::core {

pending::receipt pending::on_proposal(zxid id) {
  if (id <= last_received_) return receipt::duplicate;
  if (!may_follow(id, last_received_) && !mutated(mutant::discontinuous_proposal))
    return receipt::hole;
  waiting_.push_back(id);
  last_received_ = id;
  return receipt::fresh;
}

tl::expected<std::vector<zxid>, std::string> pending::on_commit(zxid upto) {
  if (upto <= last_committed_) return std::vector<zxid>{};
  const auto end = std::upper_bound(waiting_.begin(), waiting_.end(), upto);
  if (end == waiting_.begin() || *std::prev(end) != upto)
    return tl::unexpected("commit of " + to_string(upto) +
                          ", which was not received; the last proposal received is " +
                          to_string(last_received_));
  std::vector<zxid> committed(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  last_committed_ = upto;
  return committed;
}

}  // namespace troupe::core
