// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/audit_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <memory>

#include "actors/trace/file_events.hpp"

namespace troupe::log {
namespace {

constexpr std::size_t file_bytes_max = 10 * 1024 * 1024;
constexpr std::size_t files_max = 10;

}  // namespace

tl::expected<audit_writer, std::string> open_audit_log(const std::string& path) {
  std::shared_ptr<spdlog::logger> out;
  try {
    out = std::make_shared<spdlog::logger>(
        "audit", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                     path, file_bytes_max, files_max, false, makes_own_files()));
  } catch (const spdlog::spdlog_ex& e) {
    return tl::unexpected("audit log " + path + ": " + e.what());
  }
  out->set_error_handler(lost_line);
  out->set_pattern("%Y-%m-%d %H:%M:%S,%e %v");  // logback's ISO8601
  out->flush_on(spdlog::level::info);
  return [out](bool is_failure, std::string_view text) {
    // %c{2} of the class that speaks there.
    out->info("{} o.a.z.a.Slf4jAuditLogger: {}", is_failure ? "ERROR" : "INFO", text);
  };
}

}  // namespace troupe::log
