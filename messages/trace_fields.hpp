// SPDX-License-Identifier: Apache-2.0
/// What a trace shows of a message besides its name: the protocol's own names for things, so that
/// the traces of several servers join on epoch, zxid and (session, cxid). One template a kind of
/// message; a message that has none of these fields shows its name alone.
#pragma once

#include <google/protobuf/message_lite.h>
#include <concepts>
#include <string>

namespace troupe {

namespace detail {
inline void add_field(std::string& out, const char* key, const std::string& value) {
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  out += value;
}
inline void add_txn_range(std::string& out, const std::vector<txn_ptr>& txns) {
  if (txns.empty()) return;
  add_field(out, "zxid", to_string(txns.front()->id()));
  if (txns.size() > 1) add_field(out, "upto", to_string(txns.back()->id()));
  add_field(out, "session", to_string(txns.front()->value.header.client));
  add_field(out, "cxid", std::to_string(txns.front()->value.header.cx.value));
}
}  // namespace detail

template <class M>
requires requires { M::stays_local; }
std::string trace_fields(const M& m) {
  std::string out;
  if constexpr (requires { m.era.value; })
    detail::add_field(out, "epoch", std::to_string(m.era.value));
  if constexpr (requires { m.learner.value; })
    detail::add_field(out, "peer", std::to_string(m.learner.value));
  if constexpr (requires { detail::add_txn_range(out, m.txns); })
    detail::add_txn_range(out, m.txns);
  if constexpr (requires { to_string(m.upto); }) detail::add_field(out, "zxid", to_string(m.upto));
  if constexpr (requires { to_string(m.as_of); })
    detail::add_field(out, "zxid", to_string(m.as_of));
  if constexpr (requires { to_string(session_id{m.session}); })
    detail::add_field(out, "session", to_string(m.session));
  if constexpr (requires { m.connection.value; })
    detail::add_field(out, "connection", std::to_string(m.connection.value));
  return out;
}

namespace wire {

template <std::derived_from<google::protobuf::MessageLite> M>
std::string trace_fields(const M& m) {
  std::string out;
  using troupe::detail::add_field;
  if constexpr (requires { m.epoch(); }) add_field(out, "epoch", std::to_string(m.epoch()));
  if constexpr (requires { m.server(); }) add_field(out, "peer", std::to_string(m.server()));
  if constexpr (requires {
                  m.from();
                  m.leader();
                }) {
    add_field(out, "peer", std::to_string(m.from()));
    add_field(out, "votes_for", std::to_string(m.leader()));
    add_field(out, "round", std::to_string(m.round()));
  }
  if constexpr (requires { m.zxid(); }) add_field(out, "zxid", to_hex(m.zxid()));
  if constexpr (requires { m.last_zxid(); }) add_field(out, "last", to_hex(m.last_zxid()));
  if constexpr (requires { m.txns_size(); }) {
    if (m.txns_size() > 0)
      if (auto first = decode_txn(m.txns(0))) add_field(out, "zxid", to_string(first->header.id));
    add_field(out, "txns", std::to_string(m.txns_size()));
  }
  if constexpr (requires {
                  m.session();
                  m.cxid();
                }) {
    add_field(out, "session", to_hex(m.session()));
    add_field(out, "cxid", std::to_string(m.cxid()));
  }
  return out;
}

}  // namespace wire
}  // namespace troupe
