// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/process_user.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

/// What a line of a log takes.
constexpr std::size_t steps_of_line = 16;

void write(const state& s, const core::audit_record& record) {
  s.options.context->audit({record.result == core::audit_result::failure, core::to_text(record)});
}

}  // namespace

void note_for_audit(database_ptr self, const state::connection& c, state::waiting_request& asked,
                    const client_request& request) {
  if (!self->state.options.context->audit) return;
  auto write = core::audited(request.op, request.body, self->state.walks);
  if (!write) return;
  core::audit_record by{.session = core::session_text(c.session),
                        .user = core::users_of(c.shown),
                        .ip = c.shown.front().id};
  asked.for_audit =
      std::make_unique<state::audited>(state::audited{*std::move(write), std::move(by)});
}

void audit(database_ptr self, const state::audited& asked, const core::applied& done) {
  const auto& walks = self->state.walks;
  for (auto& record : core::records_of(asked.write, done, walks)) {
    walks.step(steps_of_line);
    record.session = asked.by.session;
    record.user = asked.by.user;
    record.ip = asked.by.ip;
    write(self->state, record);
  }
}

void audit_refusal(database_ptr self, const state::audited& asked) {
  core::applied refused;
  refused.header.type = op_code::error;
  audit(self, asked, refused);
}

void abandon_queue(state& s, state::connection& c) {
  std::size_t left = 0;
  for (auto& waiting : c.queue) {
    if (!waiting.is_held && !is_answered_here(waiting) && waiting.request.op != op_code::sync)
      ++left;
    // What no leader has, or what is refused here, comes back as no txn.
    if (waiting.for_audit && !waiting.is_held && waiting.refusal == error_code::ok)
      s.orphans[c.session].emplace_back(waiting.request.xid, std::move(waiting.for_audit));
  }
  if (left > 0 && s.local && s.local->contains(c.session)) s.left_behind[c.session] += left;
  c.queue.clear();
  c.reads = c.under_way = c.held = 0;
}

void audit_orphan(database_ptr self, const core::applied& done) {
  auto& all = self->state.orphans;
  auto at = all.find(done.header.client);
  if (at == all.end()) return;
  auto& waiting = at->second;
  auto found =
      std::ranges::find_if(waiting, [&done](const auto& x) { return x.first == done.header.cx; });
  if (found == waiting.end()) return;
  audit(self, *found->second, done);
  waiting.erase(waiting.begin(), found + 1);  // what was before it was lost on its way
  if (waiting.empty()) all.erase(at);
}

void audit_stale_orphan(database_ptr self, const stale_write& m) {
  auto& all = self->state.orphans;
  auto at = all.find(m.session);
  if (at == all.end()) return;
  auto& waiting = at->second;
  auto found = std::ranges::find_if(waiting, [&m](const auto& x) { return x.first == m.xid; });
  if (found == waiting.end()) return;
  audit_refusal(self, *found->second);
  waiting.erase(found);
  if (waiting.empty()) all.erase(at);
}

void audit_end_of_session(database_ptr self, const core::applied& done) {
  auto& s = self->state;
  s.orphans.erase(done.header.client);
  if (!s.options.context->audit || done.triggers.empty()) return;
  static const std::string user = process_user().name;
  for (const auto& record : core::records_of_end(done, user, s.walks)) {
    s.walks.step(steps_of_line);
    write(s, record);
  }
}

}  // namespace troupe::database_parts
