// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <caf/io/all.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "actors/base/error_text.hpp"
#include "actors/node/network_settings.hpp"
#include "tools/cluster/exchange.hpp"
#include "tools/cluster/one_server.hpp"
#include "tools/cluster/served.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;

constexpr int process_start_ms = 10'000;
constexpr auto spawn_limit = std::chrono::seconds{10};
constexpr auto ready_limit = std::chrono::seconds{30};
constexpr auto answer_limit = std::chrono::seconds{3};

struct spawner_config : caf::actor_system_config {
  spawner_config() {
    load<caf::io::middleman>();
    settle_network(*this, cluster_app_identifier);
  }
};

struct started_process {
  pid_t pid;
  int to;    // its stdin
  int from;  // its reports
};

/// Between fork and exec: what is safe there, and no more.
[[noreturn]] void become_server(int in, int out, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // gone before we asked
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // `out` first: its place may be one of the others'.
  if (::dup2(out, report_fd) < 0 || ::dup2(in, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0)
    ::_exit(127);
  ::syscall(SYS_close_range, report_fd + 1, ~0U, 0);
  ::execl("/proc/self/exe", "actor-cluster", "host-one", nullptr);
  ::_exit(127);
}

tl::expected<started_process, std::string> start_process(const std::string& output_path) {
  auto failed = [](const char* what) {
    return tl::unexpected(std::string{what} + ": " + std::strerror(errno));
  };
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0) return failed("pipe");
  if (::pipe2(from, O_CLOEXEC) != 0) return failed("pipe");
  int log =
      ::open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log < 0) return failed(output_path.c_str());
  // None of them may lie where another is to go.
  for (int* fd : {&to[0], &from[1], &log}) {
    const int high = ::fcntl(*fd, F_DUPFD_CLOEXEC, 10);
    ::close(*fd);
    *fd = high;
  }
  const auto me = ::getpid();
  const auto pid = ::fork();
  if (pid == 0) become_server(to[0], from[1], log, me);
  for (int fd : {to[0], from[1], log}) ::close(fd);
  if (pid < 0) return failed("fork");
  return started_process{pid, to[1], from[0]};
}

/// Tells the process its token and hears its port. 0: it said none.
std::uint16_t introduce(const started_process& process, const std::string& token) {
  const auto line = json{{"token", token}}.dump() + "\n";
  std::string said;
  if (::write(process.to, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
    char block[256];
    pollfd waiting{process.from, POLLIN, 0};
    while (said.find('\n') == std::string::npos && ::poll(&waiting, 1, process_start_ms) > 0) {
      const auto size = ::read(process.from, block, sizeof block);
      if (size <= 0) break;
      said.append(block, static_cast<std::size_t>(size));
    }
  }
  ::close(process.to);
  ::close(process.from);
  const auto read = json::parse(said, nullptr, false);
  return read.is_object() ? read.value("port", std::uint16_t{0}) : std::uint16_t{0};
}

}  // namespace

struct spawner::parts {
  spawner_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
};

spawner::spawner() : parts_(std::make_unique<parts>()) {}
spawner::~spawner() = default;

struct child::inner {
  served_actor server;
};

child::child(pid_t pid, int pidfd, spawner& with)
    : pid_(pid), pidfd_(pidfd), with_(&with), inner_(std::make_unique<inner>()) {}

child::child(child&& x) noexcept
    : pid_(x.pid_),
      pidfd_(std::exchange(x.pidfd_, -1)),
      with_(x.with_),
      is_paused_(x.is_paused_),
      was_killed_(x.was_killed_),
      status_(x.status_),
      inner_(std::move(x.inner_)) {}

child& child::operator=(child&& x) noexcept {
  std::swap(pid_, x.pid_);
  std::swap(pidfd_, x.pidfd_);
  std::swap(with_, x.with_);
  std::swap(is_paused_, x.is_paused_);
  std::swap(was_killed_, x.was_killed_);
  std::swap(status_, x.status_);
  std::swap(inner_, x.inner_);
  return *this;
}

child::~child() {
  if (pidfd_ < 0) return;
  kill();
  ::close(pidfd_);
}

tl::expected<child, std::string> child::start(spawner& with, server_number who,
                                              const server_files& files, const faults& wrong) {
  auto process = start_process(files.output_path);
  if (!process)
    return tl::unexpected("no process for server." + std::to_string(who) + ": " + process.error());
  child made{process->pid, static_cast<int>(::syscall(SYS_pidfd_open, process->pid, 0)), with};
  auto failed = [&](const std::string& why) {
    return tl::unexpected("server." + std::to_string(who) + " did not start: " + why +
                          "; what it said is in " + files.log_path + " and " + files.output_path);
  };
  const auto token = random_hex(32);
  const auto port = introduce(*process, token);
  if (port == 0) return failed("its process ended before it could be spoken to");
  auto& parts = with.get();
  auto& middleman = parts.system.middleman();
  auto node = middleman.connect("127.0.0.1", port);
  if (!node) return failed("no connection to its process: " + text_of(node.error()));
  auto spawned = middleman.remote_spawn<served_actor>(
      *node, served_name,
      caf::make_message(token, files.config_path, files.log_path, static_cast<std::int32_t>(who),
                        wrong.to_json().dump()),
      spawn_limit);
  if (!spawned) return failed("its process refuses to spawn it: " + text_of(spawned.error()));
  made.inner_->server = *spawned;
  std::string outcome = "no word in time";
  parts.self->request(*spawned, ready_limit, await_atom::value)
      .receive([&](const std::string& said) { outcome = said; },
               [&](const caf::error& why) { outcome = text_of(why); });
  if (outcome == "ready") return made;
  constexpr std::string_view prefix = "failed: ";
  (void)made.wait_end(1'000);  // so that its ports are free when this is heard
  return failed(outcome.starts_with(prefix) ? outcome.substr(prefix.size()) : outcome);
}

bool child::wait_end(int timeout_ms) {
  if (status_ >= 0) return true;
  pollfd ended{pidfd_, POLLIN, 0};
  if (::poll(&ended, 1, timeout_ms) <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return false;
  status_ = status;
  is_paused_ = false;
  return true;
}

bool child::is_running() { return !wait_end(0); }

std::string child::state() {
  if (is_running()) return is_paused_ ? "paused" : "running";
  if (was_killed_) return "killed";
  if (WIFSIGNALED(status_)) return "ended by signal " + std::to_string(WTERMSIG(status_));
  if (WEXITSTATUS(status_) == 0) return "stopped";
  return "ended with exit code " + std::to_string(WEXITSTATUS(status_));
}

void child::signal(int number) {
  if (is_running()) ::syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0);
}

void child::kill() {
  if (!is_running()) return;
  was_killed_ = true;
  signal(SIGKILL);
  (void)wait_end(-1);
}

void child::pause() {
  signal(SIGSTOP);
  is_paused_ = is_running();
}

void child::resume() {
  signal(SIGCONT);
  is_paused_ = false;
}

tl::expected<void, std::string> child::stop(int patience_ms) {
  signal(SIGTERM);
  if (wait_end(patience_ms)) return {};
  return tl::unexpected("process " + std::to_string(pid_) +
                        " was told to stop and is still running; kill ends it the hard way");
}

tl::expected<void, std::string> child::set(const faults& wrong) {
  if (!is_running()) return {};
  auto text = wrong.to_json().dump();
  auto& self = with_->get().self;
  if (is_paused_) {
    self->send(inner_->server, faults_atom::value, text);
    return {};
  }
  std::string problem = "no answer";
  self->request(inner_->server, answer_limit, faults_atom::value, text)
      .receive([&](const std::string& said) { problem = said; },
               [&](const caf::error& why) { problem = text_of(why); });
  if (problem.empty() || !is_running()) return {};
  return tl::unexpected("process " + std::to_string(pid_) + " did not take the faults: " + problem);
}

}  // namespace troupe::cluster
