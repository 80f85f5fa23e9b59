// SPDX-License-Identifier: Apache-2.0
/// Whether servers that are left alone could have a leader, by what is on their disks: Zab's rule
/// for who may lead, applied from outside, by none of the code that elects. Service is owed
/// wherever that is so, however many servers are dead for good.
#pragma once

#include <map>
#include <optional>

#include "actors/storage/disk.hpp"
#include "config/membership.hpp"
#include "messages/ids.hpp"

namespace troupe::sim {

struct log_on_disk {
  config::membership committed;            // as the files say
  std::optional<config::membership> next;  // that the log holds beyond it
  epoch current;
  zxid last;
};

/// What a server would start with whose files name this list; nullopt: its past cannot be read.
[[nodiscard]] std::optional<log_on_disk> read_log(storage::disk& from,
                                                  const config::membership& committed);

/// One of these could lead the others: it is a voter of the newest list that any of them knows to
/// be committed, and of those who have logged no more than it there is a quorum of that list, and
/// one of the next list if its own log holds one.
[[nodiscard]] bool could_lead(const std::map<server_id, log_on_disk>& up);

}  // namespace troupe::sim
