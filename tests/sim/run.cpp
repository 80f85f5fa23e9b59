// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/run.hpp"

#include <algorithm>
#include <chrono>

#include "tests/sim/census.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/list_changes.hpp"
#include "tests/sim/seen_history.hpp"
#include "tests/sim/survivors.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

bool ends_with_survivors(const run_options& options, bool reconfig) {
  constexpr double percent = 15, percent_of_reconfigs = 50;
  return options.reconfigs ||
         rng{options.seed}.fork(90).chance(reconfig ? percent_of_reconfigs : percent);
}

/// An ensemble of this seed's own: its size, its timing and what its servers keep.
world_options draw_options(const run_options& options, rng& chance) {
  world_options w;
  w.seed = options.seed;
  w.voters = chance.chance(65) ? 3 : 5;
  if (options.voters) w.voters = *options.voters;
  w.observers = chance.chance(25) ? 1 : 0;
  if (chance.chance(10)) {
    w.weights = {1, 1};  // these two stay, so that there is always somebody to lead
    while (static_cast<int>(w.weights.size()) < w.voters) w.weights.push_back(chance.between(0, 3));
  }
  w.clients = static_cast<int>(chance.between(2, 4));
  w.tick_ms = static_cast<std::int32_t>(chance.between(4, 20)) * 100;
  w.client.timeout_ms = static_cast<std::int32_t>(chance.between(2, 20)) * w.tick_ms;
  w.client.think_max = chance.between(duration{100'000}, duration{600'000});
  w.client.outstanding_max = 1 + chance.below(8);
  w.client.keys = 2 + chance.below(8);
  if (chance.chance(10)) w.client.big_value_bytes = 100'000;
  w.snap_count = static_cast<std::int32_t>(chance.between(20, 300));
  w.commit_log_count = static_cast<std::int32_t>(chance.between(100, 300));
  if (chance.chance(30)) w.snapshot_size_factor = -1;
  if (chance.chance(20)) w.wires.delay_max = 30ms;
  if (chance.chance(10)) w.slow_disk_percent = 20;
  rng apart = rng{options.seed}.fork(79);  // so that what is drawn before stays as it was
  w.reconfig = w.weights.empty() && apart.chance(40);
  if (options.broken == breakage::skip_old_quorum || options.reconfigs) {
    w.weights.clear();
    w.reconfig = true;
  }
  if (apart.chance(30)) {  // limits so low that what is rare in production is usual
    w.snap_count = static_cast<std::int32_t>(apart.between(2, 20));
    w.commit_log_count = static_cast<std::int32_t>(apart.between(2, 40));
    // Every other txn a snapshot: they have to be small.
    w.client.big_value_bytes = std::min<std::size_t>(w.client.big_value_bytes, 2'000);
    if (apart.chance(30)) w.epoch_txns_max = static_cast<std::uint32_t>(apart.between(50, 500));
  }
  if (rng lone = rng{options.seed}.fork(86); lone.chance(15)) {  // a tail is sent as a snapshot
    w.snapshot_size_factor = -1;
    w.commit_log_count = static_cast<std::int32_t>(lone.between(2, 8));
  }
  if (w.reconfig) w.spares = static_cast<int>(apart.between(0, 2));
  if (w.reconfig && ends_with_survivors(options, true)) w.spares = 2;
  rng lists = rng{options.seed}.fork(88);
  w.lists_change = !w.reconfig && w.weights.empty() && lists.chance(25);
  if (w.lists_change) {
    w.spares = static_cast<int>(lists.between(0, 2));
    if (!options.voters && lists.chance(60)) w.voters = 5;
  }
  if (rng clocks = rng{options.seed}.fork(82); clocks.chance(20)) w.drift_percent = 10;
  if (rng slices = rng{options.seed}.fork(87); slices.chance(50))
    w.steps_per_slice = 1 + slices.below(20);
  // So little in a message that txns and requests go in parts, and what is short between them.
  if (rng parts = rng{options.seed}.fork(95); parts.chance(30))
    w.message_bytes_max = 40 + parts.below(300);
  if (rng reads = rng{options.seed}.fork(90); reads.chance(40)) {  // nobody leads, and some read on
    w.read_only_mode = reads.chance(75);                           // else where a disk fails
    w.read_only_clients = static_cast<int>(reads.between(1, 2));
  }
  w.local_sessions = rng{options.seed}.fork(94).chance(15);
  if (rng wires = rng{options.seed}.fork(83); wires.chance(15)) w.wires.repeat_percent = 20;
  if (rng grows = rng{options.seed}.fork(87); grows.chance(30)) {  // up to what a txn may be
    w.frame_bytes_least = 1'100;
    w.frame_bytes_greatest = static_cast<std::int32_t>(grows.between(1'200, 4'000));
    w.client.big_value_bytes = std::min<std::size_t>(w.client.big_value_bytes, 200);
    w.client.grows = {.percent = static_cast<int>(grows.between(15, 40)),
                      .name_bytes = static_cast<std::size_t>(grows.between(100, 400)),
                      .ephemerals = static_cast<int>(grows.between(10, 40)),
                      .identities = static_cast<int>(grows.between(2, 12)),
                      .creates = static_cast<int>(grows.between(1, 5))};
  }
  const auto& without = options.without;
  if (without.clients) w.clients = std::min(w.clients, *without.clients);
  if (without.observers) w.observers = 0;
  if (without.spares) w.spares = 0;
  if (without.list_changes && w.lists_change) {
    w.lists_change = false;
    w.spares = 0;
  }
  w.broken = options.broken;
  w.trace = options.trace;
  return w;
}

}  // namespace

run_result run_seed(const run_options& options) {
#ifdef TROUPE_MUTANTS
  present_mutant = options.planted;
#endif
  rng chance = rng{options.seed}.fork(77);
  const auto drawn = draw_options(options, chance);
  world w{drawn};
  census_taker kept{w};
  fault_options f;
  f.mean_pause = chance.between(duration{500ms}, duration{4s});
  f.outage_max = chance.between(duration{2s}, duration{20s});
  // A storm: leaders come and go faster than the ensemble can settle.
  if (rng storm = rng{options.seed}.fork(81); storm.chance(25)) {
    f.mean_pause = storm.between(duration{100ms}, duration{600ms});
    f.outage_max = storm.between(duration{500ms}, duration{5s});
    f.crash_at_message = 30;
  }
  if (rng unseen = rng{options.seed}.fork(84); unseen.chance(20))
    f.replace_leader = static_cast<int>(unseen.between(5, 20));
  // The others must be a quorum without it.
  const bool voters_stay = !drawn.reconfig && !drawn.lists_change;
  const bool others_suffice = voters_stay && drawn.weights.empty() && drawn.voters > 2;
  if (rng rot = rng{options.seed}.fork(85); others_suffice && rot.chance(25)) {
    f.rot = static_cast<int>(rot.between(5, 40));
    w.expect_error("history_damaged node=1 ");
  }
  if (rng lone = rng{options.seed}.fork(86); lone.chance(15))
    f.lose_snapshot = static_cast<int>(lone.between(10, 60));
  if (rng later = rng{options.seed}.fork(93); later.chance(20))
    f.promise_later = static_cast<int>(later.between(5, 30));
  if (rng broken = rng{options.seed}.fork(96); broken.chance(15))
    f.break_snapshot = static_cast<int>(broken.between(5, 30));
  if (w.may_reconfigure()) f.reconfig = static_cast<int>(rng{options.seed}.fork(80).between(5, 40));
  if (options.broken == breakage::skip_old_quorum) f.reconfig = 60;
  f.left_out = options.without.faults;
  faults nemesis{w, rng{options.seed}.fork(78), f};
  w.start_all();
  if (chance.chance(70)) w.run_until(30s, [&] { return w.all_serve(); });
  auto chaos = chance.between(duration{20s}, duration{120s});
  if (options.without.chaos) chaos = std::min(chaos, *options.without.chaos);
  nemesis.unleash(w.now() + chaos);
  rng files = rng{options.seed}.fork(89);
  list_changes operation{w, files, files.between(duration{200ms}, duration{6s})};
  if (drawn.lists_change) operation.unleash(w.now() + chaos);
  w.run_for(chaos);
  if (drawn.lists_change) operation.finish();
  // Whose files alone say who the servers are leaves service to be owed by other rules.
  if (ends_with_survivors(options, drawn.reconfig) && !drawn.lists_change && f.rot == 0 &&
      !options.without.survivors) {
    survivors last{w, rng{options.seed}.fork(91)};
    if (drawn.reconfig) last.cut_reconfig_short();
    last.check_service();
  }
  bool has_settled = w.heal_and_settle(180s);
  if (rng idle = rng{options.seed}.fork(92); has_settled && idle.chance(15))
    has_settled = w.let_in_after_an_idle_epoch(60s);
  if (has_settled) w.audit();
  // Servers that are not in use any more, and lists that differ, leave tables of their own.
  const bool is_counted = !drawn.lists_change;
  if (is_counted && w.failures().empty()) kept.check();
  if (is_counted && w.failures().empty()) kept.check_that_nothing_is_left();

  if (options.as_seen)
    options.as_seen(
        as_clients_saw(w.operations(), "sim-swarm --seed " + std::to_string(options.seed)));

  run_result r;
  r.failures = w.failures();
  r.virtual_time = w.now();
  r.jobs = w.jobs_run();
  r.hash = w.trace_hash();
  r.txns = w.history().agreed().size();
  r.leaders = w.history().leaderships();
  r.faults = nemesis.count();
  r.chaos = chaos;
  for (const auto& op : w.operations().operations)
    r.answered += op.how == operation::fate::answered ? 1 : 0;
  return r;
}

}  // namespace troupe::sim
