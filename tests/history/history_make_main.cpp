// SPDX-License-Identifier: Apache-2.0
/// history-make: writes a history that holds, of clients of an imagined tree, to stdout; to try
/// history-check, and to see how long it takes.
#include <CLI/CLI.hpp>
#include <iostream>

#include "actors/node/program.hpp"
#include "tests/history/generate.hpp"

int main(int argc, char** argv) {
  troupe::history::generator_options o;
  CLI::App app{"Writes a history that holds, to try history-check with.", "history-make"};
  app.add_option("--seed", o.seed, "one seed is one history")->capture_default_str();
  app.add_option("--operations", o.operations, "how many")->capture_default_str();
  app.add_option("--keys", o.keys, "znodes that they are about")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--clients", o.clients, "that ask at the same time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--unknown", o.unknown_percent,
                 "percent of writes that nobody hears the answer of")
      ->capture_default_str();
  app.add_option("--reads", o.read_percent, "percent of reads, each behind a sync")
      ->capture_default_str();
  app.add_option("--values", o.values, "so many different ones are written; 0: each is unique")
      ->capture_default_str();
  bool no_zxids = false, no_stats = false;
  app.add_flag("--no-zxids", no_zxids, "no answer tells a zxid");
  app.add_flag("--no-stats", no_stats, "no answer tells a version or a zxid of a znode");
  if (auto code = troupe::program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  o.tells_zxids = !no_zxids;
  o.tells_stats = !no_stats;
  troupe::history::write_history(std::cout, troupe::history::generate(o));
}
