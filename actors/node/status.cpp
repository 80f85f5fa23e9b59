// SPDX-License-Identifier: Apache-2.0
#include "actors/node/status.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <sstream>

#include "actors/node/cli.hpp"
#include "actors/node/four_letter_client.hpp"
#include "actors/node/port_holder.hpp"

namespace troupe {
namespace {

constexpr int answer_ms = 5'000;
/// So long a server is said to be starting; longer, and something keeps it from serving.
constexpr std::int64_t starting_ms = 30'000;

/// From the line State of `whys`, such as "following - broadcast".
std::string mode_of_state(std::string_view state) {
  if (state.starts_with("leading")) return "leader";
  if (state.starts_with("following")) return "follower";
  if (state.starts_with("observing")) return "observer";
  return std::string{state.substr(0, state.find(' '))};
}

bool is_starting(const storage::running_server& server) {
  if (!server.note) return false;
  return server.note->client_port == 0 || storage::age_ms(server.note->process) < starting_ms;
}

/// "It is starting: process 7, an actor-node started from /zoo.cfg, 0.4 s ago."
std::string state_text(const storage::running_server& server, const char* otherwise,
                       bool has_elected = false) {
  if (has_elected || !is_starting(server))
    return "It is running: " + server.text() + ", but " + otherwise + ".";
  char age[32];
  std::snprintf(age, sizeof age, "%.1f",
                static_cast<double>(storage::age_ms(server.note->process)) / 1000);
  return "It is starting: " + server.text() + ", " + age + " s ago; it is not serving yet.";
}

void print_not_serving(const server_state& seen, const verb_target& of, std::ostream& out) {
  if (!of.running) {
    out << "It is running, but not serving.\n";
  } else {
    const bool answers = seen.is == server_state::kind::not_serving;
    // One that looks for a leader again has lost the one it had: it does not start any more.
    const bool has_elected = seen.whys.starts_with("State: looking") &&
                             seen.whys.find("\nLast election: ") != std::string::npos;
    out << state_text(*of.running, answers ? "not serving" : "it does not answer", has_elected)
        << "\n";
    if (auto blocked = storage::blocked_reason(of.running->pid); !blocked.empty())
      out << "Reason: " << blocked << "\n";
  }
  if (seen.is == server_state::kind::not_serving)
    out << seen.whys << (seen.whys.ends_with('\n') ? "" : "\n");
  else
    out << "Reason: " << seen.reason << "\n";
}

std::string last_line_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  constexpr std::streamoff tail_bytes = 4096;
  const auto size = static_cast<std::streamoff>(in.tellg());
  if (size <= 0) return {};
  in.seekg(std::max<std::streamoff>(0, size - tail_bytes));
  std::string line, last;
  while (std::getline(in, line))
    if (!line.empty()) last = line;
  return last;
}

/// Lists of servers that differ do not keep a server from serving, and should not stay so.
void print_list_warnings(const verb_target& of, std::ostream& out) {
  std::istringstream answer{
      ask_four_letter(of.client_host, of.client_port, "whys", answer_ms).value_or("")};
  for (std::string line; std::getline(answer, line);)
    if (line.starts_with("Server address") || line.starts_with("Server list") ||
        line.starts_with("Not listed"))
      out << line << "\n";
}

/// Whose the port is when no server runs in the data directory; empty when that is not known, and
/// then what answers there is taken for the server, as zkServer.sh does: it may run in a container.
std::string other_server_at(const verb_target& of) {
  const auto holder = holder_of_port(of.client_port);
  if (!holder || holder->data_dir.empty()) return {};
  if (storage::is_same_file(holder->data_dir, of.data_dir)) return {};
  return holder->text;
}

}  // namespace

server_state ask_state(const std::string& host, std::uint16_t port, int timeout_ms) {
  server_state out;
  bool is_answered = true;
  const auto is_served = [&] {
    auto srvr = ask_four_letter(host, port, "srvr", timeout_ms);
    if (!srvr) {
      out.reason = srvr.error();
      is_answered = false;
      return false;
    }
    out.reason = "the connection was closed without an answer";
    out.mode = value_of(*srvr, "Mode");
    out.disk = value_of(*srvr, "Disk");
    out.memory = value_of(*srvr, "Memory");
    out.is = out.mode.empty() ? out.is : server_state::kind::serving;
    return !out.mode.empty();
  };
  if (is_served() || !is_answered) return out;
  // Our own word: every server answers it, whatever its state and its whitelist.
  auto whys = ask_four_letter(host, port, "whys", timeout_ms);
  const auto serving = value_of(whys.value_or(""), "Serving");
  if (serving.empty()) return out;
  if (serving == "no") {
    out.is = server_state::kind::not_serving;
    out.whys = *std::move(whys);
    return out;
  }
  // It has come up since, or its whitelist is without srvr.
  if (is_served()) return out;
  out.is = server_state::kind::serving;
  out.mode = serving == "yes" ? mode_of_state(value_of(*whys, "State")) : "read-only";
  out.disk = value_of(*whys, "Disk");
  out.memory = value_of(*whys, "Memory");
  return out;
}

int print_status(const verb_target& of, std::ostream& out, std::ostream& err) {
  if (of.config_path.empty())
    err << "Data directory: " << of.data_dir << "\n";
  else
    err << "Using config: " << of.config_path << "\n";
  if (!of.look_problem.empty()) err << "warning: " << of.look_problem << "\n";
  if (of.has_moved())
    err << "warning: it runs in " << of.data_dir << ", and dataDir is " << of.config->value.data_dir
        << " by now\n";
  if (of.other_server) {
    out << "Error contacting service. It is probably not running.\nReason: in " << of.data_dir
        << " runs another server: " << of.other_server->text() << "\n";
    return exit_code::failed;
  }
  if (of.client_port == 0) {
    out << "Client port not found.\nError contacting service. "
        << (of.running ? state_text(*of.running, "where it listens is not known")
                       : "It is probably not running.")
        << "\n";
    return exit_code::failed;
  }
  out << "Client port found: " << of.client_port << ". Client address: " << of.client_host
      << ". Client SSL: false.\n";
  const auto seen = ask_state(of.client_host, of.client_port, answer_ms);
  const bool answers = seen.is != server_state::kind::no_answer;
  const auto other = answers && !of.running ? other_server_at(of) : std::string{};
  if (!other.empty() || (!answers && !of.running)) {
    out << "Error contacting service. It is probably not running.\nReason: "
        << (other.empty() ? seen.reason : "who answers at this port is " + other) << "\n";
    return exit_code::failed;
  }
  if (seen.is == server_state::kind::serving) {
    out << "Mode: " << seen.mode << "\n";
    if (!seen.disk.empty()) out << "Disk: " << seen.disk << "\n";
    if (!seen.memory.empty()) out << "Memory: " << seen.memory << "\n";
    print_list_warnings(of, out);
    return exit_code::done;
  }
  out << "Error contacting service. ";
  print_not_serving(seen, of, out);
  return exit_code::failed;
}

void print_election(const verb_target& of, std::ostream& out) {
  if (auto whys = ask_four_letter(of.client_host, of.client_port, "whys", answer_ms)) out << *whys;
}

int wait_until_serving(verb_target of, int wait_s, std::ostream& out, std::ostream& err) {
  constexpr int step_ms = 100, step_answer_ms = 1'000;
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + std::chrono::seconds{wait_s};
  const auto log = of.running && of.running->note ? of.running->note->log_file : std::string{};
  bool is_there = of.running.has_value();
  server_state seen;
  seen.reason = "it does not listen yet";
  for (;;) {
    if (auto now = storage::find_running(of.data_dir); now && *now) {
      of.running = *std::move(now);
      is_there = true;
    } else if (is_there) {  // its directory may be gone, and it not
      is_there = of.running->pid > 0 ? of.running->is_there() : !now;
    }
    if (!is_there) {
      out << "ENDED\n" << std::flush;
      err << "the server ended before it served" << (log.empty() ? "" : "; its log: " + log)
          << "\n";
      if (auto last = last_line_of(log); !last.empty()) err << last << "\n";
      return exit_code::failed;
    }
    if (const auto& note = of.running->note; note && note->client_port != 0) {
      of.client_host = reachable_host(note->client_host);
      of.client_port = note->client_port;
    }
    if (of.client_port != 0) seen = ask_state(of.client_host, of.client_port, step_answer_ms);
    if (seen.is == server_state::kind::serving) {
      out << "Mode: " << seen.mode << "\n";
      return exit_code::done;
    }
    if (clock::now() >= end) break;
    ::poll(nullptr, 0, step_ms);
  }
  out << "NOT YET SERVING, after " << wait_s << " s. ";
  print_not_serving(seen, of, out);
  return exit_code::not_yet;
}

}  // namespace troupe
