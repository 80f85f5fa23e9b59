// SPDX-License-Identifier: Apache-2.0
#include "actors/base/turns.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

double to_ms(std::chrono::nanoseconds x) {
  return std::chrono::duration<double, std::milli>(x).count();
}

std::chrono::nanoseconds cpu_of_this_thread() {
  timespec out{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &out);
  return std::chrono::seconds{out.tv_sec} + std::chrono::nanoseconds{out.tv_nsec};
}

}  // namespace

turn_record::turn_record() : cpu_now(cpu_of_this_thread) {}

turn_record& turn_record::of_this_thread() {
  static thread_local turn_record record;
  return record;
}

void turn_record::tell(std::int64_t told_ms, teller to) {
  told_ms_ = told_ms;
  to_ = std::move(to);
}

double turn_record::cpu_ms_since(const stamp_t& since, clock::time_point now) {
  last_ = {now, cpu_now()};
  return to_ms(std::min<std::chrono::nanoseconds>(last_.cpu - since.cpu, now - since.at));
}

void turn_record::note_long(std::string_view actor, std::string_view message, const stamp_t& since,
                            clock::time_point now) {
  const auto ms = to_ms(now - since.at);
  const auto cpu_ms = cpu_ms_since(since, now);
  figures_.by_clock.note(ms);
  figures_.cpu.note(cpu_ms);
  if (ms < static_cast<double>(told_ms_)) return;
  is_explained_ = true;
  tell_of({actor, message, ms, cpu_ms}, now);
}

void turn_record::note_long_round(const stamp_t& since, clock::time_point now) {
  const auto cpu_ms = cpu_ms_since(since, now);
  figures_.round_cpu.note(cpu_ms);
  if (std::exchange(is_explained_, false) || cpu_ms < static_cast<double>(told_ms_)) return;
  tell_of({"zk.io_loop", "a round", to_ms(now - since.at), cpu_ms}, now);
}

void turn_record::tell_of(const long_turn& x, clock::time_point now) {
  constexpr std::chrono::seconds silence{1};
  if (told_ms_ <= 0 || !to_) return;
  if (told_at_ != clock::time_point{} && now - told_at_ < silence) {
    ++untold_;
    return;
  }
  told_at_ = now;
  auto told = x;
  told.untold = std::exchange(untold_, 0);
  to_(told);
}

}  // namespace troupe
