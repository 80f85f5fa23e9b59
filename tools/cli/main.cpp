// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "actors/node/program.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/screen.hpp"
#include "tools/cli/shell.hpp"

namespace {

using namespace troupe::cli;

/// ACTOR_CLI_HISTORY, which may be empty, or a file in the home directory.
std::string history_path() {
  if (const char* path = std::getenv("ACTOR_CLI_HISTORY"); path != nullptr) return path;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string{home} + "/.actor-cli_history";
}

int run_shell(shell& sh, console& io, event_queue& events, interrupts* ctrl_c) {
  std::unique_ptr<input> lines;
  if (io.mode() == console_mode::interactive)
    lines = make_terminal_input({.prompt = [&sh] { return sh.prompt(); },
                                 .complete = [&sh](auto line) { return sh.complete(line); },
                                 .history_path = history_path(),
                                 .ctrl_c = ctrl_c});
  else
    lines = make_piped_input();
  auto show = [&io] {
    io.show_events();
    std::cout.flush();
  };
  while (auto line = lines->next(events.fd(), show))
    if (!sh.run_line(*line)) break;
  return lines->was_interrupted() ? exit_code::interrupted : sh.exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  auto given = parse_arguments({argv + 1, argv + argc});
  if (!given) {
    std::cerr << given.error() << "\n";
    return exit_code::bad_invocation;
  }
  if (given->help) {
    std::cout << usage();
    return exit_code::done;
  }
  if (given->version) {
    std::cout << troupe::program::version_line("actor-cli") << "\n";
    return exit_code::done;
  }
  ::zoo_set_debug_level(given->verbose ? ZOO_LOG_LEVEL_INFO : static_cast<ZooLogLevel>(0));
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  const auto mode = !given->command.empty() ? console_mode::one_shot
                    : terminal              ? console_mode::interactive
                                            : console_mode::piped;
  // A script, or a single command, is ended by SIGINT as any other program.
  std::optional<interrupts> ctrl_c;
  if (mode == console_mode::interactive) {
    ctrl_c.emplace();
    given->connection.interrupted = [&ctrl_c] { return ctrl_c->pending(); };
  }
  screen shown{std::cout, STDOUT_FILENO}, told{std::cerr, STDERR_FILENO};
  event_queue events;
  console io{mode, events, std::cout, std::cerr};
  shell sh{given->connection, events, io};
  const auto& hosts = given->connection.hosts;
  if (mode == console_mode::interactive)
    std::cout << "Connecting to " << hosts << "\nWelcome to ZooKeeper!\n" << std::flush;
  if (auto problem = sh.connect(hosts, given->wait_for_connection); !problem.empty()) {
    std::cerr << problem << "\n";
    return exit_code::failed;
  }
  if (mode != console_mode::one_shot)
    return run_shell(sh, io, events, ctrl_c ? &*ctrl_c : nullptr);
  sh.run(given->command);
  return sh.exit_code();
}
