// SPDX-License-Identifier: Apache-2.0
/// sim-swarm: runs many seeds of simulated ensembles under faults, or replays one, or looks for a
/// shorter life that fails as it does. The exit code is 1 when a seed failed, or, with
/// --expect-failure, when none did.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "actors/node/program.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/swarm.hpp"

namespace {

using namespace troupe::sim;

struct settings {
  swarm_options many;
  std::optional<std::uint64_t> one_seed;
  reductions without;
  std::string history_file;
  bool shrink = false;
  bool verbose = false;
};

constexpr std::uint64_t seeds_default = 500;
constexpr std::uint64_t seeds_for_a_mutant = 5'000;
constexpr double shrink_minutes_default = 2;

double seconds(duration d) { return static_cast<double>(d.count()) / 1e6; }

/// How much of a life is told: what happened to the servers and what they said of it, or also each
/// message and each request.
enum class account { none, story, everything };

/// What a line says, without its time.
std::string_view said_in(std::string_view line) {
  constexpr std::size_t time_width = 14;
  return line.substr(std::min(time_width, line.size()));
}

bool is_small_talk(std::string_view said) {
  return said.starts_with("ask ") || said.starts_with("told ") || said.starts_with("lost ") ||
         said.starts_with("info session_") || said.starts_with("info snapshot_written ") ||
         said.substr(0, 8).find(" -> ") != std::string_view::npos;
}

int replay(const settings& s, account how) {
  auto o = options_for(s.many, *s.one_seed);
  o.without = s.without;
  if (how != account::none)
    o.trace = [how, last = std::string{}](std::string_view line) mutable {
      auto said = said_in(line);
      if (how == account::story && (is_small_talk(said) || said == last)) return;
      last = said;
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    };
  if (!s.history_file.empty())
    o.as_seen = [&s](const troupe::history::history& seen) {
      std::ofstream file{s.history_file};
      troupe::history::write_history(file, seen);
      if (!file) std::printf("%s could not be written\n", s.history_file.c_str());
    };
  auto r = run_seed(o);
  std::printf(
      "seed %llu: %s, %.1f virtual s, %llu jobs, %u faults, %zu txns, %zu answers, "
      "%zu leaderships, trace %016llx\n",
      static_cast<unsigned long long>(o.seed), r.failures.empty() ? "passed" : "FAILED",
      seconds(r.virtual_time), static_cast<unsigned long long>(r.jobs), r.faults, r.txns,
      r.answered, r.leaders, static_cast<unsigned long long>(r.hash));
  for (const auto& f : r.failures) std::printf("  %s\n", f.c_str());
  return r.failures.empty() ? 0 : 1;
}

run_result run_apart(const run_options& o) {
  apart life{o};
  while (!life.hear()) {
  }
  return life.result();
}

int shrink_one(settings s) {
  auto o = options_for(s.many, *s.one_seed);
  auto end = std::chrono::steady_clock::now() +
             std::chrono::duration<double>(60 * s.many.minutes.value_or(shrink_minutes_default));
  auto tell = [](const reductions& without, const run_result& r) {
    std::fprintf(stderr, "fails still: %.1f s of faults, %zu of them, %llu jobs\n",
                 seconds(r.chaos),
                 r.faults - std::min<std::size_t>(r.faults, without.faults.size()),
                 static_cast<unsigned long long>(r.jobs));
  };
  auto left = shrink(
      [&](const reductions& without) {
        o.without = without;
        return run_apart(o);
      },
      [&] { return std::chrono::steady_clock::now() < end; }, tell);
  if (left.result.failures.empty()) {
    std::printf("seed %llu passes: there is nothing to shrink\n",
                static_cast<unsigned long long>(o.seed));
    return 0;
  }
  s.without = left.without;
  replay(s, s.verbose ? account::everything : account::story);
  std::printf("\n%u lives tried. This one again, with each message:\n    %s%s -v\n", left.runs,
              command_for(s.many, *s.one_seed).c_str(), options_text(left.without).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  auto& many = s.many;
  CLI::App app{"Runs simulated ensembles under faults, one seed a run.", "sim-swarm"};
  app.add_option(
      "--seeds", many.seeds,
      "how many seeds; 500, or as many as --minutes allow when that is said; 5000 at most "
      "with --mutants");
  app.add_option("--first-seed", many.first_seed, "the first of them")->capture_default_str();
  app.add_option("--minutes", many.minutes,
                 "begin no seed later than this; with --shrink: how long to look (2)")
      ->check(CLI::PositiveNumber);
  auto* one = app.add_option("--seed", s.one_seed, "replay this one alone");
  app.add_option("--servers", many.servers, "voters; 3 or 5 by seed when not said")
      ->check(CLI::IsMember({1, 3, 5, 7}));
  app.add_flag("--reconfigs", many.reconfigs,
               "in every life the servers change, and at its end some stay dead for good");
  app.add_option("--jobs", many.jobs, "processes at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  std::vector<std::string> rules;
  for (const auto& each : breakages) rules.emplace_back(each.name);
  app.add_option("--break", many.broken, "let servers break this rule; the checkers must see it")
      ->check(CLI::IsMember(rules));
  bool all_mutants = false;
  std::size_t enough = troupe::mutants.size();
  if (troupe::has_mutants) {
    std::vector<std::string> names;
    for (const auto& each : troupe::mutants) names.emplace_back(each.name);
    app.add_option("--mutant", many.planted, "plant this deliberate bug; the checkers must see it")
        ->check(CLI::IsMember(names));
    app.add_flag("--mutants", all_mutants,
                 "plant each in turn, --seeds at most, and print which seed finds it");
    app.add_option("--at-least", enough, "with --mutants: so many have to be found")
        ->capture_default_str();
  }
  app.add_flag("--expect-failure", many.expect_failure, "succeed as soon as a seed fails");
  app.add_option("--history", s.history_file,
                 "with --seed: write down what the clients saw, for history-check")
      ->needs(one);
  app.add_flag("--shrink", s.shrink,
               "with --seed: look for a shorter life that fails in the same way, and tell it")
      ->needs(one);
  app.add_flag("-v,--verbose", s.verbose, "with --seed: a readable trace")->needs(one);
  const std::string reduced = "What --shrink leaves out; with --seed";
  double chaos_s = 0;
  std::string numbers;
  auto* chaos = app.add_option("--chaos", chaos_s, "no more than so many seconds of faults")
                    ->check(CLI::NonNegativeNumber)
                    ->needs(one)
                    ->group(reduced);
  app.add_option("--without-faults", numbers, "numbers of faults, as in 0-7,12")
      ->check([](const std::string& text) {
        return parse_numbers(text) ? "" : "'" + text + "' is no list of numbers such as 0-7,12";
      })
      ->needs(one)
      ->group(reduced);
  app.add_option("--clients", s.without.clients, "no more clients than these")
      ->check(CLI::NonNegativeNumber)
      ->needs(one)
      ->group(reduced);
  app.add_flag("--no-observers", s.without.observers)->needs(one)->group(reduced);
  app.add_flag("--no-spares", s.without.spares)->needs(one)->group(reduced);
  app.add_flag("--no-list-changes", s.without.list_changes)->needs(one)->group(reduced);
  app.add_flag("--no-survivors", s.without.survivors)->needs(one)->group(reduced);
  if (auto code = troupe::program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  if (!many.seeds && !many.minutes) many.seeds = all_mutants ? seeds_for_a_mutant : seeds_default;
  if (*chaos) s.without.chaos = duration{static_cast<duration::rep>(chaos_s * 1e6)};
  s.without.faults = parse_numbers(numbers).value_or(std::set<unsigned>{});
  if (all_mutants) return find_mutants(many, enough);
  if (s.shrink) return shrink_one(s);
  if (s.one_seed) return replay(s, s.verbose ? account::everything : account::none);
  return swarm{many}.run();
}
