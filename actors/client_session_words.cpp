// SPDX-License-Identifier: Apache-2.0
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/client_session_parts.hpp"
#include "actors/coro/ask.hpp"
#include "actors/process_user.hpp"
#include "messages/client/jute.hpp"

namespace troupe::client_session_parts {
namespace {

using self_ptr = client_session_ptr;
using std::chrono::milliseconds;

const node_context& context_of(self_ptr self) { return *self->state.options.context; }

/// Bytes of all files below; what cannot be read counts nothing.
std::int64_t size_of(storage::disk& disk, const std::string& directory) {
  auto entries = disk.list_directory(directory);
  if (!entries) return 0;
  std::int64_t bytes = 0;
  for (const auto& x : *entries)
    bytes += x.is_directory ? size_of(disk, directory + '/' + x.name)
                            : static_cast<std::int64_t>(x.size);
  return bytes;
}

four_letter::directory_sizes sizes_of(self_ptr self) {
  const auto& context = context_of(self);
  if (!context.disk) return {};
  return {size_of(*context.disk, context.config.data_dir + "/version-2"),
          size_of(*context.disk, context.config.data_log_dir + "/version-2")};
}

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + "MB"; }

/// What ZooKeeper says of its machine and of who runs it (Environment).
std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> out;
  auto add = [&out](const char* key, std::string value) {
    out.emplace_back(key, std::move(value));
  };
  utsname machine{};
  ::uname(&machine);
  add("host.name", machine.nodename);
  add("os.name", machine.sysname);
  add("os.arch", machine.machine);
  add("os.version", machine.release);
  const auto user = process_user();
  add("user.name", user.name);
  add("user.home", user.home);
  std::error_code unreadable;
  add("user.dir", std::filesystem::current_path(unreadable).string());
  struct sysinfo memory {};
  if (::sysinfo(&memory) == 0) {
    add("os.memory.free", megabytes(std::uint64_t{memory.freeram} * memory.mem_unit));
    add("os.memory.max", megabytes(std::uint64_t{memory.totalram} * memory.mem_unit));
    add("os.memory.total", megabytes(std::uint64_t{memory.totalram} * memory.mem_unit));
  }
  return out;
}

/// What stmk sets is what gtmk tells; messages are traced by --trace here. Absent: the eight bytes
/// that belong to stmk are not there.
std::optional<std::int64_t> trace_mask(self_ptr self, const std::string& word,
                                       const std::string& behind) {
  auto& mask = context_of(self).gauges->trace_mask;
  if (word != "stmk") return mask.load(std::memory_order_relaxed);
  jute::reader in{behind};
  const auto wanted = in.i64();
  if (!in.ok()) return std::nullopt;
  mask.store(wanted, std::memory_order_relaxed);
  return wanted;
}

void reset(self_ptr self, const reset_statistics& what) {
  const auto& with = self->state.options;
  self->send(with.database, what);
  if (what.connections) self->send(with.transport, what);
  if (what.server) self->send(with.peer, what);
}

}  // namespace

coro::task<four_letter::situation> look_around(client_session_ptr self, std::string word,
                                               std::string behind) {
  const auto& with = self->state.options;
  const auto wanted = four_letter::needs_of(word, context_of(self).config);
  four_letter::situation now;
  now.wall_ms = context_of(self).wall_ms ? context_of(self).wall_ms() : 0;
  if (wanted.trace_mask) now.trace_mask = trace_mask(self, word, behind);
  if (wanted.environment) now.environment = environment();
  if (wanted.sizes) now.sizes = sizes_of(self);
  if (wanted.reset.server || wanted.reset.connections) reset(self, wanted.reset);
  if (!wanted.status) co_return now;

  // Each has a tick to answer; they are asked all at once.
  const milliseconds patience(context_of(self).config.tick_ms);
  auto asked_peer = coro::ask<server_status>(self, with.peer, patience, get_server_status{});
  auto asked_database =
      coro::ask<database_stats>(self, with.database, patience, get_database_stats{});
  auto asked_details = coro::ask<database_details>(self, with.database, patience, wanted.details);
  auto asked_gateway = coro::ask<gateway_stats>(self, with.transport, patience,
                                                get_gateway_stats{wanted.connections});
  auto status = co_await asked_peer;
  auto database = co_await asked_database;
  auto details = co_await asked_details;
  auto gateway = co_await asked_gateway;
  if (status)
    now.status = std::move(*status);
  else
    now.status.reason = "the peer does not answer: " + self->system().render(status.error());
  if (database) now.database = std::move(*database);
  if (details) now.details = std::move(*details);
  if (gateway) now.gateway = std::move(*gateway);
  co_return now;
}

}  // namespace troupe::client_session_parts
