// SPDX-License-Identifier: Apache-2.0
// What is written is read again; what is no history is told with line, field and what is accepted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/history/generate.hpp"
#include "tests/history/made_history.hpp"
#include "tests/history/report.hpp"

namespace troupe::history {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::variant<history, bad_history> read_text(const std::string& text) {
  std::istringstream in{text};
  return read_history(in);
}

const std::string head = "{\"history\":1,\"source\":\"test\",\"unit\":\"us\"}\n";

std::string refusal_of(const std::string& line) {
  auto read = read_text(head + line);
  auto* bad = std::get_if<bad_history>(&read);
  return bad != nullptr ? bad->text("f") : "read";
}

/// Lines are numbers of a file, and what is written has other ones.
history without_lines(history h) {
  auto forget = [](auto& all) {
    for (auto& each : all) each.line = 0;
  };
  forget(h.operations);
  forget(h.events);
  forget(h.states);
  forget(h.tenures);
  forget(h.finals);
  return h;
}

TEST(HistoryFormat, WhatIsWrittenIsReadAgain) {
  auto h = history_of(created({1, 2}, "a\n\"ü"), at_zxid(written({3, 4}, "b", 1), 4294967301),
                      read({5, 6}, "b"), if_version(removed({7, 8}), 3, "bad_version"),
                      keyed(asked(op_kind::exists, "/x", {9, 10}, "no_node"), "register/3"));
  h.source = "test";
  h.starts_empty = false;
  h.operations[2].watch = true;
  h.operations[2].xid = 17;
  h.operations[0].asked.ephemeral = h.operations[0].asked.sequential = true;
  auto both = asked(op_kind::multi, "", {11, 12});
  both.multi = {created({0, 0}).asked, removed({0, 0}).asked};
  both.results = {{"ok", "/r", node_stat{4, 5, 0, 0, "0x10"}}, {"ok", "", {}}};
  h.operations.push_back(both);
  auto children = asked(op_kind::children, "/", {13, 14});
  children.children = {"a", "b"};
  h.operations.push_back(children);
  h.operations.push_back(unheard(written({15, 0}, "c")));
  h.events = {{1, "0x1", "changed", "/r", 4, 0}};
  h.states = {{1, "0x1", "lost", 20, 0}};
  h.tenures = {{"lock/1", 2, "0x2", 7, 3, 9, 0}, {"lock/1", 2, "0x2", 8, 10, {}, 0}};
  h.faults = {{"kill 3", 1, {}}};
  h.finals = {{"counter/1", std::int64_t{3}, 30, 0},
              {"set/1", std::vector<std::string>{"x"}, 30, 0},
              {"register/1", std::string{"y"}, 30, 0},
              {"ephemeral/1", std::monostate{}, 30, 0}};
  std::stringstream text;
  write_history(text, h);
  auto again = read_history(text);
  ASSERT_TRUE(std::holds_alternative<history>(again)) << std::get<bad_history>(again).text("f");
  EXPECT_EQ(without_lines(std::get<history>(again)), without_lines(h));
}

TEST(HistoryFormat, LinesAreInTheOrderInWhichTheyWereHeard) {
  auto h = history_of(read({5, 9}, "b"), created({1, 2}));
  h.events = {{1, "0x1", "created", "/r", 2, 1}};
  std::stringstream text;
  write_history(text, h);
  std::string line, order;
  while (std::getline(text, line))
    order += line.find("\"event\"") != line.npos    ? "e"
             : line.find("\"create\"") != line.npos ? "c"
             : line.find("\"get\"") != line.npos    ? "g"
                                                    : ".";
  EXPECT_EQ(order, ".ecg");
}

TEST(HistoryFormat, FieldThatNobodyAsksForIsPassedOver) {
  EXPECT_EQ(refusal_of(R"({"client":1,"op":"sync","sent":1,"heard":2,"answer":"ok","new":[1]})"),
            "read");
}

TEST(HistoryFormat, WhatIsNoHistoryIsToldWithLineFieldAndWhatIsAccepted) {
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"put"})"),
              AllOf(HasSubstr("f:2: field \"op\" is \"put\""), HasSubstr("create, delete")));
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"get","path":"/r","sent":"now"})"),
              AllOf(HasSubstr("field \"sent\""), HasSubstr("an integer")));
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"get","sent":1})"), HasSubstr("\"path\" is missing"));
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"sync","sent":5,"heard":4,"answer":"ok"})"),
              HasSubstr("not before \"sent\""));
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"sync","sent":5,"answer":"ok"})"),
              HasSubstr("\"unknown\" where \"heard\" is missing"));
  EXPECT_THAT(refusal_of(R"({"client":1,"op":"get","path":"/r","sent":5,"heard":6,"answer":"ok",)"
                         R"("stat":{"version":4294967296}})"),
              HasSubstr("field \"stat.version\""));
  EXPECT_THAT(refusal_of(R"({"client":1})"), HasSubstr("op, event, state, lock, fault and final"));
  EXPECT_THAT(refusal_of("{\"client\":"), HasSubstr("f:2: the line is no JSON"));
  EXPECT_THAT(refusal_of("[]"), HasSubstr("an object is accepted"));
}

TEST(HistoryFormat, FirstLineHasToSayThatItIsAHistory) {
  for (const char* text :
       {"", "{\"client\":1}\n", "{\"history\":2}\n", "{\"history\":1,\"unit\":\"ms\"}\n"})
    EXPECT_TRUE(std::holds_alternative<bad_history>(read_text(text))) << text;
}

TEST(HistoryFormat, OwnerThatIsANumberIsThatSession) {
  auto read = read_text(head + R"({"client":1,"op":"get","path":"/r","sent":5,"heard":6,)" +
                        R"("answer":"ok","stat":{"ephemeralOwner":256}})");
  EXPECT_EQ(std::get<history>(read).operations.at(0).stat->owner, "0x100");
}

TEST(HistoryReport, TellsOperationsClientsAndEachCheckAsTextAndJson) {
  auto h = history_of(created({1, 2}, "a"), read({3, 4}, "b"));
  judged_history judged{"f", &h, check_all(h)};
  EXPECT_FALSE(judged.holds());
  std::ostringstream text, json;
  print_text(text, judged, 5);
  EXPECT_THAT(text.str(), AllOf(HasSubstr("f: DOES NOT HOLD; 2 operations"),
                                HasSubstr("no order explains the answers of /r"),
                                HasSubstr("stuck   [3, 4]"), HasSubstr("nothing to judge")));
  print_json(json, judged, 5);
  EXPECT_THAT(json.str(), AllOf(HasSubstr("\"holds\":false"), HasSubstr("\"operations\":2"),
                                HasSubstr("\"check\":\"linearizable\"")));
}

}  // namespace
}  // namespace troupe::history
