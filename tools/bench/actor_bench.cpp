// SPDX-License-Identifier: Apache-2.0
/// actor-bench: loads servers that speak ZooKeeper's client protocol, and measures them.
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "actors/node/version.hpp"
#include "tools/bench/command_line.hpp"
#include "tools/bench/report.hpp"

namespace {

using namespace troupe::bench;

volatile std::sig_atomic_t interrupts = 0;

/// The first one ends the run and cleans up, the second one ends the program.
void on_interrupt(int) { interrupts = 1; }

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void allow_many_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

class program {
 public:
  explicit program(command asked) : asked_(std::move(asked)) {
    for (const auto& each : asked_.targets) names_.push_back(each.name);
    json_["program"] = "actor-bench";
    json_["version"] = troupe::version;
    json_["runs"] = nlohmann::ordered_json::array();
  }

  int run() {
    std::ofstream json;
    if (!asked_.json_path.empty()) {
      json.open(asked_.json_path);
      if (!json) {
        std::cerr << "actor-bench: " << asked_.json_path << " cannot be written\n";
        return 1;
      }
    }
    const bool is_good = run_all();
    if (json.is_open() && !(json << json_.dump(2) << std::endl)) {
      std::cerr << "actor-bench: " << asked_.json_path << " could not be written\n";
      return 1;
    }
    if (interrupts != 0) return 130;
    return is_good ? 0 : 1;
  }

 private:
  bool run_all() {
    std::vector<comparison> rows;
    for (const auto& work : asked_.workloads) {
      std::vector<std::vector<figures>> measured(asked_.targets.size());
      const auto order =
          asked_.is_comparison() ? turns(asked_.rounds) : std::vector<std::size_t>{0};
      for (auto which : order) {
        if (!run_one(which, work, measured[which])) return false;
        if (interrupts != 0) return true;
      }
      comparison row{work, {}};
      for (const auto& each : measured) row.of.push_back(medians(each));
      if (asked_.is_comparison()) json_["comparison"].push_back(to_json(names_, row));
      rows.push_back(std::move(row));
    }
    if (is_one_of_many()) print_end(rows);
    return true;
  }

  [[nodiscard]] bool is_one_of_many() const { return asked_.is_suite || asked_.is_comparison(); }

  void print_end(const std::vector<comparison>& rows) const {
    std::cout << "\n";
    if (asked_.is_comparison())
      std::cout << "Medians of " << 2 * asked_.rounds << " runs of each; ratio = " << names_[0]
                << " / " << names_[1] << ".\n";
    std::cout << "Latency is measured " << meaning_of_latency(asked_.options) << ".\n\n";
    print_table(std::cout, names_, rows);
  }

  bool run_one(std::size_t which, const workload& work, std::vector<figures>& measured) {
    auto options = asked_.options;
    options.servers = asked_.targets[which].servers;
    options.work = work;
    const auto result = run_load(
        options,
        [&](const second_record& second) {
          if (!asked_.is_quiet) print_second(std::cerr, second);
        },
        [] { return interrupts != 0; });
    json_["runs"].push_back(to_json(names_[which], options, result));
    const bool has_figures = result.failure.empty() || result.latency.count() > 0;
    if (has_figures && is_one_of_many())
      print_short(std::cout, names_[which], options, result);
    else if (has_figures)
      print_result(std::cout, options, result);
    measured.push_back(figures_of(result));
    if (!result.failure.empty()) std::cerr << "actor-bench: " << result.failure << std::endl;
    return result.failure.empty();
  }

  command asked_;
  std::vector<std::string> names_;
  nlohmann::ordered_json json_;
};

}  // namespace

int main(int argc, char** argv) {
  auto parsed = parse_command_line(argc, argv);
  if (const auto* done = std::get_if<ended>(&parsed)) return done->exit_code;
  allow_many_connections();
  catch_interrupts();
  return program{std::get<command>(std::move(parsed))}.run();
}
