// SPDX-License-Identifier: Apache-2.0
/// Package org.apache.zookeeper.server.command, ServerStats: the texts probes and agents parse.
#include "actors/client/four_letter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "actors/interfaces/election.hpp"
#include "config/membership.hpp"

namespace troupe::four_letter {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

config::node_config three_servers() {
  config::node_config cfg;
  cfg.my_id = server_id{2};
  for (std::int64_t i = 1; i <= 3; ++i)
    cfg.servers.push_back(
        {.id = {i}, .host = "127.0.0.1", .peer_port = 2888, .election_port = 3888});
  cfg.servers.push_back(
      {.id = {4}, .host = "127.0.0.1", .peer_port = 2889, .election_port = 3889, .observer = true});
  cfg.four_letter_words = {"*"};
  return cfg;
}

situation leading() {
  situation now;
  now.status.id = server_id{2};
  now.status.state = server_state::leading;
  now.status.serving = true;
  now.status.phase = "broadcast";
  now.status.leader = server_id{2};
  now.status.era = epoch{5};
  now.status.learners = {{.id = {1}, .observer = false, .synced = true},
                         {.id = {3}, .observer = false, .synced = false},
                         {.id = {4}, .observer = true, .synced = true}};
  now.status.proposal_bytes_last = 48;
  now.status.proposal_bytes_min = 36;
  now.status.proposal_bytes_max = 1200;
  now.status.pending_syncs = 2;
  now.status.led_ms = 50'000;
  now.status.voters = 3;
  now.database.serving = true;
  now.database.last = zxid{0x500000123};
  now.database.znodes = 7;
  now.database.watches = 4;
  now.database.ephemerals = 2;
  now.database.sessions = 3;
  now.database.data_bytes = 321;
  now.database.requests_received = 100;
  now.database.replies_sent = 90;
  now.database.events_sent = 9;
  now.database.outstanding = 1;
  now.database.latency_ms_average = 0.12344;
  now.database.latency_ms_max = 5;
  now.database.reply_bytes_last = 88;
  now.database.reply_bytes_min = 16;
  now.database.reply_bytes_max = 900;
  now.database.turns = {.by_clock = {.ms_max = 7.25, .counts = {3, 0, 0, 0}},
                        .cpu = {.ms_max = 5.5, .counts = {1, 0, 0, 0}},
                        .round_cpu = {.ms_max = 10.5, .counts = {2, 1, 0, 0}}};
  now.gateway.connections = {
      {.id = {1},
       .client_address = "127.0.0.1:4711",
       .requests = 9,
       .replies = 6,
       .events = 1,
       .since_ms = 1'700'000'000'000,
       .silent_ms = 500},
      {.id = {2}, .client_address = "[::1]:4712", .requests = 1, .is_read = false, .silent_ms = 5}};
  now.gateway.connection_count = 2;
  now.gateway.unsent_bytes = 1000;
  now.gateway.request_bytes = 50;
  now.gateway.cut_off = 9;
  now.database.watch_bytes = 900;
  now.database.watches_refused = 6;
  now.database.replies_refused = 8;
  now.details.leads = true;
  now.details.connections = {{.id = {1},
                              .session = {0x2000000000000ab},
                              .timeout_ms = 10'000,
                              .queued = 2,
                              .figures = {.last_op = op_code::get_data,
                                          .last_cxid = 12,
                                          .last_zxid = zxid{0x500000123},
                                          .last_reply_ms = 777,
                                          .latency_ms_last = 3,
                                          .latency_ms_min = 1,
                                          .latency_ms_max = 5,
                                          .latency_ms_sum = 8,
                                          .count = 3}}};
  now.details.watches = {{"/a", {{0x2000000000000ab}, {0x3000000000000cd}}},
                         {"/b", {{0x2000000000000ab}}}};
  now.details.buckets = {{3'000, {{0x2000000000000ab}}}, {6'000, {}}};
  now.details.sessions = {{{0x2000000000000ab}, 10'000}};
  now.details.ephemerals = {{{0x2000000000000ab}, {"/a/e", "/b/e"}}};
  now.details.digests = {{zxid{0x500000080}, -17}, {zxid{0x500000100}, 99}};
  now.sizes = {4096, 67108880};
  now.environment = {{"host.name", "box"}, {"os.name", "Linux"}};
  now.wall_ms = 1'700'000'001'000;  // Tue Nov 14 22:13:21 UTC 2023
  now.gateway.up_ms = 60'000;
  now.gateway.open_files = 30;
  now.gateway.open_files_max = 1024;
  now.gateway.refused_for_files = 3;
  now.database.memory.tree = 2048;
  now.database.memory.sessions = 960;
  now.database.memory.buffers = 512;
  now.database.memory.unlogged = 77;
  now.database.memory.resident = 30'000'000;
  return now;
}

std::string ask(std::string_view word, const situation& now) {
  return answer(word, three_servers(), now);
}

TEST(FourLetterJudge, FourBytesThatAreNoWordAreALength) {
  const auto cfg = three_servers();
  EXPECT_EQ(judge({"\0\0\0\x2d", 4}, cfg), verdict::no_word);
  EXPECT_EQ(judge("GET ", cfg), verdict::no_word);
  EXPECT_EQ(judge("RUOK", cfg), verdict::no_word);
}

TEST(FourLetterJudge, TelnetInterruptHangsUp) {
  EXPECT_EQ(judge("\xff\xf4\xff\xfd", three_servers()), verdict::hang_up);
  EXPECT_EQ(ask("\xff\xf4\xff\xfd", leading()), "");
}

TEST(FourLetterJudge, WordOutsideTheWhitelistIsRefusedInZooKeepersWords) {
  auto cfg = three_servers();
  cfg.four_letter_words = {"srvr"};
  EXPECT_EQ(judge("srvr", cfg), verdict::answered);
  EXPECT_EQ(judge("ruok", cfg), verdict::refused);
  EXPECT_EQ(answer("ruok", cfg, leading()),
            "ruok is not executed because it is not in the whitelist.\n");
}

TEST(FourLetterJudge, EveryWordOfZooKeepersIsAnsweredWhenAllAreAllowed) {
  for (const auto* word : {"conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro",
                           "mntr", "ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs"})
    EXPECT_EQ(judge(word, three_servers()), verdict::answered) << word;
}

TEST(FourLetterJudge, ARefusedWordNeedsNothingAndChangesNothing) {
  auto cfg = three_servers();
  EXPECT_TRUE(needs_of("crst", cfg).reset.connections);
  EXPECT_TRUE(needs_of("srst", cfg).reset.server);
  EXPECT_TRUE(needs_of("wchp", cfg).details.watches);
  EXPECT_FALSE(needs_of("srvr", cfg).connections);
  EXPECT_FALSE(needs_of("ruok", cfg).status);
  cfg.four_letter_words = {"srvr"};
  EXPECT_FALSE(needs_of("crst", cfg).reset.connections);
  EXPECT_FALSE(needs_of("stat", cfg).status);
}

TEST(FourLetterJudge, WhysIsAnsweredWhateverTheWhitelistSays) {
  auto cfg = three_servers();
  cfg.four_letter_words = {};
  EXPECT_EQ(judge("whys", cfg), verdict::answered);
  EXPECT_THAT(answer("whys", cfg, leading()), StartsWith("State: leading - broadcast\n"));
}

TEST(FourLetter, RuokAndIsroHaveNoNewline) {
  EXPECT_EQ(ask("ruok", situation{}), "imok");
  EXPECT_EQ(ask("isro", leading()), "rw");
  EXPECT_EQ(ask("isro", situation{}), "null");
}

TEST(FourLetterWords, ServerThatDoesNotServeSaysSoInZooKeepersWords) {
  const std::string not_serving = "This ZooKeeper instance is not currently serving requests\n";
  for (const auto* word : {"srvr", "stat", "mntr", "cons", "dump", "wchs", "wchp", "wchc", "dirs",
                           "hash", "crst", "srst"})
    EXPECT_EQ(ask(word, situation{}), not_serving) << word;
}

TEST(FourLetter, SrvrHasZooKeepersLinesInZooKeepersOrder) {
  const auto text = ask("srvr", leading());
  EXPECT_THAT(text, StartsWith("Zookeeper version: 3.8.0-troupe-"));
  EXPECT_THAT(text.substr(0, text.find('\n')),
              MatchesRegex(".*, built on [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC"))
      << "exporters and client libraries parse it";
  EXPECT_EQ(text.substr(text.find('\n') + 1),
            "Latency min/avg/max: 0/0.1234/5\n"
            "Received: 100\n"
            "Sent: 99\n"
            "Connections: 2\n"
            "Outstanding: 1\n"
            "Zxid: 0x500000123\n"
            "Mode: leader\n"
            "Node count: 7\n"
            "Proposal sizes last/min/max: 48/36/1200\n");
}

TEST(FourLetter, ModeIsTheRoleAndOnlyALeaderHasProposalSizes) {
  auto now = leading();
  now.status.state = server_state::following;
  EXPECT_THAT(ask("srvr", now), HasSubstr("\nMode: follower\nNode count: 7\n"));
  EXPECT_THAT(ask("srvr", now), Not(HasSubstr("Proposal sizes")));
  now.status.state = server_state::observing;
  EXPECT_THAT(ask("srvr", now), HasSubstr("\nMode: observer\n"));
  now.status.state = server_state::leading;
  now.status.standalone = true;
  EXPECT_THAT(ask("srvr", now), HasSubstr("\nMode: standalone\n"));
  EXPECT_THAT(ask("srvr", now), Not(HasSubstr("Proposal sizes")));
}

TEST(FourLetter, StatListsClientsBehindTheVersionLine) {
  const auto text = ask("stat", leading());
  EXPECT_THAT(text, HasSubstr("\nClients:\n"
                              " /127.0.0.1:4711[1](queued=2,recved=9,sent=7)\n"
                              " /[::1]:4712[0](queued=0,recved=1,sent=0)\n"
                              "\n"
                              "Latency min/avg/max: 0/0.1234/5\n"));
}

TEST(FourLetter, ConsHasAllFiguresOfAConnectionWithASession) {
  EXPECT_EQ(ask("cons", leading()),
            " /127.0.0.1:4711[1](queued=2,recved=9,sent=7,sid=0x2000000000000ab,lop=GETD,"
            "est=1700000000000,to=10000,lcxid=0xc,lzxid=0x500000123,lresp=777,llat=3,minlat=1,"
            "avglat=2,maxlat=5)\n"
            " /[::1]:4712[0](queued=0,recved=1,sent=0)\n"
            "\n");
}

TEST(FourLetter, ConsOfAConnectionThatHasAskedNothingOrWasReset) {
  auto now = leading();
  now.details.connections[0].figures = {};
  EXPECT_THAT(ask("cons", now), HasSubstr(",lop=NA,est=1700000000000,to=10000,"
                                          "lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,"
                                          "avglat=0,maxlat=0)\n"));
}

TEST(FourLetter, DumpOfALeaderTellsWhenSessionsAndConnectionsExpire) {
  EXPECT_EQ(ask("dump", leading()),
            "SessionTracker dump:\n"
            "Session Sets (2)/(1):\n"
            "1 expire at Tue Nov 14 22:13:24 UTC 2023:\n"
            "\t0x2000000000000ab\n"
            "0 expire at Tue Nov 14 22:13:27 UTC 2023:\n"
            "ephemeral nodes dump:\n"
            "Sessions with Ephemerals (1):\n"
            "0x2000000000000ab:\n"
            "\t/a/e\n"
            "\t/b/e\n"
            "Connections dump:\n"
            "Connections Sets (2)/(2):\n"
            "1 expire at Tue Nov 14 22:13:40 UTC 2023:\n"
            "\tip: /127.0.0.1:4711 sessionId: 0x2000000000000ab\n"
            "1 expire at Tue Nov 14 22:14:30 UTC 2023:\n"
            "\tip: /[::1]:4712 sessionId: 0x0\n");
}

TEST(FourLetter, DumpOfALearnerListsAllSessions) {
  auto now = leading();
  now.details.leads = false;
  EXPECT_THAT(ask("dump", now), StartsWith("SessionTracker dump:\n"
                                           "Global Sessions(1):\n"
                                           "0x2000000000000ab\t10000ms\n"
                                           "ephemeral nodes dump:\n"));
}

TEST(FourLetter, WatchesInSumByPathAndBySession) {
  EXPECT_EQ(ask("wchs", leading()), "2 connections watching 2 paths\nTotal watches:3\n");
  EXPECT_EQ(ask("wchp", leading()),
            "/a\n\t0x2000000000000ab\n\t0x3000000000000cd\n/b\n\t0x2000000000000ab\n\n");
  EXPECT_EQ(ask("wchc", leading()), "0x2000000000000ab\n\t/a\n\t/b\n0x3000000000000cd\n\t/a\n\n");
}

TEST(FourLetter, DirsHashAndResets) {
  EXPECT_EQ(ask("dirs", leading()), "datadir_size: 4096\nlogdir_size: 67108880\n");
  EXPECT_EQ(ask("hash", leading()), "500000080: -17\n500000100: 99\n");
  EXPECT_EQ(ask("crst", leading()), "Connection stats reset.\n");
  EXPECT_EQ(ask("srst", leading()), "Server stats reset.\n");
}

TEST(FourLetter, EnviNamesVersionAndMachine) {
  EXPECT_THAT(ask("envi", leading()), StartsWith("Environment:\nzookeeper.version=3.8.0-"));
  EXPECT_THAT(ask("envi", leading()), HasSubstr("\nhost.name=box\nos.name=Linux\n"));
}

TEST(FourLetter, VersionIsWhatTheWorldsParsersExpect) {
  // The Datadog agent's pattern for srvr; kazoo's for envi.
  EXPECT_TRUE(std::regex_search(ask("srvr", leading()),
                                std::regex("Zookeeper version: ([^.]+)\\.([^.]+)\\.([^-]+)")));
  EXPECT_TRUE(
      std::regex_search(ask("envi", situation{}), std::regex("\nzookeeper\\.version=3\\.8\\.0-")));
}

TEST(FourLetter, MntrOfALeader) {
  const auto text = ask("mntr", leading());
  EXPECT_THAT(text, StartsWith("zk_version\t3.8.0-troupe-"));
  EXPECT_EQ(text.substr(text.find('\n') + 1),
            "zk_server_state\tleader\n"
            "zk_peer_state\tleading - broadcast\n"
            "zk_avg_latency\t0.1234\n"
            "zk_max_latency\t5\n"
            "zk_min_latency\t0\n"
            "zk_packets_received\t100\n"
            "zk_packets_sent\t99\n"
            "zk_num_alive_connections\t2\n"
            "zk_outstanding_requests\t1\n"
            "zk_uptime\t60000\n"
            "zk_znode_count\t7\n"
            "zk_watch_count\t4\n"
            "zk_watch_bytes\t900\n"
            "zk_watches_refused_count\t6\n"
            "zk_replies_refused_count\t8\n"
            "zk_client_unsent_bytes\t1000\n"
            "zk_client_request_bytes\t50\n"
            "zk_clients_cut_off_count\t9\n"
            "zk_ephemerals_count\t2\n"
            "zk_approximate_data_size\t321\n"
            "zk_digest_mismatches_count\t0\n"
            "zk_disk_state\tok\n"
            "zk_disk_faults_count\t0\n"
            "zk_global_sessions\t3\n"
            "zk_local_sessions\t0\n"
            "zk_open_file_descriptor_count\t30\n"
            "zk_max_file_descriptor_count\t1024\n"
            "zk_connections_refused_for_files\t3\n"
            "zk_connections_refused_for_memory\t0\n"
            "zk_memory_limit\t0\n"
            "zk_memory_tree_bytes\t2048\n"
            "zk_memory_sessions_bytes\t960\n"
            "zk_memory_buffers_bytes\t512\n"
            "zk_memory_unlogged_bytes\t77\n"
            "zk_memory_resident\t30000000\n"
            "zk_writes_refused_for_memory\t0\n"
            "zk_sessions_refused_for_memory\t0\n"
            "zk_connection_drop_probability\t0.0\n"
            "zk_last_client_response_size\t88\n"
            "zk_min_client_response_size\t16\n"
            "zk_max_client_response_size\t900\n"
            "zk_io_turn_ms_max\t7.25\n"
            "zk_io_turns_over_5ms\t3\n"
            "zk_io_turns_over_10ms\t0\n"
            "zk_io_turns_over_20ms\t0\nzk_io_turns_over_50ms\t0\n"
            "zk_io_turn_cpu_ms_max\t5.5\n"
            "zk_io_turns_cpu_over_5ms\t1\n"
            "zk_io_turns_cpu_over_10ms\t0\n"
            "zk_io_turns_cpu_over_20ms\t0\nzk_io_turns_cpu_over_50ms\t0\n"
            "zk_io_round_cpu_ms_max\t10.5\n"
            "zk_io_rounds_cpu_over_5ms\t2\n"
            "zk_io_rounds_cpu_over_10ms\t1\n"
            "zk_io_rounds_cpu_over_20ms\t0\nzk_io_rounds_cpu_over_50ms\t0\n"
            "zk_auth_failed_count\t0\n"
            "zk_quorum_size\t3\n"
            "zk_learners\t3\n"
            "zk_synced_followers\t1\n"
            "zk_synced_non_voting_followers\t0\n"
            "zk_synced_observers\t1\n"
            "zk_pending_syncs\t2\n"
            "zk_leader_uptime\t50000\n"
            "zk_last_proposal_size\t48\n"
            "zk_min_proposal_size\t36\n"
            "zk_max_proposal_size\t1200\n");
}

TEST(FourLetter, MntrAndWhysTellOfAReconfigThatIsUnderWay) {
  auto now = leading();
  now.status.membership_version = zxid{0x500000001};
  now.status.learners[0].votes = false;
  EXPECT_THAT(ask("mntr", now), HasSubstr("zk_reconfig_in_progress\t0\n"));
  EXPECT_THAT(ask("mntr", now), HasSubstr("zk_synced_non_voting_followers\t1\n"));
  now.status.reconfig = "version 0x500000009 is on server.2";
  EXPECT_THAT(ask("mntr", now), HasSubstr("zk_reconfig_in_progress\t1\n"));
  const auto text = ask("whys", now);
  EXPECT_THAT(text, HasSubstr("Membership: 0x500000001\n"));
  EXPECT_THAT(text, HasSubstr("Reconfig under way: version 0x500000009 is on server.2\n"));
  EXPECT_THAT(text, HasSubstr("Learner: server.1 follower without a vote, synced\n"));
}

TEST(FourLetter, MntrOfAStandaloneServerHasNothingOfAnEnsemble) {
  auto now = leading();
  now.status.standalone = true;
  const auto text = ask("mntr", now);
  EXPECT_THAT(text, HasSubstr("zk_server_state\tstandalone\n"));
  EXPECT_THAT(text, Not(HasSubstr("zk_peer_state")));
  EXPECT_THAT(text, Not(HasSubstr("zk_quorum_size")));
  EXPECT_THAT(text, Not(HasSubstr("zk_learners")));
}

TEST(FourLetter, ConfIsAnsweredByAServerThatDoesNotServe) {
  auto cfg = three_servers();
  cfg.client_port = 2181;
  cfg.data_dir = cfg.data_log_dir = "/var/lib/zk";
  const auto text = answer("conf", cfg, {.sizes = {10, 20}});
  EXPECT_THAT(text, StartsWith("clientPort=2181\n"));
  EXPECT_THAT(text, HasSubstr("\ndataDir=/var/lib/zk/version-2\n"));
  EXPECT_THAT(text, HasSubstr("\nserverId=2\ninitLimit=10\n"));
  EXPECT_THAT(text, HasSubstr("\ndataDirSize=10\ndataLogDir=/var/lib/zk/version-2\n"
                              "dataLogSize=20\n"));
  EXPECT_THAT(text, HasSubstr("\nclientPortListenBacklog=-1\nserverId=2\n"));
  EXPECT_THAT(text, HasSubstr("\npeerType=0\nmembership: \nserver.1=127.0.0.1:2888:3888:"
                              "participant\n"));
  EXPECT_TRUE(text.ends_with("\nversion=0")) << text;
}

TEST(FourLetter, ConfShowsTheMembersThatAReconfigHasLeft) {
  auto cfg = three_servers();
  cfg.client_port = 2181;
  config::membership now_there{zxid{0x100000007}, {cfg.servers[0], cfg.servers[1]}};
  now_there.servers[1].client_port = 2199;
  situation now;
  now.status.members = std::make_shared<const config::membership>(now_there);
  const auto text = answer("conf", cfg, now);
  EXPECT_THAT(text, StartsWith("clientPort=2199\n"));
  EXPECT_THAT(text, Not(HasSubstr("server.3=")));
  EXPECT_TRUE(text.ends_with("\nversion=100000007")) << text;
}

TEST(FourLetterWhys, LookingServerNamesWhomItCannotReachAndWhoseListDiffers) {
  situation now;
  now.status.id = server_id{2};
  now.status.reason = "1 of 3 voters heard, 2 needed";
  now.status.election.round = election_round_number{12};
  now.status.election.unreachable = {{server_id{3}, "127.0.0.1:3883", "Connection refused"}};
  using difference = election_status::differing_list::kind;
  now.status.election.differing = {
      {server_id{1}, "server.2=b:2888:3888", "server.2=x:2888:3888", difference::addresses},
      {server_id{4}, "server.4=d:2888:3888", "", difference::refused}};
  now.status.election.not_listed_by = {server_id{3}};
  now.status.election.last_reason =
      "Quorum: 2 of 3 voters reachable, 2 needed\nLast election: server 1 won\n";
  EXPECT_EQ(ask("whys", now),
            "State: looking\n"
            "Serving: no\n"
            "Reason: 1 of 3 voters heard, 2 needed\n"
            "Leader: none\n"
            "Epoch: 0\n"
            "Election round: 12\n"
            "Unreachable: server.3 127.0.0.1:3883: Connection refused\n"
            "Server address differs: server.1: ours \"server.2=b:2888:3888\" theirs "
            "\"server.2=x:2888:3888\"; each server goes by its own list\n"
            "Server list differs: server.4: ours \"server.4=d:2888:3888\" theirs no such line; "
            "neither counts for the other until they have the same voters, groups and weights\n"
            "Not listed: server.3 has no server line for this server in its list\n"
            "Quorum: 2 of 3 voters reachable, 2 needed\n"
            "Last election: server 1 won\n");
}

TEST(FourLetterWhys, StandaloneServerWasElectedByNobody) {
  situation now;
  now.status.standalone = now.status.serving = true;
  now.status.election.last_reason = "Quorum: 1 of 1 voters reachable, 1 needed\n";
  EXPECT_EQ(ask("whys", now), "State: standalone\nServing: yes\n");
}

TEST(FourLetterWhys, LeaderNamesItsLearners) {
  auto now = leading();
  now.status.members = std::make_shared<const config::membership>(
      config::membership{zxid{1}, three_servers().servers});
  EXPECT_EQ(ask("whys", now),
            "State: leading - broadcast\n"
            "Serving: yes\n"
            "Leader: server.2 (127.0.0.1:2888)\n"
            "Epoch: 5\n"
            "Election round: 0\n"
            "Learner: server.1 follower, synced\n"
            "Learner: server.3 follower, not yet synced\n"
            "Learner: server.4 observer, synced\n");
}

TEST(FourLetterWords, ServerWhoseDiskFailsSaysSo) {
  auto now = leading();
  now.status.state = server_state::looking;
  now.status.serving = false;
  now.status.read_only = true;
  now.status.disk_fault = "write /z/version-2/log.1 at byte 17: No space left on device";
  now.status.disk_faults = 2;
  auto config = three_servers();
  EXPECT_THAT(answer("srvr", config, now),
              HasSubstr("\nDisk: write /z/version-2/log.1 at byte 17: No space left"));
  EXPECT_THAT(answer("srvr", config, now), HasSubstr("\nMode: read-only\n"));
  EXPECT_THAT(answer("mntr", config, now),
              HasSubstr("zk_disk_state\tfailed\nzk_disk_fault\twrite /z/version-2/log.1 at "
                        "byte 17: No space left on device\nzk_disk_faults_count\t2\n"));
  EXPECT_THAT(answer("whys", config, now), HasSubstr("Serving: reads only, up to 0x"));
  EXPECT_THAT(answer("whys", config, now), HasSubstr("\nDisk: write"));
}

TEST(JavaDouble, PrintsAsJavaDoes) {
  EXPECT_EQ(java_double(0), "0.0");
  EXPECT_EQ(java_double(3), "3.0");
  EXPECT_EQ(java_double(0.123449), "0.1234");
  EXPECT_EQ(java_double(0.12345), "0.1235");
  EXPECT_EQ(java_double(2.5), "2.5");
  EXPECT_EQ(java_double(0.0004), "4.0E-4");
  EXPECT_EQ(java_double(9999999), "9999999.0");
  EXPECT_EQ(java_double(12345678), "1.2345678E7");
  EXPECT_EQ(java_double(1e7), "1.0E7");
}

}  // namespace
}  // namespace troupe::four_letter
