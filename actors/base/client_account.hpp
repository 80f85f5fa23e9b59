// SPDX-License-Identifier: Apache-2.0
/// What one connection makes this server hold: output that its client has not taken, and requests
/// that are not answered. Gateway, session and database share it, since such bytes are with any of
/// them and on the way between. Units: bytes; counted relaxed.
/// Invariant: what one account counts is in the sums for all clients (shared_gauges), and leaves
/// them with the account, so bytes that are dropped with their connection need no further word.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "actors/base/node_context.hpp"

namespace troupe {

/// A connection with more than this unsent is asked for no requests and given no answers, until it
/// is down to the lesser. One answer may be longer than it.
inline constexpr std::int64_t unsent_bytes_max = 1024 * 1024;
inline constexpr std::int64_t unsent_bytes_relieved = 256 * 1024;
/// What one connection's requests under way may come to, unless it is a single one.
inline constexpr std::int64_t request_bytes_max = 1024 * 1024;
/// What may be on its way from all sockets to their sessions before more is read.
inline constexpr std::int64_t arrived_bytes_max = 2 * 1024 * 1024;

class client_account {
 public:
  explicit client_account(const node_context& context)
      : all_(context.gauges), all_max_(context.client_buffer_bytes_max()) {}
  ~client_account() { close(); }
  client_account(const client_account&) = delete;
  client_account& operator=(const client_account&) = delete;

  /// The connection is gone; what is still on its way to it counts no more.
  void close() {
    is_closed_.store(true, std::memory_order_relaxed);
    all_->unsent_bytes.fetch_sub(unsent_.exchange(0), std::memory_order_relaxed);
    const auto arrived = arrived_.exchange(0);
    all_->arrived_bytes.fetch_sub(arrived, std::memory_order_relaxed);
    all_->request_bytes.fetch_sub(requests_.exchange(0) + arrived, std::memory_order_relaxed);
    if (has_listing_.exchange(false)) all_->listings_under_way.fetch_sub(1);
  }

  /// Output was made for the client; it was handed to the kernel.
  void add_output(std::size_t bytes) { change_output(static_cast<std::int64_t>(bytes)); }
  void take_output(std::size_t bytes) { change_output(-static_cast<std::int64_t>(bytes)); }
  /// Bytes were read from the client, and are on their way to its session; that has them now.
  void add_arrived(std::size_t bytes) { change_arrived(static_cast<std::int64_t>(bytes)); }
  void take_arrived(std::size_t bytes) {
    const auto there = arrived_.load(std::memory_order_relaxed);
    change_arrived(-std::min(there, static_cast<std::int64_t>(bytes)));
  }
  /// Requests that are not answered, and the beginning of the next one.
  void set_requests(std::size_t bytes) {
    if (is_closed()) return;
    const auto now = static_cast<std::int64_t>(bytes);
    all_->request_bytes.fetch_add(now - requests_.exchange(now, std::memory_order_relaxed),
                                  std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t unsent() const { return unsent_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t requests() const {
    return requests_.load(std::memory_order_relaxed) + arrived_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t held() const { return unsent() + requests(); }

  /// All connections together hold more than they should: each has one request or answer at a time.
  [[nodiscard]] bool is_short() const { return all_held() > all_max_; }
  /// More than this unsent, and no further request of the connection is answered now.
  [[nodiscard]] std::int64_t output_max() const {
    return is_short() ? unsent_bytes_relieved : unsent_bytes_max;
  }

  /// A long listing for an operator is under way to this client from now on. False: too many are.
  [[nodiscard]] bool begin_listing(std::int64_t at_once_max) {
    if (has_listing_.exchange(true)) return true;
    if (all_->listings_under_way.fetch_add(1) < at_once_max) return true;
    all_->listings_under_way.fetch_sub(1);
    return has_listing_ = false;
  }

 private:
  [[nodiscard]] bool is_closed() const { return is_closed_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t all_held() const {
    return all_->unsent_bytes.load(std::memory_order_relaxed) +
           all_->request_bytes.load(std::memory_order_relaxed);
  }
  void change_output(std::int64_t bytes) {
    if (is_closed()) return;
    unsent_.fetch_add(bytes, std::memory_order_relaxed);
    all_->unsent_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

  void change_arrived(std::int64_t bytes) {
    if (is_closed()) return;
    arrived_.fetch_add(bytes, std::memory_order_relaxed);
    all_->request_bytes.fetch_add(bytes, std::memory_order_relaxed);
    all_->arrived_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

  std::shared_ptr<shared_gauges> all_;
  std::int64_t all_max_;
  std::atomic<std::int64_t> unsent_{0}, requests_{0}, arrived_{0};
  std::atomic<bool> has_listing_{false}, is_closed_{false};
};
using account_ptr = std::shared_ptr<client_account>;

}  // namespace troupe
