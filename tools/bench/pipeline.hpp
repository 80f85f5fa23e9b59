// SPDX-License-Identifier: Apache-2.0
/// What is under way on one connection to a server, and the checks of each reply. Bytes in, bytes
/// out; no socket, no clock.
/// Errors: the first reply that no correct server gives to a correct client is failed(), and ends
/// what can be heard on this connection: an error code, a foreign xid, a body that is too short or
/// belongs to another request, a zxid below one that was shown before.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "messages/client/frame.hpp"
#include "messages/client/records.hpp"

namespace troupe::bench {

enum class failure_kind {
  bad_frame,       // a length that no frame has
  refused,         // the server does not know the session, or grants none
  error_reply,     // a code other than ok, and other than the one that was tolerated
  out_of_order,    // an xid that is not that of the oldest request, or a reply to nothing
  short_reply,     // a body that ends before its record does
  wrong_reply,     // a body that answers another question
  zxid_backwards,  // the connection has seen a later state already
  unasked_event,   // a watch event nobody waits for
};

struct failure {
  failure_kind kind = failure_kind::wrong_reply;
  std::string text;
};

/// Whose request it is, and since when it is waited for.
struct request_tag {
  std::uint32_t slot = 0;
  std::int64_t since_ns = 0;
};

struct session_begun {
  session_id session;
  std::int32_t timeout_ms = 0;
};

struct answered {
  op_code op = op_code::error;
  request_tag tag;
  error_code err = error_code::ok;    // other than ok only where it was tolerated
  std::vector<std::string> children;  // of get_children
};

using happened = std::variant<session_begun, answered, watch_event>;

/// Invariant: replies are taken in the order of the requests; zxids only grow, also over begin().
class pipeline {
 public:
  explicit pipeline(std::int32_t session_timeout_ms) : timeout_ms_(session_timeout_ms) {}

  /// Says hello on a new connection: for the session there is, if any. Returns how many requests
  /// of the connection before are lost, their outcome unknown.
  std::size_t begin();
  /// The next begin() asks for a new session.
  void forget_session() { session_ = {}, password_.assign(16, '\0'); }

  void get(request_tag, std::string_view path, bool watch);
  void set(request_tag, std::string_view path, std::string_view data);
  void create(request_tag, std::string_view path, std::string_view data, std::int32_t flags);
  void remove(request_tag, std::string_view path);
  void sync(request_tag, std::string_view path);
  void list(request_tag, std::string_view path);
  void end_session();
  void ping();

  /// An error that the request asked last may be answered with.
  void tolerate(error_code err) { asked_.back().tolerated = err; }
  /// The bytes that get() has to bring, for all gets from now on; negative: any number.
  void expect_value_bytes(std::int64_t bytes) { value_bytes_ = bytes; }

  /// Bytes that wait to be written; the caller takes them away.
  [[nodiscard]] std::string& out() { return out_; }

  void feed(std::string_view bytes) { splitter_.feed(bytes); }
  /// What the bytes say, one by one; nullopt when more are needed, or failed().
  [[nodiscard]] std::optional<happened> next();

  [[nodiscard]] const std::optional<failure>& failed() const { return failure_; }
  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] std::size_t outstanding() const { return asked_.size(); }
  [[nodiscard]] zxid last_zxid() const { return last_zxid_; }

 private:
  struct request {
    cxid xid;
    op_code op = op_code::error;
    request_tag tag;
    error_code tolerated = error_code::ok;
    std::string path;  // of create alone, whose reply names it
  };

  template <class Body>
  void ask(op_code op, request_tag tag, const Body& body);
  std::nullopt_t fail(failure_kind kind, std::string text);
  std::optional<happened> take_greeting(std::string_view payload);
  std::optional<happened> take_event(jute::reader& in);
  std::optional<happened> take_reply(const reply_header& header, jute::reader& in);
  std::optional<happened> take_body(const request& asked, answered done, jute::reader& in);
  std::nullopt_t fail_backwards(const std::string& what, zxid to);

  std::int32_t timeout_ms_;
  session_id session_;
  std::string password_ = std::string(16, '\0');
  zxid last_zxid_;
  bool ready_ = false;  // the session was granted on this connection
  std::int32_t last_xid_ = 0;
  std::int64_t value_bytes_ = -1;
  std::deque<request> asked_;
  frame_splitter splitter_{payload_bytes_max};
  std::string out_;
  std::optional<failure> failure_;

  // Lists of children may be great: a run that creates leaves many behind.
  static constexpr std::int32_t payload_bytes_max = 1 << 30;
};

}  // namespace troupe::bench
