// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/exchange.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace troupe::cluster {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const secret ours{"a secret of some length"};
const secret theirs{"another one, as long as that"};
const json question{{"do", "status"}, {"nonce", "m1"}};

TEST(Exchange, QuestionAndAnswerPassBetweenThoseWhoShareASecret) {
  const auto nonce = read_challenge(challenge_line("n1"));
  ASSERT_TRUE(nonce);
  const auto heard = read_question(ours, *nonce, question_line(ours, *nonce, question));
  ASSERT_TRUE(heard) << heard.error();
  EXPECT_EQ(*heard, question);
  const json answer{{"state", "running"}};
  EXPECT_EQ(read_answer(ours, *nonce, question, answer_line(ours, *nonce, *heard, answer)), answer);
}

TEST(Exchange, QuestionUnderAnotherSecretIsRefusedKindly) {
  const auto heard = read_question(ours, "n1", question_line(theirs, "n1", question));
  ASSERT_FALSE(heard);
  EXPECT_THAT(heard.error(), HasSubstr("--secret-file"));
}

TEST(Exchange, QuestionOfAnotherConnectionIsRefused) {
  EXPECT_FALSE(read_question(ours, "n2", question_line(ours, "n1", question)));
}

TEST(Exchange, ChangedQuestionIsRefused) {
  auto line = json::parse(question_line(ours, "n1", question));
  line["body"] = R"({"do":"down"})";
  EXPECT_FALSE(read_question(ours, "n1", line.dump()));
}

TEST(Exchange, WhatIsNoQuestionIsRefused) {
  for (const char* line : {"", "{", "[]", "null", "{}", R"({"body":1,"mac":2})", "\xff\xfe"})
    EXPECT_FALSE(read_question(ours, "n1", line)) << line;
}

TEST(Exchange, AnswerToAnotherQuestionIsNotTrusted) {
  const json other{{"do", "status"}, {"nonce", "m2"}};
  const auto line = answer_line(ours, "n1", question, json{{"state", "running"}});
  EXPECT_FALSE(read_answer(ours, "n1", other, line));
  EXPECT_FALSE(read_answer(ours, "n2", question, line));
  EXPECT_FALSE(read_answer(theirs, "n1", question, line));
}

TEST(Exchange, AQuestionIsNoAnswer) {
  EXPECT_FALSE(read_answer(ours, "n1", question, question_line(ours, "n1", question)));
}

TEST(Exchange, AnErrorInAnAnswerIsOne) {
  const auto line = answer_line(ours, "n1", question, json{{"error", "no room"}});
  EXPECT_EQ(read_answer(ours, "n1", question, line), tl::unexpected(std::string{"no room"}));
}

TEST(Exchange, PartsOfAMacDoNotFlowTogether) {
  EXPECT_NE(ours.mac({"ab", "c"}), ours.mac({"a", "bc"}));
  EXPECT_EQ(ours.mac({"ab", "c"}).size(), 64u);
}

TEST(Addresses, AreHostAndPort) {
  const auto read = parse_address("127.0.0.1:7711");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), "127.0.0.1:7711");
  for (const char* bad : {"", "7711", ":7711", "host:", "host:65536", "a b:1", "[::1]:1", "h:x"})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

}  // namespace
}  // namespace troupe::cluster
