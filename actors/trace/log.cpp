// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/trace/file_events.hpp"
#include "actors/trace/repeats.hpp"

namespace troupe::log {

namespace {

/// The process's sinks and observer; both are copied out under the lock and used outside it.
struct backend {
  std::mutex guard;
  std::shared_ptr<spdlog::logger> out;
  std::shared_ptr<const observer> observed_by;
  repeats often;
  std::atomic<level> threshold{level::info};
};

[[nodiscard]] backend& process() {
  static backend the_one;
  return the_one;
}

/// For how often a line may stand in a file; nothing else depends on it.
[[nodiscard]] std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[nodiscard]] spdlog::level::level_enum to_spdlog(level x) {
  switch (x) {
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warn:
      return spdlog::level::warn;
    case level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

std::string_view to_string(level x) {
  switch (x) {
    case level::debug:
      return "debug";
    case level::info:
      return "info";
    case level::warn:
      return "warn";
    case level::error:
      return "error";
  }
  return "error";
}

tl::expected<void, std::string> init(const options& wanted) {
  std::shared_ptr<spdlog::logger> out;
  try {
    std::vector<spdlog::sink_ptr> sinks;
    if (wanted.console) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    if (!wanted.file.empty()) {
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          wanted.file, wanted.file_bytes_max, wanted.files_max, false, makes_own_files()));
    }
    out = std::make_shared<spdlog::logger>("troupe", sinks.begin(), sinks.end());
  } catch (const spdlog::spdlog_ex& e) {
    return tl::unexpected("log file " + wanted.file + ": " + e.what());
  }
  out->set_error_handler(lost_line);
  out->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  out->set_level(spdlog::level::debug);  // the threshold is ours: the observer shares it
  out->flush_on(spdlog::level::info);    // events are few; the last before a crash matters most
  auto& to = process();
  std::lock_guard lock(to.guard);
  to.out = std::move(out);
  to.threshold = wanted.threshold;
  return {};
}

void set_observer(observer observed_by) {
  auto& to = process();
  auto fresh = observed_by ? std::make_shared<const observer>(std::move(observed_by)) : nullptr;
  std::lock_guard lock(to.guard);
  to.observed_by = std::move(fresh);
}

bool is_enabled(level x) { return x >= process().threshold.load(std::memory_order_relaxed); }

std::string logger::line_of(std::string_view event, fields with) const {
  std::string line(event);
  if (node_) {
    line += ' ';
    field("node", *node_).append_to(line);
  }
  for (const auto& x : with) {
    line += ' ';
    x.append_to(line);
  }
  return line;
}

void logger::say(level at, std::string_view event, fields with) const {
  if (!is_enabled(at)) return;
  const auto line = line_of(event, with);
  auto& to = process();
  std::unique_lock lock(to.guard);
  auto out = to.out;
  auto observed_by = to.observed_by;
  lock.unlock();
  if (out) out->log(to_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
  if (observed_by) (*observed_by)(at, line);
}

void logger::repeated(level at, std::string_view about, std::string_view event, fields with) const {
  if (!is_enabled(at)) return;
  auto& to = process();
  std::unique_lock lock(to.guard);
  const auto verdict = to.often.admit(event, about, steady_ms());
  auto out = verdict.is_told ? to.out : nullptr;
  auto observed_by = to.observed_by;
  lock.unlock();
  if (!out && !observed_by) return;
  auto line = line_of(event, with);
  if (observed_by) (*observed_by)(at, line);
  if (!out) return;
  if (verdict.suppressed > 0) {
    line += ' ';
    field("suppressed", verdict.suppressed).append_to(line);
  }
  out->log(to_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace troupe::log
