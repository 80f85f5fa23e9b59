// SPDX-License-Identifier: Apache-2.0
/// Short histories for tests, written by hand.
#pragma once

#include <string>
#include <utility>

#include "tests/history/checks.hpp"

namespace troupe::history {

/// When a request was sent and when its answer was heard.
struct between {
  std::int64_t sent_us, heard_us;
};

inline operation asked(op_kind kind, std::string path, between when, std::string answer = "ok") {
  operation out;
  out.session = "0x1";
  out.asked.kind = kind;
  out.asked.path = std::move(path);
  out.sent_us = when.sent_us;
  out.heard_us = when.heard_us;
  out.answer = std::move(answer);
  return out;
}

inline operation created(between when, std::string data = "a", std::string path = "/r") {
  auto out = asked(op_kind::create, path, when);
  out.asked.data = std::move(data);
  out.created = std::move(path);
  return out;
}

inline operation written(between when, std::string data, int becomes = -1) {
  auto out = asked(op_kind::set, "/r", when);
  out.asked.data = std::move(data);
  if (becomes != -1) out.stat = node_stat{}, out.stat->version = becomes;
  return out;
}

inline operation removed(between when, std::string path = "/r") {
  return asked(op_kind::remove, std::move(path), when);
}

/// A read behind a sync that was sent with it.
inline operation read(between when, std::string data) {
  auto out = asked(op_kind::get, "/r", when);
  out.data_read = std::move(data);
  out.synced_from_us = when.sent_us;
  return out;
}

inline operation read_nothing(between when) {
  auto out = asked(op_kind::get, "/r", when, "no_node");
  out.synced_from_us = when.sent_us;
  return out;
}

/// Nobody ever heard what became of it.
inline operation unheard(operation op) {
  op.heard_us.reset();
  op.answer = "unknown";
  op.created.clear();
  op.stat.reset();
  return op;
}

inline operation if_version(operation op, int version, std::string answer = "ok") {
  op.asked.version = version;
  op.answer = std::move(answer);
  return op;
}

/// With the zxid of its answer.
inline operation at_zxid(operation op, std::int64_t zxid) {
  op.zxid = zxid;
  return op;
}

inline operation in_session(operation op, std::string session) {
  op.session = std::move(session);
  return op;
}

inline operation keyed(operation op, std::string key) {
  op.key = std::move(key);
  return op;
}

template <typename... Operations>
history history_of(Operations... ops) {
  history out;
  (out.operations.push_back(std::move(ops)), ...);
  for (std::size_t i = 0; i < out.operations.size(); ++i) out.operations[i].line = i + 1;
  return out;
}

}  // namespace troupe::history
