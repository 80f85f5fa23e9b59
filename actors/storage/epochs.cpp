// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/epochs.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe::storage {
namespace {

constexpr const char* accepted_name = "acceptedEpoch";
constexpr const char* current_name = "currentEpoch";

/// nullopt when there is no such file.
io_result<std::optional<epoch>> read_epoch(disk& d, const std::string& path) {
  auto content = read_file(d, path, 64);
  if (!content && content.error().is_missing()) return std::nullopt;
  if (!content) return tl::unexpected(std::move(content.error()));
  std::string_view text{*content};
  auto end = text.find_last_not_of(" \t\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  epoch e;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), e.value);
  if (error != std::errc{} || stop != text.data() + text.size() || e.value < 0)
    return corrupt("read the epoch", path, 0,
                   "\"" + std::string{text.substr(0, 40)} +
                       "\" is no epoch: one decimal number that is not negative is expected");
  return e;
}

}  // namespace

io_result<epochs> epoch_files::load(zxid last) {
  auto logged = std::max(last.in_epoch(), epoch{0});  // zxid -1: nothing is known yet
  auto current_path = join_path(directory_, current_name);
  auto current = read_epoch(*disk_, current_path);
  if (!current) return tl::unexpected(std::move(current.error()));
  if (*current && **current < logged) {
    // The crash came between currentEpoch.tmp and its rename (QuorumPeer.loadDataBase).
    auto under_way = read_epoch(*disk_, current_path + ".tmp");
    if (!under_way || !*under_way || **under_way < logged)
      return corrupt("read the epoch", current_path, -1,
                     "current epoch " + std::to_string((*current)->value) +
                         " is older than that of the last txn " + to_string(last) +
                         ": the file does not belong to this database");
    *current = std::nullopt;
    logged = **under_way;
  }
  if (!*current) {
    if (auto stored = store_current(logged); !stored)
      return tl::unexpected(std::move(stored.error()));
    *current = logged;
  }
  auto accepted_path = join_path(directory_, accepted_name);
  auto accepted = read_epoch(*disk_, accepted_path);
  if (!accepted) return tl::unexpected(std::move(accepted.error()));
  if (!*accepted) {
    if (auto stored = store_accepted(**current); !stored)
      return tl::unexpected(std::move(stored.error()));
    *accepted = **current;
  }
  if (**accepted < **current)
    return corrupt("read the epoch", accepted_path, -1,
                   "accepted epoch " + std::to_string((*accepted)->value) +
                       " is older than the current epoch " + std::to_string((*current)->value) +
                       ": a promise was lost");
  return epochs{**accepted, **current};
}

io_result<void> epoch_files::store_accepted(epoch e) {
  return replace_file(*disk_, directory_, accepted_name, std::to_string(e.value));
}

io_result<void> epoch_files::store_current(epoch e) {
  return replace_file(*disk_, directory_, current_name, std::to_string(e.value));
}

}  // namespace troupe::storage
