// SPDX-License-Identifier: Apache-2.0
/// A whole ensemble in one process: the production actors of N servers on one virtual clock, with
/// simulated wires, disks and clients, and checkers that watch every step. One seed is one run.
/// Scenarios (scenario_test.cpp) tell it what to do step by step; the swarm lets faults.hpp do so.
/// Only one world may live at a time: the log has one observer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/node/server.hpp"
#include "tests/sim/breakage.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/client_wires.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/history_checker.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/operations.hpp"
#include "tests/sim/rng.hpp"
#include "tests/sim/scheduler.hpp"

namespace troupe::sim {

/// Of the user who may change the servers.
inline const std::string operators_password = "super:secret";

struct world_options {
  std::uint64_t seed = 1;
  int voters = 3;
  int observers = 0;
  int spares = 0;                       // further servers, which want to join
  bool lists_change = false;            // in files alone: a spare is out of use until it is listed
  bool reconfig = false;                // clients may change the servers, and may everything
  std::vector<std::int64_t> weights{};  // of all voters, or none; they are one group then
  int clients = 3;
  int read_only_clients = 0;    // of them: are content with reads
  bool read_only_mode = false;  // without a leader servers serve reads
  bool local_sessions = false;  // which their first ephemeral makes ones of all servers
  client_options client;        // number and servers are filled in
  std::int32_t tick_ms = 500;
  std::int32_t init_limit_ticks = 10;
  std::int32_t sync_limit_ticks = 4;
  std::int32_t snap_count = 200;
  std::int32_t commit_log_count = 200;
  double snapshot_size_factor = 0.33;
  /// Each server has a jute.maxbuffer of its own between these; 0: production's.
  std::int32_t frame_bytes_least = 0, frame_bytes_greatest = 0;
  network_options wires;
  double drift_percent = 0;          // each server's clock runs up to so much too fast or too slow
  std::uint32_t epoch_txns_max = 0;  // after so many the leader begins a new epoch; 0: production's
  std::int64_t memory_limit = 0;     // memory.limit; 0: none
  std::size_t steps_per_slice = 0;   // of long work; 0: production's
  std::size_t message_bytes_max = 0;  // between servers; 0: production's
  double slow_disk_percent = 2;      // of the journal's messages wait up to `slow_disk_max`
  duration slow_disk_max{30'000};
  breakage broken = breakage::none;
  std::function<void(std::string_view line)> trace;  // hears a readable account; may be empty
};

/// What a server's database does, as its own messages tell.
enum class serving_as { nothing, leader, learner };

class world {
 public:
  explicit world(world_options options);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // -- time ---------------------------------------------------------------------------------------

  [[nodiscard]] duration now() const { return clock_.now(); }
  void run_for(duration length);
  /// Until `done`, at most `limit` from now; false: it did not come to that.
  bool run_until(duration limit, const std::function<bool()>& done);

  // -- servers ------------------------------------------------------------------------------------

  [[nodiscard]] const std::vector<server_id>& servers() const { return ids_; }
  void start(server_id who);
  void start_all();
  /// Out of use: it is stopped, nothing starts it, and nobody waits for it.
  void retire(server_id who);
  void reuse(server_id who) { at(who).is_retired = false; }
  /// Its file says this from its next start on, and it is in use.
  void enlist(server_id who, std::vector<config::server_entry> list);
  [[nodiscard]] bool is_in_use(server_id who) const { return !at(who).is_retired; }
  [[nodiscard]] std::vector<server_id> in_use() const;
  [[nodiscard]] const config::node_config& files_of(server_id who) const { return at(who).config; }
  enum class crash_kind { process, power };  // power: what was not synced is lost
  void crash(server_id who, crash_kind how = crash_kind::power);
  /// After so many more changing disk calls on files whose name contains `part`, in the middle of
  /// whatever it does.
  void crash_at_disk_call(server_id who, std::uint64_t calls, std::string part = "",
                          crash_kind how = crash_kind::power);
  /// A moment of the conversation between servers: when the given number of further messages of
  /// this kind has come, `act` runs, before the message is heard. Of many traps the oldest goes.
  enum class moment {
    leader_info,
    ack_epoch,
    truncate,
    txns,
    snapshot,
    new_leader,
    ack_new_leader,
    up_to_date,
    proposal,
    ack,
    commit,
    count
  };
  using at_moment = std::function<void(server_id from, server_id to)>;
  void trap(moment which, unsigned further, at_moment act);
  /// Each call of the journal takes up to `longest` more; zero: as the options say.
  void slow_disk_down(server_id who, duration longest) { at(who).disk_slowness = longest; }
  /// How long a server may take, as things are, to note what it has synced.
  [[nodiscard]] duration notes_within(server_id who) {
    return std::chrono::seconds{3} + 8 * (at(who).disk_slowness + at(who).slowness);
  }
  /// What its journal was given and has not synced.
  [[nodiscard]] std::int64_t unlogged_bytes(server_id who) const {
    return at(who).context->gauges->unlogged_bytes;
  }
  /// The next create of a znode is applied there with one bit of its data turned, as bad memory
  /// does.
  void garble_next_create(server_id who) { at(who).garbles_next_create = true; }
  /// Error lines of the log with this in them are no failures.
  void expect_error(std::string part) { expected_error_ = std::move(part); }
  /// Each message of each actor waits up to `longest`; zero: none does.
  void slow_down(server_id who, duration longest) { at(who).slowness = longest; }
  /// The server, which is down, has promised an epoch that is so much later, to a leader that came
  /// to nothing.
  void promise_later(server_id who, std::int64_t by);
  void pause(server_id who);
  void resume(server_id who);
  void shift_wall_clock(server_id who, duration by);

  /// Asks for these to be the voters, through a client of its own; whether it comes to that is
  /// another question. `answered` may be empty.
  void reconfigure(const std::set<server_id>& voters, const std::set<server_id>& observers = {},
                   std::function<void(const operation&)> answered = {});
  /// What such a reconfig says.
  [[nodiscard]] std::string lines_of(const std::set<server_id>& voters,
                                     const std::set<server_id>& observers = {}) const;
  /// Hears of each list of servers that a journal is asked to log, before it does; may be empty.
  void on_list_logged(std::function<void(server_id by)> hear) { list_logged_ = std::move(hear); }
  /// Of servers that are down: whether one of them could lead these, as their disks are.
  [[nodiscard]] bool could_lead(const std::vector<server_id>& who);
  /// The newest list of servers that is agreed on, by version; the first one before any reconfig.
  [[nodiscard]] config::membership agreed_members() const;

  [[nodiscard]] bool may_reconfigure() const { return options_.reconfig; }
  [[nodiscard]] bool is_up(server_id who) const { return at(who).alive; }
  [[nodiscard]] bool is_paused(server_id who) const;
  [[nodiscard]] serving_as role_of(server_id who) const { return at(who).role; }
  [[nodiscard]] bool is_serving(server_id who) const { return at(who).role != serving_as::nothing; }
  /// The server that leads the newest epoch and serves; none while there is no such.
  [[nodiscard]] std::optional<server_id> leader() const;
  [[nodiscard]] bool all_serve() const;
  /// There is a leader, and all in use serve who are of the newest list that is agreed on.
  [[nodiscard]] bool members_serve() const;
  [[nodiscard]] zxid last_applied(server_id who) const { return at(who).last; }
  [[nodiscard]] platters& disk_of(server_id who) { return *at(who).disk; }
  /// Contents put into the database in this life: what it loaded at start, then snapshots from a
  /// leader or what a truncation left.
  [[nodiscard]] unsigned images_installed(server_id who) const { return at(who).images; }

  [[nodiscard]] network& wires() { return net_; }
  [[nodiscard]] client_wires& client_side() { return client_net_; }
  /// Cuts these servers off from all others, both ways.
  void isolate(const std::vector<server_id>& group);

  // -- clients ------------------------------------------------------------------------------------

  [[nodiscard]] client& client_at(std::size_t i) { return *clients_[i]; }
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }
  /// One more, which asks only what it is told to, of one server if one is named.
  /// `shown_before`: what it says that it has seen elsewhere.
  client& make_client(std::optional<server_id> only = {}, zxid shown_before = {});

  // -- judgement ----------------------------------------------------------------------------------

  /// Ends all faults and starts what is down and in use.
  void heal();
  /// The same, and waits until all servers serve the same; false, and a failure, when that takes
  /// longer than `limit`.
  bool heal_and_settle(duration limit);
  /// When all serve and nobody asks: another epoch begins and nothing is written in it. A client
  /// that was shown what was cut off before, as a server of an earlier version might have shown it,
  /// is let in all the same.
  bool let_in_after_an_idle_epoch(duration limit);
  /// Reads every znode through every server, then judges all that was asked and answered.
  void audit();
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  void fail(std::string what);

  [[nodiscard]] const history_checker& history() const { return history_; }
  [[nodiscard]] const operation_log& operations() const { return log_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return clock_.trace_hash(); }
  [[nodiscard]] std::uint64_t jobs_run() const { return clock_.jobs_run(); }
  [[nodiscard]] scheduler& clock() { return clock_; }
  void tell(const std::string& line);

 private:
  struct server {
    config::node_config config;
    std::shared_ptr<platters> disk;
    duration wall_offset{0};
    duration disk_slowness{0};
    bool garbles_next_create = false;
    duration slowness{0};
    double wall_drift = 0;  // by which part its wall clock is too fast
    unsigned lives = 0;
    bool is_retired = false;
    // -- of the present life
    bool alive = false;
    realm where = 0;
    std::shared_ptr<sim_disk> door;
    std::shared_ptr<node_context> context;
    server_handles actors;
    serving_as role = serving_as::nothing;
    epoch era;
    zxid last;
    unsigned images = 0;
    bool disk_is_blamed = false;      // in its log, and does not work again yet
    std::uint64_t refusals_told = 0;  // of its disk, before the last line that blames it
    /// Who speaks for each learner to the leader that this server is, as far as a rule is broken.
    std::map<server_id, caf::strong_actor_ptr> synced_handlers;
  };

  [[nodiscard]] server& at(server_id who) { return servers_.at(who); }
  [[nodiscard]] const server& at(server_id who) const { return servers_.at(who); }
  [[nodiscard]] config::node_config make_config(server_id who) const;
  void note_length_bounds();
  [[nodiscard]] config::server_entry line_of(server_id who, bool observer) const;
  void read_files(server& s, server_id who);
  void die(server_id who, crash_kind how);
  void judge_blame(server& s, std::string_view line);
  void hear_log(log::level level, std::string_view line);
  void spring_traps(server_id from, server_id to, const caf::message& heard);
  void spy_on(realm where, const caf::abstract_actor& actor, caf::mailbox_element* message);
  void spy_on_database(server_id who, server& s, caf::mailbox_element& message);
  static void garble(server& s, caf::mailbox_element& message);
  void break_rules(server& s, const caf::abstract_actor& actor, caf::mailbox_element& message);
  [[nodiscard]] duration brake(realm where, const caf::abstract_actor& actor);
  [[nodiscard]] bool read_everything(client& through);
  void audit_through(server_id who);

  world_options options_;
  rng chance_;
  std::vector<std::string> failures_;
  scheduler clock_;
  network net_;
  client_wires client_net_;
  history_checker history_;
  operation_log log_;
  std::vector<server_id> ids_;
  std::map<server_id, server> servers_;
  std::map<realm, server_id> owner_of_;
  std::vector<std::unique_ptr<client>> clients_;
  struct set_trap {
    moment which;
    unsigned further;
    at_moment act;
  };
  std::deque<set_trap> traps_;
  std::function<void(server_id)> list_logged_;
  client* operator_ = nullptr;  // who asks for reconfigs
  std::string expected_error_;  // empty: none
};

}  // namespace troupe::sim
