// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/one_server.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <caf/io/all.hpp>
#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "actors/node/network_settings.hpp"
#include "actors/node/node.hpp"
#include "actors/node/pid_file.hpp"
#include "actors/storage/posix_disk.hpp"
#include "config/load.hpp"
#include "tools/cluster/exchange.hpp"
#include "tools/cluster/faulty_disk.hpp"
#include "tools/cluster/link_filter.hpp"
#include "tools/cluster/served.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;

/// What the spawn's arguments say, and who is to be told how it goes.
struct order {
  served_actor from;
  std::string config_path, log_path;
  server_number me = 0;
};

/// Between the spawned actor and the main thread, which is to run the server.
class desk {
 public:
  explicit desk(std::string token) : token_(std::move(token)) {}

  /// Once: a token that has been shown is of no more use.
  [[nodiscard]] bool takes(const std::string& token) {
    std::lock_guard lock{guard_};
    if (token_.empty() || !is_same(token, token_)) return false;
    token_.clear();
    return true;
  }
  void put(order x) {
    {
      std::lock_guard lock{guard_};
      order_ = std::move(x);
    }
    came_.notify_all();
  }
  [[nodiscard]] order take() {
    std::unique_lock lock{guard_};
    came_.wait(lock, [this] { return order_.has_value(); });
    return *std::exchange(order_, std::nullopt);
  }
  /// For those who come before there are any seams, too.
  [[nodiscard]] std::string set(const std::string& text) {
    auto read = faults::from_json(json::parse(text, nullptr, false));
    if (!read) return read.error();
    std::lock_guard lock{guard_};
    faults_ = *read;
    apply();
    return {};
  }
  void furnish(server_number me, std::shared_ptr<link_filter> links,
               std::shared_ptr<faulty_disk> disk) {
    std::lock_guard lock{guard_};
    me_ = me;
    links_ = std::move(links);
    disk_ = std::move(disk);
    apply();
  }

 private:
  void apply() {
    if (links_) links_->set(faults_);
    if (disk_) disk_->set(faults_.disk_of(me_));
  }

  std::mutex guard_;
  std::condition_variable came_;
  std::string token_;
  std::optional<order> order_;
  faults faults_;
  server_number me_ = 0;
  std::shared_ptr<link_filter> links_;
  std::shared_ptr<faulty_disk> disk_;
};

struct served_state {
  static inline const char* name = "zk.served";
  std::string outcome;  // of the start; empty while it is under way
  std::vector<caf::typed_response_promise<std::string>> waiting;
};

served_actor::behavior_type serve(served_actor::stateful_pointer<served_state> self,
                                  const std::shared_ptr<desk>& at) {
  self->attach_functor([] { ::kill(::getpid(), SIGTERM); });
  return {[self](await_atom) -> caf::result<std::string> {
            if (!self->state.outcome.empty()) return self->state.outcome;
            self->state.waiting.push_back(self->make_response_promise<std::string>());
            return self->state.waiting.back();
          },
          [at](faults_atom, const std::string& text) { return at->set(text); },
          [self](ready_atom, const std::string& outcome) {
            self->state.outcome = outcome;
            for (auto& x : std::exchange(self->state.waiting, {})) x.deliver(outcome);
          }};
}

struct spawn_config : caf::actor_system_config {
  explicit spawn_config(const std::shared_ptr<desk>& at) {
    load<caf::io::middleman>();
    settle_network(*this, cluster_app_identifier);
    auto make = caf::make_actor_factory(
        // By value: CAF compares these with the message's types, and a reference is none of them.
        [at](served_actor::stateful_pointer<served_state> self, std::string,
             std::string config_path, std::string log_path, std::int32_t me,
             std::string wrong) -> served_actor::behavior_type {
          (void)at->set(wrong);
          at->put({served_actor{self}, std::move(config_path), std::move(log_path), me});
          return serve(self, at);
        });
    add_actor_factory(served_name,
                      [at, make](caf::actor_config& config,
                                 caf::message& arguments) -> caf::actor_factory_result {
                        using text = std::string;
                        if (!arguments.match_elements<text, text, text, std::int32_t, text>() ||
                            !at->takes(arguments.get_as<text>(0)))
                          return {};
                        return make(config, arguments);
                      });
  }
};

/// Reads how the start went from the pipe run_server writes to, and tells the actor.
std::thread relay_start(int fd, served_actor to) {
  return std::thread{[fd, to] {
    std::string line;
    char x = 0;
    while (::read(fd, &x, 1) == 1 && x != '\n') line += x;
    ::close(fd);
    if (line.empty()) line = "failed: it ended before it was ready";
    caf::anon_send(to, ready_atom::value, line);
  }};
}

int serve_order(const order& asked, desk& at) {
  int ready[2];
  if (::pipe(ready) != 0) return 1;
  auto relay = relay_start(ready[0], asked.from);
  auto ended_early = [&](const std::string& why) {
    const auto line = "failed: " + why + "\n";
    std::cerr << why << std::endl;
    if (::write(ready[1], line.data(), line.size()) < 0) std::cerr << "and nobody hears it\n";
    ::close(ready[1]);
    relay.join();
    return 1;
  };
  auto config = config::load(asked.config_path);
  if (!config) return ended_early(config.error());
  auto held = pid_file::hold(config->value.data_dir);
  if (!held) return ended_early(held.error());
  auto links = std::make_shared<link_filter>(asked.me);
  auto disk = std::make_shared<faulty_disk>(std::make_shared<storage::posix_disk>());
  at.furnish(asked.me, links, disk);
  server_seams seams{disk, [links](server_id to, const std::string& host, std::uint16_t port,
                                   const connect_options& options) {
                       return links->connect(to, host, port, options);
                     }};
  const auto code = run_server(config->value,
                               {.foreground = false,
                                .config_path = asked.config_path,
                                .log_path = asked.log_path,
                                .trace_path = {},
                                .config_notes = config->warnings,
                                .ready_fd = ready[1]},
                               std::move(seams));
  at.furnish(asked.me, nullptr, nullptr);
  relay.join();
  return code;
}

}  // namespace

int run_one_server() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t signals;  // of which run_server alone hears
  sigemptyset(&signals);
  for (int x : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&signals, x);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::string line;
  std::getline(std::cin, line);
  const auto said = json::parse(line, nullptr, false);
  if (!said.is_object() || !said.contains("token") || !said["token"].is_string()) {
    std::cerr << "host-one is started by `actor-cluster host`, which has more to say to it\n";
    return 2;
  }
  auto at = std::make_shared<desk>(said["token"].get<std::string>());
  spawn_config settings{at};
  caf::actor_system system{settings};
  auto port = system.middleman().open(0, "127.0.0.1");
  if (!port) {
    std::cerr << "no port on 127.0.0.1: " << system.render(port.error()) << "\n";
    return 1;
  }
  const auto report = json{{"port", *port}}.dump() + "\n";
  if (::write(report_fd, report.data(), report.size()) < 0) return 1;
  ::close(report_fd);

  auto asked = at->take();
  (void)system.middleman().close(*port);
  const auto code = serve_order(asked, *at);
  caf::anon_send_exit(asked.from, caf::exit_reason::user_shutdown);
  return code;
}

}  // namespace troupe::cluster
