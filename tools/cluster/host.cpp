// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/host.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <list>
#include <nlohmann/json.hpp>
#include <vector>

#include "actors/storage/posix_disk.hpp"
#include "config/files.hpp"
#include "tools/cluster/host_servers.hpp"

namespace troupe::cluster {
namespace {

using std::chrono::steady_clock;

constexpr auto question_limit = std::chrono::seconds{5};
constexpr std::size_t guests_max = 64;

/// A connection that has not asked yet.
struct guest {
  int fd;
  std::string nonce;
  steady_clock::time_point deadline;
  std::string got;
};

tl::expected<int, std::string> listen_at(address& where) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (int failed =
          ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found))
    return tl::unexpected(where.text() + ": " + ::gai_strerror(failed));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 64) == 0;
  ::freeaddrinfo(found);
  if (!listens) {
    const auto why = where.text() + " cannot be listened on: " + std::strerror(errno);
    ::close(fd);
    return tl::unexpected(why);
  }
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0)
    where.port = ntohs(bound.sin_port);
  return fd;
}

void say(int fd, std::string line) {
  line += '\n';
  const timeval limit{2, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  for (std::string_view rest = line; !rest.empty();) {
    const auto sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // it reads no more, so it needs no answer
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

class door {
 public:
  door(int listening, secret shared, std::string dir)
      : listening_(listening), shared_(std::move(shared)), servers_(std::move(dir)) {}
  ~door() {
    for (auto& x : guests_) ::close(x.fd);
    ::close(listening_);
  }

  /// Until `signals` has one.
  void run(int signals) {
    for (;;) {
      std::vector<pollfd> waiting{{signals, POLLIN, 0}, {listening_, POLLIN, 0}};
      for (const auto& x : guests_) waiting.push_back({x.fd, POLLIN, 0});
      const int tick_ms = guests_.empty() ? -1 : 500;
      if (::poll(waiting.data(), waiting.size(), tick_ms) < 0 && errno != EINTR) return;
      if (waiting[0].revents != 0) return;
      auto at = waiting.begin() + 2;
      for (auto x = guests_.begin(); x != guests_.end(); ++at)
        if ((at->revents != 0 && !hear(*x)) || steady_clock::now() > x->deadline) {
          ::close(x->fd);
          x = guests_.erase(x);
        } else {
          ++x;
        }
      if (waiting[1].revents != 0) let_in();
    }
  }

 private:
  void let_in() {
    const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (guests_.size() >= guests_max) {
      ::close(guests_.front().fd);
      guests_.pop_front();
    }
    guests_.push_back({fd, random_hex(16), steady_clock::now() + question_limit, {}});
    say(fd, challenge_line(guests_.back().nonce));
  }

  /// False when there is no more to hear from this one.
  bool hear(guest& x) {
    char block[16 << 10];
    const auto size = ::recv(x.fd, block, sizeof block, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (size <= 0) return false;
    x.got.append(block, static_cast<std::size_t>(size));
    const auto end = x.got.find('\n');
    if (end == std::string::npos) return x.got.size() <= line_bytes_max;
    auto question = read_question(shared_, x.nonce, x.got.substr(0, end));
    if (question) {
      say(x.fd, answer_line(shared_, x.nonce, *question, servers_.answer(*question)));
    } else {
      std::cerr << question.error() << std::endl;
      say(x.fd, nlohmann::json{{"error", question.error()}}.dump());
    }
    return false;
  }

  int listening_;
  secret shared_;
  host_servers servers_;
  std::list<guest> guests_;
};

}  // namespace

int run_host(const host_options& options) {
  auto failed = [](const std::string& why) {
    std::cerr << "actor-cluster host: " << why << std::endl;
    return 1;
  };
  auto shared = secret::load(options.secret_file);
  if (!shared) return failed(shared.error());
  const auto dir = config::absolute_path(options.dir);
  if (auto made = storage::posix_disk{}.create_directories(dir); !made)
    return failed(made.error().text());
  auto where = options.listen;
  auto listening = listen_at(where);
  if (!listening) return failed(listening.error());

  sigset_t ends;  // blocked before there are threads
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const int signals = ::signalfd(-1, &ends, SFD_CLOEXEC);
  {
    door at{*listening, *std::move(shared), dir};
    std::cout << "host listens at " << where.text() << "; servers under " << dir << std::endl;
    at.run(signals);
  }
  ::close(signals);
  return 0;
}

}  // namespace troupe::cluster
