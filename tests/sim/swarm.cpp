// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/swarm.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

namespace troupe::sim {
namespace {

constexpr double progress_every_s = 30;
constexpr rlim_t cpu_s_max = 600;

unsigned long long as_ull(std::uint64_t x) { return x; }

/// One line of numbers, then a line for each failure.
std::string report_of(const run_result& r) {
  std::ostringstream out;
  out << r.virtual_time.count() << ' ' << r.jobs << ' ' << r.txns << ' ' << r.answered << ' '
      << r.leaders << ' ' << r.faults << ' ' << r.chaos.count() << '\n';
  for (const auto& f : r.failures) out << f << '\n';
  return out.str();
}

run_result parse_report(const std::string& said) {
  run_result r;
  std::istringstream in(said);
  duration::rep virtual_us = 0, chaos_us = 0;
  in >> virtual_us >> r.jobs >> r.txns >> r.answered >> r.leaders >> r.faults >> chaos_us;
  r.virtual_time = duration{virtual_us};
  r.chaos = duration{chaos_us};
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) r.failures.push_back(line);
  return r;
}

[[noreturn]] void live(const run_options& options, int to) {
  // A life is short: what it frees it will want again, and giving it back costs page faults.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::mallopt(M_TOP_PAD, 16 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 256 << 20);
  rlimit cpu_s{cpu_s_max, cpu_s_max};
  ::setrlimit(RLIMIT_CPU, &cpu_s);
  auto report = report_of(run_seed(options));
  for (std::size_t at = 0; at < report.size();) {
    auto n = ::write(to, report.data() + at, report.size() - at);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  ::_exit(0);
}

}  // namespace

run_options options_for(const swarm_options& s, std::uint64_t seed) {
  run_options o;
  o.seed = seed;
  o.voters = s.servers;
  o.reconfigs = s.reconfigs;
  o.broken = breakage_of(s.broken).value_or(breakage::none);
  o.planted = mutant_of(s.planted).value_or(mutant::none);
  return o;
}

std::string command_for(const swarm_options& s, std::uint64_t seed) {
  std::string out = "sim-swarm --seed " + std::to_string(seed);
  if (s.servers) out += " --servers " + std::to_string(*s.servers);
  if (s.reconfigs) out += " --reconfigs";
  if (!s.broken.empty()) out += " --break " + s.broken;
  if (!s.planted.empty()) out += " --mutant " + s.planted;
  return out;
}

// -- one life -------------------------------------------------------------------------------------

apart::apart(const run_options& options) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) {
    ::close(ends[0]);
    live(options, ends[1]);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

bool apart::hear() {
  char bytes[4096];
  auto n = ::read(pipe_, bytes, sizeof bytes);
  if (n > 0) {
    said_.append(bytes, static_cast<std::size_t>(n));
    return false;
  }
  finish();
  return true;
}

void apart::finish() {
  ::close(pipe_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  result_ = parse_report(said_);
  if (WIFSIGNALED(status))
    result_.failures.insert(result_.failures.begin(),
                            "the process died of signal " + std::to_string(WTERMSIG(status)) +
                                (WTERMSIG(status) == SIGXCPU ? " (it hung)" : ""));
  else if (said_.empty())
    result_.failures.emplace_back("the process ended without a report");
}

// -- many -----------------------------------------------------------------------------------------

double swarm::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

bool swarm::wants_another() const {
  if (options_.expect_failure && !failures_.empty()) return false;
  if (options_.minutes && elapsed_s() >= *options_.minutes * 60) return false;
  return !options_.seeds || next_ < options_.first_seed + *options_.seeds;
}

int swarm::run() {
  started_ = std::chrono::steady_clock::now();
  next_ = options_.first_seed;
  for (;;) {
    while (running_.size() < options_.jobs && wants_another()) {
      auto seed = next_++;
      running_.emplace(seed, options_for(options_, seed));
    }
    if (running_.empty()) break;
    std::vector<pollfd> waiting;
    std::vector<std::uint64_t> seeds;
    for (const auto& [seed, life] : running_) {
      waiting.push_back({life.pipe(), POLLIN, 0});
      seeds.push_back(seed);
    }
    ::poll(waiting.data(), waiting.size(), -1);
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      auto life = running_.find(seeds[i]);
      if (!life->second.hear()) continue;
      finish(seeds[i], life->second.result());
      running_.erase(life);
    }
    tell_progress();
  }
  if (!options_.quiet) summarize();
  return failures_.empty() != options_.expect_failure ? 0 : 1;
}

void swarm::finish(std::uint64_t seed, const run_result& r) {
  ++seeds_run_;
  virtual_s_ += static_cast<double>(r.virtual_time.count()) / 1e6;
  jobs_ += r.jobs;
  txns_ += r.txns;
  answered_ += r.answered;
  leaders_ += r.leaders;
  if (r.failures.empty()) return;
  failures_[seed] = r.failures.front();
  if (options_.quiet) return;
  std::printf("seed %llu FAILED: %s\n    %s -v\n", as_ull(seed), r.failures.front().c_str(),
              command_for(options_, seed).c_str());
  std::fflush(stdout);
}

void swarm::tell_progress() {
  auto now_s = elapsed_s();
  if (options_.quiet || now_s - told_at_s_ < progress_every_s) return;
  told_at_s_ = now_s;
  std::printf("%8.0f s: %zu seeds, %zu failed, %.1f virtual hours, %.1f seeds a second\n", now_s,
              seeds_run_, failures_.size(), virtual_s_ / 3600,
              static_cast<double>(seeds_run_) / now_s);
  std::fflush(stdout);
}

void swarm::summarize() const {
  std::printf(
      "%zu seeds, %zu failed; %.1f virtual hours, %.1f s of wall time, %llu messages, "
      "%zu txns, %zu answers, %zu leaderships\n",
      seeds_run_, failures_.size(), virtual_s_ / 3600, elapsed_s(), as_ull(jobs_), txns_, answered_,
      leaders_);
  if (failures_.empty()) return;
  std::printf("failed:");
  for (const auto& [seed, reason] : failures_) std::printf(" %llu", as_ull(seed));
  std::printf("\n");
}

int find_mutants(swarm_options s, std::size_t enough) {
  std::printf("%-32s %6s %9s %7s  %s\n", "mutant", "seed", "virtual s", "wall s", "seen as");
  std::size_t missed = 0;
  for (const auto& each : mutants) {
    s.planted = each.name;
    s.expect_failure = s.quiet = true;
    auto started = std::chrono::steady_clock::now();
    swarm search{s};
    search.run();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    const auto& found = search.failures();
    missed += found.empty() ? 1 : 0;
    auto seed = found.empty() ? "-" : std::to_string(found.begin()->first);
    auto seen = found.empty() ? "NOT FOUND" : found.begin()->second.substr(0, 100);
    std::printf("%-32s %6s %9.0f %7.1f  %s\n", std::string(each.name).c_str(), seed.c_str(),
                search.virtual_s(), took.count(), seen.c_str());
    std::fflush(stdout);
  }
  std::printf("%zu mutants, %zu found\n", mutants.size(), mutants.size() - missed);
  return mutants.size() - missed >= enough ? 0 : 1;
}

}  // namespace troupe::sim
