// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/base/process_user.hpp"
#include "actors/client/session_parts.hpp"
#include "actors/coro/ask.hpp"
#include "actors/interfaces/local_message.hpp"
#include "messages/client/jute.hpp"

namespace troupe::client_session_parts {
namespace {

using self_ptr = client_session_ptr;
using std::chrono::milliseconds;

const node_context& context_of(self_ptr self) { return *self->state.options.context; }

four_letter::directory_sizes sizes_of(const node_context& context) {
  if (!context.bytes_below) return {};
  return {context.bytes_below(context.config.data_dir + "/version-2"),
          context.bytes_below(context.config.data_log_dir + "/version-2")};
}

std::int64_t count_open_files() {
  constexpr const char* all = "/proc/self/fd";
  struct ::stat known {};
  if (::stat(all, &known) == 0 && known.st_size > 0) return known.st_size;  // Linux 6.2 and later
  std::int64_t count = 0;
  std::error_code unreadable;
  for (std::filesystem::directory_iterator at(all, unreadable), end; at != end; ++at) ++count;
  return std::max<std::int64_t>(count - 1, 0);  // without the one that counts
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

/// To whoever writes an answer.
struct written_answer {
  TROUPE_STAYS_LOCAL;
  context_ptr context;
  std::string word;
  std::shared_ptr<four_letter::situation> now;
};
using word_writer = caf::typed_actor<caf::replies_to<written_answer>::with<std::string>>;

/// An answer may be as long as there are sessions or watches, and what it is made of may lie in
/// directories: so it is written, and what it was made of freed, on another thread than that of the
/// sessions. Lives for one word.
word_writer::behavior_type write_word(word_writer::pointer self) {
  return {[self](written_answer& asked) {
    self->quit();
    const auto& context = *asked.context;
    auto& now = *asked.now;
    const auto wanted = four_letter::needs_of(asked.word, context.config);
    if (wanted.environment) now.environment = environment();
    if (wanted.sizes) now.sizes = sizes_of(context);
    if (wanted.open_files) now.gateway.open_files = count_open_files();
    return four_letter::answer(asked.word, context.config, now);
  }};
}

/// Each of those who are asked has a tick to answer.
milliseconds answer_limit(self_ptr self) { return milliseconds(context_of(self).config.tick_ms); }

/// The gateway tells of so many connections in one turn.
constexpr std::size_t connections_at_once = 1000;

coro::task<gateway_stats> ask_gateway(self_ptr self, bool with_connections) {
  gateway_stats out;
  std::optional<connection_id> after;
  for (bool more = true; more;) {
    get_gateway_stats question{with_connections ? connections_at_once : 0, after};
    auto asking =
        coro::ask<gateway_stats>(self, self->state.options.transport, answer_limit(self), question);
    auto answer = co_await asking;
    if (!answer) co_return out;
    auto lines = std::exchange(answer->connections, {});
    more = with_connections && lines.size() == connections_at_once;
    if (!lines.empty()) after = lines.back().id;
    auto all = std::exchange(out.connections, {});
    all.insert(all.end(), std::make_move_iterator(lines.begin()),
               std::make_move_iterator(lines.end()));
    out = std::move(*answer);
    out.connections = std::move(all);
  }
  co_return out;
}

/// What the other actors know.
coro::task<> ask_around(self_ptr self, four_letter::needs wanted,
                        std::shared_ptr<four_letter::situation> now) {
  const auto& with = self->state.options;
  const auto limit = answer_limit(self);
  // All at once, but for the gateway, whose answer may come in parts.
  auto asked_peer = coro::ask<server_status>(self, with.peer, limit, get_server_status{});
  auto asked_database = coro::ask<database_stats>(self, with.database, limit, get_database_stats{});
  auto asked_details = coro::ask<database_details>(self, with.database, limit, wanted.details);
  auto asked_gateway = ask_gateway(self, wanted.connections);
  now->gateway = co_await asked_gateway;
  auto status = co_await asked_peer;
  auto database = co_await asked_database;
  auto details = co_await asked_details;
  if (status)
    now->status = std::move(*status);
  else
    now->status.reason = "the peer does not answer: " + self->system().render(status.error());
  if (database) now->database = std::move(*database);
  if (details) now->details = std::move(*details);
}

}  // namespace

coro::task<std::string> answer_to_word(client_session_ptr self, std::string word,
                                       std::string behind) {
  const auto& context = context_of(self);
  const auto wanted = four_letter::needs_of(word, context.config);
  auto now = std::make_shared<four_letter::situation>();
  now->wall_ms = context.wall_ms ? context.wall_ms() : 0;
  if (wanted.trace_mask) now->trace_mask = trace_mask(self, word, behind);
  if (wanted.reset.server || wanted.reset.connections) reset(self, wanted.reset);
  if (wanted.status) {
    auto asking = ask_around(self, wanted, now);
    co_await asking;
  }
  if (!wanted.status && !wanted.environment)
    co_return four_letter::answer(word, context.config, *now);
  written_answer question{self->state.options.context, word, std::move(now)};
  auto writer = self->spawn(write_word);
  auto writing = coro::ask<std::string>(self, writer, coro::infinite, std::move(question));
  auto text = co_await writing;
  co_return text ? std::move(*text) : std::string{};
}

}  // namespace troupe::client_session_parts
