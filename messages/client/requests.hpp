// SPDX-License-Identifier: Apache-2.0
/// A client's request, and the bodies of those that change the database, decoded. Errors: bytes
/// that do not decode are marshalling_error, an operation nobody here performs is unimplemented;
/// trailing bytes are ignored, as ZooKeeper does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "messages/client/records.hpp"

namespace troupe {

/// Who knows the session of a write, as the server says that holds its client. One of an earlier
/// version does not say.
enum class known_to : std::uint8_t { unsaid, its_server, all };

/// A request on its way to the leading server, with who asks. `body` is what follows the
/// RequestHeader; for create_session the timeout in ms (i32), for close_session nothing.
struct write_request {
  session_id session;
  cxid cx;
  op_code op = op_code::error;
  std::string body;
  std::vector<auth_id> identities;
  std::uint64_t connection = 0;    // its connection_id at the server that holds the client; 0: none
  known_to known = known_to::all;  // its session
};

/// True for the operations of clients that become a txn. Not create_session, which stands for a
/// handshake, nor delete_container, which is the leading server's own.
[[nodiscard]] bool is_write(op_code op);

struct create_op {  // create, create2, create_container and create_ttl, told apart by `type`
  op_code type = op_code::create;
  create_request request;
  std::int64_t ttl_ms = -1;  // of create_ttl
  bool has_path = true;      // false: null, which is an error after one of the mode
};
using write_op =
    std::variant<create_op, delete_request, set_data_request, set_acl_request, check_request>;
/// A multi's ops in order. ZooKeeper allows the creates, delete, set_data and check in it.
struct multi_request {
  std::vector<write_op> ops;
};
struct create_session_request {
  std::int32_t timeout_ms = 0;
};
struct close_session_request {};

using decoded_write = std::variant<write_op, multi_request, reconfig_request,
                                   create_session_request, close_session_request>;

[[nodiscard]] tl::expected<decoded_write, error_code> decode_write(op_code op,
                                                                   std::string_view body);

/// Which ops of a multi are create2, by position. Their txns are those of a plain create, which
/// every version of ZooKeeper can read, so only the request still knows that a stat is wanted.
/// `step` is a step_teller (in_steps.hpp).
[[nodiscard]] std::vector<std::size_t> create2_positions(std::string_view multi_body,
                                                         const std::function<void()>& step = {});

/// Whether a write would make an ephemeral znode, itself or in a multi; false if it is malformed.
[[nodiscard]] bool creates_ephemeral(op_code op, std::string_view body,
                                     const std::function<void()>& step = {});

/// The ops of a multiRead: get_data and get_children, as read_requests without a watch.
struct multi_read_op {
  op_code type = op_code::get_data;
  read_request request;
};
[[nodiscard]] tl::expected<std::vector<multi_read_op>, error_code> decode_multi_read(
    std::string_view body);

/// Most requests begin with a path; a null one is none (Java fails on it the same way).
[[nodiscard]] inline bool begins_with_null(std::string_view body) {
  return body.starts_with("\xff\xff\xff\xff");
}

/// A read's body: read_request, path_request.
template <class Request>
[[nodiscard]] tl::expected<Request, error_code> decode_request(std::string_view body) {
  auto decoded = jute::decode<Request>(body);
  if (!decoded || begins_with_null(body)) return tl::unexpected{error_code::marshalling_error};
  return std::move(*decoded);
}

/// The body of setWatches or setWatches2, the former with empty persistent lists. From a null list
/// on they are empty too and `is_cut` says so: ZooKeeper sets what stands before it, and fails.
[[nodiscard]] tl::expected<set_watches2_request, error_code> decode_set_watches(
    op_code op, std::string_view body);

/// The op a multi's sub-op is on the wire.
[[nodiscard]] op_code type_of(const write_op& op);

}  // namespace troupe
