// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/command_line.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "actors/node/program.hpp"
#include "tools/cluster/host.hpp"
#include "tools/cluster/one_server.hpp"
#include "tools/cluster/probe.hpp"
#include "tools/cluster/running_cluster.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;
using outcome = running_cluster::outcome;

struct arguments {
  up_options up;
  std::string listen = "127.0.0.1:7711";
  std::string dir = "actor-cluster";
  std::string where;  // probe
  server_number server = 0;
  std::vector<std::string> words;  // of a cut
  std::string delay;
  int lines = 40;
  bool json = false;
  bool remove_data = false;
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& x : words) out += (out.empty() ? "" : " ") + x;
  return out;
}

std::string server_line(const json& x) {
  auto out = "server." + x["server"].dump() + "  " + x.value("state", "");
  for (const char* key : {"mode", "zxid", "client", "host", "problem"})
    if (x.contains(key)) out += "  " + std::string{key} + " " + x[key].get<std::string>();
  if (x.contains("pid")) out += "  pid " + x["pid"].dump();
  return out + "\n";
}

/// What a person reads of an answer.
std::string to_text(const json& answer) {
  std::string out;
  if (answer.contains("log"))
    return answer["log"].get<std::string>() + answer["output"].get<std::string>();
  if (answer.contains("servers"))
    for (const auto& x : answer["servers"]) out += server_line(x);
  if (answer.contains("server")) out += server_line(answer);
  if (answer.contains("connect")) out += "connect " + answer["connect"].get<std::string>() + "\n";
  if (answer.contains("faults")) out += "faults: " + answer["faults"].get<std::string>() + "\n";
  if (answer.contains("refused")) out += "refused: " + answer["refused"].get<std::string>() + "\n";
  if (answer.contains("dirs"))
    for (const auto& x : answer["dirs"])
      out += (answer["removed"] == true ? "removed " : "data in ") + x.get<std::string>() + "\n";
  return out;
}

int tell(const outcome& done, bool as_json) {
  const auto strings = json::error_handler_t::replace;
  if (as_json)
    std::cout << (done ? *done : json{{"error", done.error()}}).dump(-1, ' ', false, strings)
              << std::endl;
  else if (done)
    std::cout << to_text(*done) << std::flush;
  else
    std::cerr << "actor-cluster: " << done.error() << std::endl;
  return done ? 0 : 1;
}

outcome bring_up(const arguments& a) {
  return running_cluster::up(a.up).and_then([](running_cluster x) { return x.status(); });
}

/// Runs what is to be done on the cluster of the state file.
outcome on_cluster(const arguments& a, const std::function<outcome(running_cluster&)>& what) {
  return running_cluster::open(a.up.state_path, a.up.secret_file).and_then([&](running_cluster x) {
    return what(x);
  });
}

/// Changes the faults; `change` says why not, or nothing.
outcome with_faults(const arguments& a,
                    const std::function<std::string(faults&, const running_cluster&)>& change) {
  return on_cluster(a, [&](running_cluster& x) -> outcome {
    auto now = x.wrong();
    if (auto problem = change(now, x); !problem.empty()) return tl::unexpected(problem);
    return x.set(now);
  });
}

outcome cut(const arguments& a, bool one_way) {
  return with_faults(a, [&](faults& now, const running_cluster& x) -> std::string {
    auto sides = parse_sides(joined(a.words), x.size());
    if (!sides) return sides.error();
    if (!one_way) {
      now.cut(*sides);
    } else if (sides->size() == 2) {
      now.cut_one_way(sides->front(), sides->back());
    } else {
      return "cut-one-way takes two sides: those who are not heard, and those who do not hear";
    }
    return {};
  });
}

outcome on_server(const arguments& a, void (*change)(faults&, server_number, std::int64_t),
                  bool has_delay) {
  return with_faults(a, [&](faults& now, const running_cluster& x) -> std::string {
    if (a.server < 1 || a.server > x.size())
      return "there is no server " + std::to_string(a.server) + "; accepted: 1.." +
             std::to_string(x.size());
    auto delay = has_delay ? parse_delay_ms(a.delay) : 0;
    if (!delay) return delay.error();
    change(now, a.server, *delay);
    return {};
  });
}

outcome probe(const arguments& a) {
  return parse_address(a.where)
      .and_then([](const address& x) { return probe_spawn(x); })
      .map([](const std::string& how) {
        return json{{"refused", how}};
      });
}

/// A verb's options are its own; what it does, it does with the arguments then read.
struct verb {
  CLI::App* app;
  std::function<int()> run;
};

class commands {
 public:
  commands(CLI::App& app, arguments& a) : app_(app), a_(a) {
    hosts();
    whole();
    servers();
    broken();
  }

  int run() {
    for (auto& x : verbs_)
      if (x.app->parsed()) return x.run();
    return 2;
  }

 private:
  CLI::App* add(const char* name, const char* help, std::function<outcome()> what) {
    auto* sub = app_.add_subcommand(name, help);
    sub->add_flag("--json", a_.json, "One line of JSON instead of text");
    verbs_.push_back({sub, [this, what = std::move(what)] { return tell(what(), a_.json); }});
    return sub;
  }

  CLI::App* add_on_cluster(const char* name, const char* help, std::function<outcome()> what) {
    auto* sub = add(name, help, std::move(what));
    sub->add_option("--state", a_.up.state_path, "Where the cluster is described")
        ->capture_default_str();
    sub->add_option("--secret-file", a_.up.secret_file, "Default: the one `up` was given");
    return sub;
  }

  CLI::App* add_on_server(const char* name, const char* help, std::function<outcome()> what) {
    auto* sub = add_on_cluster(name, help, std::move(what));
    sub->add_option("SERVER", a_.server, "Its number")->required();
    return sub;
  }

  void hosts() {
    auto* host = app_.add_subcommand("host", "Carry servers on this machine until SIGTERM");
    host->add_option("--listen", a_.listen, "HOST:PORT; port 0: a free one")->capture_default_str();
    host->add_option("--dir", a_.dir, "Where the servers' directories go")->capture_default_str();
    host->add_option("--secret-file", a_.up.secret_file,
                     "What clients have to know; without it nobody may ask")
        ->required();
    verbs_.push_back({host, [this] {
                        auto where = parse_address(a_.listen);
                        if (!where) return tell(tl::unexpected(where.error()), false);
                        return run_host({*where, a_.dir, a_.up.secret_file});
                      }});
    auto* one = app_.add_subcommand("host-one", "")->group("");
    verbs_.push_back({one, [] { return run_one_server(); }});
    add("probe", "Ask a server's port for a spawn without the right to; 0: it was refused",
        [this] { return probe(a_); })
        ->add_option("ADDRESS", a_.where, "HOST:PORT of a peer or election port")
        ->required();
  }

  void whole() {
    auto* up =
        add("up", "Bring a cluster up and wait until it serves", [this] { return bring_up(a_); });
    auto& o = a_.up;
    up->add_option("--hosts", o.hosts, "HOST:PORT of each host, with commas")
        ->required()
        ->delimiter(',');
    up->add_option("--servers", o.servers, "Servers that vote")->capture_default_str();
    up->add_option("--observers", o.observers, "Servers that do not")->capture_default_str();
    up->add_option("--config", o.config, "key=value for every zoo.cfg; many");
    up->add_option("--secret-file", o.secret_file, "The hosts' secret")->required();
    up->add_option("--name", o.name, "Of its directory on each host; default: made up");
    up->add_option("--state", o.state_path, "Where to describe it")->capture_default_str();
    up->add_option("--patience-ms", o.patience_ms, "How long to wait until all serve; 0: not")
        ->capture_default_str();
    add_on_cluster("status", "Each server's state, mode and zxid, and the faults", [this] {
      return on_cluster(a_, [](running_cluster& x) { return x.status(); });
    });
    add_on_cluster("wait", "Wait until one leads and all that run serve",
                   [this] {
                     return on_cluster(
                         a_, [this](auto& x) { return x.wait_serving(a_.up.patience_ms); });
                   })
        ->add_option("--patience-ms", o.patience_ms, "How long")
        ->capture_default_str();
    add_on_cluster("down", "End all servers; their data stays", [this] {
      return on_cluster(a_, [this](running_cluster& x) { return x.down(a_.remove_data); });
    })->add_flag("--remove-data", a_.remove_data, "It does not");
  }

  void servers() {
    const std::pair<const char*, const char*> all[] = {
        {"kill", "SIGKILL a server's process"},
        {"stop", "SIGTERM it, and wait for its end"},
        {"start", "Start it on what its directory holds"},
        {"pause", "SIGSTOP it"},
        {"resume", "SIGCONT it"}};
    for (const auto& [name, help] : all)
      add_on_server(name, help, [this, what = std::string{name}] {
        return on_cluster(a_, [&](running_cluster& x) { return x.signal(what, a_.server); });
      });
    add_on_server("logs", "The last lines of its log",
                  [this] {
                    return on_cluster(
                        a_, [this](running_cluster& x) { return x.logs(a_.server, a_.lines); });
                  })
        ->add_option("--lines", a_.lines, "How many")
        ->check(CLI::Range(1, 10'000));
  }

  void broken() {
    add_on_cluster("cut", "Hold all links between sides, as 1,2 / 3,4,5",
                   [this] { return cut(a_, false); })
        ->add_option("SIDES", a_.words, "Server numbers, and / between sides")
        ->required();
    add_on_cluster("cut-one-way", "1 / 2,3: what 1 says reaches neither 2 nor 3",
                   [this] { return cut(a_, true); })
        ->add_option("SIDES", a_.words, "Server numbers, / between")
        ->required();
    add_on_server("slow", "Delay what a server says and hears",
                  [this] {
                    return on_server(
                        a_, [](faults& x, server_number n, std::int64_t ms) { x.slow(n, ms); },
                        true);
                  })
        ->add_option("DELAY", a_.delay, "Such as 20ms; 0: no longer")
        ->required();
    add_on_server("disk-full", "Its files grow no more", [this] {
      return on_server(
          a_, [](faults& x, server_number n, std::int64_t) { x.disk_full(n); }, false);
    });
    add_on_server("disk-slow", "Each of its syncs takes longer",
                  [this] {
                    return on_server(
                        a_, [](faults& x, server_number n, std::int64_t ms) { x.disk_slow(n, ms); },
                        true);
                  })
        ->add_option("DELAY", a_.delay, "Such as 20ms; 0: no longer")
        ->required();
    add_on_cluster("heal", "End all faults of links and disks", [this] {
      return with_faults(a_, [](faults& x, const running_cluster&) {
        x.heal();
        return std::string{};
      });
    });
  }

  CLI::App& app_;
  arguments& a_;
  std::vector<verb> verbs_;
};

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"Test clusters: servers spawned on hosts, killed, paused, cut off and healed.",
               "actor-cluster"};
  app.require_subcommand(1);
  arguments read;
  commands all{app, read};
  if (auto code = program::parse(app, argc, argv, std::cout, std::cerr)) return *code;
  return all.run();
}

}  // namespace troupe::cluster
