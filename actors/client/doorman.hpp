// SPDX-License-Identifier: Apache-2.0
/// The door through which clients come in. Their sockets are client_sockets; and it copes when
/// there is no descriptor for one more: CAF's own leaves the connection in the queue then, and the
/// loop, which is told of it again at once, turns for nothing else.
/// Owns: a spare descriptor, given up for a moment to take such a connection and close it. Errors:
/// where even that does not help, `short_of_files` is called; whoever hears of it halts the doorman
/// for a while.
#pragma once

#include <functional>
#include <string>

#include <caf/io/doorman.hpp>
#include <caf/io/network/acceptor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/native_socket.hpp>

#include "actors/client/socket.hpp"

namespace troupe {

/// How a connection is taken from a listening socket.
class accept_with_spare {
 public:
  /// `code`: an errno. `was_closed`: the connection is gone, its client knows.
  using report = std::function<void(int code, bool was_closed)>;

  explicit accept_with_spare(report short_of_files);
  accept_with_spare(const accept_with_spare&) = delete;
  accept_with_spare& operator=(const accept_with_spare&) = delete;
  ~accept_with_spare();

  /// As caf::policy::tcp: false on an error; true with no socket when there is nothing to do.
  bool try_accept(caf::io::network::native_socket& result, caf::io::network::native_socket fd);

 private:
  /// False: the connection is still there.
  bool turn_away(int listening_fd);

  report short_of_files_;
  int spare_fd_ = -1;
};

class client_doorman final : public caf::io::doorman {
 public:
  /// Has each client's socket before the broker hears of its handle.
  using on_accept = std::function<void(client_socket_ptr)>;

  client_doorman(caf::io::network::default_multiplexer& loop, int listening_fd, on_accept accepted,
                 accept_with_spare::report short_of_files);

  bool new_connection() override;
  void graceful_shutdown() override;
  void launch() override { acceptor_.start(this); }
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override { acceptor_.activate(this); }
  void remove_from_loop() override { acceptor_.passivate(); }

 private:
  on_accept accepted_;
  caf::io::network::acceptor_impl<accept_with_spare> acceptor_;
};

}  // namespace troupe
