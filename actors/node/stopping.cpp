// SPDX-License-Identifier: Apache-2.0
#include "actors/node/stopping.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ostream>

#include "actors/base/process_user.hpp"
#include "actors/node/cli.hpp"
#include "actors/node/node.hpp"
#include "actors/node/port_holder.hpp"
#include "config/host.hpp"

namespace troupe {
namespace {

using storage::running_server;

/// Stands for one process; its number cannot become another's meanwhile.
class process_handle {
 public:
  explicit process_handle(pid_t pid)
      : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))), problem_(fd_ < 0 ? errno : 0) {}
  process_handle(const process_handle&) = delete;
  process_handle& operator=(const process_handle&) = delete;
  ~process_handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// Why there is none, an errno; ESRCH: no such process. 0: there is one.
  [[nodiscard]] int problem() const { return problem_; }
  /// 0, or the errno.
  [[nodiscard]] int signal(int number) const {
    return ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0) == 0 ? 0 : errno;
  }
  [[nodiscard]] bool has_ended_within(int ms) const {
    pollfd ended{fd_, POLLIN, 0};
    return ::poll(&ended, 1, ms) > 0;
  }

 private:
  int fd_;
  int problem_;
};

int not_stopped(std::ostream& out, std::ostream& err, const std::string& why) {
  out << "NOT STOPPED\n" << std::flush;
  err << why << "\n";
  return exit_code::failed;
}

std::string why_not_signalled(const running_server& server, int why) {
  const auto name = "process " + std::to_string(server.pid) + " in " + server.data_dir;
  if (why != EPERM) return name + " cannot be signalled: " + std::strerror(why);
  return name + " is the user " + storage::owner_of(server.pid) + "'s, and " + process_user().name +
         " may not signal it: " + std::strerror(why);
}

int stop_process(const running_server& server, int timeout_ms, std::ostream& out,
                 std::ostream& err) {
  const auto name = "process " + std::to_string(server.pid);
  const process_handle process{server.pid};
  if (const int why = process.problem(); why != 0 && why != ESRCH)
    return not_stopped(out, err,
                       name + " in " + server.data_dir +
                           " cannot be held on to: pidfd_open: " + std::strerror(why) + "; kill " +
                           std::to_string(server.pid) + " tells it to stop");
  if (process.problem() == ESRCH || !server.is_there()) {
    out << "STOPPED\n";  // by somebody else, at the same time
    return exit_code::done;
  }
  if (const int why = process.signal(SIGTERM); why != 0 && why != ESRCH)
    return not_stopped(out, err, why_not_signalled(server, why));
  if (storage::process_state(server.pid) == 'T') {
    out << "(it was paused, and is continued to end) " << std::flush;
    (void)process.signal(SIGCONT);
  }
  constexpr int step_ms = 500;
  for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += step_ms) {
    if (process.has_ended_within(std::min(step_ms, timeout_ms - waited_ms))) {
      out << "STOPPED\n";
      return exit_code::done;
    }
    out << "." << std::flush;
  }
  const auto blocked = storage::blocked_reason(server.pid);
  return not_stopped(
      out, err,
      name + " was told to stop and is still running after " + std::to_string(timeout_ms) + " ms" +
          (blocked.empty() ? "" : "; " + blocked) + ". kill -9 " + std::to_string(server.pid) +
          " ends it the hard way, and no acknowledged write is lost by that");
}

std::string port_problem(const char* key, const std::string& host, std::uint16_t port,
                         pid_t running) {
  auto why = why_not_listening(host, port, running);
  return why.empty() ? why
                     : std::string{key} + " " + std::to_string(port) + " at " +
                           config::print_host(host) + ": " + why;
}

}  // namespace

int stop(const verb_target& whom, int timeout_ms, std::ostream& out, std::ostream& err) {
  out << "Stopping troupe ... " << std::flush;
  if (whom.other_server)
    return not_stopped(out, err,
                       "in " + whom.data_dir + " runs " + whom.other_server->text() +
                           ", not from " + whom.config_path +
                           "; whoever means that one says: actor-node stop " + whom.data_dir);
  if (!whom.running && !whom.look_problem.empty()) return not_stopped(out, err, whom.look_problem);
  if (!whom.running) {
    out << "no server to stop (nobody holds " << storage::pid_path(whom.data_dir) << ")\n";
    return exit_code::done;
  }
  if (whom.running->is == running_server::kind::zookeeper)
    return not_stopped(out, err,
                       "in " + whom.data_dir + " runs " + whom.running->text() +
                           ", not an actor-node; zkServer.sh stops it");
  if (whom.running->pid == 0)
    return not_stopped(out, err,
                       "a server runs in " + whom.data_dir +
                           ", and which process it is cannot be told from here: it is another "
                           "user's, in another container, or about to start");
  return stop_process(*whom.running, timeout_ms, out, err);
}

std::string why_no_restart(const verb_target& whom, const std::string& log_path) {
  const auto& cfg = whom.config->value;
  const pid_t pid = whom.running ? whom.running->pid : 0;
  if (auto why = why_no_start(cfg, log_path); !why.empty()) return why;
  if (!cfg.is_standalone()) {
    const auto host = cfg.listen_on_all_ips ? std::string{"::"} : cfg.me()->host;
    for (const auto& [key, port] : {std::pair{"election port", cfg.me()->election_port},
                                    std::pair{"peer port", cfg.me()->peer_port}})
      if (auto why = port_problem(key, host, port, pid); !why.empty()) return why;
  }
  return port_problem("clientPort", cfg.client_address, cfg.client_port, pid);
}

}  // namespace troupe
