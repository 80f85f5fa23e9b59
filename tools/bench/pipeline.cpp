// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/pipeline.hpp"

#include <limits>

namespace troupe::bench {
namespace {

/// Bodies that point at what they send, so that a value is copied once.
struct nothing {};
template <class A>
void fields(A&, const nothing&) {}

struct path_body {
  std::string_view path;
};
template <class A>
void fields(A& a, const path_body& x) {
  a.bytes(x.path);
}

struct read_body {
  std::string_view path;
  bool watch;
};
template <class A>
void fields(A& a, const read_body& x) {
  a.bytes(x.path);
  a.boolean(x.watch);
}

struct set_body {
  std::string_view path, data;
};
template <class A>
void fields(A& a, const set_body& x) {
  a.bytes(x.path);
  a.bytes(x.data);
  a.i32(-1);
}

struct create_body {
  std::string_view path, data;
  std::int32_t flags;
};
template <class A>
void fields(A& a, const create_body& x) {
  a.bytes(x.path);
  a.bytes(x.data);
  a.i32(1);
  a(acl_entry{permission::all, {"world", "anyone"}});
  a.i32(x.flags);
}

struct delete_body {
  std::string_view path;
};
template <class A>
void fields(A& a, const delete_body& x) {
  a.bytes(x.path);
  a.i32(-1);
}

std::string_view name_of(op_code op) {
  switch (op) {
    case op_code::get_data:
      return "get";
    case op_code::set_data:
      return "set";
    case op_code::create:
      return "create";
    case op_code::remove:
      return "delete";
    case op_code::sync:
      return "sync";
    case op_code::get_children:
      return "list";
    case op_code::close_session:
      return "close";
    default:
      return "request";
  }
}

std::string describe(op_code op, cxid xid) {
  return std::string{name_of(op)} + " (xid " + std::to_string(xid.value) + ")";
}

}  // namespace

std::size_t pipeline::begin() {
  const auto lost = asked_.size();
  asked_.clear();
  splitter_ = frame_splitter{payload_bytes_max};
  out_.clear();
  ready_ = false;
  failure_.reset();
  last_xid_ = 0;
  const bool read_only_is_welcome = false;
  const connect_request hello{0, last_zxid_, timeout_ms_, session_, password_};
  std::string payload = jute::encode(hello);
  jute::writer{payload}.boolean(read_only_is_welcome);
  append_frame(out_, payload);
  return lost;
}

template <class Body>
void pipeline::ask(op_code op, request_tag tag, const Body& body) {
  last_xid_ = last_xid_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_xid_ + 1;
  const cxid xid{last_xid_};
  append_frame_of(out_, request_header{xid, op}, body);
  asked_.push_back({xid, op, tag, error_code::ok, {}});
}

void pipeline::get(request_tag tag, std::string_view path, bool watch) {
  ask(op_code::get_data, tag, read_body{path, watch});
}

void pipeline::set(request_tag tag, std::string_view path, std::string_view data) {
  ask(op_code::set_data, tag, set_body{path, data});
}

void pipeline::create(request_tag tag, std::string_view path, std::string_view data,
                      std::int32_t flags) {
  ask(op_code::create, tag, create_body{path, data, flags});
  asked_.back().path = path;
}

void pipeline::remove(request_tag tag, std::string_view path) {
  ask(op_code::remove, tag, delete_body{path});
}

void pipeline::sync(request_tag tag, std::string_view path) {
  ask(op_code::sync, tag, path_body{path});
}

void pipeline::list(request_tag tag, std::string_view path) {
  ask(op_code::get_children, tag, read_body{path, false});
}

void pipeline::end_session() { ask(op_code::close_session, {}, nothing{}); }

void pipeline::ping() {
  append_frame_of(out_, request_header{cxid{special_xid::ping}, op_code::ping});
}

std::nullopt_t pipeline::fail(failure_kind kind, std::string text) {
  if (!failure_) failure_ = failure{kind, std::move(text)};
  return std::nullopt;
}

std::optional<happened> pipeline::next() {
  while (!failure_) {
    const auto payload = splitter_.next();
    if (!payload) {
      if (const auto& bad = splitter_.bad())
        return fail(failure_kind::bad_frame, "a frame of " + std::to_string(bad->length) +
                                                 " bytes was announced; accepted: 1.." +
                                                 std::to_string(bad->length_max));
      return std::nullopt;
    }
    if (!ready_) return take_greeting(*payload);
    jute::reader in{*payload};
    reply_header header;
    in(header);
    if (!in.ok())
      return fail(failure_kind::short_reply, "a reply of " + std::to_string(payload->size()) +
                                                 " bytes, which is no reply header");
    const bool is_event = header.xid.value == special_xid::watch_event;
    if (!is_event && header.xid.value != special_xid::ping) return take_reply(header, in);
    // Until 3.9 an event has no zxid (-1).
    if (header.id.value > 0) {
      if (header.id < last_zxid_)
        return fail_backwards(is_event ? "a watch event" : "the answer to a ping", header.id);
      last_zxid_ = header.id;
    }
    if (is_event) return take_event(in);
  }
  return std::nullopt;
}

std::optional<happened> pipeline::take_greeting(std::string_view payload) {
  const auto granted = jute::decode<connect_response>(payload);
  if (!granted)
    return fail(failure_kind::short_reply, "the answer to the hello has " +
                                               std::to_string(payload.size()) +
                                               " bytes, which is no session");
  if (granted->timeout_ms <= 0 || granted->session == session_id{})
    return fail(failure_kind::refused, session_ == session_id{}
                                           ? "the server grants no session"
                                           : "the session has expired at the server");
  session_ = granted->session;
  password_ = granted->password.value_or(std::string(16, '\0'));
  ready_ = true;
  return session_begun{session_, granted->timeout_ms};
}

std::optional<happened> pipeline::take_event(jute::reader& in) {
  watch_event event;
  in(event);
  if (!in.ok()) return fail(failure_kind::short_reply, "a watch event is shorter than its record");
  return event;
}

std::nullopt_t pipeline::fail_backwards(const std::string& what, zxid to) {
  return fail(failure_kind::zxid_backwards, what + " has zxid " + to_string(to) +
                                                " after the connection has seen " +
                                                to_string(last_zxid_));
}

std::optional<happened> pipeline::take_reply(const reply_header& header, jute::reader& in) {
  if (asked_.empty())
    return fail(failure_kind::out_of_order, "a reply with xid " + std::to_string(header.xid.value) +
                                                " came, and nothing is outstanding");
  const auto asked = std::move(asked_.front());
  asked_.pop_front();
  const auto what = [&] { return "the reply to " + describe(asked.op, asked.xid); };
  if (header.xid != asked.xid)
    return fail(failure_kind::out_of_order, what() + " was due, and one with xid " +
                                                std::to_string(header.xid.value) + " came");
  if (header.id < last_zxid_) return fail_backwards(what(), header.id);
  last_zxid_ = header.id;
  answered done{asked.op, asked.tag, header.err, {}};
  if (header.err == error_code::ok) return take_body(asked, std::move(done), in);
  if (header.err == asked.tolerated) return done;
  return fail(failure_kind::error_reply,
              what() + " is the error " + std::string{to_string(header.err)} + " (" +
                  std::to_string(static_cast<std::int32_t>(header.err)) + ")");
}

std::optional<happened> pipeline::take_body(const request& asked, answered done, jute::reader& in) {
  stat st;
  std::optional<std::string_view> data;
  std::string_view created;
  switch (asked.op) {
    case op_code::get_data:
      data = in.bytes();
      in(st);
      break;
    case op_code::set_data:
      in(st);
      break;
    case op_code::create:
      created = in.bytes().value_or("");
      break;
    case op_code::sync:
      in.bytes();
      break;
    case op_code::get_children:
      in(done.children);
      break;
    default:
      break;
  }
  const auto what = [&] { return "the reply to " + describe(asked.op, asked.xid); };
  if (!in.ok()) return fail(failure_kind::short_reply, what() + " is shorter than its record");
  if (asked.op == op_code::create && created != asked.path)
    return fail(failure_kind::wrong_reply,
                what() + " names " + std::string{created} + ", not " + asked.path);
  const auto bytes = static_cast<std::int64_t>(data.value_or("").size());
  if (asked.op == op_code::get_data && value_bytes_ >= 0 && bytes != value_bytes_)
    return fail(failure_kind::wrong_reply, what() + " has " + std::to_string(bytes) +
                                               " bytes of data where " +
                                               std::to_string(value_bytes_) + " were written");
  return done;
}

}  // namespace troupe::bench
