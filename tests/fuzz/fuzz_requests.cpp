// SPDX-License-Identifier: Apache-2.0
/// Request bodies with damage of every kind, from a fixed seed for about two seconds, through prep,
/// tree and replies: every write becomes a txn that survives its own bytes and applies as foreseen.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "actors/core/prep.hpp"
#include "actors/core/replies.hpp"

using namespace troupe;
using namespace troupe::core;

namespace {

struct sample {
  op_code op;
  std::string body;
};

std::string several(const std::vector<sample>& ops) {
  std::string out;
  jute::writer w{out};
  for (const auto& [type, body] : ops) {
    w(multi_header{type, false, -1});
    w.raw(body);
  }
  w(multi_header{op_code::error, true, -1});
  return out;
}

std::vector<sample> samples() {
  acl_list open = *open_acl(), mixed{{1, {"world", "anyone"}}, {31, {"auth", ""}}};
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
          {op_code::remove, remove},
          {op_code::remove, jute::encode(delete_request{"/a", -1})},
          {op_code::set_acl, jute::encode(set_acl_request{"/a", mixed, -1})},
          {op_code::multi, multi},
          {op_code::close_session, ""},
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
          {op_code::add_watch,
           jute::encode(add_watch_request{"/a", add_watch_mode::persistent_recursive})},
          {op_code::remove_watches, jute::encode(watches_request{"/a", watcher_type::any})},
          {op_code::set_watches2,
           jute::encode(set_watches2_request{{zxid{1}, {"/a"}, {"/b"}, {"/"}}, {"/a"}, {"/"}})}};
}

void damage(std::string& bytes, std::mt19937_64& random) {
  for (auto n = random() % 3; n > 0 && !bytes.empty(); --n) {
    auto at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, random() % 8);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 30));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
    }
  }
}

int fail(long tried, const char* what) {
  std::fprintf(stderr, "try %ld: %s\n", tried, what);
  return EXIT_FAILURE;
}

}  // namespace

int main() {
  const auto good = samples();
  std::mt19937_64 random{20240229};
  tree data;
  data.set_extended_types(true);
  prep planner{data, {.enforce_quota = true}};
  watches watched;
  planner.begin(zxid{0x100000001});
  long refused = 0, done = 0, tried = 0;
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (; tried < 500'000 && std::chrono::steady_clock::now() < end; ++tried) {
    auto [op, body] = good[random() % good.size()];
    damage(body, random);
    identities shown{{"digest", "ann:hash"}};
    if (op == op_code::set_watches2) {
      if (auto asked = decode_set_watches(op, body))
        (void)watched.set_watches(random() % 5, *asked, data);
      continue;
    }
    if (op == op_code::add_watch || op == op_code::remove_watches) {
      auto answer = answer_watch_op(op, body, random() % 5, watched);
      if (answer.err != error_code::ok && !answer.body.empty())
        return fail(tried, "a refused watch op has a body");
      continue;
    }
    if (!is_write(op) && op != op_code::create_session) {
      auto answer = answer_read(op, body, {shown, session_id{9}}, data);
      if (answer.err != error_code::ok && !answer.body.empty())
        return fail(tried, "a refused read has a body");
      continue;
    }
    auto planned = planner.plan({session_id{9}, cxid{1}, op, body, shown}, tried);
    auto carried = decode_txn(encode_txn(planned));
    if (!carried || *carried != planned) return fail(tried, "a txn does not survive its bytes");
    auto applied_now = data.apply(*carried);
    planner.applied(planned.header.id);
    if (!applied_now.digest_matches) return fail(tried, "the digest is not the one foreseen");
    for (const auto& what : applied_now.triggers) (void)watched.trigger(what);
    auto positions = op == op_code::multi ? create2_positions(body) : std::vector<std::size_t>{};
    auto answer = reply_to_write(applied_now, positions);
    (answer.err == error_code::ok ? done : refused) += 1;
  }
  std::printf("%ld requests, %ld writes done, %ld refused, %zu znodes\n", tried, done, refused,
              data.node_count());
  return done > 0 && refused > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
