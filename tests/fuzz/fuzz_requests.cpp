// SPDX-License-Identifier: Apache-2.0
/// A client's requests by op code, one behind the other, through decoding, prep, tree, watches and
/// replies: every write becomes a txn that survives its own bytes and applies as foreseen.
///     input   = options | request*
///     request = op | length in 2 bytes | body
#include <array>

#include "actors/core/prep.hpp"
#include "actors/core/replies.hpp"
#include "tests/fuzz/checks.hpp"

namespace {

using namespace troupe;
using namespace troupe::core;
using fuzz::require;

constexpr std::array ops{op_code::create,
                         op_code::remove,
                         op_code::exists,
                         op_code::get_data,
                         op_code::set_data,
                         op_code::get_acl,
                         op_code::set_acl,
                         op_code::get_children,
                         op_code::sync,
                         op_code::ping,
                         op_code::get_children2,
                         op_code::check,
                         op_code::multi,
                         op_code::create2,
                         op_code::reconfig,
                         op_code::check_watches,
                         op_code::remove_watches,
                         op_code::create_container,
                         op_code::delete_container,
                         op_code::create_ttl,
                         op_code::multi_read,
                         op_code::auth,
                         op_code::set_watches,
                         op_code::sasl,
                         op_code::get_ephemerals,
                         op_code::get_all_children_number,
                         op_code::set_watches2,
                         op_code::add_watch,
                         op_code::who_am_i,
                         op_code::create_session,
                         op_code::close_session,
                         op_code::error};
constexpr int requests_max = 64;

struct sample {
  op_code op;
  std::string body;
};

std::string several(const std::vector<sample>& parts) {
  std::string out;
  jute::writer w{out};
  for (const auto& [type, body] : parts) {
    w(multi_header{type, false, -1});
    w.raw(body);
  }
  w(multi_header{op_code::error, true, -1});
  return out;
}

std::vector<sample> samples() {
  acl_list open = *open_acl(), mixed{{1, {"world", "anyone"}}, {31, {"auth", ""}}};
  acl_list by_address{{31, {"ip", "10.0.0.0/8"}}, {1, {"digest", "ann:hash"}}};
  auto create = jute::encode(create_request{"/a", jute::buffer{"data"}, open, 0});
  auto sequential = jute::encode(create_request{"/a/s", jute::buffer{""}, mixed, 3});
  auto set = jute::encode(set_data_request{"/a", jute::buffer{"more"}, -1});
  auto remove = jute::encode(delete_request{"/a/b", -1});
  auto check = jute::encode(check_request{"/a", 0});
  auto ttl = jute::encode(create_ttl_request{{"/t", "x", open, 6}, 1000});
  auto multi = several({{op_code::create, create},
                        {op_code::create2, sequential},
                        {op_code::create_ttl, ttl},
                        {op_code::set_data, set},
                        {op_code::check, check},
                        {op_code::remove, remove}});
  auto multi_read = several({{op_code::get_data, jute::encode(read_request{"/a", false})},
                             {op_code::get_children, jute::encode(read_request{"/", true})}});
  return {{op_code::create, create},
          {op_code::create2, sequential},
          {op_code::create, jute::encode(create_request{"/a/b", std::nullopt, open, 1})},
          {op_code::set_data, set},
          {op_code::add_watch,
           jute::encode(add_watch_request{"/a", add_watch_mode::persistent_recursive})},
          {op_code::remove, remove},
          {op_code::set_acl, jute::encode(set_acl_request{"/a", mixed, -1})},
          {op_code::set_acl, jute::encode(set_acl_request{"/a", by_address, -1})},
          {op_code::multi, multi},
          {op_code::create_session, std::string("\0\0\x10\0", 4)},
          {op_code::exists, jute::encode(read_request{"/a", true})},
          {op_code::get_children2, jute::encode(read_request{"/", false})},
          {op_code::get_acl, jute::encode(path_request{"/a"})},
          {op_code::create_container, jute::encode(create_request{"/c", "x", open, 4})},
          {op_code::create_ttl, ttl},
          {op_code::create, jute::encode(create_request{"/zookeeper/quota/a", "", open, 0})},
          {op_code::create, jute::encode(create_request{"/zookeeper/quota/a/zookeeper_limits",
                                                        "count=3,bytes=100", open, 0})},
          {op_code::create,
           jute::encode(create_request{"/zookeeper/quota/a/zookeeper_stats", "", open, 0})},
          {op_code::get_ephemerals, jute::encode(get_ephemerals_request{"/a"})},
          {op_code::get_all_children_number, jute::encode(path_request{"/a"})},
          {op_code::who_am_i, ""},
          {op_code::multi_read, multi_read},
          {op_code::auth, jute::encode(auth_request{0, "digest", "ann:secret"})},
          {op_code::reconfig,
           jute::encode(reconfig_request{"server.4=h:1:2;3", "3", std::nullopt, -1})},
          {op_code::remove_watches, jute::encode(watches_request{"/a", watcher_type::any})},
          {op_code::set_watches2,
           jute::encode(set_watches2_request{{zxid{1}, {"/a"}, {"/b"}, {"/"}}, {"/a"}, {"/"}})},
          {op_code::remove, jute::encode(delete_request{"/a", -1})},
          {op_code::close_session, ""}};
}

std::string encoded(const sample& x) {
  const auto at = std::find(ops.begin(), ops.end(), x.op) - ops.begin();
  return fuzz::number(static_cast<std::uint64_t>(at), 1) + fuzz::number(x.body.size(), 2) + x.body;
}

/// One server that leads itself.
class server {
 public:
  explicit server(std::uint64_t options)
      : planner_{data_, {.skip_acl = (options & 1) != 0, .enforce_quota = (options & 2) != 0}} {
    data_.set_extended_types((options & 4) != 0);
    planner_.judge_memberships(
        [](const reconfig_request& asked, zxid made_by) -> tl::expected<std::string, error_code> {
          auto list =
              config::change({}, {asked.joining, asked.leaving, asked.new_members}, made_by, true);
          if (!list) return tl::unexpected{list.error().code};
          return config::print(*list);
        });
    planner_.begin(zxid{0x100000001});
  }

  void perform(op_code op, const std::string& body) {
    if (op == op_code::set_watches || op == op_code::set_watches2)
      set_watches(op, body);
    else if (op == op_code::auth)
      authenticate(body);
    else if (op == op_code::add_watch || op == op_code::check_watches ||
             op == op_code::remove_watches)
      check_answer(answer_watch_op(op, body, 1, watched_));
    else if (is_write(op) || op == op_code::create_session)
      write(op, body);
    else
      check_answer(answer_read(op, body, {shown_, session_id{9}}, data_));
  }

 private:
  template <class Answer>
  void check_answer(const Answer& answer) {
    require(answer.err == error_code::ok || answer.body.empty(), "a refused request has a body");
    fuzz::count(answer.err == error_code::ok);
  }

  void set_watches(op_code op, const std::string& body) {
    const auto asked = decode_set_watches(op, body);
    fuzz::count(asked.has_value());
    if (asked) (void)watched_.set_watches(1, *asked, data_);
  }

  void authenticate(const std::string& body) {
    const auto request = jute::decode<auth_request>(body);
    fuzz::count(request.has_value());
    if (!request) return;
    const auto more =
        core::authenticate(request->scheme, request->auth.value_or(""), "super:x", "10.0.0.7");
    if (more) shown_ = *more;
  }

  void write(op_code op, const std::string& body) {
    fuzz::check_write(op, body);
    const auto planned = planner_.plan({session_id{9}, cxid{1}, op, body, shown_}, ++now_ms_);
    const auto carried = decode_txn(encode_txn(planned));
    require(carried && *carried == planned, "a txn does not survive its bytes");
    const auto done = data_.apply(*carried);
    planner_.applied(planned.header.id);
    require(done.digest_matches, "the digest is not the one foreseen");
    require(planner_.outstanding() == 0, "prep keeps what was applied");
    for (const auto& what : done.triggers) (void)watched_.trigger(what);
    fuzz::count(done.result.err == error_code::ok);
    auto with_stat = op == op_code::multi ? create2_positions(body) : std::vector<std::size_t>{};
    (void)reply_to_write(done, with_stat);
    for (const auto& breach : planner_.take_breaches())
      require(!breach.path.empty(), "a limit of nobody's is broken");
  }

  tree data_;
  prep planner_;
  watches watched_;
  identities shown_{{"digest", "ann:hash"}};
  std::int64_t now_ms_ = 0;
};

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out;
  std::string all, first;
  for (const auto& x : samples()) {
    all += encoded(x);
    if (first.empty()) first = all;
    out.push_back('\6' + first + encoded(x));
  }
  for (char options : {'\0', '\1', '\7'}) out.push_back(options + all);
  return out;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  server one{in.number()};
  for (int n = 0; n < requests_max && !in.empty(); ++n) {
    const auto op = ops[in.number() % ops.size()];
    const auto length = in.number(2);
    one.perform(op, std::string{in.take(length)});
  }
  return 0;
}
