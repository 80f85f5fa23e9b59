// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/epochs.hpp"

#include <algorithm>
#include <charconv>

#include "actors/core/epoch_bounds.hpp"

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
  if (error != std::errc{} || stop != text.data() + text.size() || !core::is_epoch(e))
    return corrupt("read the epoch", path, 0,
                   "\"" + std::string{text.substr(0, 40)} +
                       "\" is no epoch: one decimal number from 0 to " +
                       std::to_string(core::epoch_max.value) + " is expected");
  return e;
}

}  // namespace

/// What currentEpoch should say when it is behind the last logged epoch; nullopt: nothing explains
/// it.
io_result<std::optional<epoch>> epoch_files::explain(epoch logged,
                                                     std::optional<epoch> accepted) const {
  // The crash came between currentEpoch.tmp and its rename (QuorumPeer.loadDataBase).
  auto under_way = read_epoch(*disk_, join_path(directory_, current_name) + ".tmp");
  if (under_way && *under_way && **under_way >= logged) return *under_way;
  if (under_way || under_way.error().is_corrupt()) {
    // Or it came while a leader of a promised epoch was sending its history, which is logged before
    // currentEpoch is stored. A prefix that reaches into `logged` holds all that epoch began with.
    if (accepted && *accepted >= logged) return logged;
    return std::nullopt;
  }
  return tl::unexpected(std::move(under_way.error()));
}

io_result<epoch_files::decision> epoch_files::decide(zxid last) const {
  auto logged = std::max(last.in_epoch(), epoch{0});  // zxid -1: nothing is known yet
  auto current_path = join_path(directory_, current_name);
  auto current = read_epoch(*disk_, current_path);
  if (!current) return tl::unexpected(std::move(current.error()));
  auto accepted_path = join_path(directory_, accepted_name);
  auto accepted = read_epoch(*disk_, accepted_path);
  if (!accepted) return tl::unexpected(std::move(accepted.error()));
  std::optional<epoch> wanted = *current ? **current : logged;
  if (*wanted < logged) {
    auto explained = explain(logged, *accepted);
    if (!explained) return tl::unexpected(std::move(explained.error()));
    wanted = *explained;
  }
  if (!wanted)
    return corrupt("read the epoch", current_path, -1,
                   "current epoch " + std::to_string((*current)->value) +
                       " is older than that of the last txn " + to_string(last) +
                       ", which was never promised: the files are not of one server");
  decision out{{accepted->value_or(*wanted), *wanted}, wanted != *current, !*accepted};
  if (out.value.accepted < out.value.current)
    return corrupt("read the epoch", accepted_path, -1,
                   "accepted epoch " + std::to_string(out.value.accepted.value) +
                       " is older than the current epoch " + std::to_string(wanted->value) +
                       ": a promise was lost");
  if (out.value.accepted.value - out.value.current.value > core::epochs_promised_max)
    return corrupt("read the epoch", accepted_path, -1,
                   "accepted epoch " + std::to_string(out.value.accepted.value) +
                       " is implausible beside the current epoch " +
                       std::to_string(wanted->value) + " (accepted: up to " +
                       std::to_string(core::epochs_promised_max) +
                       " more): write the greatest acceptedEpoch of the other servers there, or "
                       "remove the file where there are none");
  return out;
}

io_result<epochs> epoch_files::preview(zxid last) const {
  return decide(last).map([](const decision& x) { return x.value; });
}

io_result<epochs> epoch_files::load(zxid last) {
  auto decided = decide(last);
  if (!decided) return tl::unexpected(std::move(decided.error()));
  if (decided->write_current)
    if (auto done = store_current(decided->value.current); !done)
      return tl::unexpected(std::move(done.error()));
  if (decided->write_accepted)
    if (auto done = store_accepted(decided->value.accepted); !done)
      return tl::unexpected(std::move(done.error()));
  return decided->value;
}

io_result<void> epoch_files::store_accepted(epoch e) {
  return replace_file(*disk_, directory_, accepted_name, std::to_string(e.value));
}

io_result<void> epoch_files::store_current(epoch e) {
  return replace_file(*disk_, directory_, current_name, std::to_string(e.value));
}

}  // namespace troupe::storage
