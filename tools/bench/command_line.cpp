// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "actors/node/program.hpp"

namespace troupe::bench {
namespace {

constexpr std::uint32_t open_loop_window = 1000;

struct arguments {
  std::string operation;
  std::string servers = "127.0.0.1:2181";
  std::vector<std::string> compared;
  std::string suite;
  workload work;
  std::optional<std::uint32_t> window;
  std::optional<double> warmup_s;
  command made;
};

/// A thing that only we can read, checked where CLI11 says which option it belongs to.
template <class Parse>
CLI::Validator readable(Parse parse) {
  return CLI::Validator(
      [parse](std::string& text) {
        const auto read = parse(text);
        return read ? std::string{} : read.error();
      },
      "");
}

void add_what(CLI::App& app, arguments& a) {
  app.add_option("OPERATION", a.operation,
                 "set, get, create, mixed (see --reads), ephemeral (in turns create and delete of "
                 "an ephemeral znode), or watch (set a watch, change the znode, await the event)")
      ->check(CLI::IsMember({"set", "get", "create", "mixed", "ephemeral", "watch"}));
  app.add_option("--suite", a.suite,
                 "Instead of one operation a list such as set@16x1,mixed90@32x16 "
                 "(connections x window), or the word standard: set and get at 1x1, 16x1 and "
                 "32x16, and mixed90@32x16")
      ->check(readable([](const auto& text) { return parse_suite(text, {}); }));
  app.add_option("--connections", a.work.connections, "Connections, round-robin over the servers")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--window", a.window,
                 "Operations under way on one connection at a time; default 1, with --rate 1000")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--value-size", a.work.value_bytes, "Bytes of data in a znode")
      ->check(CLI::Range(0, 64 << 20))
      ->capture_default_str();
  app.add_option("--keys", a.work.keys, "znodes that set, get and mixed choose from")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--reads", a.work.read_percent, "mixed: how many percent are gets")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
}

void add_when(CLI::App& app, arguments& a) {
  auto& options = a.made.options;
  app.add_option("--rate", options.rate_per_s,
                 "Operations a second in all, sent when they are due whether or not earlier ones "
                 "were answered (open loop). Without it each connection asks again when it was "
                 "answered (closed loop)")
      ->check(CLI::Range(0.001, 1e8));
  auto* seconds = app.add_option("--seconds", options.seconds, "How long to measure")
                      ->check(CLI::Range(0.1, 1e6))
                      ->capture_default_str();
  app.add_option("--ops", options.operations, "How many operations to measure")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 50))
      ->excludes(seconds);
  app.add_option("--warmup", a.warmup_s,
                 "Seconds before that, not counted; default 2, with --ops 0")
      ->check(CLI::Range(0.0, 1e6));
}

void add_how(CLI::App& app, arguments& a) {
  auto& options = a.made.options;
  app.add_option("--threads", options.threads, "Threads that share the connections")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--reconnect", options.reconnect,
               "Go on over lost connections, and count them; without it one is a failure");
  app.add_option("--session-timeout", options.session_timeout_ms,
                 "ms; also how long an answer may take")
      ->check(CLI::Range(1'000, 3'600'000))
      ->capture_default_str();
  app.add_option("--root", options.root,
                 "The znode to work below; made, and removed at the end. Default "
                 "/actor-bench-PID")
      ->check(readable([](const std::string& path) -> tl::expected<void, std::string> {
        if (path.size() > 1 && path.starts_with('/') && !path.ends_with('/')) return {};
        return tl::unexpected{"'" + path + "' is no path; accepted: /name or /parent/name"};
      }));
  app.add_option("--seed", options.seed, "Of the choice of keys")->capture_default_str();
  app.add_option("--json", a.made.json_path, "File for everything that was measured");
  app.add_flag("--quiet", a.made.is_quiet, "No line for each second");
}

void add_whom(CLI::App& app, arguments& a) {
  auto* servers = app.add_option("--servers", a.servers, "host:port,host:port,...")
                      ->check(readable([](const auto& text) { return parse_servers(text); }))
                      ->capture_default_str();
  auto* compared =
      app.add_option("--compare", a.compared,
                     "Two targets, NAME=host:port,... each: every workload runs on both in turns "
                     "(A B B A), and the table at the end has the medians")
          ->expected(2)
          ->excludes(servers)
          ->check(readable([](const auto& text) { return parse_target(text); }));
  app.add_option("--rounds", a.made.rounds, "With --compare: how often A B B A")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->needs(compared);
}

/// Puts together what was checked one by one.
command finish(arguments a) {
  auto& out = a.made;
  auto& options = out.options;
  a.work.window = a.window.value_or(options.rate_per_s > 0 ? open_loop_window : 1);
  options.warmup_s = a.warmup_s.value_or(options.operations > 0 ? 0 : 2);
  if (options.root.empty()) options.root = "/actor-bench-" + std::to_string(::getpid());
  for (const auto& text : a.compared) out.targets.push_back(*parse_target(text));
  if (out.targets.empty()) out.targets.push_back({"", *parse_servers(a.servers)});
  out.is_suite = !a.suite.empty();
  if (out.is_suite) {
    out.workloads = *parse_suite(a.suite, a.work);
  } else {
    const auto text = to_string(a.work);
    auto work = *parse_workload(a.operation + text.substr(text.find('@')), a.work);
    out.workloads.push_back(work);
  }
  return std::move(out);
}

}  // namespace

std::variant<command, ended> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{
      "Loads servers that speak ZooKeeper's client protocol, of whatever make, and measures them. "
      "Exit code 1, with the reason, when any reply is an error, out of order, too short, or has a "
      "zxid that goes backwards, and when a connection is lost; 2 for a command line that is not "
      "understood.",
      "actor-bench"};
  arguments a;
  a.made.options.root.clear();
  add_what(app, a);
  add_whom(app, a);
  add_when(app, a);
  add_how(app, a);
  if (auto code = program::parse(app, argc, argv, std::cout, std::cerr)) return ended{*code};
  if (a.operation.empty() == a.suite.empty()) {
    std::cerr
        << "actor-bench: an OPERATION (set, get, create, mixed, ephemeral or watch) or --suite "
           "is needed, and not both (--help explains)\n";
    return ended{program::usage_error};
  }
  return finish(std::move(a));
}

}  // namespace troupe::bench
