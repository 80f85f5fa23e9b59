// SPDX-License-Identifier: Apache-2.0
/// A client's socket for a CAF broker. It differs from CAF's own in what the end of a client's
/// sending means: CAF drops a connection there, with all that waits to be written; here it is told
/// to the broker, and writing goes on. Half-closed connections are what `echo ruok | nc -N` makes,
/// or any client that says its last and waits.
/// Owns: the descriptor, until close() at the broker and until CAF has let go of it.
/// Order: the broker hears input_ended_msg behind the last bytes, more than once if reading is
/// triggered anew. A connection that was reset, or failed, is connection_closed_msg as ever.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream.hpp>
#include <caf/io/scribe.hpp>

#include "actors/interfaces/local_message.hpp"

namespace troupe {

/// To the broker: the client will send nothing more.
struct input_ended_msg {
  TROUPE_STAYS_LOCAL;
  caf::io::connection_handle handle;
};

class client_socket : public caf::io::scribe {
 public:
  /// Whose reads are no longer than this sends little.
  static constexpr std::size_t quiet_bytes = 4 * 1024;

  client_socket(caf::io::network::default_multiplexer& backend, int fd);

  /// What was handed over and is not yet the kernel's.
  [[nodiscard]] std::size_t unsent() { return being_written_ + wr_buf().size(); }
  /// What the client's own machine has not yet acknowledged, unsent() included.
  [[nodiscard]] std::size_t untaken();
  /// As long as this is true, what is left unread stays with the kernel, so that its client waits:
  /// but for one that sends little (see quiet_bytes), or a probe would wait for the busy ones.
  void hold_back_while(std::function<bool()> is_backlogged) {
    is_backlogged_ = std::move(is_backlogged);
  }

  /// The end of our sending, once unsent() is 0. Reading goes on.
  void end_output();
  /// Nothing that was not sent goes out any more.
  void cut();

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override { acks_writes_ = enable; }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override;
  void graceful_shutdown() override;
  [[nodiscard]] std::string addr() const override;
  [[nodiscard]] std::uint16_t port() const override;
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }
  void data_transferred(caf::execution_unit* by, std::size_t written, std::size_t left) override;

 private:
  class half_open_stream : public caf::io::network::stream {
   public:
    half_open_stream(client_socket& owner, caf::io::network::default_multiplexer& backend, int fd)
        : stream(backend, fd), owner_(owner) {}
    void handle_event(caf::io::network::operation op) override;

   private:
    client_socket& owner_;
  };

  void on_end_of_input();
  [[nodiscard]] bool is_held_back() const {
    return bytes_at_once_ > quiet_bytes && is_backlogged_ && is_backlogged_();
  }

  half_open_stream stream_;
  std::size_t being_written_ = 0;  // CAF's second buffer, which it does not show
  std::size_t bytes_at_once_ = 0;  // that the broker wants to hear of
  std::function<bool()> is_backlogged_;
  bool launched_ = false;
  bool acks_writes_ = false;  // whether the broker wants to hear of what was written
};

using client_socket_ptr = caf::intrusive_ptr<client_socket>;

}  // namespace troupe
