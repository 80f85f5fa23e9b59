// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/running_cluster.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "actors/trace/own_files.hpp"
#include "config/server_line.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr int answer_ms = 60'000;
constexpr int step_ms = 100;  // between two looks at who serves

/// What only the hosts know or what makes the servers one ensemble.
constexpr std::string_view ours[] = {"dataDir",           "dataLogDir", "clientPort",
                                     "clientPortAddress", "peerType",   "server.",
                                     "dynamicConfigFile"};

tl::expected<void, std::string> check_setting(const std::string& x) {
  const auto key = x.substr(0, x.find('='));
  if (key.size() == x.size() || key.empty() || x.find_first_of("\r\n") != std::string::npos)
    return tl::unexpected("--config " + x + ": not valid; accepted: KEY=VALUE of zoo.cfg");
  for (auto name : ours)
    if (key == name || (name.ends_with('.') && key.starts_with(name)))
      return tl::unexpected("--config " + x + ": " + key +
                            " is chosen by `up` for each server; accepted: other keys of zoo.cfg");
  return {};
}

bool is_all_serving(const json& status) {
  int leaders = 0;
  for (const auto& x : status["servers"]) {
    if (x["state"] != "running") continue;
    if (!x.contains("mode") || x["mode"] == "read-only") return false;
    leaders += x["mode"] == "leader" || x["mode"] == "standalone";
  }
  return leaders == 1;
}

}  // namespace

running_cluster::outcome running_cluster::ask_host(std::size_t host, json question) {
  question["cluster"] = name_;
  return ask(hosts_[host], shared_, std::move(question), answer_ms);
}

running_cluster::outcome running_cluster::ask_for(server_number who, json question) {
  if (who < 1 || who > size())
    return tl::unexpected("there is no server " + std::to_string(who) + "; accepted: 1.." +
                          std::to_string(size()));
  question["server"] = who;
  return ask_host(servers_[static_cast<std::size_t>(who - 1)].host, std::move(question));
}

tl::expected<void, std::string> running_cluster::keep() const {
  json out{{"name", name_}, {"secret_file", secret_file_}, {"faults", wrong_.to_json()}};
  for (const auto& x : hosts_) out["hosts"].push_back(x.text());
  for (const auto& x : servers_)
    out["servers"].push_back({{"server", x.id},
                              {"host", x.host},
                              {"observer", x.is_observer},
                              {"client_port", x.client_port},
                              {"peer_port", x.peer_port},
                              {"election_port", x.election_port}});
  const auto fresh = state_path_ + ".tmp";
  if (auto written = log::write_new_file(fresh, out.dump(2) + "\n"); !written) return written;
  std::error_code failed;
  std::filesystem::rename(fresh, state_path_, failed);
  if (failed) return tl::unexpected(state_path_ + " cannot be written: " + failed.message());
  return {};
}

tl::expected<running_cluster, std::string> running_cluster::open(const std::string& state_path,
                                                                 const std::string& secret_file) {
  std::ifstream file{state_path};
  if (!file)
    return tl::unexpected(state_path +
                          ": no cluster is described there; `up` makes one, and "
                          "--state FILE names another");
  try {
    const auto from = json::parse(file);
    const auto secret_path =
        secret_file.empty() ? from.at("secret_file").get<std::string>() : secret_file;
    auto shared = secret::load(secret_path);
    if (!shared) return tl::unexpected(shared.error());
    running_cluster out{*std::move(shared)};
    out.state_path_ = state_path;
    out.secret_file_ = secret_path;
    out.name_ = from.at("name").get<std::string>();
    for (const auto& x : from.at("hosts")) {
      auto host = parse_address(x.get<std::string>());
      if (!host) return tl::unexpected(state_path + ": " + host.error());
      out.hosts_.push_back(*host);
    }
    for (const auto& x : from.at("servers")) {
      out.servers_.push_back({x.at("server"), x.at("host"), x.at("observer"), x.at("client_port"),
                              x.at("peer_port"), x.at("election_port")});
      if (out.servers_.back().host >= out.hosts_.size())
        return tl::unexpected(state_path + ": a server is on a host that is not listed");
    }
    auto wrong = faults::from_json(from.at("faults"));
    if (!wrong) return tl::unexpected(state_path + ": " + wrong.error());
    out.wrong_ = *wrong;
    return out;
  } catch (const json::exception& e) {
    return tl::unexpected(state_path + ": not a cluster's state: " + e.what());
  }
}

/// Chooses host and ports of each server.
tl::expected<void, std::string> running_cluster::place(const up_options& options) {
  const int all = options.servers + options.observers;
  for (int n = 1; n <= all; ++n)
    servers_.push_back({n, static_cast<std::size_t>(n - 1) % hosts_.size(), n > options.servers});
  for (std::size_t h = 0; h < hosts_.size(); ++h) {
    std::vector<server*> here;
    for (auto& x : servers_)
      if (x.host == h) here.push_back(&x);
    if (here.empty()) continue;
    auto given =
        ask_host(h, {{"do", "ports"}, {"address", hosts_[h].host}, {"count", 3 * here.size()}});
    if (!given) return tl::unexpected(given.error());
    auto ports = given->at("ports").get<std::vector<std::uint16_t>>();
    for (auto* x : here) {
      for (auto* port : {&x->client_port, &x->peer_port, &x->election_port}) {
        *port = ports.back();
        ports.pop_back();
      }
    }
  }
  return {};
}

tl::expected<void, std::string> running_cluster::start_all(const up_options& options) {
  std::vector<std::string> shared{"tickTime=500", "initLimit=10", "syncLimit=5",
                                  "4lw.commands.whitelist=*"};
  shared.insert(shared.end(), options.config.begin(), options.config.end());
  if (servers_.size() > 1)
    for (const auto& x : servers_)
      shared.push_back("server." + std::to_string(x.id) + "=" + hosts_[x.host].host + ":" +
                       std::to_string(x.peer_port) + ":" + std::to_string(x.election_port) +
                       (x.is_observer ? ":observer" : ":participant"));
  for (const auto& x : servers_) {
    auto lines = shared;
    lines.push_back("clientPortAddress=" + hosts_[x.host].host);
    lines.push_back("clientPort=" + std::to_string(x.client_port));
    if (x.is_observer) lines.push_back("peerType=observer");
    if (auto made = ask_for(x.id, {{"do", "make"}, {"config", lines}}); !made)
      return tl::unexpected(made.error());
  }
  for (const auto& x : servers_)
    if (auto done = signal("start", x.id); !done) return tl::unexpected(done.error());
  return {};
}

tl::expected<running_cluster, std::string> running_cluster::up(const up_options& options) {
  if (std::filesystem::exists(options.state_path))
    return tl::unexpected(options.state_path +
                          ": a cluster is described there already; `down` "
                          "ends it, or --state FILE names another file");
  const int all = options.servers + options.observers;
  if (options.servers < 1 || all > server_number_max || (options.observers > 0 && all < 3))
    return tl::unexpected("--servers " + std::to_string(options.servers) + " --observers " +
                          std::to_string(options.observers) +
                          ": accepted are 1..255 in all, and observers beside 2 servers or more");
  for (const auto& x : options.config)
    if (auto good = check_setting(x); !good) return tl::unexpected(good.error());
  auto shared = secret::load(options.secret_file);
  if (!shared) return tl::unexpected(shared.error());
  running_cluster out{*std::move(shared)};
  out.state_path_ = options.state_path;
  out.secret_file_ = std::filesystem::absolute(options.secret_file).string();
  out.name_ = options.name.empty() ? "cluster-" + random_hex(4) : options.name;
  for (const auto& x : options.hosts) {
    auto host = parse_address(x);
    if (!host) return tl::unexpected("--hosts: " + host.error());
    out.hosts_.push_back(*host);
  }
  if (out.hosts_.empty()) return tl::unexpected(std::string{"--hosts: there is none"});
  // Kept before anything runs, so that `down` finds what a failure leaves.
  auto done = out.place(options).and_then([&] { return out.keep(); }).and_then([&] {
    return out.start_all(options);
  });
  if (done && options.patience_ms > 0)
    if (auto serving = out.wait_serving(options.patience_ms); !serving)
      done = tl::unexpected(serving.error());
  if (!done) {
    const auto why = done.error();
    if (std::filesystem::exists(out.state_path_)) (void)out.down(false);
    return tl::unexpected(why);
  }
  return out;
}

running_cluster::outcome running_cluster::wait_serving(int patience_ms) {
  const auto deadline = steady_clock::now() + std::chrono::milliseconds{patience_ms};
  for (;;) {
    auto now = status();
    if (!now || is_all_serving(*now)) return now;
    if (steady_clock::now() > deadline)
      return tl::unexpected("not all serve after " + std::to_string(patience_ms) +
                            " ms: " + (*now)["servers"].dump());
    (void)::poll(nullptr, 0, step_ms);
  }
}

running_cluster::outcome running_cluster::status() {
  json out{{"name", name_}, {"faults", to_text(wrong_)}, {"servers", json::array()}};
  std::string connect;
  for (const auto& x : servers_) {
    const auto client = hosts_[x.host].host + ":" + std::to_string(x.client_port);
    connect += (connect.empty() ? "" : ",") + client;
    auto told = ask_for(x.id, {{"do", "status"}});
    if (!told) told = json{{"server", x.id}, {"state", "unknown"}, {"problem", told.error()}};
    (*told)["client"] = client;
    (*told)["host"] = hosts_[x.host].text();
    (*told)["observer"] = x.is_observer;
    (*told)["peer_port"] = x.peer_port;
    (*told)["election_port"] = x.election_port;
    if (told->value("mode", "") == "leader") out["leader"] = x.id;
    out["servers"].push_back(*std::move(told));
  }
  out["connect"] = connect;
  return out;
}

running_cluster::outcome running_cluster::signal(const std::string& what, server_number who) {
  return ask_for(who, {{"do", what}, {"faults", wrong_.to_json()}});
}

running_cluster::outcome running_cluster::logs(server_number who, int lines) {
  return ask_for(who, {{"do", "logs"}, {"lines", lines}});
}

running_cluster::outcome running_cluster::set(const faults& now) {
  wrong_ = now;
  // Kept even if a host does not hear of it: it is what was asked for, and can be asked for again.
  if (auto kept = keep(); !kept) return tl::unexpected(kept.error());
  std::string problems;
  for (std::size_t h = 0; h < hosts_.size(); ++h)
    if (auto done = ask_host(h, {{"do", "faults"}, {"faults", wrong_.to_json()}}); !done)
      problems += (problems.empty() ? "" : "; ") + done.error();
  if (!problems.empty()) return tl::unexpected(problems);
  return json{{"faults", to_text(wrong_)}};
}

running_cluster::outcome running_cluster::down(bool remove_data) {
  json out{{"dirs", json::array()}, {"removed", remove_data}};
  std::string problems;
  for (std::size_t h = 0; h < hosts_.size(); ++h) {
    auto done = ask_host(h, {{"do", "down"}, {"remove", remove_data}});
    if (done)
      out["dirs"].push_back(done->at("dir"));
    else
      problems += (problems.empty() ? "" : "; ") + done.error();
  }
  if (!problems.empty()) return tl::unexpected(problems);
  std::filesystem::remove(state_path_);
  return out;
}

}  // namespace troupe::cluster
