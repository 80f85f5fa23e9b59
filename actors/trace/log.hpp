// SPDX-License-Identifier: Apache-2.0
/// The one door to the log: one event, one line, the event's name first and then `key=value`s in
/// the order given; no prose. `node=N` comes first among them when the logger belongs to a server.
/// Owns: one set of sinks for the process. Before init() only the observer hears.
/// Order: every function may be called from any thread; init() and set_observer() at any time.
/// Errors: a line that cannot be written is dropped, which stderr is told of once an hour.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "actors/trace/field.hpp"

namespace troupe::log {

enum class level { debug, info, warn, error };

[[nodiscard]] std::string_view to_string(level x);

struct options {
  bool console = true;  // stderr, so that a command's own output stays clean
  std::string file;     // none when empty; a.log rotates to a.1.log, a.2.log, ...
  std::size_t file_bytes_max = 10 * 1024 * 1024;
  std::size_t files_max = 10;  // beside the one being written
  level threshold = level::info;
};

/// Replaces the sinks. On failure (the text names the file) what was there stays.
[[nodiscard]] tl::expected<void, std::string> init(const options& wanted);

/// Called with every line at or above the threshold, without time and level, in the thread that
/// logs: a simulation fails on `error`, a test reads what was said. An empty function ends it.
using observer = std::function<void(level, std::string_view line)>;
void set_observer(observer observed_by);

[[nodiscard]] bool is_enabled(level x);

/// Logs for one server, or, default-constructed, for the process. A value: copy it.
class logger {
 public:
  logger() = default;
  explicit logger(server_id node) : node_(node) {}

  void debug(std::string_view event, fields with = {}) const { say(level::debug, event, with); }
  void info(std::string_view event, fields with = {}) const { say(level::info, event, with); }
  void warn(std::string_view event, fields with = {}) const { say(level::warn, event, with); }
  void error(std::string_view event, fields with = {}) const { say(level::error, event, with); }

  /// For what somebody outside can cause as often as he likes. Of one event about one thing (his
  /// address, his server) the sinks have ten lines a minute, and the next tells `suppressed=N`
  /// (actors/trace/repeats.hpp). The observer hears them all.
  void repeated(level at, std::string_view about, std::string_view event, fields with = {}) const;

 private:
  void say(level at, std::string_view event, fields with) const;
  [[nodiscard]] std::string line_of(std::string_view event, fields with) const;

  std::optional<server_id> node_;
};

[[nodiscard]] inline logger make(server_id node) { return logger(node); }

inline void debug(std::string_view event, fields with = {}) { logger().debug(event, with); }
inline void info(std::string_view event, fields with = {}) { logger().info(event, with); }
inline void warn(std::string_view event, fields with = {}) { logger().warn(event, with); }
inline void error(std::string_view event, fields with = {}) { logger().error(event, with); }

}  // namespace troupe::log
