// SPDX-License-Identifier: Apache-2.0
/// sim-swarm: runs many seeds, each in a process of its own so that a crash is one seed's failure
/// and not the swarm's end; or replays one. The exit code is 1 when a seed failed, or, with
/// --expect-failure, when none did.
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/run.hpp"

namespace {

using namespace troupe::sim;

struct settings {
  std::uint64_t seeds = 500;
  std::uint64_t first_seed = 1;
  std::optional<std::uint64_t> one_seed;
  std::optional<int> servers;
  unsigned jobs = 2;
  std::string broken;
  std::string planted;
  bool expect_failure = false;
  bool verbose = false;
  bool quiet = false;
};

run_options options_for(const settings& s, std::uint64_t seed) {
  run_options o;
  o.seed = seed;
  o.voters = s.servers;
  o.broken = breakage_of(s.broken).value_or(breakage::none);
  o.planted = troupe::mutant_of(s.planted).value_or(troupe::mutant::none);
  return o;
}

std::string command_for(const settings& s, std::uint64_t seed) {
  std::string out = "sim-swarm --seed " + std::to_string(seed);
  if (s.servers) out += " --servers " + std::to_string(*s.servers);
  if (!s.broken.empty()) out += " --break " + s.broken;
  if (!s.planted.empty()) out += " --mutant " + s.planted;
  return out;
}

int replay(const settings& s) {
  auto o = options_for(s, *s.one_seed);
  if (s.verbose)
    o.trace = [](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    };
  auto r = run_seed(o);
  std::printf(
      "seed %llu: %s, %.1f virtual s, %llu jobs, %zu txns, %zu answers, %zu leaderships, "
      "trace %016llx\n",
      static_cast<unsigned long long>(o.seed), r.failures.empty() ? "passed" : "FAILED",
      static_cast<double>(r.virtual_time.count()) / 1e6, static_cast<unsigned long long>(r.jobs),
      r.txns, r.answered, r.leaders, static_cast<unsigned long long>(r.hash));
  for (const auto& f : r.failures) std::printf("  %s\n", f.c_str());
  return r.failures.empty() ? 0 : 1;
}

/// What a child says of its seed, one word a line, failures last.
std::string report_of(const run_result& r) {
  std::ostringstream out;
  out << r.virtual_time.count() << ' ' << r.jobs << ' ' << r.txns << ' ' << r.answered << ' '
      << r.leaders << '\n';
  for (const auto& f : r.failures) out << f << '\n';
  return out.str();
}

struct child {
  std::uint64_t seed = 0;
  pid_t pid = 0;
  std::string said;
};

class swarm {
 public:
  explicit swarm(settings s) : settings_(std::move(s)) {}

  /// The first seed that failed, and why.
  [[nodiscard]] const std::map<std::uint64_t, std::string>& failures() const { return failures_; }
  [[nodiscard]] std::size_t seeds_run() const { return seeds_run_; }
  [[nodiscard]] double virtual_s() const { return virtual_s_; }

  int run() {
    auto started = std::chrono::steady_clock::now();
    auto end = settings_.first_seed + settings_.seeds;
    auto next = settings_.first_seed;
    while (next < end || !running_.empty()) {
      bool enough = settings_.expect_failure && !failures_.empty();
      if (enough) next = end;
      while (next < end && running_.size() < settings_.jobs) spawn(next++);
      if (!running_.empty()) hear();
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    if (!settings_.quiet) summarize(took.count());
    return failures_.empty() != settings_.expect_failure ? 0 : 1;
  }

 private:
  void spawn(std::uint64_t seed) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::fflush(nullptr);
    auto pid = ::fork();
    if (pid < 0) std::abort();
    if (pid == 0) {
      ::close(ends[0]);
      rlimit cpu_s{600, 600};  // a run that hangs is a failure of its seed
      ::setrlimit(RLIMIT_CPU, &cpu_s);
      auto report = report_of(run_seed(options_for(settings_, seed)));
      for (std::size_t at = 0; at < report.size();) {
        auto n = ::write(ends[1], report.data() + at, report.size() - at);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    running_[ends[0]] = {seed, pid, {}};
  }

  void hear() {
    std::vector<pollfd> waiting;
    for (const auto& [fd, c] : running_) waiting.push_back({fd, POLLIN, 0});
    ::poll(waiting.data(), waiting.size(), -1);
    for (const auto& each : waiting) {
      if (each.revents == 0) continue;
      char bytes[4096];
      auto n = ::read(each.fd, bytes, sizeof bytes);
      if (n > 0)
        running_[each.fd].said.append(bytes, static_cast<std::size_t>(n));
      else
        finish(each.fd);
    }
  }

  void finish(int fd) {
    auto done = std::move(running_[fd]);
    running_.erase(fd);
    ::close(fd);
    int status = 0;
    ::waitpid(done.pid, &status, 0);
    ++seeds_run_;
    std::istringstream in(done.said);
    long long virtual_us = 0;
    unsigned long long jobs = 0;
    std::size_t txns = 0, answered = 0, leaders = 0;
    in >> virtual_us >> jobs >> txns >> answered >> leaders;
    std::string line, reason;
    std::getline(in, line);
    std::getline(in, reason);
    if (WIFSIGNALED(status))
      reason = "the process died of signal " + std::to_string(WTERMSIG(status)) +
               (WTERMSIG(status) == SIGXCPU ? " (it hung)" : "");
    else if (done.said.empty())
      reason = "the process ended without a report";
    virtual_s_ += static_cast<double>(virtual_us) / 1e6;
    jobs_ += jobs;
    txns_ += txns;
    answered_ += answered;
    leaders_ += leaders;
    if (reason.empty()) return;
    failures_[done.seed] = reason;
    if (settings_.quiet) return;
    std::printf("seed %llu FAILED: %s\n    %s -v\n", static_cast<unsigned long long>(done.seed),
                reason.c_str(), command_for(settings_, done.seed).c_str());
    std::fflush(stdout);
  }

  void summarize(double wall_s) const {
    std::printf(
        "%zu seeds, %zu failed; %.1f virtual hours, %.1f s of wall time, %llu messages, "
        "%zu txns, %zu answers, %zu leaderships\n",
        seeds_run_, failures_.size(), virtual_s_ / 3600, wall_s,
        static_cast<unsigned long long>(jobs_), txns_, answered_, leaders_);
    if (!failures_.empty()) {
      std::printf("failed:");
      for (const auto& [seed, reason] : failures_)
        std::printf(" %llu", static_cast<unsigned long long>(seed));
      std::printf("\n");
    }
  }

  settings settings_;
  std::map<int, child> running_;  // by the pipe it reports through
  std::map<std::uint64_t, std::string> failures_;
  std::size_t seeds_run_ = 0, txns_ = 0, answered_ = 0, leaders_ = 0;
  std::uint64_t jobs_ = 0;
  double virtual_s_ = 0;
};

/// Plants every mutant in turn and tells which seed finds it. 1: fewer than `enough` were found.
int find_mutants(settings s, std::size_t enough) {
  std::printf("%-32s %6s %9s %7s  %s\n", "mutant", "seed", "virtual s", "wall s", "seen as");
  std::size_t missed = 0;
  for (const auto& each : troupe::mutants) {
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
  std::printf("%zu mutants, %zu found\n", troupe::mutants.size(), troupe::mutants.size() - missed);
  return troupe::mutants.size() - missed >= enough ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Runs simulated ensembles under faults, one seed a run."};
  app.add_option("--seeds", s.seeds, "how many seeds")->capture_default_str();
  app.add_option("--first-seed", s.first_seed, "the first of them")->capture_default_str();
  app.add_option("--seed", s.one_seed, "replay this one alone");
  app.add_option("--servers", s.servers, "voters; 3 or 5 by seed when not said")
      ->check(CLI::IsMember({1, 3, 5, 7}));
  app.add_option("--jobs", s.jobs, "processes at a time")->capture_default_str();
  std::vector<std::string> rules;
  for (const auto& each : breakages) rules.emplace_back(each.name);
  app.add_option("--break", s.broken, "let servers break this rule; the checkers must see it")
      ->check(CLI::IsMember(rules));
  bool all_mutants = false;
  std::size_t enough = troupe::mutants.size();
  if (troupe::has_mutants) {
    std::vector<std::string> names;
    for (const auto& each : troupe::mutants) names.emplace_back(each.name);
    app.add_option("--mutant", s.planted, "plant this deliberate bug; the checkers must see it")
        ->check(CLI::IsMember(names));
    app.add_flag("--mutants", all_mutants,
                 "plant each in turn, --seeds at most, and print which seed finds it");
    app.add_option("--at-least", enough, "with --mutants: so many have to be found")
        ->capture_default_str();
  }
  app.add_flag("--expect-failure", s.expect_failure, "succeed as soon as a seed fails");
  app.add_flag("-v,--verbose", s.verbose, "with --seed: a readable trace");
  CLI11_PARSE(app, argc, argv);
  if (all_mutants) return find_mutants(s, enough);
  return s.one_seed ? replay(s) : swarm{s}.run();
}
