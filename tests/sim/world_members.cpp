// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "actors/base/ensemble.hpp"
#include "actors/core/acl.hpp"
#include "config/membership.hpp"
#include "tests/sim/prospects.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

config::server_entry world::line_of(server_id who, bool observer) const {
  config::server_entry e;
  e.id = who;
  e.host = "server-" + std::to_string(who.value);
  e.peer_port = 2888;
  e.election_port = 3888;
  e.observer = observer;
  const auto place = static_cast<std::size_t>(who.value - 1);
  if (place < options_.weights.size()) {
    e.weight = options_.weights[place];
    e.group = 1;
  }
  return e;
}

config::node_config world::make_config(server_id who) const {
  config::node_config c;
  c.my_id = who;
  for (auto id : ids_) {
    bool spare = id.value > options_.voters + options_.observers;
    if (spare && id != who) continue;
    c.servers.push_back(line_of(id, !spare && id.value > options_.voters));
  }
  c.data_dir = c.data_log_dir = "/data";
  c.reconfig_enabled = options_.reconfig;
  c.standalone_enabled = !options_.reconfig;
  if (options_.reconfig) c.config_file = "/conf/zoo.cfg";
  if (options_.reconfig) c.super_digest = core::make_digest_id(operators_password);
  c.read_only_mode = options_.read_only_mode;
  c.local_sessions = c.local_sessions_upgrading = options_.local_sessions;
  c.client_port = 2181;
  c.tick_ms = options_.tick_ms;
  c.init_limit_ticks = options_.init_limit_ticks;
  c.sync_limit_ticks = options_.sync_limit_ticks;
  c.min_session_timeout_ms = 2 * c.tick_ms;
  c.max_session_timeout_ms = 20 * c.tick_ms;
  c.snap_count = options_.snap_count;
  c.commit_log_count = options_.commit_log_count;
  c.snapshot_size_factor = options_.snapshot_size_factor;
  c.log_prealloc_bytes = 4 << 10;
  if (options_.frame_bytes_greatest > 0)
    c.jute_buffer_bytes_max = static_cast<std::int32_t>(
        chance_.fork(400 + static_cast<std::uint64_t>(who.value))
            .between(options_.frame_bytes_least, options_.frame_bytes_greatest));
  return c;
}

void world::retire(server_id who) {
  crash(who);
  at(who).is_retired = true;
}

void world::enlist(server_id who, std::vector<config::server_entry> list) {
  at(who).config.servers = std::move(list);
  at(who).is_retired = false;
}

std::vector<server_id> world::in_use() const {
  std::vector<server_id> out;
  for (auto id : ids_)
    if (is_in_use(id)) out.push_back(id);
  return out;
}

std::optional<server_id> world::leader() const {
  std::optional<server_id> found;
  epoch newest{-1};
  for (const auto& [id, s] : servers_) {
    if (s.role != serving_as::leader || s.era <= newest) continue;
    found = id;
    newest = s.era;
  }
  return found;
}

bool world::all_serve() const {
  return leader() && std::all_of(servers_.begin(), servers_.end(), [this](const auto& x) {
           return x.second.is_retired || (x.second.alive && x.second.role != serving_as::nothing &&
                                          x.second.era == at(*leader()).era);
         });
}

bool world::members_serve() const {
  const auto leads = leader();
  if (!leads) return false;
  const auto list = agreed_members();
  return std::ranges::all_of(list.servers, [&](const auto& x) {
    const auto found = servers_.find(x.id);
    if (found == servers_.end() || found->second.is_retired) return true;
    return found->second.role != serving_as::nothing && found->second.era == at(*leads).era;
  });
}

bool world::could_lead(const std::vector<server_id>& who) {
  std::map<server_id, log_on_disk> logs;
  for (auto id : who) {
    auto& s = at(id);
    s.door = std::make_shared<sim_disk>(s.disk);
    read_files(s, id);
    if (auto log = read_log(*s.door, config::membership_of(s.config))) logs.emplace(id, *log);
  }
  return sim::could_lead(logs);
}

/// Every server may come to lead.
void world::note_length_bounds() {
  auto& least = log_.txn_bytes_max_least;
  auto& greatest = log_.txn_bytes_max_greatest = 0;
  for (const auto& [id, s] : servers_) {
    const auto bound = s.config.planned_txn_bytes_max();
    least = std::min(least, bound);
    greatest = std::max(greatest, bound);
  }
  history_.expect_lengths_up_to(greatest);
}

/// What a server finds in zoo.cfg when it starts. One that its list leaves out is started by an
/// operator who has given it the newest list, with itself added by hand if it has to join: by their
/// own lists alone those who had not heard yet that they are voters, and those who had heard that
/// they are none any more, would wait for each other.
void world::read_files(server& s, server_id who) {
  if (!options_.reconfig) return;
  auto text = storage::read_file(*s.door, s.config.config_file);
  if (!text) return;
  constexpr std::string_view key = "dynamicConfigFile=";
  auto path = text->substr(text->find(key) + key.size());
  path = path.substr(0, path.find('\n'));
  auto list = storage::read_file(*s.door, path);
  auto members = list ? config::parse_membership(*list) : tl::unexpected(list.error().text());
  if (!members)
    return fail("server " + std::to_string(who.value) +
                " cannot read its list: " + members.error());
  s.config.servers = members->servers;
  s.config.membership_version = config::version_in_name(path);
  if (members->find(who) != nullptr) return;
  auto newest = agreed_members();
  s.config.servers = newest.servers;
  s.config.membership_version = newest.version;
  if (newest.find(who) != nullptr) return;
  auto& all = s.config.servers;
  all.insert(std::find_if(all.begin(), all.end(), [&](auto& x) { return x.id > who; }),
             line_of(who, false));
  s.config.membership_version = {};
}

std::string world::lines_of(const std::set<server_id>& voters,
                            const std::set<server_id>& observers) const {
  config::membership wanted;
  for (auto id : voters) wanted.servers.push_back(line_of(id, false));
  for (auto id : observers) wanted.servers.push_back(line_of(id, true));
  return config::print_lines(wanted);
}

void world::reconfigure(const std::set<server_id>& voters, const std::set<server_id>& observers,
                        std::function<void(const operation&)> answered) {
  if (operator_ == nullptr) operator_ = &make_client();
  if (!operator_->is_idle()) return;  // the one before has no answer yet
  auto text = lines_of(voters, observers);
  tell("reconfig to " + text);
  operator_->ask({.op = op_code::reconfig, .path = "/zookeeper/config", .value = text},
                 std::move(answered));
}

config::membership world::agreed_members() const {
  const auto& agreed = history_.agreed();
  for (auto at = agreed.rbegin(); at != agreed.rend(); ++at)
    if (auto list = membership_made_by((*at)->value)) return *list;
  return config::membership_of(servers_.at(ids_.front()).config);
}

}  // namespace troupe::sim
