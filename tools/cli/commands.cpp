// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/commands.hpp"

#include <algorithm>
#include <array>

#include "tools/cli/texts.hpp"

namespace troupe::cli {
namespace {

constexpr option create_options[] = {{"e", false, "ephemeral"},
                                     {"s", false, "sequential"},
                                     {"c", false, "container"},
                                     {"t", true, "ttl"}};
constexpr option version_option[] = {{"v", true, "version"}};
constexpr option batch_option[] = {{"b", true, "batch size"}};
constexpr option get_options[] = {
    {"s", false, "stats"}, {"w", false, "watch"}, {"b", false, "base64"}};
constexpr option set_options[] = {
    {"s", false, "stats"}, {"v", true, "version"}, {"b", false, "base64"}};
constexpr option ls_options[] = {
    {"s", false, "stat"}, {"w", false, "watch"}, {"R", false, "recurse"}};
constexpr option watch_option[] = {{"w", false, "watch"}};
constexpr option stats_option[] = {{"s", false, "stats"}};
constexpr option set_acl_options[] = {
    {"s", false, "stats"}, {"v", true, "version"}, {"R", false, "recursive"}};
constexpr option set_quota_options[] = {{"n", true, "num soft quota"},
                                        {"b", true, "bytes soft quota"},
                                        {"N", true, "num hard quota"},
                                        {"B", true, "bytes hard quota"}};
constexpr option del_quota_options[] = {{"n", false, "num soft quota"},
                                        {"b", false, "bytes soft quota"},
                                        {"N", false, "num hard quota"},
                                        {"B", false, "bytes hard quota"}};
constexpr option add_watch_options[] = {{"m", true, "mode"}};
constexpr option remove_watches_options[] = {{"c", false, "child watcher type"},
                                             {"d", false, "data watcher type"},
                                             {"a", false, "any watcher type"},
                                             {"l", false, "remove locally"}};
constexpr option config_options[] = {
    {"s", false, "stats"}, {"w", false, "watch"}, {"c", false, "client connection string"}};
constexpr option reconfig_options[] = {{"s", false, "stats"},
                                       {"v", true, "required current config version"},
                                       {"file", true, "path"},
                                       {"members", true, "list of servers"},
                                       {"add", true, "list of new servers"},
                                       {"remove", true, "list of server ids"}};

/// In the order of their names' bytes, which is the usage's.
constexpr std::array table{
    command{"addWatch",
            "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default "
            "is PERSISTENT_RECURSIVE",
            {add_watch_options},
            2,
            run_add_watch},
    command{"addauth", "scheme auth", {}, 2, run_add_auth},
    command{"config", "[-c] [-w] [-s]", {config_options}, 1, run_config},
    command{"create", "[-s] [-e] [-c] [-t ttl] path [data] [acl]", {create_options}, 2, run_create},
    command{"delete", "[-v version] path", {version_option}, 2, run_delete},
    command{"deleteall", "path [-b batch size]", {batch_option}, 2, run_delete_all},
    command{"delquota", "[-n|-b|-N|-B] path", {del_quota_options, true}, 2, run_del_quota},
    command{"get", "[-s] [-w] [-b] path", {get_options}, 2, run_get},
    command{"getAcl", "[-s] path", {stats_option}, 2, run_get_acl},
    command{"getAllChildrenNumber", "path", {}, 2, run_get_all_children_number},
    command{"getEphemerals", "path", {}, 1, run_get_ephemerals},
    command{"listquota", "path", {}, 2, run_list_quota},
    command{"ls", "[-s] [-w] [-R] path", {ls_options}, 2, run_ls},
    command{"reconfig",
            "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] "
            "| [-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
            {reconfig_options},
            1,
            run_reconfig},
    command{
        "removewatches", "path [-c|-d|-a] [-l]", {remove_watches_options}, 2, run_remove_watches},
    command{"set", "[-s] [-v version] [-b] path data", {set_options}, 3, run_set},
    command{"setAcl", "[-s] [-v version] [-R] path acl", {set_acl_options}, 3, run_set_acl},
    command{"setquota", "-n|-b|-N|-B val path", {set_quota_options, true, true}, 2, run_set_quota},
    command{"stat", "[-w] path", {watch_option}, 2, run_stat},
    command{"sync", "path", {}, 2, run_sync},
    command{"version", "", {}, 1, run_version},
    command{"whoami", "", {}, 1, run_who_am_i},
};
static_assert(std::ranges::is_sorted(table, {}, &command::name));

}  // namespace

std::span<const command> commands() { return table; }

const command* find_command(std::string_view name) {
  const auto* found = std::ranges::lower_bound(table, name, {}, &command::name);
  return found != table.end() && found->name == name ? &*found : nullptr;
}

std::string usage_of(const command& x) { return std::string{x.name} + " " + std::string{x.form}; }

outcome check_path(std::string_view path, bool sequential) {
  if (auto fault = path_fault(path, sequential)) return fail(*fault);
  return {};
}

tl::expected<std::int32_t, failure> version_of(const parsed_words& given) {
  const auto* text = given.value("v");
  if (text == nullptr) return -1;
  auto version = parse_number<std::int32_t>(*text);
  if (!version) return fail("-v argument must be an int value");
  return *version;
}

std::string child_path(const std::string& parent, std::string_view name) {
  return (parent == "/" ? parent : parent + "/") + std::string{name};
}

namespace {

outcome visit_below(client& zk, const std::string& top, bool watch,
                    const std::function<outcome(const std::string&)>& visit) {
  auto found = zk.children(top, watch);
  if (!found && found.error() == error_code::no_node) return {};
  if (!found) return refused(found.error(), top);
  for (const auto& name : found->names)
    if (auto done = visit(child_path(top, name)); !done) return done;
  for (const auto& name : found->names)
    if (auto done = visit_below(zk, child_path(top, name), watch, visit); !done) return done;
  return {};
}

}  // namespace

outcome visit_tree(client& zk, const std::string& top, bool watch,
                   const std::function<outcome(const std::string&)>& visit) {
  if (auto is_path = check_path(top); !is_path) return is_path;
  if (auto found = zk.get(top, watch); !found) return refused(found.error(), top);
  if (auto done = visit(top); !done) return done;
  return visit_below(zk, top, watch, visit);
}

}  // namespace troupe::cli
