// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <numeric>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/parts.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/learning/parts.hpp"

namespace troupe::learner_parts {
namespace {

std::size_t bytes_of(const write_request& write) {
  std::size_t out = write.body.size();
  for (const auto& id : write.identities) out += id.scheme.size() + id.id.size();
  return out;
}

wire::Forward empty_message(learner_ptr self) {
  wire::Forward out;
  out.set_server(my_number(self));
  out.set_epoch(self->state.era.value);
  return out;
}

/// All but its body.
wire::ForwardedRequest& add_head(wire::Forward& to, const write_request& write) {
  auto* request = to.add_requests();
  request->set_session(write.session.value);
  request->set_cxid(write.cx.value);
  request->set_op(static_cast<std::int32_t>(write.op));
  request->set_connection(write.connection);
  request->set_known_to(static_cast<std::uint32_t>(write.known));
  return *request;
}

void add_whole(wire::Forward& to, write_request& write) {
  auto* request = &add_head(to, write);
  request->set_body(std::move(write.body));
  for (auto& id : write.identities) {
    auto* identity = request->add_identities();
    identity->set_scheme(std::move(id.scheme));
    identity->set_id(std::move(id.id));
  }
  if (mutated(mutant::write_repeated) && write.cx.value % 8 == 0 && write.op != op_code::sync &&
      write.cx.value > 0) {
    const auto again = *request;
    *to.add_requests() = again;
  }
}

/// The next part of the first one, which is long. True: it was the last.
bool send_part(learner_ptr self, write_request& first) {
  auto& s = self->state;
  const auto part =
      core::part_at(first.body, s.sent_of_first, s.options.context->message_bytes_max);
  auto out = empty_message(self);
  out.set_offset(part.place.offset);
  out.set_rest(part.place.rest);
  s.sent_of_first += part.bytes.size();
  const bool is_last = part.place.rest == 0;
  if (!is_last) {
    add_head(out, first).set_body(part.bytes.data(), part.bytes.size());
  } else {
    first.body = std::string{part.bytes};
    add_whole(out, first);
    s.sent_of_first = 0;
  }
  self->send(s.handler, std::move(out));
  return is_last;
}

/// Of what waits, one message.
void send_some(learner_ptr self) {
  auto& s = self->state;
  const auto bytes_max = s.options.context->message_bytes_max;
  if (const auto* question = std::get_if<wire::Revalidate>(&s.to_leader.front())) {
    self->send(s.handler, *question);
    s.to_leader.pop_front();
    return;
  }
  if (auto& first = std::get<write_request>(s.to_leader.front()); first.body.size() > bytes_max) {
    if (send_part(self, first)) s.to_leader.pop_front();
    return;
  }
  auto out = empty_message(self);
  for (std::size_t bytes = 0; !s.to_leader.empty(); s.to_leader.pop_front()) {
    auto* write = std::get_if<write_request>(&s.to_leader.front());
    if (write == nullptr) break;
    bytes += bytes_of(*write);
    if (bytes > bytes_max && out.requests_size() > 0) break;
    add_whole(out, *write);
  }
  self->send(s.handler, std::move(out));
}

/// Some at a time, and between two of them others have their turns.
coro::task<> send_what_waits(learner_ptr self) {
  auto& s = self->state;
  while (!s.ended && !s.to_leader.empty()) {
    send_some(self);
    self->end_round();
    auto others = coro::sleep(self, std::chrono::milliseconds{0});
    co_await others;
  }
  s.sending = false;
}

void begin_to_send(learner_ptr self) {
  auto& s = self->state;
  if (!std::exchange(s.sending, true)) s.work.start(send_what_waits(self));
}

}  // namespace

void forward_writes(learner_ptr self, forwarded_writes& writes) {
  auto& s = self->state;
  const auto bytes = std::accumulate(
      writes.requests.begin(), writes.requests.end(), std::size_t{0},
      [](std::size_t sum, const write_request& write) { return sum + bytes_of(write); });
  if (s.to_leader.empty() && bytes <= s.options.context->message_bytes_max) {
    auto out = empty_message(self);
    for (auto& write : writes.requests) add_whole(out, write);
    self->send(s.handler, std::move(out));
    return;
  }
  for (auto& write : writes.requests) s.to_leader.emplace_back(std::move(write));
  begin_to_send(self);
}

caf::result<session_verdict> ask_leader_for(learner_ptr self, session_id session) {
  auto& s = self->state;
  auto ticket = s.next_ticket++;
  wire::Revalidate question;
  question.set_server(my_number(self));
  question.set_epoch(s.era.value);
  question.set_session(session.value);
  question.set_ticket(ticket);
  if (s.to_leader.empty())
    self->send(s.handler, question);
  else
    s.to_leader.emplace_back(std::move(question));
  return s.revalidations[ticket] = self->make_response_promise<session_verdict>();
}

}  // namespace troupe::learner_parts
