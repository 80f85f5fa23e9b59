// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/traced.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <caf/io/all.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "actors/trace/field.hpp"
#include "tests/unit/coro/world.hpp"

namespace troupe {

// Messages as an actor room would have them: one shows its fields, one does not.
struct test_ack {
  zxid upto;
  epoch era;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, test_ack& x) {
  return f(x.upto.value, x.era.value);
}
std::string trace_fields(const test_ack& x) {
  return log::text_of({{"zxid", x.upto}, {"epoch", x.era}});
}
struct test_ping {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, test_ping&) {
  return f();
}

namespace trace {
namespace {

using coro::test::world;
using testing::Test;

class Traced : public Test {
 protected:
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& x : to_->snapshot()) {
      all.push_back(std::string(x.actor) + " " + std::string(x.message) +
                    (x.fields.empty() ? "" : " " + x.fields));
    }
    return all;
  }

  std::int64_t now_ns_ = 0;
  std::shared_ptr<sink> to_ =
      std::make_shared<sink>(server_id{3}, 100, [this] { return ++now_ns_; });
  world world_;
};

using multi_actor =
    caf::typed_actor<caf::reacts_to<test_ack>,                                   //
                     caf::replies_to<int>::with<int>,                            //
                     caf::replies_to<caf::get_atom, std::string>::with<double>,  //
                     caf::replies_to<caf::put_atom>::with<std::string>,          //
                     caf::replies_to<caf::add_atom, int>::with<int>, caf::reacts_to<test_ping>>;

struct multi_state {
  static inline const char* name = "test.multi";
  std::vector<std::string> seen;
  caf::typed_response_promise<std::string> owed;
};

using adder = caf::typed_actor<caf::replies_to<int>::with<int>>;

multi_actor::behavior_type multi(multi_actor::stateful_pointer<multi_state> self,
                                 std::shared_ptr<sink> to, adder next, test_ack* last) {
  return traced(
      to, "test.multi",                       //
      [=](const test_ack& x) { *last = x; },  // by const reference
      [=](int x) { return x + 1; },           // by value, plain result
      [=](caf::get_atom, const std::string& x) -> caf::result<double> {
        if (x.empty()) return caf::make_error(caf::sec::invalid_argument);
        return 0.5;
      },
      [=](caf::put_atom) -> caf::typed_response_promise<std::string> {
        self->state.owed = self->make_response_promise<std::string>();
        return self->state.owed;
      },
      [=](caf::add_atom, int x) -> caf::delegated<int> { return self->delegate(next, x); },
      [=](test_ping) { self->state.owed.deliver(std::string("late")); });
}

adder::behavior_type plus_ten() {
  return {[](int x) { return x + 10; }};
}

/// Asks `to` and notes the answers, in order.
template <class Handle>
caf::behavior multi_client(caf::event_based_actor* self, Handle to, std::vector<std::string>* out) {
  auto note = [=](const auto& x) { out->push_back(caf::deep_to_string(x)); };
  auto on_error = [=](caf::error& x) { out->push_back(self->system().render(x)); };
  self->request(to, caf::infinite, 1).then([=](int x) { note(x); }, on_error);
  self->request(to, caf::infinite, caf::get_atom::value, std::string("a"))
      .then([=](double x) { note(x); }, on_error);
  self->request(to, caf::infinite, caf::get_atom::value, std::string())
      .then([=](double x) { note(x); }, on_error);
  self->request(to, caf::infinite, caf::put_atom::value)
      .then([=](const std::string& x) { note(x); }, on_error);
  self->request(to, caf::infinite, caf::add_atom::value, 5).then([=](int x) { note(x); }, on_error);
  self->send(to, test_ping{});
  self->send(to, test_ack{zxid{0x100000002}, epoch{1}});
  return {};
}

TEST_F(Traced, TypedActorAnswersAsWithoutAndLeavesOneEventAMessage) {
  test_ack last{};
  std::vector<std::string> answers;
  auto next = world_.system.spawn(plus_ten);
  auto under_test = world_.system.spawn(multi, to_, next, &last);
  auto client = world_.system.spawn(multi_client<multi_actor>, under_test, &answers);
  world_.run();
  ASSERT_EQ(answers.size(), 5U);
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(answers[0], "\"late\"");
  EXPECT_EQ(answers[1].substr(0, 3), "0.5");
  EXPECT_EQ(answers[2], "15");
  EXPECT_EQ(answers[3], "2");
  EXPECT_NE(answers[4].find("invalid_argument"), std::string::npos) << answers[4];
  EXPECT_EQ(last.upto, zxid{0x100000002});
  EXPECT_EQ(lines(), (std::vector<std::string>{"test.multi int", "test.multi get,string",
                                               "test.multi get,string", "test.multi put",
                                               "test.multi add,int", "test.multi test_ping",
                                               "test.multi test_ack zxid=0x100000002 epoch=1"}));
}

TEST_F(Traced, NullSinkChangesNothing) {
  test_ack last{};
  std::vector<std::string> answers;
  auto next = world_.system.spawn(plus_ten);
  auto under_test = world_.system.spawn(multi, std::shared_ptr<sink>{}, next, &last);
  auto client = world_.system.spawn(multi_client<multi_actor>, under_test, &answers);
  world_.run();
  EXPECT_EQ(answers.size(), 5U);
  EXPECT_EQ(last.era, epoch{1});
}

using pair_actor =
    caf::typed_actor<caf::replies_to<int>::with<int>, caf::replies_to<double>::with<double>>;

pair_actor::behavior_type pair_in_other_order(std::shared_ptr<sink> to) {
  return traced(
             to, "test.pair", [](double x) { return x; }, [](int x) { return x; })
      .as<pair_actor::behavior_type>();
}

TEST_F(Traced, TypedActorMayListItsHandlersInAnotherOrder) {
  auto under_test = world_.system.spawn(pair_in_other_order, to_);
  caf::anon_send(under_test, 1);
  caf::anon_send(under_test, 0.5);
  world_.run();
  EXPECT_EQ(lines(), (std::vector<std::string>{"test.pair int", "test.pair double"}));
}

caf::behavior untyped(caf::event_based_actor*, std::shared_ptr<sink> to, int* sum) {
  int calls = 0;
  return traced(
      to, "test.untyped",
      [=](int x) mutable { *sum += x * ++calls; },  // a handler may keep its own state
      [=](std::string& x) {
        x += "!";
        return x;
      });
}

TEST_F(Traced, DynamicallyTypedActorMayHaveMutableHandlersAndArguments) {
  int sum = 0;
  auto under_test = world_.system.spawn(untyped, to_, &sum);
  caf::anon_send(under_test, 5);
  caf::anon_send(under_test, 5);
  caf::anon_send(under_test, std::string("x"));
  world_.run();
  EXPECT_EQ(sum, 15);
  EXPECT_EQ(lines(), (std::vector<std::string>{"test.untyped int", "test.untyped int",
                                               "test.untyped string"}));
}

// A broker's behavior converts too; that it compiles is the point.
[[maybe_unused]] caf::behavior broker(caf::io::broker* self, std::shared_ptr<sink> to) {
  return traced(
      to, "test.broker", [=](const caf::io::new_data_msg&) { self->quit(); },
      [](const caf::io::connection_closed_msg&) {});
}

class Sink : public Test {
 protected:
  [[nodiscard]] static std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::int64_t now_ns_ = 10;
  sink to_{server_id{3}, 3, [this] { return now_ns_++; }};
};

TEST_F(Sink, FullRingKeepsTheNewestInOrder) {
  for (auto name : {"a", "b", "c", "d", "e"}) to_.record(direction::handled, "x", name, "");
  std::string seen;
  for (const auto& x : to_.snapshot()) seen += x.message;
  EXPECT_EQ(seen, "cde");
  EXPECT_EQ(to_.dropped(), 2U);
  EXPECT_EQ(to_.snapshot().front().at_ns, 12);
}

TEST_F(Sink, WritesOneJsonObjectALine) {
  to_.record(direction::handled, "zk.leader", "ack", "zxid=0x1");
  to_.record(direction::sent, "zk.\"odd\"", "b", "path=\"/a\\b\"\n");
  const auto path = std::filesystem::path(testing::TempDir()) / "trace.jsonl";
  ASSERT_TRUE(to_.write_to(path.string()).has_value());
  EXPECT_EQ(text_of_file(path),
            "{\"at_ns\":10,\"server\":3,\"actor\":\"zk.leader\",\"direction\":\"handled\","
            "\"message\":\"ack\",\"fields\":\"zxid=0x1\"}\n"
            "{\"at_ns\":11,\"server\":3,\"actor\":\"zk.\\\"odd\\\"\",\"direction\":\"sent\","
            "\"message\":\"b\",\"fields\":\"path=\\\"/a\\\\b\\\"\\u000a\"}\n");
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".partial"));
}

TEST_F(Sink, FileIsNewAndForItsGroupToReadAtMost) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "troupe_trace_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const auto path = folder / "trace.jsonl";
  std::ofstream(path.string() + ".partial") << "left by a crash";
  ASSERT_TRUE(to_.write_to(path.string()));
  EXPECT_EQ(static_cast<int>(std::filesystem::status(path).permissions()) & 0137, 0);
  std::filesystem::create_symlink(folder / "target", path.string() + ".partial");
  auto refused = to_.write_to(path.string());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("symbolic link"), std::string::npos) << refused.error();
  EXPECT_FALSE(std::filesystem::exists(folder / "target"));
  std::filesystem::remove_all(folder);
}

TEST_F(Sink, UnwritablePathIsNamedInTheError) {
  auto written = to_.write_to("/nowhere/at/all/trace.jsonl");
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().find("/nowhere/at/all/trace.jsonl"), std::string::npos);
  EXPECT_NE(written.error().find("No such file"), std::string::npos) << written.error();
}

TEST(SinkOfManyThreads, CountsEveryEvent) {
  sink to(server_id{1}, 64, [] { return 0; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) to.record(direction::handled, "x", "m", "n=1");
    });
  }
  for (auto& x : threads) x.join();
  EXPECT_EQ(to.snapshot().size(), 64U);
  EXPECT_EQ(to.dropped(), 4000U - 64U);
}

}  // namespace
}  // namespace trace
}  // namespace troupe
