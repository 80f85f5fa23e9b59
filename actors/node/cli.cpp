// SPDX-License-Identifier: Apache-2.0
#include "actors/node/cli.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/check_data.hpp"
#include "actors/node/daemon.hpp"
#include "actors/node/node.hpp"
#include "actors/node/pid_file.hpp"
#include "actors/node/process_limits.hpp"
#include "actors/node/program.hpp"
#include "actors/node/status.hpp"
#include "actors/node/stopping.hpp"
#include "actors/node/verb_target.hpp"
#include "actors/storage/posix_disk.hpp"
#include "config/files.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

namespace troupe {

namespace {

namespace fs = std::filesystem;

constexpr int restart_wait_s = 60;

/// A day.
constexpr int stop_timeout_ms_max = 24 * 60 * 60 * 1000;

struct arguments {
  std::string config_path = "zoo.cfg";
  std::string log_path;    // start: where the server's output goes; empty: in the data directory
  std::string trace_path;  // empty: no trace
  int stop_timeout_ms = 60'000;
  std::string wait;                        // seconds until it serves; empty: as the verb has it
  std::vector<std::string> settings;       // KEY=VALUE, which stands above the file's
  std::vector<config::setting> overrides;  // the same, read
  std::string data_dir, data_log_dir;      // check-data: instead of those in zoo.cfg
  bool json = false;
  bool verbose = false;  // status: also of a server that serves
};

/// Empty when nobody runs in the directory.
std::string already_running(const config::loaded& from, const arguments& args) {
  auto found = storage::find_running(from.value.data_dir);
  if (!found || !*found) return {};  // what may not be looked at fails when it is opened
  const auto& other = **found;
  const bool is_ours =
      !other.note || storage::is_same_file(other.note->config_file, args.config_path);
  if (other.is == storage::running_server::kind::actor_node && other.pid > 0 && is_ours)
    return "already running as process " + std::to_string(other.pid) + ".";
  return "already running in " + other.data_dir + ": " + other.text() + ".";
}

void print_warnings(const config::loaded& from) {
  for (const auto& x : from.warnings) std::cerr << "warning: " << x << "\n";
}

/// With datadir.autocreate=false a directory that is missing is taken for one that was not mounted.
std::string find_directories(const config::node_config& cfg) {
  for (const auto& dir : {cfg.data_dir, cfg.data_log_dir}) {
    const auto path = dir + "/version-2";
    std::error_code failed;
    if (!fs::is_directory(path, failed))
      return path + ": missing, and not made since datadir.autocreate is false";
  }
  return {};
}

/// Empty when the directories are there; else why they cannot be.
std::string make_directories(const config::node_config& cfg) {
  if (!cfg.auto_create_directories) return find_directories(cfg);
  for (const auto& dir : {cfg.data_dir, cfg.data_log_dir}) {
    auto made = storage::posix_disk{}.create_directories(dir);
    if (!made) return dir + ": cannot be a data directory: " + made.error().text();
  }
  return {};
}

std::string log_path(const config::node_config& cfg, const arguments& args) {
  return args.log_path.empty() ? cfg.data_dir + "/actor-node.log" : args.log_path;
}

void report(int ready_fd, const std::string& reason) {
  std::cerr << reason << std::endl;
  const auto line = "failed: " + reason + "\n";
  // Nothing is left to do if nobody listens any more.
  if (ready_fd >= 0 && ::write(ready_fd, line.data(), line.size()) < 0) return;
}

int serve(const config::node_config& cfg, const run_options& options) {
  // Only the server itself can hold the file, so this is where it is found to be taken.
  auto held = pid_file::hold(cfg.data_dir);
  if (!held) {
    report(options.ready_fd, held.error());
    return exit_code::failed;
  }
  return run_server(cfg, options);
}

/// The zoo.cfg alone says where the server is, and not the command line.
bool is_placed_by_config(const config::loaded& from) {
  const auto said = from.said_keys.find("dataDir");
  return said == from.said_keys.end() || said->second.where != "--set";
}

int start(const config::loaded& from, const arguments& args) {
  const auto& cfg = from.value;
  std::cout << "Starting troupe ... " << std::flush;
  if (auto running = already_running(from, args); !running.empty()) {
    std::cout << running << "\n";
    return exit_code::failed;
  }
  if (auto problem = make_directories(cfg); !problem.empty()) {
    std::cout << "FAILED TO START\n" << std::flush;
    std::cerr << problem << "\n";
    return exit_code::failed;
  }
  const auto log = log_path(cfg, args);
  // What does not go through the log, as the words of a crash, must not stand in a file that is
  // rotated.
  auto problem = start_daemon(log + ".out", [&](int ready_fd) {
    return serve(cfg, {.foreground = false,
                       .config_path = args.config_path,
                       .log_path = log,
                       .trace_path = args.trace_path,
                       .config_notes = from.warnings,
                       .is_placed_by_config = is_placed_by_config(from),
                       .ready_fd = ready_fd});
  });
  if (!problem.empty()) {
    std::cout << "FAILED TO START\n" << std::flush;
    std::cerr << problem << "\nIts log: " << log << "\n";
    return exit_code::failed;
  }
  std::cout << "STARTED\n";
  return exit_code::done;
}

int start_foreground(const config::loaded& from, const arguments& args) {
  auto problem = already_running(from, args);
  if (problem.empty()) problem = make_directories(from.value);
  if (!problem.empty()) {
    std::cerr << problem << "\n";
    return exit_code::failed;
  }
  return serve(from.value, {.foreground = true,
                            .config_path = args.config_path,
                            .log_path = log_path(from.value, args),
                            .trace_path = args.trace_path,
                            .config_notes = from.warnings,
                            .is_placed_by_config = is_placed_by_config(from),
                            .ready_fd = -1});
}

/// Waits, when that is wanted, until the server that has just been started serves.
int wait_after_start(const arguments& args, int wait_s) {
  if (wait_s == 0) return exit_code::done;
  auto target = find_target(args.config_path, args.overrides);
  if (!target) {
    std::cerr << target.error() << "\n";
    return exit_code::failed;
  }
  return wait_until_serving(*std::move(target), wait_s, std::cout, std::cerr);
}

/// The check of the option has seen to it that it is a number.
int wait_of(const arguments& args, int otherwise) {
  return args.wait.empty() ? otherwise : std::stoi(args.wait);
}

int start_and_wait(const config::loaded& from, const arguments& args) {
  if (int failed = start(from, args); failed != exit_code::done) return failed;
  return wait_after_start(args, wait_of(args, 0));
}

/// What is known to end the start ends the restart while the server still runs.
int restart(const verb_target& whom, arguments args) {
  const auto runs_on = [&whom](int code, const std::string& why) {
    std::cerr << why << "\n";
    if (whom.running) std::cerr << "Nothing was stopped: it still runs, " << whom.running->text();
    if (whom.running) std::cerr << "\n";
    return code;
  };
  if (!whom.config) return runs_on(exit_code::bad_config, whom.config_problem);
  if (!whom.look_problem.empty()) return runs_on(exit_code::failed, whom.look_problem);
  if (whom.other_server) return stop(whom, args.stop_timeout_ms, std::cout, std::cerr);
  if (whom.has_moved())
    return runs_on(exit_code::failed, "dataDir is " + whom.config->value.data_dir +
                                          " by now, and the server runs in " + whom.data_dir +
                                          "; stop it, move its data, and start it");
  auto problem = make_directories(whom.config->value);
  if (problem.empty()) problem = why_no_restart(whom, log_path(whom.config->value, args));
  if (!problem.empty()) return runs_on(exit_code::failed, problem);
  if (int failed = stop(whom, args.stop_timeout_ms, std::cout, std::cerr); failed != 0)
    return failed;
  if (int failed = start(*whom.config, args); failed != 0) return failed;
  return wait_after_start(args, wait_of(args, restart_wait_s));
}

int stop_it(const verb_target& whom, arguments args) {
  return stop(whom, args.stop_timeout_ms, std::cout, std::cerr);
}

int status(const verb_target& whom, arguments args) {
  const bool waits = wait_of(args, 0) > 0 && whom.running;
  const int code = waits ? wait_until_serving(whom, wait_of(args, 0), std::cout, std::cerr)
                         : print_status(whom, std::cout, std::cerr);
  if (args.verbose && code == exit_code::done) print_election(whom, std::cout);
  return code;
}

/// For scripts: the number alone on stdout.
int print_pid(const verb_target& whom, arguments) {
  if (whom.running && whom.running->pid > 0) {
    std::cout << whom.running->pid << "\n";
    return exit_code::done;
  }
  if (!whom.look_problem.empty()) {
    std::cerr << whom.look_problem << "\n";
    return exit_code::failed;
  }
  std::cerr << "in " << whom.data_dir << " runs "
            << (whom.other_server ? "another server: " + whom.other_server->text()
                : whom.running    ? whom.running->text()
                                  : std::string{"no server"})
            << "\n";
  return exit_code::failed;
}

int print_config(const config::loaded& from, const arguments&) {
  std::cout << config::print_with_sources(from)
            << "\n# Memory here: " << allow_memory(from.value.memory_limit).why << "\n";
  return exit_code::done;
}

/// Of the directory that is named, or else of the one in zoo.cfg.
int check_directory(const arguments& args) {
  storage::data_dir_options options;
  if (args.data_dir.empty()) {
    auto from = config::load(args.config_path, args.overrides, process_environment());
    if (!from) {
      std::cerr << from.error() << "\n";
      return exit_code::bad_config;
    }
    print_warnings(*from);
    const auto& cfg = from->value;
    options.data_dir = cfg.data_dir;
    options.data_log_dir = cfg.data_log_dir;
    if (!cfg.is_standalone()) options.owner = cfg.my_id;
    options.trust_empty_snapshot = cfg.snapshot_trust_empty;
  } else if (!args.settings.empty()) {
    std::cerr << "--set " << args.settings.front()
              << ": a zoo.cfg is not read when DIR is named; accepted: one of the two\n";
    return exit_code::bad_config;
  } else {
    options.data_dir = config::absolute_path(args.data_dir);
  }
  if (!args.data_log_dir.empty()) options.data_log_dir = config::absolute_path(args.data_log_dir);
  storage::posix_disk disk;
  return check_data(disk, std::move(options), args.json, std::cout, std::cerr,
                    !args.data_dir.empty());
}

/// One that begins with a config that is valid, or one that is about a server, which may run
/// whatever has become of its config.
struct verb {
  const char* name;
  const char* help;
  int (*with_config)(const config::loaded&, const arguments&);
  int (*on_server)(const verb_target&, arguments);
};

constexpr verb verbs[] = {
    {"start", "Start the server behind the terminal; returns when it listens", start_and_wait,
     nullptr},
    {"start-foreground", "Run the server here until SIGTERM or SIGINT", start_foreground, nullptr},
    {"stop", "Stop the server and wait until it has ended", nullptr, stop_it},
    {"restart", "stop, then start, and wait until it serves", nullptr, restart},
    {"status", "Say the server's mode, or why it does not serve (exit code 1)", nullptr, status},
    {"pid", "Print the number of the server's process (exit code 1: none runs)", nullptr,
     print_pid},
    {"print-config", "Print the config as it is understood, and where each value comes from",
     print_config, nullptr},
};

/// False: not understood, and that is said.
bool read_settings(arguments& args) {
  for (const auto& text : args.settings) {
    auto parsed = config::setting::parse(text);
    if (!parsed) {
      std::cerr << "--set " << text << ": not valid; accepted: KEY=VALUE\n";
      return false;
    }
    args.overrides.push_back(*std::move(parsed));
  }
  return true;
}

int run_on_server(const verb& chosen, arguments args) {
  auto target = find_target(args.config_path, args.overrides);
  if (!target) {
    std::cerr << target.error() << "\n";
    return exit_code::bad_config;
  }
  const bool needs_config = chosen.on_server == restart;
  if (needs_config && target->config_path.empty() && target->running && target->running->note) {
    target->config_path = target->running->note->config_file;
    if (auto from = config::load(target->config_path, args.overrides, process_environment()))
      target->config = *std::move(from);
    else
      target->config_problem = std::move(from.error());
  } else if (needs_config && target->config_path.empty()) {
    target->config_problem = target->data_dir + ": no zoo.cfg is known of it; name one";
  }
  if (target->config) print_warnings(*target->config);
  if (!needs_config && !target->config_problem.empty())
    std::cerr << "warning: " << target->config_problem << "\n";
  args.config_path = target->config_path;
  return chosen.on_server(*target, std::move(args));
}

/// Reads the config and runs the verb.
int run_verb(const verb& chosen, arguments args) {
  std::error_code failed;
  for (auto* file : {&args.log_path, &args.trace_path})
    if (!file->empty()) *file = fs::absolute(*file, failed).string();
  if (!read_settings(args)) return exit_code::bad_config;
  if (chosen.on_server != nullptr) return run_on_server(chosen, std::move(args));
  args.config_path = found_config(args.config_path);
  auto from = config::load(args.config_path, args.overrides, process_environment());
  if (!from) {
    std::cerr << from.error() << "\n";
    return exit_code::bad_config;
  }
  // Whose log says them in the foreground.
  if (chosen.with_config != start_foreground) print_warnings(*from);
  return chosen.with_config(*from, args);
}

/// The options that only some verbs have.
void add_options(CLI::App& to, const verb& of, arguments& args, bool& as_markdown) {
  const auto is = [&of](auto... run) { return ((of.with_config == run) || ...); };
  const bool restarts = of.on_server == restart;
  if (is(start_and_wait, start_foreground) || restarts) {
    to.add_option("--trace", args.trace_path,
                  "Keep the newest messages between the server's actors and write them to this "
                  "file (JSON lines) on SIGUSR1 and at the end");
    to.add_option("--log", args.log_path,
                  "File for the server's output; default actor-node.log in the data directory");
  }
  if (of.on_server == status)
    to.add_flag("-v,--verbose", args.verbose,
                "Also who leads since when, the quorum, and how the last election came out");
  if (is(print_config))
    to.add_flag("--markdown", as_markdown, "Print the page that explains every key, instead");
  if (of.on_server == stop_it || restarts)
    to.add_option("--patience-ms", args.stop_timeout_ms,
                  "How long to wait for the end; 0: not at all")
        ->check(CLI::Range(0, stop_timeout_ms_max));
  if (is(start_and_wait) || restarts || of.on_server == status)
    to.add_flag("--wait{60}", args.wait,
                "--wait=SECONDS: return when it serves, or say why it does not yet (exit code 4); "
                "without a number 60, 0: do not wait")
        ->check(CLI::Range(0, 86'400));
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app{"A ZooKeeper server made of actors.", "actor-node"};
  app.require_subcommand(1);
  app.fallthrough();  // zkServer.sh takes --config before the verb
  arguments args;
  app.add_option("--config", args.config_path, "zoo.cfg, or the directory it is in; default .");
  app.add_option("--set", args.settings, "KEY=VALUE, which stands above the file's; many times")
      ->take_all()
      ->allow_extra_args(false);
  bool as_markdown = false;
  for (const auto& x : verbs) {
    auto* sub = app.add_subcommand(x.name, x.help);
    sub->add_option("CONFIG", args.config_path,
                    x.on_server == nullptr ? "The same as --config"
                                           : "The same as --config; or the data directory");
    add_options(*sub, x, args, as_markdown);
  }
  auto* check_verb = app.add_subcommand(
      "check-data", "Say what a data directory holds and whether a server would start on it");
  check_verb->add_option("DIR", args.data_dir, "The data directory; default: that of --config");
  check_verb->add_option("--data-log-dir", args.data_log_dir,
                         "Where the txn logs are; default DIR");
  check_verb->add_flag("--json", args.json, "One JSON object instead of text");
  check_verb->footer(
      "Changes nothing. Exit code 0: it would start; 3: it would not, and why is said; "
      "1: no data directory is there, or it cannot be looked at.");
  auto* version_verb = app.add_subcommand("version", "Print the version");
  if (auto code = program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  if (version_verb->parsed()) {
    std::cout << program::version_line("actor-node") << "\n";
    return exit_code::done;
  }
  if (as_markdown) {
    std::cout << config::markdown();
    return exit_code::done;
  }
  if (check_verb->parsed()) {
    if (!read_settings(args)) return exit_code::bad_config;
    args.config_path = found_config(args.config_path);
    return check_directory(args);
  }
  for (const auto& x : verbs)
    if (app.got_subcommand(x.name)) return run_verb(x, args);
  return exit_code::bad_config;
}

}  // namespace troupe
