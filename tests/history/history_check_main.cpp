// SPDX-License-Identifier: Apache-2.0
/// history-check: judges histories of clients (docs/histories.md). The exit code is 0 when all
/// hold, 1 when one does not or a check gave up, 2 when a file is no history.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "actors/node/program.hpp"
#include "tests/history/report.hpp"

namespace {

namespace th = troupe::history;

struct settings {
  std::vector<std::string> files;
  th::check_options checks;
  bool as_json = false;
  std::size_t troubles_max = 5;
};

constexpr int holds = 0, does_not_hold = 1, bad_input = 2;

int judge(const std::string& file, const settings& s) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) {
      std::cerr << file << ": cannot be opened; a file of JSON lines is accepted, or - for stdin\n";
      return bad_input;
    }
  }
  auto read = th::read_history(file == "-" ? std::cin : opened);
  if (auto* bad = std::get_if<th::bad_history>(&read)) {
    std::cerr << bad->text(file) << '\n';
    return bad_input;
  }
  const auto& h = std::get<th::history>(read);
  th::judged_history judged{file, &h, th::check_all(h, s.checks)};
  if (s.as_json)
    th::print_json(std::cout, judged, s.troubles_max);
  else
    th::print_text(std::cout, judged, s.troubles_max);
  return judged.holds() ? holds : does_not_hold;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{
      "Judges histories of what clients asked and heard (JSON lines, docs/histories.md): are "
      "writes\n"
      "and synced reads linearizable, does a session never see time go back, do watches, "
      "ephemerals,\n"
      "sequence numbers, counters, sets, locks and queues keep their promises.\n"
      "Exit code: 0 all hold, 1 something does not or a search was given up, 2 a file is no "
      "history.",
      "history-check"};
  app.add_option("FILE", s.files, "histories; - is stdin")->required();
  app.add_flag("--json", s.as_json, "one JSON object a file");
  bool plain_reads = false;
  app.add_flag("--plain-reads", plain_reads,
               "take reads behind a sync as plain ones, as those of ZooKeeper's clients are that "
               "tell no zxids");
  app.add_flag("--replaced-leaders", s.checks.forgives_replaced_leaders,
               "take as plain ones the reads behind a sync that a replaced leader answered, as "
               "ZooKeeper's may; the zxids of answers show it");
  app.add_option("--work", s.checks.work_max, "steps that the search may try for one znode")
      ->capture_default_str();
  app.add_option("--show", s.troubles_max, "troubles of one check that are told in full")
      ->capture_default_str();
  if (auto code = troupe::program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  s.checks.believes_sync = !plain_reads;
  int code = holds;
  for (const auto& file : s.files) code = std::max(code, judge(file, s));
  return code;
}
