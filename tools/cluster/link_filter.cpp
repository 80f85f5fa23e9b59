// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/link_filter.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using time_point = steady_clock::time_point;

constexpr std::size_t queued_bytes_max = 8 << 20;  // then the sender's buffers fill, as with TCP
constexpr std::size_t block_bytes = 64 << 10;

std::string words_of(int error) { return std::generic_category().message(error); }

class socket_end {
 public:
  explicit socket_end(int fd = -1) : fd_(fd) {}
  socket_end(socket_end&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  socket_end& operator=(socket_end&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~socket_end() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// One direction of a connection.
struct flow {
  struct block {
    time_point due;
    std::string bytes;  // empty: the sender says no more
    std::size_t written = 0;
  };
  std::deque<block> queue;
  std::size_t queued_bytes = 0;
  bool has_ended = false;  // the sender says no more
  bool is_broken = false;  // the receiver takes no more
  bool is_passed = false;  // and the receiver knows the sender's end
  link_fault fault;

  [[nodiscard]] bool wants_read() const {
    return !fault.is_held && !has_ended && !is_broken && queued_bytes < queued_bytes_max;
  }
  [[nodiscard]] bool wants_write(time_point now) const {
    return !fault.is_held && !is_broken && !queue.empty() && queue.front().due <= now;
  }

  void read(int from, time_point now) {
    std::string bytes(block_bytes, '\0');
    const auto size = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    has_ended = size <= 0;
    bytes.resize(has_ended ? 0 : static_cast<std::size_t>(size));
    queued_bytes += bytes.size();
    queue.push_back({now + milliseconds{fault.delay_ms}, std::move(bytes)});
  }

  void write(int to) {
    auto& next = queue.front();
    if (next.bytes.empty()) {
      ::shutdown(to, SHUT_WR);
      is_passed = true;
      queue.pop_front();
      return;
    }
    const auto size = ::send(to, next.bytes.data() + next.written, next.bytes.size() - next.written,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) {
      is_broken = true;
      return;
    }
    next.written += static_cast<std::size_t>(size);
    queued_bytes -= static_cast<std::size_t>(size);
    if (next.written == next.bytes.size()) queue.pop_front();
  }
};

/// A connection this server has dialled: `near` leads to CAF, `far` to the other server.
struct connection {
  server_number peer;
  milliseconds silence_limit;
  socket_end near, far;
  flow out, in;  // out: from near to far
  std::optional<time_point> held_since;

  /// Bytes from here wait behind a cut.
  [[nodiscard]] bool is_waiting() const {
    int waiting = 0;
    return out.fault.is_held && near.is_open() &&
           (!out.queue.empty() || (::ioctl(near.get(), FIONREAD, &waiting) == 0 && waiting > 0));
  }

  /// What TCP_USER_TIMEOUT does to a socket whose bytes nobody acknowledges.
  void give_up_in_time(time_point now) {
    if (!is_waiting()) {
      held_since.reset();
    } else if (!held_since) {
      held_since = now;
    } else if (now - *held_since >= silence_limit) {
      near.close();
      out.queue.clear();
      out.has_ended = in.is_broken = true;
    }
  }

  /// Both sides have said all, or one of them is gone and the link would tell the other.
  [[nodiscard]] bool is_over() const {
    if (out.is_passed && in.is_passed) return true;
    if (out.is_broken) return !in.fault.is_held;
    return in.is_broken && !out.fault.is_held;
  }
};

}  // namespace

/// Shared with the connects under way, which may outlive the filter by a moment.
class link_filter::pump {
 public:
  explicit pump(server_number me) : me_(me), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    mover_ = std::thread{[this] { run(); }};
  }

  void end() {
    {
      std::lock_guard lock{guard_};
      is_ended_ = true;
    }
    changed_.notify_all();
    wake();
    mover_.join();
  }

  void set(const faults& now) {
    {
      std::lock_guard lock{guard_};
      faults_ = now;
      look_up_faults();
    }
    changed_.notify_all();
    wake();
  }

  /// False when both directions have not been free before the deadline.
  bool wait_free(server_number to, time_point deadline) {
    std::unique_lock lock{guard_};
    return changed_.wait_until(lock, deadline, [&] {
      return is_ended_ || (!faults_.between(me_, to).is_held && !faults_.between(to, me_).is_held);
    });
  }

  void add(connection x) {
    {
      std::lock_guard lock{guard_};
      fresh_.push_back(std::move(x));
    }
    wake();
  }

 private:
  void wake() {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) return;  // it is awake already
  }

  /// Holds the guard but while it waits, so that no byte passes by old faults once set() is over.
  void run() {
    std::unique_lock lock{guard_};
    while (!is_ended_) {
      connections_.splice(connections_.end(), fresh_);
      look_up_faults();
      const auto now = steady_clock::now();
      std::vector<pollfd> waiting{{wake_.get(), POLLIN, 0}};
      auto until = now + milliseconds{1'000};
      for (const auto& x : connections_) interests(x, now, waiting, until);
      const auto wait_ms = std::chrono::ceil<milliseconds>(until - now).count();
      lock.unlock();
      const int ready = ::poll(waiting.data(), waiting.size(),
                               static_cast<int>(std::max<std::int64_t>(wait_ms, 0)));
      const bool has_failed = ready < 0 && errno != EINTR;
      lock.lock();
      std::uint64_t ignored = 0;
      if (has_failed || (::read(wake_.get(), &ignored, sizeof ignored) < 0 && errno != EAGAIN))
        return;
      move_bytes(waiting);
    }
  }

  void look_up_faults() {
    for (auto& x : connections_) {
      x.out.fault = faults_.between(me_, x.peer);
      x.in.fault = faults_.between(x.peer, me_);
    }
  }

  /// Two entries a connection, near and far; -1 for a socket of which nothing is wanted, since poll
  /// tells of a hang-up unasked.
  static void interests(const connection& x, time_point now, std::vector<pollfd>& waiting,
                        time_point& until) {
    auto entry = [&](const socket_end& end, const flow& from_it, const flow& to_it) {
      short what = 0;
      if (from_it.wants_read()) what |= POLLIN;
      if (to_it.wants_write(now)) what |= POLLOUT;
      waiting.push_back({what != 0 ? end.get() : -1, what, 0});
    };
    entry(x.near, x.out, x.in);
    entry(x.far, x.in, x.out);
    for (const auto* way : {&x.out, &x.in})
      if (!way->fault.is_held && !way->queue.empty() && way->queue.front().due > now)
        until = std::min(until, way->queue.front().due);
  }

  /// As much as is due and the receiver takes.
  static void write_all(flow& way, const socket_end& to, time_point now) {
    while (to.is_open() && way.wants_write(now)) {
      const auto before = way.queued_bytes;
      way.write(to.get());
      if (way.queued_bytes == before && !way.is_passed) return;
    }
  }

  void move_bytes(const std::vector<pollfd>& waiting) {
    const auto now = steady_clock::now();
    auto at = waiting.begin() + 1;
    for (auto x = connections_.begin(); x != connections_.end();) {
      const auto near = at++->revents, far = at++->revents;
      if (near != 0 && x->out.wants_read()) x->out.read(x->near.get(), now);
      if (far != 0 && x->in.wants_read()) x->in.read(x->far.get(), now);
      write_all(x->out, x->far, now);
      write_all(x->in, x->near, now);
      x->give_up_in_time(now);
      x = x->is_over() ? connections_.erase(x) : std::next(x);
    }
  }

  const server_number me_;
  socket_end wake_;
  std::mutex guard_;  // of all that follows
  std::condition_variable changed_;
  std::list<connection> connections_;  // grows and shrinks in the mover alone
  std::list<connection> fresh_;
  faults faults_;
  bool is_ended_ = false;
  std::thread mover_;
};

link_filter::link_filter(server_number me) : pump_(std::make_shared<pump>(me)) {}
link_filter::~link_filter() { pump_->end(); }
void link_filter::set(const faults& now) { pump_->set(now); }

tl::expected<int, std::string> link_filter::connect(server_id to, const std::string& host,
                                                    std::uint16_t port,
                                                    const connect_options& options) {
  const auto mover = pump_;
  const auto peer = static_cast<server_number>(to.value);
  if (!mover->wait_free(peer, steady_clock::now() + options.connect_limit))
    return tl::unexpected(words_of(ETIMEDOUT));
  auto found = connect_within(host, port, options);
  if (!found) return found;
  socket_end far{*found};
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return tl::unexpected(words_of(errno));
  mover->add(
      connection{peer, options.silence_limit, socket_end{pair[1]}, std::move(far), {}, {}, {}});
  return pair[0];
}

}  // namespace troupe::cluster
