// SPDX-License-Identifier: Apache-2.0
#include "actors/client/doorman.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <caf/io/abstract_broker.hpp>
#include <caf/io/scribe.hpp>

namespace troupe {
namespace {

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool is_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS;
}

}  // namespace

accept_with_spare::accept_with_spare(report short_of_files)
    : short_of_files_(std::move(short_of_files)), spare_fd_(open_spare()) {}

accept_with_spare::~accept_with_spare() {
  if (spare_fd_ >= 0) ::close(spare_fd_);
}

bool accept_with_spare::try_accept(caf::io::network::native_socket& result,
                                   caf::io::network::native_socket fd) {
  if (spare_fd_ < 0) spare_fd_ = open_spare();  // another thread may have been faster last time
  result = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (result >= 0) return true;
  const int why = errno;
  result = caf::io::network::invalid_native_socket;
  if (!is_shortage(why)) return why == EAGAIN || why == EINTR || why == ECONNABORTED;
  short_of_files_(why, turn_away(fd));
  return true;
}

bool accept_with_spare::turn_away(int listening_fd) {
  if (spare_fd_ < 0) return false;
  ::close(std::exchange(spare_fd_, -1));
  const int taken = ::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (taken >= 0) ::close(taken);
  spare_fd_ = open_spare();
  return taken >= 0;
}

client_doorman::client_doorman(caf::io::network::default_multiplexer& loop, int listening_fd,
                               on_accept accepted, accept_with_spare::report short_of_files)
    : caf::io::doorman(caf::io::network::accept_hdl_from_socket(listening_fd)),
      accepted_(std::move(accepted)),
      acceptor_(loop, listening_fd, std::move(short_of_files)) {}

/// As CAF's doorman_impl.
bool client_doorman::new_connection() {
  if (detached()) return false;  // closed within this turn of the loop
  auto& loop = acceptor_.backend();
  auto connection = caf::make_counted<client_socket>(loop, acceptor_.accepted_socket());
  const auto handle = connection->hdl();
  accepted_(connection);
  parent()->add_scribe(std::move(connection));
  return doorman::new_connection(&loop, handle);
}

void client_doorman::graceful_shutdown() {
  acceptor_.graceful_shutdown();
  detach(&acceptor_.backend(), false);
}

std::string client_doorman::addr() const {
  auto known = caf::io::network::local_addr_of_fd(acceptor_.fd());
  return known ? *known : std::string{};
}

std::uint16_t client_doorman::port() const {
  auto known = caf::io::network::local_port_of_fd(acceptor_.fd());
  return known ? *known : std::uint16_t{0};
}

}  // namespace troupe
