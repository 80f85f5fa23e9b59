// SPDX-License-Identifier: Apache-2.0
/// What must hold of things that come inside of others: a txn in a log or in a proposal, a list of
/// servers in a file, a znode or a notification, a write in a frame or in a Forward.
#pragma once

#include <optional>

#include "config/membership.hpp"
#include "messages/client/requests.hpp"
#include "messages/txn.hpp"
#include "tests/fuzz/target.hpp"

namespace troupe::fuzz {

/// The list of servers in the text, if there is one.
inline std::optional<config::membership> check_membership(std::string_view text) {
  auto list = config::parse_membership(text);
  if (!list) {
    count_refusal(list.error());
    return std::nullopt;
  }
  count(true);
  const auto printed = config::print(*list);
  const auto again = config::parse_membership(printed);
  require(again && config::print(*again) == printed, "a list of servers prints as another");
  require(again->version == list->version && again->servers.size() == list->servers.size(),
          "a list of servers does not read back");
  require(config::digest_of(*again) == config::digest_of(*list), "its digest is another's");
  if (const auto q = config::quorum_of(*list); !q)
    require(!q.error().empty(), "no quorum, and no word why");
  else
    require(q->has_quorum(q->voters()), "all voters are no quorum");
  return *std::move(list);
}

/// The txn in the bytes, if they are one.
inline std::optional<txn> check_txn(std::string_view bytes) {
  auto read = decode_txn(bytes);
  count(read.has_value());
  if (!read) return std::nullopt;
  const auto logged = make_logged(*read);
  require(logged->bytes.size() <= bytes.size() + 64, "a txn holds more than came");
  const auto again = parse_logged(logged->bytes);
  require(again && again->value == *read && again->bytes == logged->bytes,
          "a txn does not read back");
  if (const auto* change = std::get_if<set_data_txn>(&read->body);
      change != nullptr && read->header.type == op_code::reconfig)
    (void)check_membership(change->data.value_or(""));
  return read;
}

inline void append_op(std::string& out, const write_op& op) {
  jute::writer w{out};
  if (const auto* create = std::get_if<create_op>(&op);
      create != nullptr && create->type == op_code::create_ttl)
    w(create_ttl_request{create->request, create->ttl_ms});
  else if (create != nullptr)
    w(create->request);
  else if (const auto* remove = std::get_if<delete_request>(&op))
    w(*remove);
  else if (const auto* set = std::get_if<set_data_request>(&op))
    w(*set);
  else if (const auto* acl = std::get_if<set_acl_request>(&op))
    w(*acl);
  else
    w(std::get<check_request>(op));
}

/// As a client would send it.
inline std::string encode_write(const decoded_write& what) {
  std::string out;
  jute::writer w{out};
  if (const auto* one = std::get_if<write_op>(&what)) {
    append_op(out, *one);
  } else if (const auto* many = std::get_if<multi_request>(&what)) {
    for (const auto& op : many->ops) {
      // Flags that are nobody's come in a multi only in a record of createTTL.
      const auto* create = std::get_if<create_op>(&op);
      const bool is_odd =
          create != nullptr && (create->request.flags < create_flag::persistent ||
                                create->request.flags > create_flag::ttl_sequential);
      w(multi_header{is_odd ? op_code::create_ttl : type_of(op), false, -1});
      append_op(out, op);
      if (is_odd) w(create->ttl_ms);
    }
    w(multi_header{op_code::error, true, -1});
  } else if (const auto* reconfig = std::get_if<reconfig_request>(&what)) {
    w(*reconfig);
  } else if (const auto* create = std::get_if<create_session_request>(&what)) {
    w(create->timeout_ms);
  }
  return out;
}

/// A write request: decoded, it encodes to one that decodes the same.
inline void check_write(op_code op, std::string_view body) {
  const auto decoded = decode_write(op, body);
  count(decoded.has_value());
  const auto with_stat = create2_positions(body);
  (void)creates_ephemeral(op, body);
  if (!decoded) {
    require(decoded.error() != error_code::ok, "a refusal without a code");
    return;
  }
  const auto written = encode_write(*decoded);
  const auto again = decode_write(op, written);
  require(again && again->index() == decoded->index() && encode_write(*again) == written,
          "a request does not read back");
  if (const auto* many = std::get_if<multi_request>(&*decoded))
    for (auto at : with_stat) require(at < many->ops.size(), "a create2 behind the multi's end");
}

}  // namespace troupe::fuzz
