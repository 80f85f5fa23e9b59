// SPDX-License-Identifier: Apache-2.0
/// What servers say to each other, each message with what it carries: txns, lists of servers, a
/// snapshot, writes of clients, votes, also in parts. What is parsed serialises to bytes that parse
/// the same, and the rules take any content.
///     input = which message | its bytes
#include <google/protobuf/stubs/logging.h>
#include <array>

#include "actors/core/election_round.hpp"
#include "actors/core/parts.hpp"
#include "actors/core/pending.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "messages/peer/election.pb.h"
#include "messages/peer/forward.pb.h"
#include "messages/peer/zab.pb.h"
#include "tests/fuzz/checks.hpp"

namespace {

using namespace troupe;
using fuzz::require;

const core::quorum& three_servers() {
  static const auto three = core::quorum::make({{.id = {1}}, {.id = {2}}, {.id = {3}}}).value();
  return three;
}

// -- what a message carries ---------------------------------------------------------------------

void read_fields(const google::protobuf::MessageLite&) {}

std::optional<core::quorum> list_in(const wire::Notification& n) {
  const auto list = config::parse_membership(n.server_list());
  if (!list) return std::nullopt;
  const auto decides = config::quorum_of(*list);
  return decides ? std::optional{*decides} : std::nullopt;
}

/// As a server that looks for a leader hears it, one that has one, and one that looks again.
void read_fields(const wire::Notification& n) {
  if (!n.membership().empty()) (void)fuzz::check_membership(n.membership());
  if (!n.seen().empty()) (void)fuzz::check_membership(n.seen());
  const core::notification heard{
      .from = {n.from()},
      .state = static_cast<server_state>(n.state()),
      .proposed = {{n.leader()}, {n.zxid()}, {n.peer_epoch()}, {n.round()}},
      .server_list_digest = n.server_list_digest(),
      .membership_version = {n.membership_version()},
      .list = list_in(n)};
  core::election_round round{{2}, three_servers(), 7};
  (void)round.start(zxid{0x100000001}, epoch{1});
  (void)round.on_notification(heard);
  auto other = heard;
  other.from = {heard.from.value == 1 ? 3 : 1};
  const auto effects = round.on_notification(other);
  if (effects.decided) require(!round.is_looking(), "it decided and looks on");
  (void)round.on_finalize_timeout();
  (void)round.on_unreachable({3});
  (void)round.start(zxid{0x100000002}, epoch{1});
  (void)round.on_notification(heard);
  require(round.refused().size() <= core::refused_senders_max, "more refused than remembered");
}

/// As parts of one whole: of the lengths and at the places that the message names, which need not
/// fit, and then as they would be cut by whoever has the whole.
template <class Texts>
void read_parts(const Texts& texts, core::part_place place) {
  constexpr std::uint64_t bytes_max = 1 << 16;
  core::part_joiner joiner{bytes_max};
  std::string whole;
  std::size_t heard = 0;
  for (const std::string& text : texts) {
    heard += text.size();
    whole += text;
    const auto joined = joiner.add(text, place);
    require(joiner.held_bytes() <= std::min<std::size_t>(heard, bytes_max), "more than has come");
    require(!joined || !*joined || (*joined)->size() <= bytes_max, "longer than it may be");
    require(joined || !joiner.is_under_way(), "what does not join stays");
    place.offset += text.size();
    place.rest -= std::min<std::uint64_t>(place.rest, text.size());
  }
  if (whole.empty() || whole.size() > bytes_max) return;
  const auto part_bytes = static_cast<std::size_t>(1 + place.rest % 64);
  std::optional<std::string> joined;
  core::part_joiner again{bytes_max};
  for (std::uint64_t offset = 0; !joined; offset += part_bytes) {
    const auto next = core::part_at(whole, offset, part_bytes);
    auto added = again.add(std::string{next.bytes}, next.place);
    require(added.has_value(), "parts do not join");
    joined = std::move(*added);
  }
  require(joined == whole && !again.is_under_way(), "parts join to something else");
}

template <class Txns>
void read_txns(const Txns& m) {
  read_parts(m.txns(), {m.offset(), m.rest()});
  core::pending window{zxid{0x100000000}};
  std::size_t fresh = 0;
  for (const auto& bytes : m.txns()) {
    const auto change = fuzz::check_txn(bytes);
    if (!change) return;
    const auto receipt = window.on_proposal(change->header.id);
    if (receipt == core::pending::receipt::hole) return;
    fresh += receipt == core::pending::receipt::fresh;
  }
  require(window.outstanding() == fresh, "the window holds others than came");
  const auto committed = window.on_commit(window.last_received());
  require(committed && committed->size() == fresh, "not all that came is committed");
}
void read_fields(const wire::SyncTxns& m) { read_txns(m); }
void read_fields(const wire::Proposal& m) { read_txns(m); }
void read_fields(const wire::Inform& m) { read_txns(m); }

void read_fields(const wire::Commit& m) {
  core::pending window{zxid{0x100000000}};
  (void)window.on_proposal({0x100000001});
  if (const auto done = window.on_commit({m.zxid()}); !done)
    require(!done.error().empty(), "a refusal without a word");
}

void read_membership_text(const std::string& text) {
  if (!text.empty()) (void)fuzz::check_membership(text);
}
void read_fields(const wire::LeaderInfo& m) { read_membership_text(m.membership()); }
void read_fields(const wire::UpToDate& m) { read_membership_text(m.membership()); }

void read_fields(const wire::SnapshotChunk& m) {
  core::snapshot_decoder decoder;
  decoder.feed(m.data());
  if (const auto image = decoder.finish(); !image) fuzz::count_refusal(image.error());
}

void read_fields(const wire::Forward& m) {
  std::vector<std::string> bodies;
  for (const auto& request : m.requests()) {
    fuzz::check_write(static_cast<op_code>(request.op()), request.body());
    bodies.push_back(request.body());
  }
  read_parts(bodies, {m.offset(), m.rest()});
}

// -- the messages -------------------------------------------------------------------------------

template <class Message>
void check(std::string_view bytes) {
  Message heard;
  const bool is_one = heard.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  fuzz::count(is_one);
  if (!is_one) return;
  const auto said = heard.SerializeAsString();
  Message again;
  require(again.ParseFromString(said) && again.SerializeAsString() == said,
          "a message does not read back");
  read_fields(heard);
}

template <class... Messages>
struct messages_of {
  static constexpr std::array checks{&check<Messages>...};
  template <class Message>
  static std::string encoded(const Message& x) {
    constexpr std::array is_it{std::is_same_v<Message, Messages>...};
    const auto at = std::find(is_it.begin(), is_it.end(), true) - is_it.begin();
    return fuzz::number(static_cast<std::uint64_t>(at), 1) + x.SerializeAsString();
  }
};
using all_messages =
    messages_of<wire::Notification, wire::Forward, wire::SyncDone, wire::StaleWrite,
                wire::Revalidate, wire::Revalidated, wire::LearnerInfo, wire::NotLeading,
                wire::LeaderInfo, wire::AckEpoch, wire::Truncate, wire::SyncTxns,
                wire::SnapshotChunk, wire::SnapshotCredit, wire::NewLeader, wire::AckNewLeader,
                wire::UpToDate, wire::Proposal, wire::Ack, wire::Commit, wire::Inform, wire::Ping,
                wire::Pong>;

constexpr auto list = "server.1=a:1:2:participant;0.0.0.0:3\nversion=100000000";

std::string some_txn(std::int64_t id) {
  return encode_txn({{session_id{7}, cxid{1}, zxid{id}, 5, op_code::set_data},
                     set_data_txn{"/a", "data", 1},
                     std::nullopt});
}

template <class Message>
std::string with_txns() {
  Message m;
  m.set_epoch(1);
  m.add_txns(some_txn(0x100000001));
  m.add_txns(some_txn(0x100000002));
  return all_messages::encoded(m);
}

template <class Message>
std::string with_part(std::uint64_t offset, std::uint64_t rest) {
  Message m;
  m.set_epoch(1);
  m.add_txns(some_txn(0x100000001).substr(0, 20));
  m.set_offset(offset);
  m.set_rest(rest);
  return all_messages::encoded(m);
}

template <class Message>
std::string with_numbers(std::string_view numbers) {
  Message m;
  m.ParseFromArray(numbers.data(), static_cast<int>(numbers.size()));
  return all_messages::encoded(m);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  constexpr std::string_view numbers{"\x08\1\x10\2\x18\1\x20\5", 8};
  wire::Notification vote;
  vote.set_from(3);
  vote.set_leader(3);
  vote.set_zxid(0x100000001);
  vote.set_peer_epoch(1);
  vote.set_round(1);
  vote.set_server_list_digest(7);
  vote.set_membership_version(0x100000000);
  vote.set_membership(list);
  vote.set_seen(list);
  wire::Forward forward;
  for (auto op : {op_code::create, op_code::remove}) {
    auto& request = *forward.add_requests();
    request.set_op(static_cast<std::int32_t>(op));
    request.set_body(op == op_code::remove
                         ? jute::encode(delete_request{"/a", -1})
                         : jute::encode(create_request{"/a", "x", {{31, {"world", "anyone"}}}, 0}));
    request.add_identities()->set_scheme("ip");
  }
  wire::LeaderInfo leader;
  leader.set_membership(list);
  wire::UpToDate up_to_date;
  up_to_date.set_membership(list);
  wire::SnapshotChunk chunk;
  core::tree empty;
  chunk.set_data(core::snapshot_encoder{empty}.next(4096));
  wire::NotLeading not_leading;
  not_leading.set_reason("looking");
  wire::Pong pong;
  pong.add_touched()->set_session(7);
  std::vector<std::string> out{all_messages::encoded(vote),
                               all_messages::encoded(forward),
                               all_messages::encoded(leader),
                               all_messages::encoded(up_to_date),
                               all_messages::encoded(chunk),
                               all_messages::encoded(not_leading),
                               all_messages::encoded(pong),
                               with_txns<wire::SyncTxns>(),
                               with_txns<wire::Proposal>(),
                               with_txns<wire::Inform>(),
                               with_part<wire::SyncTxns>(0, 30),
                               with_part<wire::Proposal>(20, 1),
                               with_part<wire::Inform>(30, 0),
                               with_numbers<wire::SyncDone>(numbers),
                               with_numbers<wire::StaleWrite>(numbers),
                               with_numbers<wire::Revalidate>(numbers),
                               with_numbers<wire::Revalidated>(numbers),
                               with_numbers<wire::LearnerInfo>(numbers),
                               with_numbers<wire::AckEpoch>(numbers),
                               with_numbers<wire::Truncate>(numbers),
                               with_numbers<wire::SnapshotCredit>(numbers),
                               with_numbers<wire::NewLeader>(numbers),
                               with_numbers<wire::AckNewLeader>(numbers),
                               with_numbers<wire::Ack>(numbers),
                               with_numbers<wire::Commit>(numbers),
                               with_numbers<wire::Ping>(numbers)};
  for (int state = 1; state <= 3; ++state) {
    vote.set_state(state);
    out.push_back(all_messages::encoded(vote));
  }
  return out;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // It would speak of each text that is not UTF-8.
  static const auto silenced = google::protobuf::SetLogHandler(nullptr);
  (void)silenced;
  fuzz::input in{data, size};
  const auto which = in.number() % all_messages::checks.size();
  all_messages::checks[which](in.rest());
  return 0;
}
