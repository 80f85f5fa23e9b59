// SPDX-License-Identifier: Apache-2.0
#include "actors/node/cli.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "actors/node/check_data.hpp"
#include "actors/node/daemon.hpp"
#include "actors/node/four_letter_client.hpp"
#include "actors/node/node.hpp"
#include "actors/node/pid_file.hpp"
#include "actors/node/version.hpp"
#include "actors/storage/posix_disk.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

namespace troupe {

namespace {

namespace fs = std::filesystem;

struct arguments {
  std::string config_path = "zoo.cfg";
  std::string log_path;    // start: where the server's output goes; empty: in the data directory
  std::string trace_path;  // empty: no trace
  int patience_ms = 60'000;
  std::vector<std::string> settings;   // KEY=VALUE, which stands above the file's
  std::string data_dir, data_log_dir;  // check-data: instead of those in zoo.cfg
  bool json = false;
};

/// "already running as process 7", empty when nobody runs in the directory.
std::string already_running(const config::node_config& cfg) {
  auto pid = running_server(cfg.data_dir);
  if (!pid) pid = running_zookeeper(cfg.data_dir);
  return pid ? "already running as process " + std::to_string(*pid) + "." : std::string{};
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
    std::error_code failed;
    fs::create_directories(dir, failed);
    if (!failed && !fs::is_directory(dir, failed) && !failed)
      failed = std::make_error_code(std::errc::not_a_directory);
    if (failed) return dir + ": cannot be a data directory: " + failed.message();
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

int start(const config::loaded& from, const arguments& args) {
  const auto& cfg = from.value;
  std::cout << "Starting troupe ... " << std::flush;
  if (auto running = already_running(cfg); !running.empty()) {
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
  auto problem = already_running(from.value);
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
                            .ready_fd = -1});
}

int stop(const config::loaded& from, const arguments& args) {
  const auto& dir = from.value.data_dir;
  std::cout << "Stopping troupe ... " << std::flush;
  auto pid = running_server(dir);
  if (!pid) {
    if (auto java = running_zookeeper(dir)) {
      std::cout << "process " << *java << " in " << dir
                << " is a genuine ZooKeeper, not an actor-node; zkServer.sh stops it\n";
      return exit_code::failed;
    }
    std::cout << "no server to stop (nobody holds " << pid_path(dir) << ")\n";
    return exit_code::done;
  }
  auto result = stop_server(dir, *pid, args.patience_ms, [] { std::cout << "." << std::flush; });
  if (result == stop_result::stopped) {
    std::cout << "STOPPED\n";
    return exit_code::done;
  }
  std::cout << "NOT STOPPED\n" << std::flush;
  std::cerr << "process " << *pid
            << (result == stop_result::not_ours
                    ? " cannot be signalled: it is another user's, or has just ended\n"
                    : " was told to stop and is still running; kill -9 ends it the hard way, and "
                      "no acknowledged write is lost by that\n");
  return exit_code::failed;
}

int restart(const config::loaded& from, const arguments& args) {
  if (int failed = stop(from, args); failed != 0) return failed;
  return start(from, args);
}

int status(const config::loaded& from, const arguments& args) {
  constexpr int timeout_ms = 5'000;
  const auto& cfg = from.value;
  const bool anywhere = cfg.client_address == "0.0.0.0" || cfg.client_address == "::";
  const std::string host = anywhere ? "localhost" : cfg.client_address;
  std::cerr << "Using config: " << args.config_path << "\n";
  std::cout << "Client port found: " << cfg.client_port << ". Client address: " << host
            << ". Client SSL: false.\n";
  auto srvr = ask_four_letter(host, cfg.client_port, "srvr", timeout_ms);
  if (auto mode = value_of(srvr.value_or(""), "Mode"); !mode.empty()) {
    std::cout << "Mode: " << mode << "\n";
    if (auto fault = value_of(*srvr, "Disk"); !fault.empty())
      std::cout << "Disk: " << fault << "\n";
    return exit_code::done;
  }
  auto pid = running_server(cfg.data_dir);
  if (!srvr && !pid) {
    std::cout << "Error contacting service. It is probably not running.\n"
              << "Reason: " << srvr.error() << "\n";
    return exit_code::failed;
  }
  std::cout << "Error contacting service. It is running"
            << (pid ? " as process " + std::to_string(*pid) : std::string{})
            << ", but not serving.\n";
  // Our own word: every server answers it, whatever its state and its whitelist.
  auto why = ask_four_letter(host, cfg.client_port, "whys", timeout_ms);
  if (!why || why->empty())
    std::cout << "Reason: " << (why ? "the connection was closed without an answer" : why.error())
              << "\n";
  else
    std::cout << *why << (why->ends_with('\n') ? "" : "\n");
  return exit_code::failed;
}

int print_config(const config::loaded& from, const arguments&) {
  std::cout << config::print_with_sources(from);
  return exit_code::done;
}

/// Of the directory that is named, or else of the one in zoo.cfg.
int check_directory(const arguments& args) {
  std::error_code failed;
  auto absolute = [&failed](const std::string& given) {
    auto path = fs::absolute(given, failed).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).string();
  };
  storage::data_dir_options options;
  if (args.data_dir.empty()) {
    auto from = config::load(args.config_path);
    if (!from) {
      std::cerr << from.error() << "\n";
      return exit_code::bad_config;
    }
    const auto& cfg = from->value;
    options.data_dir = cfg.data_dir;
    options.data_log_dir = cfg.data_log_dir;
    if (!cfg.is_standalone()) options.owner = cfg.my_id;
    options.trust_empty_snapshot = cfg.snapshot_trust_empty;
    options.record_bytes_max = 2 * std::int64_t{cfg.jute_buffer_bytes_max};
  } else {
    options.data_dir = absolute(args.data_dir);
  }
  if (!args.data_log_dir.empty()) options.data_log_dir = absolute(args.data_log_dir);
  storage::posix_disk disk;
  return check_data(disk, std::move(options), args.json, std::cout, std::cerr);
}

struct verb {
  const char* name;
  const char* help;
  int (*run)(const config::loaded&, const arguments&);
};

constexpr verb verbs[] = {
    {"start", "Start the server behind the terminal; returns when it listens", start},
    {"start-foreground", "Run the server here until SIGTERM or SIGINT", start_foreground},
    {"stop", "Stop the server and wait until it has ended", stop},
    {"restart", "stop, then start", restart},
    {"status", "Say the server's mode, or why it does not serve (exit code 1)", status},
    {"print-config", "Print the config as it is understood, and where each value comes from",
     print_config},
};

/// A directory stands for the zoo.cfg in it.
std::string found_config(const std::string& given) {
  std::error_code failed;
  auto path = fs::absolute(given, failed);
  if (!failed && fs::is_directory(path, failed)) path /= "zoo.cfg";
  return path.lexically_normal().string();
}

/// Reads the config and runs the verb.
int with_config(const verb& chosen, arguments args) {
  std::error_code failed;
  args.config_path = found_config(args.config_path);
  for (auto* file : {&args.log_path, &args.trace_path})
    if (!file->empty()) *file = fs::absolute(*file, failed).string();
  std::vector<config::setting> settings;
  for (const auto& text : args.settings) {
    auto parsed = config::setting::parse(text);
    if (!parsed) {
      std::cerr << "--set " << text << ": not valid; accepted: KEY=VALUE\n";
      return exit_code::bad_config;
    }
    settings.push_back(*std::move(parsed));
  }
  auto from = config::load(args.config_path, settings);
  if (!from) {
    std::cerr << from.error() << "\n";
    return exit_code::bad_config;
  }
  if (chosen.run != start_foreground) print_warnings(*from);  // whose log says them there
  return chosen.run(*from, args);
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app{"A ZooKeeper server made of actors."};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  app.fallthrough();  // zkServer.sh takes --config before the verb
  arguments args;
  app.add_option("--config", args.config_path, "zoo.cfg, or the directory it is in; default .");
  app.add_option("--set", args.settings, "KEY=VALUE, which stands above the file's; many times")
      ->take_all()
      ->allow_extra_args(false);
  bool as_markdown = false;
  for (const auto& x : verbs) {
    auto* sub = app.add_subcommand(x.name, x.help);
    sub->add_option("CONFIG", args.config_path, "The same as --config");
    if (x.run == start || x.run == restart || x.run == start_foreground) {
      sub->add_option("--trace", args.trace_path,
                      "Keep the newest messages between the server's actors and write them to this "
                      "file (JSON lines) on SIGUSR1 and at the end");
      sub->add_option("--log", args.log_path,
                      "File for the server's output; default actor-node.log in the data directory");
    }
    if (x.run == print_config)
      sub->add_flag("--markdown", as_markdown, "Print the page that explains every key, instead");
    if (x.run == stop || x.run == restart)
      sub->add_option("--patience-ms", args.patience_ms, "How long to wait for the end")
          ->check(CLI::PositiveNumber);
  }
  auto* check_verb = app.add_subcommand(
      "check-data", "Say what a data directory holds and whether a server would start on it");
  check_verb->add_option("DIR", args.data_dir, "The data directory; default: that of --config");
  check_verb->add_option("--data-log-dir", args.data_log_dir,
                         "Where the txn logs are; default DIR");
  check_verb->add_flag("--json", args.json, "One JSON object instead of text");
  check_verb->footer(
      "Changes nothing. Exit code 0: it would start; 3: it would not, and why is said; "
      "1: the directory cannot be looked at.");
  auto* version_verb = app.add_subcommand("version", "Print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_code::done : exit_code::bad_config;
  }
  if (version_verb->parsed()) {
    std::cout << "Troupe " << version << " (ZooKeeper protocol " << protocol_version << ")\n";
    return exit_code::done;
  }
  if (as_markdown) {
    std::cout << config::markdown();
    return exit_code::done;
  }
  if (check_verb->parsed()) {
    args.config_path = found_config(args.config_path);
    return check_directory(args);
  }
  for (const auto& x : verbs)
    if (app.got_subcommand(x.name)) return with_config(x, args);
  return exit_code::bad_config;
}

}  // namespace troupe
