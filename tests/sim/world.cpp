// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <cstdio>
#include <set>
#include <utility>

#include "actors/base/ensemble.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "actors/storage/disk.hpp"
#include "tests/sim/seen_history.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t wall_start_ms = 1'700'000'000'000;
constexpr std::size_t failures_max = 20;

std::string name_of(server_id who) { return "server " + std::to_string(who.value); }

template <class Message>
const Message* as(caf::mailbox_element& message) {
  auto& content = message.content();
  return content.match_elements<Message>() ? &content.get_as<Message>(0) : nullptr;
}

bool is_named(const caf::abstract_actor& actor, std::string_view name) {
  auto* monitorable = dynamic_cast<const caf::monitorable_actor*>(&actor);
  return monitorable != nullptr && monitorable->name() == name;
}

template <class Message>
bool describe(const caf::message& m, std::string& out) {
  if (!m.match_elements<Message>()) return false;
  auto copy = m.get_as<Message>(0);
  if constexpr (std::is_same_v<Message, wire::Notification>) copy.clear_server_list();
  if constexpr (std::is_same_v<Message, wire::Notification>) copy.clear_membership();
  out = copy.GetTypeName().substr(copy.GetTypeName().rfind('.') + 1) + " ";
  if constexpr (requires { copy.txns(); })
    for (const auto& bytes : copy.txns())
      if (auto txn = parse_logged(bytes)) {
        const auto& h = txn->value.header;
        out += to_string(h.id) + "(session " + to_string(h.client) + " cxid " +
               std::to_string(h.cx.value) + " op " + std::to_string(static_cast<int>(h.type)) +
               ") ";
      }
  if constexpr (requires { copy.clear_txns(); }) copy.clear_txns();
  if constexpr (requires { copy.clear_data(); }) copy.clear_data();
  out += copy.ShortDebugString();
  return true;
}

template <class... Messages>
std::string describe_any(const caf::message& m) {
  std::string out = "?";
  (describe<Messages>(m, out) || ...);
  return out;
}

std::string text_of(const caf::message& m) {
  using namespace wire;
  return describe_any<Notification, LearnerInfo, NotLeading, LeaderInfo, AckEpoch, Truncate,
                      SyncTxns, SnapshotChunk, SnapshotCredit, NewLeader, AckNewLeader, UpToDate,
                      Proposal, Ack, Commit, Inform, TreeDiffers, Ping, Pong, Forward, SyncDone,
                      StaleWrite, Revalidate, Revalidated>(m);
}

}  // namespace

world::world(world_options options)
    : options_(std::move(options)),
      chance_(options_.seed),
      clock_(options_.seed),
      net_(clock_, chance_.fork(2), options_.wires),
      client_net_(clock_, chance_.fork(3)),
      history_([this](std::string what) { fail(std::move(what)); }) {
  log::set_observer([this](log::level l, std::string_view line) { hear_log(l, line); });
  net_.on_violation([this](std::string what) { fail(std::move(what)); });
  net_.set_tap([this](server_id from, server_id to, const caf::message& m) {
    if (options_.trace)
      tell(std::to_string(from.value) + " -> " + std::to_string(to.value) + "  " + text_of(m));
    if (!traps_.empty()) spring_traps(from, to, m);
  });
  if (options_.trace)
    log_.seen = [this](const char* what, const operation& op) { tell(what + op.text()); };
  clock_.add_spy([this](realm where, const caf::abstract_actor& actor, caf::mailbox_element* m) {
    spy_on(where, actor, m);
  });
  clock_.set_brake([this](realm where, const caf::abstract_actor& a) { return brake(where, a); });
  clock_.on_exception([this](realm, std::string what) { fail(std::move(what)); });

  for (int i = 1; i <= options_.voters + options_.observers + options_.spares; ++i)
    ids_.push_back(server_id{i});
  for (auto id : ids_) {
    server s;
    s.config = make_config(id);
    s.is_retired = options_.lists_change && id.value > options_.voters + options_.observers;
    if (options_.drift_percent > 0) {
      // Every limit that a server keeps is a number of its own ticks.
      auto drift =
          static_cast<double>(
              chance_.fork(300 + static_cast<std::uint64_t>(id.value)).between(-1'000, 1'000)) *
          options_.drift_percent / 100'000;
      s.wall_drift = drift;
      s.config.tick_ms = static_cast<std::int32_t>(s.config.tick_ms * (1 - drift));
    }
    s.disk = std::make_shared<platters>(chance_.fork(100 + static_cast<std::uint64_t>(id.value)));
    s.disk->clock = [this] { return now(); };
    s.disk->faults.lies_about_log_sync = options_.broken == breakage::ack_before_sync;
    s.disk->faults.forgets_epochs = options_.broken == breakage::forget_epoch_file;
    servers_.emplace(id, std::move(s));
  }
  note_length_bounds();
  for (int i = 0; i < options_.clients; ++i) {
    auto wanted = options_.client;
    wanted.number = i + 1;
    wanted.servers = ids_;
    wanted.proof = options_.reconfig ? operators_password : "";
    wanted.accepts_read_only = i < options_.read_only_clients;
    clients_.push_back(std::make_unique<client>(
        clock_, client_net_, chance_.fork(200 + static_cast<std::uint64_t>(i)), wanted, log_,
        [this](std::string what) { fail(std::move(what)); }));
  }
}

world::~world() {
  log::set_observer({});
  options_.trace = {};
  for (auto& [id, s] : servers_) {
    if (s.door) s.door->die();
    if (s.alive) net_.stop(id);
    s.alive = false;
    clock_.kill(s.where);
    s.actors = {};
  }
  net_.shutdown();
  client_net_.shutdown();
}

// -- time -----------------------------------------------------------------------------------------

void world::run_for(duration length) {
  run_until(length, [] { return false; });
}

bool world::run_until(duration limit, const std::function<bool()>& done) {
  bool came = clock_.run_until(now() + limit, done);
  if (clock_.is_stuck()) fail("messages go round for ever while time stands still");
  return came;
}

// -- servers --------------------------------------------------------------------------------------

void world::start(server_id who) {
  auto& s = at(who);
  if (s.alive || s.is_retired) return;
  tell("start " + name_of(who));
  ++s.lives;
  s.alive = true;
  s.role = serving_as::nothing;
  s.last = {};
  s.images = 0;
  s.disk_is_blamed = false;
  s.refusals_told = s.disk->refusals();
  s.synced_handlers.clear();
  s.where = clock_.make_realm();
  owner_of_[s.where] = who;
  s.door = std::make_shared<sim_disk>(s.disk);
  s.context = std::make_shared<node_context>();
  read_files(s, who);
  s.context->config = s.config;
  s.context->me = who;
  s.context->wall_ms = [this, who] {
    const auto& mine = at(who);
    auto time = clock_.now() + mine.wall_offset;
    auto drifted = static_cast<double>(clock_.now().count()) * mine.wall_drift;
    time += duration{static_cast<duration::rep>(drifted)};
    return wall_start_ms + std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  s.context->disk = s.door;
  s.context->log = log::make(who);
  s.context->seed = mix(options_.seed, static_cast<std::uint64_t>(who.value) * 1000 + s.lives);
  s.context->detach_journal = false;
  if (options_.memory_limit > 0)
    s.context->memory = core::memory_budget{options_.memory_limit};
  if (options_.steps_per_slice > 0) s.context->steps_per_slice = options_.steps_per_slice;
  if (options_.message_bytes_max > 0) s.context->message_bytes_max = options_.message_bytes_max;
  if (options_.epoch_txns_max > 0) s.context->epoch_txns_max = options_.epoch_txns_max;
  history_.on_start(who);
  net_.start(who, s.where);
  s.actors = clock_.spawn_in(
      s.where, [&] { return spawn_server(clock_.system(), s.context, net_.spawn_links(who)); });
  net_.publish(who, port_kind::election, caf::actor_cast<caf::strong_actor_ptr>(s.actors.election));
  net_.publish(who, port_kind::peer, caf::actor_cast<caf::strong_actor_ptr>(s.actors.peer));
  client_net_.start(who, s.where, s.context,
                    [this, who](connection_id id, std::string address, transport_sink transport,
                                account_ptr account) {
                      auto& mine = at(who);
                      return spawn_client_session(clock_.system(), mine.context, mine.actors, id,
                                                  std::move(address), transport,
                                                  std::move(account));
                    });
}

void world::start_all() {
  for (auto id : ids_) start(id);
  for (auto& c : clients_) c->start();
}

void world::crash(server_id who, crash_kind how) {
  if (!at(who).alive) return;
  die(who, how);
  clock_.kill(at(who).where);
}

/// From this instant on nothing the server does has any effect; its actors end when they are not
/// running.
void world::die(server_id who, crash_kind how) {
  auto& s = at(who);
  tell((how == crash_kind::power ? "power lost at " : "killed ") + name_of(who));
  s.alive = false;
  s.role = serving_as::nothing;
  s.door->die();
  net_.stop(who);
  client_net_.stop(who);
  if (how == crash_kind::power)
    s.disk->lose_power();
  else
    s.disk->let_go();
  s.actors = {};
}

void world::pause(server_id who) {
  if (!at(who).alive) return;
  tell("pause " + name_of(who));
  at(who).disk->stop_noting();
  clock_.pause(at(who).where);
}

void world::resume(server_id who) {
  if (!is_paused(who)) return;
  tell("resume " + name_of(who));
  clock_.resume(at(who).where);
}

bool world::is_paused(server_id who) const { return clock_.is_paused(at(who).where); }

void world::shift_wall_clock(server_id who, duration by) {
  tell("wall clock of " + name_of(who) + " shifts");
  at(who).wall_offset += by;
}

void world::isolate(const std::vector<server_id>& group) {
  auto is_in = [&](server_id x) { return std::find(group.begin(), group.end(), x) != group.end(); };
  for (auto a : ids_)
    for (auto b : ids_)
      if (is_in(a) && !is_in(b)) net_.cut_both(a, b);
}

client& world::make_client(std::optional<server_id> only, zxid shown_before) {
  auto wanted = options_.client;
  wanted.shown_before = shown_before;
  wanted.number = static_cast<int>(clients_.size()) + 1;
  wanted.servers = only ? std::vector{*only} : ids_;
  wanted.think_max = duration{50'000};
  wanted.proof = options_.reconfig ? operators_password : "";
  clients_.push_back(std::make_unique<client>(clock_, client_net_,
                                              chance_.fork(200 + clients_.size()), wanted, log_,
                                              [this](std::string what) { fail(std::move(what)); }));
  clients_.back()->stop_asking();
  clients_.back()->start();
  return *clients_.back();
}

// -- watching -------------------------------------------------------------------------------------

void world::tell(const std::string& line) {
  if (!options_.trace) return;
  char time[32];
  std::snprintf(time, sizeof time, "%12.6f  ", static_cast<double>(now().count()) / 1e6);
  options_.trace(time + line);
}

void world::fail(std::string what) {
  if (failures_.size() == failures_max) return;
  tell("FAILURE " + what);
  failures_.push_back(std::move(what));
}

/// The first line that blames a disk follows a refusal which no line before has told of; the next
/// ones, until the disk works again, may be about the same.
void world::judge_blame(server& s, std::string_view line) {
  if (line.find("disk_works_again") != line.npos) s.disk_is_blamed = false;
  if (line.find("disk_unusable") == line.npos && line.find("disk_failed") == line.npos) return;
  const auto refusals = s.disk->refusals();
  if (!std::exchange(s.disk_is_blamed, true) && refusals == s.refusals_told)
    fail("a disk that has refused nothing is said to have failed: " + std::string(line));
  s.refusals_told = refusals;
}

void world::hear_log(log::level level, std::string_view line) {
  // A server that has crashed may still finish the handler it crashed in; it is not heard.
  if (auto field = line.find("node="); field != std::string_view::npos) {
    auto who = server_id{std::atoll(std::string(line.substr(field + 5, 19)).c_str())};
    const auto s = servers_.find(who);
    if (s != servers_.end() && !s->second.alive) return;
    if (s != servers_.end()) judge_blame(s->second, line);
  }
  const bool is_expected = !expected_error_.empty() && line.find(expected_error_) != line.npos;
  if (level == log::level::error && !is_expected) return fail("error line: " + std::string(line));
  tell(std::string(to_string(level)) + " " + std::string(line));
}

duration world::brake(realm where, const caf::abstract_actor& actor) {
  auto owner = owner_of_.find(where);
  if (owner == owner_of_.end()) return duration{0};
  const auto& s = at(owner->second);
  if (!s.alive || s.where != where || !s.actors.journal) return duration{0};
  if (s.slowness > duration{0}) return chance_.between(duration{0}, s.slowness);
  if (actor.id() != s.actors.journal.id()) return duration{0};
  if (s.disk_slowness > duration{0}) return chance_.between(duration{1}, s.disk_slowness);
  if (!chance_.chance(options_.slow_disk_percent)) return duration{0};
  return chance_.between(duration{1}, options_.slow_disk_max);
}

void world::spy_on(realm where, const caf::abstract_actor& actor, caf::mailbox_element* message) {
  if (message == nullptr) return;
  auto owner = owner_of_.find(where);
  if (owner == owner_of_.end()) return;
  auto& s = at(owner->second);
  if (!s.alive || s.where != where) return;
  if (options_.broken != breakage::none) break_rules(s, actor, *message);
  if (s.actors.database && actor.id() == s.actors.database.id())
    spy_on_database(owner->second, s, *message);
  if (s.actors.journal && actor.id() == s.actors.journal.id())
    if (auto* logged = as<append_txns>(*message)) {
      history_.on_log(owner->second, logged->txns);
      if (list_logged_ && std::ranges::any_of(logged->txns, [](const txn_ptr& x) {
            return x->value.header.type == op_code::reconfig;
          }))
        list_logged_(owner->second);
    }
}

void world::spy_on_database(server_id who, server& s, caf::mailbox_element& message) {
  if (auto* applied = as<apply_txns>(message)) {
    if (!applied->txns.empty()) s.last = std::max(s.last, applied->txns.back()->id());
    history_.on_apply(who, applied->txns);
    if (s.garbles_next_create) garble(s, message);
  } else if (auto* installed = as<install_image>(message)) {
    s.last = installed->image->data.last_processed();
    ++s.images;
    history_.on_install(who, s.last, installed->recent,
                        installed->image->data.fuzzy_until().value_or(zxid{}));
  } else if (auto* led = as<start_leading>(message)) {
    s.role = serving_as::leader;
    s.era = led->era;
    history_.on_lead(who, led->era);
    tell(name_of(who) + " leads epoch " + std::to_string(led->era.value));
  } else if (auto* learnt = as<start_learning>(message)) {
    s.role = serving_as::learner;
    s.era = learnt->era;
    history_.on_learn(who, learnt->era);
    tell(name_of(who) + " serves in epoch " + std::to_string(learnt->era.value));
  } else if (as<start_read_only>(message) != nullptr) {
    history_.on_show(who);
    tell(name_of(who) + " serves reads up to " + to_string(s.last));
  } else if (as<stop_serving>(message) != nullptr) {
    s.role = serving_as::nothing;
    history_.on_stop(who);
    tell(name_of(who) + " serves no more");
  }
}

/// The doubles of breakage.hpp that stand between two actors.
void world::break_rules(server& s, const caf::abstract_actor& actor,
                        caf::mailbox_element& message) {
  if (options_.broken == breakage::skip_quorum && is_named(actor, "zk.leader")) {
    // A leader hears only a learner's present handler: the acks are forged in its name.
    if (auto* synced = as<learner_synced>(message))
      s.synced_handlers[synced->learner] = message.sender;
    auto* proposed = as<propose>(message);
    if (proposed == nullptr || proposed->txns.empty()) return;
    for (const auto& [learner, handler] : s.synced_handlers)
      if (learner.value <= options_.voters)
        caf::actor_cast<caf::actor>(actor.address())
            ->enqueue(handler, caf::make_message_id(),
                      caf::make_message(learner_acked{learner, proposed->txns.back()->id()}),
                      nullptr);
  }
  if (options_.broken == breakage::skip_old_quorum && actor.id() == s.actors.journal.id())
    if (auto* logged = as<append_txns>(message))
      for (const auto& txn : logged->txns)
        if (auto list = membership_made_by(txn->value)) {
          caf::anon_send(s.actors.peer, membership_committed{list});
          caf::anon_send(s.actors.journal, store_membership{list});
        }
  if (options_.broken == breakage::commit_out_of_order && s.role != serving_as::nothing &&
      actor.id() == s.actors.database.id() && message.content().match_elements<apply_txns>()) {
    auto& txns = message.content().get_mutable_as<apply_txns>(0).txns;
    if (txns.size() > 1 && chance_.chance(20)) std::swap(txns[0], txns[1]);
  }
}

// -- judgement ------------------------------------------------------------------------------------

void world::heal() {
  tell("heal");
  traps_.clear();
  net_.heal_all();
  for (auto id : ids_) {
    auto& s = at(id);
    resume(id);
    s.disk_slowness = s.slowness = duration{0};
    s.disk->forget_crash();
    auto broken = s.disk->faults;
    s.disk->faults = {};
    s.disk->faults.lies_about_log_sync = broken.lies_about_log_sync;
    s.disk->faults.forgets_epochs = broken.forgets_epochs;
    start(id);
  }
}

bool world::heal_and_settle(duration limit) {
  heal();
  auto healed = now();
  bool served = run_until(limit, [this] {
    return all_serve() && std::all_of(clients_.begin(), clients_.end(),
                                      [](const auto& c) { return c->is_live() || c->is_over(); });
  });
  if (!served) {
    std::string who;
    for (auto id : in_use())
      if (!is_serving(id)) who += (who.empty() ? " " : ", ") + name_of(id);
    fail("not served by all within " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) +
         " s after the faults ended" + (who.empty() ? ": clients have no session" : ":" + who));
    return false;
  }
  tell("healed in " + std::to_string((now() - healed).count() / 1000) + " ms");
  for (auto& c : clients_) c->stop_asking();
  const auto asked = in_use();
  bool level = run_until(limit, [&] {
    return all_serve() &&
           std::all_of(clients_.begin(), clients_.end(),
                       [](const auto& c) { return c->is_idle(); }) &&
           std::all_of(asked.begin(), asked.end(), [&](server_id id) {
             return last_applied(id) == last_applied(asked.front());
           });
  });
  if (!level) {
    std::string how;
    for (auto id : asked)
      how += "; " + name_of(id) + (is_serving(id) ? " at " : " not serving, at ") +
             to_string(last_applied(id));
    for (const auto& c : clients_) how += c->is_idle() ? "" : "; " + c->state_text();
    fail("servers or clients do not come to rest" + how);
  }
  return level;
}

/// Walks the tree through one client; what it hears is judged with everything else. False: a
/// connection was lost on the way.
bool world::read_everything(client& through) {
  auto walk = std::make_shared<std::function<void(const operation&)>>();
  std::weak_ptr<std::function<void(const operation&)>> again = walk;
  auto whole = std::make_shared<bool>(true);
  auto visit = [&through, again](const std::string& path) {
    auto f = again.lock();
    through.ask({.op = op_code::get_children, .path = path},
                [f](const operation& op) { (*f)(op); });
  };
  *walk = [&through, visit, whole](const operation& op) {
    if (op.how != operation::fate::answered) {
      *whole = false;
      return;
    }
    for (const auto& child : op.children) {
      if (op.path == "/" && child == "zookeeper") continue;
      auto path = (op.path == "/" ? "/" : op.path + "/") + child;
      through.ask({.op = op_code::get_data, .path = path});
      visit(path);
    }
  };
  through.ask({.op = op_code::sync, .path = "/"});
  visit("/");
  if (!run_until(60s, [&] { return through.is_idle(); })) fail("the audit does not end");
  return *whole;
}

/// The reader's own session may use up the last zxid of an epoch, and then the leader goes.
void world::audit_through(server_id who) {
  constexpr int attempts_max = 3;
  for (int i = 0; i < attempts_max; ++i) {
    if (read_everything(make_client(who))) return;
    run_until(60s, [this] { return all_serve(); });
  }
  fail("the audit through " + name_of(who) + " was cut short each time");
}

void world::audit() {
  tell("audit");
  const auto asked = in_use();
  for (auto id : asked) audit_through(id);
  for (auto id : asked)
    if (!run_until(60s, [&] { return last_applied(id) == last_applied(asked.front()); }))
      fail(name_of(id) + " ended at " + to_string(last_applied(id)) + ", " +
           name_of(asked.front()) + " at " + to_string(last_applied(asked.front())));
  history_.on_end();
  if (!failures_.empty()) return;  // without an agreed history no answer can be judged
  check_operations(log_, history_, [this](std::string what) { fail(std::move(what)); });
  check_as_seen(log_, [this](std::string what) { fail(std::move(what)); });
}

}  // namespace troupe::sim
