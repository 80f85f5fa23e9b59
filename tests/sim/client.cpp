// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::sim {

client::client(scheduler& on, client_wires& wires, rng chance, client_options options,
               operation_log& log, std::function<void(std::string)> fail)
    : on_(on),
      wires_(wires),
      chance_(chance),
      options_(std::move(options)),
      log_(log),
      fail_(std::move(fail)) {}

void client::later(duration delay, void (client::*what)()) {
  on_.after(delay, [this, what] { (this->*what)(); });
}

void client::complain(const std::string& what) {
  fail_("client " + std::to_string(options_.number) + ": " + what);
}

void client::start() {
  later(chance_.between(duration{0}, options_.think_max), &client::connect);
  if (!std::exchange(ticking_, true)) later(std::chrono::milliseconds{100}, &client::tick);
  if (!std::exchange(thinking_, true)) think();
}

void client::close() {
  closing_ = true;
  asking_ = false;
  if (state_ != state::live) return;
  ask({.op = op_code::close_session});
}

void client::prefer(server_id only) {
  options_.servers = {only};
  disconnect();
}

std::string client::state_text() const {
  std::string out = "client " + std::to_string(options_.number) + " session " +
                    to_string(session_) + " waits for " + std::to_string(sent_.size()) + " answers";
  if (!sent_.empty()) out += ", first of " + log_.operations[sent_.front().entry].text();
  return out;
}

void client::vanish() {
  asking_ = false;
  state_ = state::over;
  waiting_.clear();
  sent_.clear();
}

void client::freeze(duration length) {
  frozen_until_ = std::max(frozen_until_, on_.now() + length);
  on_.at(frozen_until_, [this] { thaw(); });
}

void client::wake() {
  frozen_until_ = on_.now();
  thaw();
}

void client::thaw() {
  if (is_frozen()) return;
  auto bytes = std::exchange(unread_, {});
  if (!bytes.empty()) on_bytes(connection_, bytes);
  if (std::exchange(closed_unread_, false)) on_closed(connection_);
}

// -- the connection -------------------------------------------------------------------------------

void client::connect() {
  if (state_ == state::greeting || state_ == state::live || state_ == state::over) return;
  if (is_frozen()) return later(frozen_until_ - on_.now(), &client::connect);
  if (closing_) {
    state_ = state::over;
    return;
  }
  auto to = options_.servers[chance_.below(options_.servers.size())];
  auto made = wires_.connect(to, this);
  if (!made) return later(chance_.between(duration{1'000}, duration{300'000}), &client::connect);
  connection_ = *made;
  state_ = state::greeting;
  input_ = frame_splitter{1 << 24};
  seen_here_ = {};
  heard_ = spoke_ = on_.now();
  auto body = jute::encode(connect_request{0, std::max(seen_, options_.shown_before),
                                           options_.timeout_ms, session_, jute::buffer{password_}});
  body.push_back(options_.accepts_read_only ? '\1' : '\0');
  std::string frame;
  append_frame(frame, body);
  wires_.send(connection_, std::move(frame));
}

void client::disconnect() {
  if (state_ != state::greeting && state_ != state::live) return;
  wires_.close(connection_);
  lost();
}

/// What was sent on the old connection may or may not have happened.
void client::lost() {
  for (auto& r : sent_) {
    auto& op = log_.operations[r.entry];
    op.how = operation::fate::unknown;
    if (log_.seen) log_.seen("lost ", op);
    if (r.answered) r.answered(op);
  }
  sent_.clear();
  if (std::exchange(reads_only_, false)) {
    // The next server knows nothing of that session. What it has seen the client knows on.
    const auto seen = seen_;
    forget_session();
    seen_ = seen;
  }
  state_ = state::idle;
  later(chance_.between(duration{1'000}, duration{200'000}), &client::connect);
}

void client::forget_session() {
  session_ = {};
  password_.assign(16, '\0');
  seen_ = last_write_ = {};
  data_watches_.clear();
  exist_watches_.clear();
}

void client::on_closed(connection_id which) {
  if (which == connection_ && is_frozen()) {
    closed_unread_ = true;
    return;
  }
  if (which == connection_ && (state_ == state::greeting || state_ == state::live)) lost();
}

/// Pings when it has been quiet for a third of the timeout, gives a silent server up after two.
void client::tick() {
  later(std::chrono::milliseconds{100}, &client::tick);
  if (is_frozen()) return;
  if (state_ != state::greeting && state_ != state::live) return;
  duration timeout = std::chrono::milliseconds{granted_ms_ > 0 ? granted_ms_ : options_.timeout_ms};
  if (on_.now() - heard_ > timeout * 2 / 3) return disconnect();
  if (state_ == state::live && on_.now() - spoke_ > timeout / 3) {
    std::string frame;
    append_frame_of(frame, request_header{cxid{special_xid::ping}, op_code::ping});
    wires_.send(connection_, std::move(frame));
    spoke_ = on_.now();
  }
}

// -- asking ---------------------------------------------------------------------------------------

void client::think() {
  later(chance_.between(duration{1'000}, options_.think_max), &client::think);
  if (!asking_ || is_frozen() || state_ != state::live) return;
  auto burst = chance_.chance(10) ? options_.outstanding_max : 1;
  for (std::size_t i = 0; i < burst && sent_.size() + waiting_.size() < options_.outstanding_max;
       ++i)
    ask(make_operation());
}

void client::ask(operation op, std::function<void(const operation&)> answered) {
  op.client = options_.number;
  op.xid = cxid{++xids_};
  auto frame = encode(op);
  log_.operations.push_back(std::move(op));
  waiting_.push_back({log_.operations.size() - 1, std::move(frame), std::move(answered)});
  flush();
}

void client::flush() {
  if (state_ != state::live) return;
  std::string bytes;
  for (; !waiting_.empty(); waiting_.pop_front()) {
    auto& r = waiting_.front();
    auto& op = log_.operations[r.entry];
    op.session = session_;
    op.connection = connection_.value;
    op.sent = on_.now();
    op.acked_before = log_.acked;
    if (log_.seen) log_.seen("ask  ", op);
    bytes += r.frame;
    sent_.push_back(std::move(r));
  }
  if (bytes.empty()) return;
  spoke_ = on_.now();
  wires_.send(connection_, std::move(bytes));
}

// -- hearing --------------------------------------------------------------------------------------

void client::on_bytes(connection_id from, std::string_view bytes) {
  if (from != connection_) return;
  if (is_frozen()) {
    unread_.append(bytes);
    return;
  }
  heard_ = on_.now();
  input_.feed(bytes);
  while (state_ == state::greeting || state_ == state::live) {
    auto payload = input_.next();
    if (!payload) break;
    if (state_ == state::greeting)
      on_greeting(*payload);
    else
      on_frame(*payload);
  }
  if (input_.bad()) complain("the server sent an impossible frame");
}

void client::on_greeting(std::string_view payload) {
  auto hello = jute::decode<connect_response>(payload);
  if (!hello || payload.size() != 37) return complain("the greeting is malformed");
  reads_only_ = payload.back() != '\0';
  if (reads_only_ && !options_.accepts_read_only) complain("it did not ask for reads only");
  if (hello->timeout_ms <= 0) {
    // Expired: whatever comes next is another session's.
    forget_session();
    granted_ms_ = 0;
    return disconnect();
  }
  if (session_ != session_id{} && session_ != hello->session)
    complain("asked for session " + to_string(session_) + ", got " + to_string(hello->session));
  session_ = hello->session;
  password_ = hello->password.value_or("");
  granted_ms_ = hello->timeout_ms;
  state_ = state::live;
  if (reads_only_) look_for_better_later();
  for (const auto& proof : proofs()) {
    std::string frame;
    append_frame_of(frame, request_header{cxid{special_xid::auth}, op_code::auth},
                    auth_request{0, "digest", jute::buffer{proof}});
    wires_.send(connection_, std::move(frame));
  }
  tell_watches();
  flush();
}

/// As clients do that are content with reads (ClientCnxn.pingRwServer).
void client::look_for_better_later() {
  on_.after(chance_.between(duration{500'000}, duration{5'000'000}), [this, here = connection_] {
    if (connection_ == here && reads_only_) disconnect();
  });
}

/// As the clients do that set their watches again by themselves.
void client::tell_watches() {
  if (data_watches_.empty() && exist_watches_.empty()) return;
  auto& told = log_.watches_told.emplace_back();
  told.connection = connection_.value;
  told.since = seen_;
  told.data = std::exchange(data_watches_, {});
  told.exist = std::exchange(exist_watches_, {});
  std::string frame;
  append_frame_of(frame, request_header{cxid{special_xid::set_watches}, op_code::set_watches},
                  set_watches_request{told.since,
                                      {told.data.begin(), told.data.end()},
                                      {told.exist.begin(), told.exist.end()},
                                      {}});
  // They are ours again as soon as they are asked for: an answer may get lost as well.
  data_watches_ = told.data;
  exist_watches_ = told.exist;
  wires_.send(connection_, std::move(frame));
}

void client::on_watches_set(const reply_header& header) {
  for (auto told = log_.watches_told.rbegin(); told != log_.watches_told.rend(); ++told)
    if (told->connection == connection_.value) {
      told->at = header.id;
      return;
    }
}

void client::on_frame(std::string_view payload) {
  jute::reader body{payload};
  reply_header header;
  body(header);
  if (!body.ok()) return complain("a reply is too short for its header");
  if (header.xid.value == special_xid::watch_event) return on_event(header, body);
  if (header.xid.value == special_xid::auth) {
    if (header.err != error_code::ok) complain("its password was not taken");
    return;
  }
  if (header.id < seen_)
    complain("time went back from " + to_string(seen_) + " to " + to_string(header.id));
  seen_ = std::max(seen_, header.id);
  seen_here_ = std::max(seen_here_, header.id);
  if (header.xid.value == special_xid::set_watches) return on_watches_set(header);
  if (header.xid.value != special_xid::ping) on_reply(header, body);
}

void client::on_event(const reply_header& header, jute::reader& body) {
  seen_event e{connection_.value, header.id, {}, session_, on_.now(), ++log_.heard};
  body(e.what);
  if (!body.ok()) complain("an event is malformed");
  data_watches_.erase(e.what.path);
  exist_watches_.erase(e.what.path);
  if (header.id != zxid{-1} && header.id <= seen_here_)
    complain("the event of " + to_string(header.id) + " on " + e.what.path +
             " came behind a reply of " + to_string(seen_here_));
  log_.events.push_back(std::move(e));
}

void client::on_reply(const reply_header& header, jute::reader& body) {
  if (sent_.empty() || log_.operations[sent_.front().entry].xid != header.xid)
    return complain("reply " + std::to_string(header.xid.value) + " is out of order");
  auto r = std::move(sent_.front());
  sent_.pop_front();
  auto& op = log_.operations[r.entry];
  // Refused by a server that can ask nobody: the same as never sent.
  const bool is_refused_here = header.err == error_code::not_read_only;
  op.how = is_refused_here ? operation::fate::unknown : operation::fate::answered;
  if (is_refused_here && !reads_only_) complain("a server with a leader serves reads only");
  op.answered = on_.now();
  op.nth_heard = ++log_.heard;
  op.at = header.id;
  op.err = header.err;
  if (op.is_write() && !is_refused_here) {
    if (op.at <= last_write_)
      complain("a write's zxid does not rise above " + to_string(last_write_) + ": " + op.text());
    last_write_ = op.at;
    log_.acked = std::max(log_.acked, op.at);
  }
  if (header.err == error_code::ok) read_body(op, body);
  if (!body.ok()) complain("the reply's body is too short: " + op.text());
  if (op.op == op_code::create && op.path.ends_with('-') && header.err == error_code::ok)
    numbered_.push_back(op.made);
  if (op.seen && header.err == error_code::ok) versions_[op.path] = op.seen->version;
  if (op.watch && header.err == error_code::ok) data_watches_.insert(op.path);
  if (op.watch && header.err == error_code::no_node && op.op == op_code::exists)
    exist_watches_.insert(op.path);
  if (log_.seen) log_.seen("told ", op);
  ++answered_;
  if (op.op == op_code::close_session) {
    forget_session();
  }
  if (r.answered) {
    auto copy = op;
    r.answered(copy);
  }
}

void client::read_body(operation& op, jute::reader& body) {
  switch (op.op) {
    case op_code::create:
      body(op.made);
      break;
    case op_code::set_data:
    case op_code::exists:
      op.seen.emplace();
      body(*op.seen);
      break;
    case op_code::get_data:
    case op_code::reconfig:
      op.seen.emplace();
      body(op.data, *op.seen);
      break;
    case op_code::get_children:
      body(op.children);
      break;
    case op_code::multi: {
      multi_header first;
      body(first);
      op.multi_refused = first.type == op_code::error;
      break;
    }
    default:
      break;
  }
}

}  // namespace troupe::sim
