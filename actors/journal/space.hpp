// SPDX-License-Identifier: Apache-2.0
/// The room that the journal's files have: what may go by autopurge's rule goes by the clock and
/// when the disk is full, and a disk counts as working again when it takes what it refused.
#pragma once

#include "actors/interfaces/journal.hpp"
#include "actors/journal/errors.hpp"
#include "actors/journal/journal.hpp"

namespace troupe {

[[nodiscard]] inline const config::node_config& config_of(journal_ptr self) {
  return self->state.options.context->config;
}

[[nodiscard]] inline caf::error why_broken(const journal_state& s) {
  return s.broken_by_disk ? disk_error(s.broken) : error_of_asking(s.broken);
}

/// Removes what autopurge would; nothing while a history is damaged.
void purge_old(journal_ptr self);
/// The same now, if the journal is whole, and again in some hours, if autopurge is on.
void purge_by_the_clock(journal_ptr self);
/// The disk is full: what may go by autopurge's rule goes now, if autopurge is on. Before a log is
/// open that is judged by the newest snapshot: a start must not remove what it would begin with.
void make_room(journal_ptr self);

/// Whether the disk works. Where load_data could not open the directory, it is the probe itself.
caf::result<stored> probe_room(journal_ptr self);

}  // namespace troupe
