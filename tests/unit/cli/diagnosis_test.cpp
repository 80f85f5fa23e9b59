// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/diagnosis.hpp"

#include <gmock/gmock.h>

#include "tools/cli/client.hpp"

namespace troupe::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

TEST(Diagnosis, WhatIsAnsweredToSrvrTellsWhatThePortIs) {
  const auto kind = [](std::string_view answer) { return judge_answer(answer).what; };
  EXPECT_EQ(kind("Zookeeper version: 3.8.0\nMode: follower\nNode count: 5\n"), finding::serves);
  EXPECT_EQ(kind("Zookeeper version: 3.8.0\nMode: read-only\nNode count: 5\n"),
            finding::reads_only);
  EXPECT_EQ(kind("This ZooKeeper instance is not currently serving requests\n"),
            finding::no_quorum);
  EXPECT_EQ(kind(""), finding::silent);
  EXPECT_EQ(kind("HTTP/1.1 400 Bad Request\r\n"), finding::other_protocol);
  EXPECT_EQ(kind("\x15\x03\x01"), finding::other_protocol);
  EXPECT_EQ(kind(std::string(60, '\0')), finding::other_protocol);
}

TEST(Diagnosis, WhatAnotherProtocolIsIsSaid) {
  EXPECT_THAT(judge_answer("HTTP/1.0 404").text, HasSubstr("AdminServer"));
  EXPECT_THAT(judge_answer("<!DOCTYPE HTML>\n").text, HasSubstr("speaks HTTP"));
  EXPECT_THAT(judge_answer("\x16\x03\x03xyz").text, HasSubstr("secureClientPort"));
  EXPECT_THAT(judge_answer("SSH-2.0-OpenSSH_9.2\r\nmore").text,
              HasSubstr("it says \"SSH-2.0-OpenSSH_9.2\""));
  EXPECT_THAT(judge_answer("\x1b[2J evil").text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(judge_answer(std::string(500, 'x')).text, Not(HasSubstr(std::string(50, 'x'))));
}

TEST(Diagnosis, OneServerIsOneLineSeveralAreALineEach) {
  const server_finding dead{"a:1", finding::unreachable, "refuses connections"};
  const server_finding reads{"b:2", finding::reads_only, "serves reads only"};
  const server_finding good{"c:3", finding::serves, "serves"};
  EXPECT_EQ(cause_text({dead}, false), "a:1 refuses connections");
  EXPECT_EQ(cause_text({reads}, false), "b:2 serves reads only; -r accepts that");
  EXPECT_EQ(cause_text({reads}, true), "");
  EXPECT_EQ(cause_text({good}, false), "");
  EXPECT_EQ(cause_text({dead, reads}, false),
            "no server can be used\n  a:1 refuses connections\n"
            "  b:2 serves reads only; -r accepts that");
  EXPECT_THAT(cause_text({dead, good}, false), StartsWith("of the servers\n  a:1 "));
}

TEST(Diagnosis, WaitingIsHopelessOnlyIfNoneIsAClientPort) {
  const server_finding http{"a:1", finding::other_protocol, ""};
  const server_finding down{"b:2", finding::unreachable, ""};
  EXPECT_TRUE(none_is_client_port({http, http}));
  EXPECT_FALSE(none_is_client_port({http, down}));
  EXPECT_FALSE(none_is_client_port({}));
}

TEST(Diagnosis, ANameThatNobodyKnowsAndAPortWhereNobodyListens) {
  const auto found = look_at_servers("nosuch.invalid:2181,127.0.0.1:1/a", 500);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].server, "nosuch.invalid:2181");
  EXPECT_THAT(found[0].text, StartsWith("the name cannot be resolved: "));
  EXPECT_EQ(found[1].text, "refuses connections: nothing listens there");
}

TEST(Diagnosis, ServersOfAList) {
  EXPECT_THAT(
      servers_of("a,b:7,[::1],[fe80::1]:9/root"),
      ElementsAre(Pair("a", "2181"), Pair("b", "7"), Pair("::1", "2181"), Pair("fe80::1", "9")));
}

}  // namespace
}  // namespace troupe::cli
