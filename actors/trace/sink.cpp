// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/sink.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "actors/trace/own_files.hpp"

namespace troupe::trace {

namespace {

void append_json(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 0xf];
    } else {
      out += c;
    }
  }
  out += '"';
}

[[nodiscard]] tl::unexpected<std::string> failed(std::string_view doing, const std::string& path) {
  return tl::unexpected("trace: cannot " + std::string(doing) + " " + path + ": " +
                        std::strerror(errno));
}

}  // namespace

sink::sink(server_id server, std::size_t events_max, clock_ns now)
    : server_(server), events_max_(std::max<std::size_t>(events_max, 1)), now_(std::move(now)) {}

void sink::record(direction way, std::string_view actor, std::string_view message,
                  std::string fields) {
  event fresh{now_(), server_, way, actor, message, std::move(fields)};
  std::lock_guard lock(guard_);
  if (ring_.size() < events_max_) {
    ring_.push_back(std::move(fresh));
    return;
  }
  std::swap(ring_[oldest_], fresh);  // the old one's text is freed after the lock
  oldest_ = (oldest_ + 1) % events_max_;
  ++dropped_;
}

std::vector<event> sink::snapshot() const {
  std::lock_guard lock(guard_);
  auto events = ring_;
  std::rotate(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(oldest_), events.end());
  return events;
}

std::uint64_t sink::dropped() const {
  std::lock_guard lock(guard_);
  return dropped_;
}

tl::expected<void, std::string> sink::write_to(const std::string& path) const {
  const auto partial = path + ".partial";
  std::string text;
  for (const auto& x : snapshot()) text.append(to_json(x)).push_back('\n');
  if (auto written = log::write_new_file(partial, text); !written)
    return tl::unexpected("trace: " + std::move(written.error()));
  if (std::rename(partial.c_str(), path.c_str()) != 0) {
    auto why = failed("rename to", path);
    std::remove(partial.c_str());
    return why;
  }
  return {};
}

std::string to_json(const event& x) {
  std::string out = "{\"at_ns\":" + std::to_string(x.at_ns);
  out += ",\"server\":" + std::to_string(x.server.value);
  out += ",\"actor\":";
  append_json(out, x.actor);
  out += ",\"direction\":";
  append_json(out, to_string(x.way));
  out += ",\"message\":";
  append_json(out, x.message);
  out += ",\"fields\":";
  append_json(out, x.fields);
  return out += '}';
}

}  // namespace troupe::trace
