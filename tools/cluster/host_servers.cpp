// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/host_servers.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "actors/node/four_letter_client.hpp"
#include "actors/storage/posix_disk.hpp"
#include "actors/trace/own_files.hpp"
#include "config/load.hpp"

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int ports_max = 3 * server_number_max;
constexpr int stop_patience_ms = 15'000;
constexpr int answer_ms = 1'000;
constexpr std::size_t lines_max = 10'000;

/// It becomes a directory's name, so nothing that leads elsewhere.
bool is_cluster_name(const std::string& x) {
  return !x.empty() && x.size() <= 40 && std::all_of(x.begin(), x.end(), [](unsigned char c) {
    return std::isdigit(c) || (c >= 'a' && c <= 'z') || c == '-';
  });
}

bool can_listen(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return false;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool free = fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  ::close(fd);
  ::freeaddrinfo(found);
  return free;
}

std::string last_lines(const std::string& path, std::size_t count) {
  std::ifstream file{path};
  std::stringstream all;
  all << file.rdbuf();
  auto text = all.str();
  if (!text.empty() && text.back() != '\n') text += '\n';
  auto at = text.size();
  for (++count; at > 0; --at)
    if (text[at - 1] == '\n' && --count == 0) break;
  return text.substr(at);
}

}  // namespace

std::string host_servers::home(const key& of) const {
  return dir_ + "/" + of.first + "/server." + std::to_string(of.second);
}

json host_servers::answer(const json& question) {
  try {
    auto done = chosen(question);
    return done ? *std::move(done) : json{{"error", done.error()}};
  } catch (const json::exception& e) {
    return json{{"error", std::string{"the question is not understood: "} + e.what()}};
  } catch (const fs::filesystem_error& e) {
    return json{{"error", e.what()}};
  }
}

host_servers::outcome host_servers::chosen(const json& question) {
  const auto what = question.at("do").get<std::string>();
  if (what == "ports") return free_ports(question);
  const auto cluster = question.at("cluster").get<std::string>();
  if (!is_cluster_name(cluster))
    return tl::unexpected("'" + cluster +
                          "' is no name of a cluster; accepted: 1 to 40 of a-z, 0-9 and -");
  if (what == "faults") return set(cluster, question);
  if (what == "down") return down(cluster, question);
  const key of{cluster, question.at("server").get<server_number>()};
  if (of.second < 1 || of.second > server_number_max)
    return tl::unexpected(std::string{"servers have numbers 1..255"});
  if (what == "make") return make(of, question);
  if (what == "logs") return logs(of, question);
  if (what == "status") return told(of);
  if (question.contains("faults")) {
    auto wrong = faults::from_json(question["faults"]);
    if (!wrong) return tl::unexpected(wrong.error());
    faults_[cluster] = *wrong;
  }
  if (what == "start") return start(of);
  return signalled(of, what);
}

host_servers::outcome host_servers::free_ports(const json& question) {
  const auto host = question.at("address").get<std::string>();
  const auto count = question.at("count").get<int>();
  if (count < 1 || count > ports_max) return tl::unexpected(std::string{"too many ports"});
  // Below those the kernel gives to whoever connects.
  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> some{11'000, 31'000};
  std::set<std::uint16_t> ports;
  for (int tries = 0; static_cast<int>(ports.size()) < count && tries < 100 * count; ++tries)
    if (auto port = static_cast<std::uint16_t>(some(random)); can_listen(host, port))
      ports.insert(port);
  if (static_cast<int>(ports.size()) < count)
    return tl::unexpected("no " + std::to_string(count) + " free ports at " + host +
                          "; is that an address of this host?");
  return json{{"ports", ports}};
}

host_servers::outcome host_servers::make(const key& of, const json& question) {
  if (auto old = children_.find(of); old != children_.end() && old->second.is_running())
    return tl::unexpected("server." + std::to_string(of.second) + " of " + of.first +
                          " runs already");
  const auto dir = home(of);
  if (auto made = storage::posix_disk{}.create_directories(dir + "/data"); !made)
    return tl::unexpected(made.error().text());
  std::string lines = "dataDir=" + dir + "/data\n";
  for (const auto& x : question.at("config")) lines += x.get<std::string>() + "\n";
  return log::write_new_file(dir + "/data/myid", std::to_string(of.second) + "\n")
      .and_then([&] { return log::write_new_file(dir + "/zoo.cfg", lines); })
      .map([&] {
        return json{{"dir", dir}};
      });
}

host_servers::outcome host_servers::start(const key& of) {
  const auto dir = home(of);
  if (!fs::exists(dir + "/zoo.cfg"))
    return tl::unexpected("there is no " + dir + "/zoo.cfg; `up` makes it");
  if (auto old = children_.find(of); old != children_.end()) {
    if (old->second.is_running())
      return tl::unexpected("server." + std::to_string(of.second) + " runs already, as process " +
                            std::to_string(old->second.pid()));
    children_.erase(old);
  }
  auto started =
      child::start(spawner_, of.second,
                   {dir + "/zoo.cfg", dir + "/server.log", dir + "/server.out"}, faults_[of.first]);
  if (!started) return tl::unexpected(started.error());
  children_.emplace(of, *std::move(started));
  return told(of);
}

host_servers::outcome host_servers::signalled(const key& of, const std::string& what) {
  const auto who = "server." + std::to_string(of.second);
  auto found = children_.find(of);
  if (found == children_.end() || !found->second.is_running())
    return tl::unexpected(who + " does not run; `start` starts it");
  auto& server = found->second;
  if (what == "kill") {
    server.kill();
  } else if (what == "pause") {
    server.pause();
  } else if (what == "resume") {
    if (!server.is_paused()) return tl::unexpected(who + " is not paused");
    server.resume();
  } else if (what == "stop") {
    if (server.is_paused())
      return tl::unexpected(who + " is paused and hears nothing; resume or kill it");
    if (auto done = server.stop(stop_patience_ms); !done)
      return tl::unexpected(who + ": " + done.error());
  } else {
    return tl::unexpected("'" + what + "' is nothing this host does");
  }
  return told(of);
}

host_servers::outcome host_servers::told(const key& of) {
  json out{{"server", of.second}, {"state", "not started"}, {"dir", home(of)}};
  auto found = children_.find(of);
  if (found == children_.end()) return out;
  auto& server = found->second;
  out["state"] = server.state();
  out["pid"] = server.pid();
  if (out["state"] != "running") return out;
  auto config = config::load(home(of) + "/zoo.cfg");
  if (!config) return tl::unexpected(config.error());
  const auto& cfg = config->value;
  const auto srvr = ask_four_letter(cfg.client_address, cfg.client_port, "srvr", answer_ms);
  if (!srvr) return out;
  if (auto mode = value_of(*srvr, "Mode"); !mode.empty()) out["mode"] = mode;
  if (auto zxid = value_of(*srvr, "Zxid"); !zxid.empty()) out["zxid"] = zxid;
  return out;
}

host_servers::outcome host_servers::set(const std::string& cluster, const json& question) {
  auto wrong = faults::from_json(question.at("faults"));
  if (!wrong) return tl::unexpected(wrong.error());
  faults_[cluster] = *wrong;
  std::string problems;
  for (auto& [of, server] : children_)
    if (of.first == cluster)
      if (auto done = server.set(*wrong); !done)
        problems += (problems.empty() ? "" : "; ") + done.error();
  if (!problems.empty()) return tl::unexpected(problems);
  return json::object();
}

host_servers::outcome host_servers::logs(const key& of, const json& question) {
  const auto count = std::min(question.at("lines").get<std::size_t>(), lines_max);
  const auto dir = home(of);
  if (!fs::exists(dir)) return tl::unexpected("there is no " + dir + " on this host");
  return json{{"log", last_lines(dir + "/server.log", count)},
              {"output", last_lines(dir + "/server.out", count)}};
}

host_servers::outcome host_servers::down(const std::string& cluster, const json& question) {
  // The data stays whole: what a kill leaves is what a server starts on.
  std::erase_if(children_, [&](const auto& x) { return x.first.first == cluster; });
  faults_.erase(cluster);
  const auto dir = dir_ + "/" + cluster;
  const bool remove = question.value("remove", false);
  if (remove) fs::remove_all(dir);
  return json{{"dir", dir}, {"removed", remove}};
}

}  // namespace troupe::cluster
