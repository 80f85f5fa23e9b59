// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/side_connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "messages/client/frame.hpp"

namespace troupe::cli {

/// WatcherType::Any and the mode in one: a path and a number.
struct numbered_path {
  std::string path;
  std::int32_t number = 0;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, numbered_path>
void fields(A& a, S& s) { a(s.path, s.number); }

namespace {

constexpr std::int32_t payload_bytes_max = 64 << 20;
constexpr std::size_t password_bytes = 16;
constexpr auto redial_after = std::chrono::milliseconds{200};
constexpr auto heartbeat = std::chrono::milliseconds{50};  // of whoever waits
/// The first session's server may go down between the two connections.
constexpr int tries_max = 3;

auth_request shown(const auth_id& x) {
  return {0, x.scheme, x.id.empty() ? jute::buffer{} : jute::buffer{x.id}};
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

template <class... Records>
bool send_frame(int fd, const Records&... records) {
  std::string out;
  append_frame_of(out, records...);
  return send_all(fd, out);
}

/// Bytes that are already encoded, as a record.
struct raw_body {
  std::string bytes;
};
void fields(jute::writer& w, const raw_body& x) { w.raw(x.bytes); }

}  // namespace

side_connection::side_connection(side_options options, event_queue& events)
    : options_(std::move(options)),
      events_(events),
      password_(password_bytes, '\0'),
      granted_timeout_ms_(options_.timeout_ms) {}

side_connection::~side_connection() {
  {
    std::unique_lock lock{mutex_};
    if (fd_ >= 0) {
      // The session need not wait for its timeout. The server hangs up, which ends serve().
      request_header header{{next_xid_++}, op_code::close_session};
      stopping_ = true;
      if (!send_frame(fd_, header)) ::shutdown(fd_, SHUT_RDWR);
      changed_.wait_for(lock, std::chrono::seconds{2}, [this] { return fd_ < 0; });
      if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
    }
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string side_connection::on_wire(const std::string& path) const {
  if (options_.chroot.empty()) return path;
  return path == "/" ? options_.chroot : options_.chroot + path;
}

void side_connection::add_auth(const auth_id& x) {
  const std::lock_guard lock{mutex_};
  identities_.push_back(x);
  if (fd_ >= 0 && !send_frame(fd_, request_header{{special_xid::auth}, op_code::auth}, shown(x)))
    ::shutdown(fd_, SHUT_RDWR);
}

bool side_connection::wait_ready(std::unique_lock<std::mutex>& lock) {
  if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
  wanted_ = true;
  changed_.notify_all();
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::milliseconds{options_.timeout_ms};
  while (fd_ < 0 && wanted_ && !options_.interrupted() && std::chrono::steady_clock::now() < until)
    changed_.wait_for(lock, heartbeat);
  return fd_ >= 0;
}

/// Goes where the first session is, once it is somewhere.
result<void> side_connection::connect() {
  for (int tries = 1;; ++tries) {
    if (auto reached = options_.reach(); !reached) return reached;
    std::unique_lock lock{mutex_};
    if (fd_ >= 0 || wait_ready(lock)) return {};
    if (options_.interrupted()) return tl::unexpected{interrupted};
    if (tries == tries_max) return tl::unexpected{error_code::connection_loss};
    changed_.wait_for(lock, redial_after, [this] { return fd_ >= 0; });
  }
}

result<std::string> side_connection::ask(op_code op, const std::string& body) {
  if (auto connected = connect(); !connected) return tl::unexpected{connected.error()};
  return exchange(op, body);
}

/// Fails at once when there is no connection.
result<std::string> side_connection::exchange(op_code op, const std::string& body) {
  std::future<result<std::string>> out;
  std::int32_t xid = 0;
  {
    const std::lock_guard lock{mutex_};
    if (fd_ < 0) return tl::unexpected{error_code::connection_loss};
    xid = next_xid_++;
    out = waiting_[xid].get_future();
    if (!send_frame(fd_, request_header{{xid}, op}, raw_body{body})) ::shutdown(fd_, SHUT_RDWR);
  }
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::milliseconds{options_.timeout_ms};
  while (out.wait_for(heartbeat) != std::future_status::ready) {
    const bool stopped = options_.interrupted();
    if (!stopped && std::chrono::steady_clock::now() < until) continue;
    const std::lock_guard lock{mutex_};
    waiting_.erase(xid);
    if (fd_ >= 0 && !stopped) ::shutdown(fd_, SHUT_RDWR);
    return tl::unexpected{stopped ? interrupted : error_code::connection_loss};
  }
  return out.get();
}

result<void> side_connection::add_watch(const std::string& path, watch_mode mode) {
  const auto wire = on_wire(path);
  std::map<std::string, watch_mode> before;
  {
    // Its first event may come before this thread wakes up.
    const std::lock_guard lock{mutex_};
    before = watches_;
    watches_[wire] = mode;
  }
  auto done =
      ask(op_code::add_watch, jute::encode(numbered_path{wire, static_cast<std::int32_t>(mode)}));
  if (done) return {};
  const std::lock_guard lock{mutex_};
  watches_ = before;
  return tl::unexpected{done.error()};
}

result<void> side_connection::remove_watch(const std::string& path, bool locally) {
  const auto wire = on_wire(path);
  const auto body = jute::encode(numbered_path{wire, static_cast<std::int32_t>(watch_kind::any)});
  constexpr auto op = op_code::remove_watches;
  auto done = locally ? exchange(op, body) : ask(op, body);
  if (!done && !(locally && done.error() == error_code::connection_loss))
    return tl::unexpected{done.error()};
  const std::lock_guard lock{mutex_};
  watches_.erase(wire);
  events_.push({"SyncConnected", "PersistentWatchRemoved", path});
  return {};
}

bool side_connection::watches(const std::string& path) const {
  const std::lock_guard lock{mutex_};
  return watches_.contains(on_wire(path));
}

bool side_connection::has_watches() const {
  const std::lock_guard lock{mutex_};
  return !watches_.empty();
}

void side_connection::settle() {
  // Events go before an answer to what was asked after them; a loss is told by the first session.
  static_cast<void>(exchange(op_code::sync, jute::encode(path_request{on_wire("/")})));
}

// -- the thread -----------------------------------------------------------------------------------

void side_connection::run() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return stopping_ || wanted_ || !watches_.empty(); });
      if (stopping_) return;
    }
    const int fd = dial();
    if (fd >= 0 && shake_hands(fd) && introduce(fd)) serve(fd);
    std::unique_lock lock{mutex_};
    fd_ = -1;
    wanted_ = false;
    if (fd >= 0) ::close(fd);
    fail_waiting();
    changed_.notify_all();
    if (!watches_.empty())
      changed_.wait_for(lock, redial_after, [this] { return stopping_ || wanted_; });
  }
}

int side_connection::dial() {
  const auto address = options_.server();
  if (address.empty()) return -1;
  const auto* to = reinterpret_cast<const sockaddr*>(address.data());
  const int fd = ::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // On Linux the send timeout bounds connect() too.
  timeval limit{options_.timeout_ms / 1000, (options_.timeout_ms % 1000) * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd, to, static_cast<socklen_t>(address.size())) == 0) return fd;
  ::close(fd);
  return -1;
}

bool side_connection::shake_hands(int fd) {
  connect_request hello;
  {
    const std::lock_guard lock{mutex_};
    hello = {0, last_zxid_, options_.timeout_ms, session_, password_};
  }
  if (!send_frame(fd, hello, raw_body{std::string(1, options_.read_only ? '\1' : '\0')}))
    return false;
  frame_splitter frames{payload_bytes_max};
  std::optional<connect_response> welcome;
  while (!welcome) {
    char bytes[4096];
    const auto n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    frames.feed({bytes, static_cast<std::size_t>(n)});
    auto payload = frames.next();
    if (frames.bad()) return false;
    if (!payload) continue;
    welcome = jute::decode<connect_response>(*payload);
    if (!welcome) return false;
  }
  unread_ = frames.waiting();
  const std::lock_guard lock{mutex_};
  const bool expired = welcome->timeout_ms <= 0;
  session_ = expired ? session_id{} : welcome->session;
  password_ = expired ? std::string(password_bytes, '\0')
                      : welcome->password.value_or(std::string(password_bytes, '\0'));
  if (!expired) granted_timeout_ms_ = welcome->timeout_ms;
  return !expired;
}

bool side_connection::introduce(int fd) {
  const std::lock_guard lock{mutex_};
  bool sent = true;
  for (const auto& x : identities_)
    sent = sent && send_frame(fd, request_header{{special_xid::auth}, op_code::auth}, shown(x));
  if (!watches_.empty()) {
    set_watches2_request all;
    all.one_shot.relative_zxid = last_zxid_;
    for (const auto& [path, mode] : watches_)
      (mode == watch_mode::persistent ? all.persistent : all.persistent_recursive).push_back(path);
    sent = sent &&
           send_frame(fd, request_header{{special_xid::set_watches}, op_code::set_watches2}, all);
  }
  if (!sent || stopping_) return false;
  fd_ = fd;
  wanted_ = false;
  changed_.notify_all();
  return true;
}

void side_connection::serve(int fd) {
  frame_splitter frames{payload_bytes_max};
  frames.feed(unread_);
  const auto ping_every = std::chrono::milliseconds{std::max(granted_timeout_ms_ / 3, 1)};
  auto ping_at = std::chrono::steady_clock::now() + ping_every;
  for (;;) {
    while (auto payload = frames.next())
      if (!take(*payload)) return;
    if (frames.bad()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now >= ping_at) {
      const std::lock_guard lock{mutex_};
      if (!send_frame(fd, request_header{{special_xid::ping}, op_code::ping})) return;
      ping_at = now + ping_every;
    }
    pollfd readable{fd, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(ping_at - now);
    const int ready = ::poll(&readable, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0) continue;
    char bytes[16384];
    const auto n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EINTR)) return;
    if (n > 0) frames.feed({bytes, static_cast<std::size_t>(n)});
  }
}

bool side_connection::take(std::string_view payload) {
  jute::reader in{payload};
  reply_header header;
  in(header);
  if (!in.ok()) return false;
  const std::lock_guard lock{mutex_};
  last_zxid_ = std::max(last_zxid_, header.id);
  if (header.xid.value == special_xid::watch_event) {
    tell(in.rest());
  } else if (auto found = waiting_.find(header.xid.value); found != waiting_.end()) {
    found->second.set_value(header.err == error_code::ok
                                ? result<std::string>{std::string{in.rest()}}
                                : result<std::string>{tl::unexpected{header.err}});
    waiting_.erase(found);
  }
  return true;
}

void side_connection::tell(std::string_view body) {
  auto heard = jute::decode<watch_event>(body);
  if (!heard || !covers(heard->path)) return;
  auto path = heard->path;
  if (path.starts_with(options_.chroot)) path.erase(0, options_.chroot.size());
  events_.push({"SyncConnected", event_type_name(static_cast<std::int32_t>(heard->type)),
                path.empty() ? "/" : path});
}

bool side_connection::covers(const std::string& wire) const {
  for (const auto& [top, mode] : watches_)
    if (wire == top ||
        (mode == watch_mode::persistent_recursive && (top == "/" || wire.starts_with(top + "/"))))
      return true;
  return false;
}

void side_connection::fail_waiting() {
  for (auto& [xid, waiting] : waiting_)
    waiting.set_value(tl::unexpected{error_code::connection_loss});
  waiting_.clear();
}

}  // namespace troupe::cli
