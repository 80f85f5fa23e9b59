// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/prospects.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "actors/core/path.hpp"
#include "actors/storage/disk.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/image_builder.hpp"

namespace troupe::sim {
namespace {

const std::string files = "/data/version-2";

bool is_ahead(const log_on_disk& a, const log_on_disk& b) {
  return std::tie(a.current, a.last) > std::tie(b.current, b.last);
}

bool holds(const log_on_disk& log, const config::membership& list) {
  return log.committed.version >= list.version || (log.next && log.next->version == list.version);
}

bool is_quorum(const config::membership& list, const std::set<server_id>& of) {
  const auto decides = config::quorum_of(list);
  return decides && decides->has_quorum(of);
}

bool could_lead(server_id who, const std::map<server_id, log_on_disk>& up,
                const config::membership& committed) {
  const auto& mine = up.at(who);
  const bool has_next =
      mine.next && committed.was_established() && mine.next->version > committed.version;
  const auto decides = config::quorum_of(committed);
  if (!decides || decides->weight_of(who) == 0) return false;
  std::set<server_id> of_committed, of_next;
  for (const auto& [id, log] : up) {
    if (is_ahead(log, mine)) continue;
    of_committed.insert(id);
    of_next.insert(id);
  }
  if (!is_quorum(committed, of_committed)) return false;
  if (!has_next) return true;
  // Who only the next list makes a voter has decided nothing before it held that list.
  for (const auto& [id, log] : up)
    if (!committed.is_voter(id) && !holds(log, *mine.next)) of_next.insert(id);
  return is_quorum(*mine.next, of_next);
}

}  // namespace

std::optional<log_on_disk> read_log(storage::disk& from, const config::membership& committed) {
  storage::data_dir_options rules;
  rules.data_dir = "/data";
  storage::image_builder builder;
  auto how = storage::load_database(from, files, files, rules, builder.sink());
  if (!how) return std::nullopt;
  builder.finish(*how);
  auto era = storage::epoch_files{from, files}.preview(how->last);
  if (!era) return std::nullopt;
  log_on_disk out{committed, std::nullopt, era->current, how->last};
  const auto* node = builder.image()->data.find(core::config_path);
  if (node == nullptr) return out;
  auto logged = config::parse_membership(node->data.view());
  if (logged && logged->version > committed.version) out.next = *logged;
  return out;
}

bool could_lead(const std::map<server_id, log_on_disk>& up) {
  const auto newest =
      std::ranges::max_element(up, {}, [](const auto& x) { return x.second.committed.version; });
  return newest != up.end() && std::ranges::any_of(up, [&](const auto& x) {
           return could_lead(x.first, up, newest->second.committed);
         });
}

}  // namespace troupe::sim
