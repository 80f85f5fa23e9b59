// SPDX-License-Identifier: Apache-2.0
#include "actors/client/socket.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/policy/tcp.hpp>

namespace troupe {
namespace {

using caf::io::network::native_socket;
using caf::io::network::operation;
using caf::io::network::rw_state;

/// CAF reads a socket up to 50 times before it looks at any other. What is read before a pause
/// takes effect has to be held, so a client that sends without end is read fewer times at once.
constexpr int reads_at_once = 4;

/// CAF's own TCP policy takes a read of 0 bytes for a failure; this one notes it and says that
/// nothing came.
struct half_open_tcp : caf::policy::tcp {
  bool has_ended = false;
  int reads_left = reads_at_once;

  rw_state read_some(std::size_t& got, native_socket fd, void* into, std::size_t bytes_max) {
    got = 0;
    if (reads_left-- == 0) return rw_state::success;  // as if nothing more were there yet
    const auto result = ::recv(fd, into, bytes_max, MSG_NOSIGNAL);
    got = result > 0 ? static_cast<std::size_t>(result) : 0;
    if (result > 0) return rw_state::success;
    if (result < 0) {
      const bool is_empty = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      return is_empty ? rw_state::success : rw_state::failure;
    }
    has_ended = true;
    return rw_state::indeterminate;
  }
};

}  // namespace

void client_socket::half_open_stream::handle_event(operation op) {
  half_open_tcp policy;
  if (owner_.is_held_back()) policy.reads_left = 0;
  handle_event_impl(op, policy);
  if (policy.has_ended) owner_.on_end_of_input();
}

client_socket::client_socket(caf::io::network::default_multiplexer& backend, int fd)
    : scribe(caf::io::network::conn_hdl_from_socket(fd)), stream_(*this, backend, fd) {
  stream_.ack_writes(true);
}

std::size_t client_socket::untaken() {
  int in_kernel = 0;
  ::ioctl(stream_.fd(), SIOCOUTQ, &in_kernel);
  return unsent() + static_cast<std::size_t>(in_kernel);
}

void client_socket::end_output() { caf::io::network::shutdown_write(stream_.fd()); }
void client_socket::cut() { caf::io::network::shutdown_both(stream_.fd()); }

void client_socket::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  bytes_at_once_ = config.second;
  if (!std::exchange(launched_, true)) stream_.start(this);
}

void client_socket::flush() {
  if (being_written_ == 0) being_written_ = wr_buf().size();  // CAF takes it up now
  stream_.flush(this);
}

void client_socket::graceful_shutdown() {
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

std::string client_socket::addr() const {
  auto x = caf::io::network::remote_addr_of_fd(stream_.fd());
  return x ? *x : std::string{};
}

std::uint16_t client_socket::port() const {
  auto x = caf::io::network::remote_port_of_fd(stream_.fd());
  return x ? *x : std::uint16_t{0};
}

void client_socket::data_transferred(caf::execution_unit* by, std::size_t written,
                                     std::size_t left) {
  being_written_ = left - wr_buf().size();
  if (acks_writes_) scribe::data_transferred(by, written, left);
  if (being_written_ == 0) being_written_ = wr_buf().size();  // CAF takes it up behind this
}

/// The socket stays readable for ever: no more of its events until reading is triggered again.
void client_socket::on_end_of_input() {
  stream_.passivate();
  if (!detached()) caf::anon_send(caf::actor_cast<caf::actor>(parent_), input_ended_msg{hdl()});
}

}  // namespace troupe
