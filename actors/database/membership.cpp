// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/core/path.hpp"
#include "actors/database/parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::database_parts {
namespace {

/// Those who would log what is proposed. One that a list has just made an observer may not know it
/// yet and be synced as a voter still; it will come again as an observer, and those log nothing
/// before it is committed: a list that needs it could never be.
std::set<server_id> loggers_among(const std::set<server_id>& synced,
                                  const config::membership& present) {
  auto out = synced;
  std::erase_if(out, [&](server_id id) { return present.is_observer(id); });
  return out;
}

}  // namespace

/// The order of the checks is PrepRequestProcessor's: it decides which error a client sees.
tl::expected<std::string, error_code> judge_reconfig(database_ptr self,
                                                     const reconfig_request& asked, zxid made_by) {
  auto& s = self->state;
  const auto& context = *s.options.context;
  auto refuse = [&](error_code why, const std::string& reason) {
    context.log.info("reconfig_refused", {{"zxid", made_by}, {"reason", reason}});
    return tl::unexpected{why};
  };
  if (!context.config.reconfig_enabled)
    return refuse(error_code::reconfig_disabled, "reconfigEnabled is false");
  if (!s.members || s.members->servers.empty())
    return refuse(error_code::unimplemented, "a standalone server; standaloneEnabled=false helps");
  if (s.reconfig) return refuse(error_code::reconfig_in_progress, "one is under way");
  if (asked.config_id != -1 && asked.config_id != s.members->version.value)
    return refuse(error_code::bad_version, "the version is " + to_string(s.members->version));
  auto next = config::change(*s.members, {asked.joining, asked.leaving, asked.new_members}, made_by,
                             context.config.standalone_enabled);
  if (!next) return refuse(next.error().code, next.error().reason);
  if (!quorum_of(*next, context.me).has_quorum(loggers_among(s.synced, *s.members)))
    return refuse(error_code::new_config_no_quorum, "no quorum of the new servers is synced");
  return config::print(*next);
}

std::string shown_membership(const database_state& s) {
  const auto* node = s.tree.find(core::config_path);
  return node == nullptr ? std::string{} : std::string{node->data.view()};
}

void show_membership(database_ptr self) {
  auto& s = self->state;
  if (!s.members || s.members->servers.empty()) return;
  const auto& context = *s.options.context;
  auto text = config::print(*s.members);
  auto shown = shown_membership(s);
  if (shown == text) return;
  if (context.config.reconfig_enabled) {
    auto present = read_membership(shown);
    if (present && present->version > s.members->version) return;
  }
  s.tree.set_config(std::move(text), s.members->version, context.wall_ms ? context.wall_ms() : 0);
}

void note_reconfig(database_ptr self, const txn& x) {
  auto& s = self->state;
  if (s.role != database_state::mode::leading) return;
  if (auto list = membership_made_by(x)) s.members = std::move(list);
  if (s.reconfig == x.header.id) s.reconfig.reset();
}

}  // namespace troupe::database_parts
