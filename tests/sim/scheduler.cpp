// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/scheduler.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::sim {
namespace {

caf::actor_system_config& for_testing(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  return config;
}

bool has_ended(const caf::abstract_actor& actor) {
  return actor.getf(caf::abstract_actor::is_terminated_flag) ||
         actor.getf(caf::abstract_actor::is_cleaned_up_flag);
}

}  // namespace

scheduler::scheduler(std::uint64_t seed)
    : system_(for_testing(config_)),
      coordinator_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      chance_(rng{seed}.fork(1)) {
  system_.await_actors_before_shutdown(false);
  if (chance_.chance(30)) priorities_ = chance_.next() | 1;
  while (coordinator_.try_run_once()) {
  }
}

scheduler::~scheduler() {
  on_exception_ = nullptr;
  spies_.clear();
  brake_ = nullptr;
  attribute_new_actors(running_);
  for (realm each = 0; each <= realms_; ++each) kill(each);
  events_ = {};
  coordinator_.clock().cancel_all();
}

duration scheduler::now() const {
  auto& clock = static_cast<const caf::detail::test_actor_clock&>(
      const_cast<caf::scheduler::test_coordinator&>(coordinator_).clock());
  return std::chrono::duration_cast<duration>(clock.current_time.time_since_epoch());
}

realm scheduler::make_realm() { return ++realms_; }

void scheduler::resume(realm which) {
  paused_.erase(which);
  for (auto* job : std::exchange(held_[which], {})) coordinator_.jobs.push_back(job);
}

void scheduler::kill(realm which) {
  resume(which);
  for (auto at = braked_.begin(); at != braked_.end();) {
    if (at->second.second != which) {
      ++at;
      continue;
    }
    coordinator_.jobs.push_back(at->second.first);
    at = braked_.erase(at);
  }
  // The dying spawn nothing that would outlive this loop: what they spawn has a job here, too.
  for (;;) {
    for (auto* job : coordinator_.jobs)
      if (auto* actor = dynamic_cast<caf::abstract_actor*>(job);
          actor != nullptr && realm_of(actor->id()) == which)
        meet(*actor, which);
    for (auto& weak : std::exchange(actors_[which], {}))
      if (auto strong = weak.lock(); strong && !has_ended(*strong->get()))
        caf::anon_send_exit(strong, caf::exit_reason::kill);
    auto& jobs = coordinator_.jobs;
    auto mine = std::find_if(jobs.begin(), jobs.end(), [&](caf::resumable* job) {
      auto* actor = dynamic_cast<caf::abstract_actor*>(job);
      return actor != nullptr && realm_of(actor->id()) == which;
    });
    if (mine == jobs.end()) return;
    auto* job = *mine;
    jobs.erase(mine);
    execute(job, dynamic_cast<caf::abstract_actor*>(job), which);
  }
}

void scheduler::at(duration when, std::function<void()> what) {
  events_.push({std::max(when, now()), ++events_made_, std::move(what)});
}

bool scheduler::step() { return run_job() || advance(duration::max()); }

void scheduler::run_until(duration when) {
  run_until(when, [] { return false; });
}

bool scheduler::run_until(duration limit, const std::function<bool()>& done) {
  while (!done())
    if (is_stuck() || (!run_job() && !advance(limit))) return done();
  return true;
}

std::size_t scheduler::pick() {
  auto& jobs = coordinator_.jobs;
  if (jobs.size() == 1) return 0;
  if (priorities_ == 0 || chance_.chance(5)) return chance_.below(jobs.size());
  // Some actors always before others, for two seconds: starvation that even chances never show.
  auto salt = mix(priorities_, static_cast<std::uint64_t>(now() / std::chrono::seconds{2}));
  std::size_t best = 0;
  std::uint64_t best_priority = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto* actor = dynamic_cast<caf::abstract_actor*>(jobs[i]);
    auto priority = mix(salt, actor != nullptr ? actor->id() : 0);
    if (priority < best_priority) continue;
    best = i;
    best_priority = priority;
  }
  return best;
}

bool scheduler::run_job() {
  auto& jobs = coordinator_.jobs;
  while (!jobs.empty()) {
    auto i = pick();
    auto* job = jobs[i];
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(i));
    auto* actor = dynamic_cast<caf::abstract_actor*>(job);
    auto where = actor != nullptr ? realm_of(actor->id()) : 0;
    if (is_paused(where)) {
      held_[where].push_back(job);
      continue;
    }
    if (brake_ && actor != nullptr && released_.erase(actor->id()) == 0) {
      if (auto wait = brake_(where, *actor); wait > duration{0}) {
        auto id = actor->id();
        braked_[id] = {job, where};
        after(wait, [this, id] {
          auto at = braked_.find(id);
          if (at == braked_.end()) return;
          released_.insert(id);
          coordinator_.jobs.push_back(at->second.first);
          braked_.erase(at);
        });
        continue;
      }
    }
    execute(job, actor, where);
    return true;
  }
  return false;
}

void scheduler::execute(caf::resumable* job, caf::abstract_actor* actor, realm where) {
  if (actor != nullptr) {
    meet(*actor, where);
    note(where, *actor, actor->peek_at_next_mailbox_element());
  }
  ++jobs_run_;
  ++jobs_at_this_instant_;
  attribute_new_actors(running_);
  auto outer = std::exchange(running_, where);
  coordinator_.jobs.push_front(job);
  coordinator_.run_once();
  attribute_new_actors(where);
  running_ = outer;
}

void scheduler::meet(caf::abstract_actor& actor, realm where) {
  auto id = actor.id();
  if (met_.size() <= id) met_.resize(id + 1);
  if (met_[id]) return;
  met_[id] = true;
  actors_[where].push_back(caf::actor_cast<caf::weak_actor_ptr>(actor.ctrl()));
  actor.attach_functor([this, where, id](const caf::error& reason) {
    if (on_exception_ && reason == caf::sec::runtime_error)
      on_exception_(where, "actor " + std::to_string(id) + " threw: " + system_.render(reason));
  });
}

void scheduler::note(realm where, const caf::abstract_actor& actor, caf::mailbox_element* message) {
  hash_ = mix(hash_, static_cast<std::uint64_t>(now().count()));
  hash_ = mix(hash_, (std::uint64_t{where} << 32) ^ actor.id());
  if (message != nullptr) {
    auto& content = message->content();
    for (std::size_t i = 0; i < content.size(); ++i) {
      auto [number, info] = content.type(i);
      hash_ = mix(hash_, info != nullptr ? hash_of(*info) : number);
    }
  }
  for (auto& s : spies_) s(where, actor, message);
}

bool scheduler::advance(duration limit) {
  if (!events_.empty() && events_.top().when <= now()) {
    auto what = std::move(const_cast<event&>(events_.top()).what);
    events_.pop();
    what();
    return true;
  }
  auto& clock = coordinator_.clock();
  auto next = caf::actor_clock::time_point{limit == duration::max() ? duration{0} : limit};
  bool found = false;
  auto consider = [&](caf::actor_clock::time_point when) {
    if (limit != duration::max() && when > caf::actor_clock::time_point{limit}) return;
    if (!found || when < next) next = when;
    found = true;
  };
  if (auto& schedule = clock.schedule(); !schedule.empty()) consider(schedule.begin()->first);
  if (!events_.empty()) consider(caf::actor_clock::time_point{events_.top().when});
  if (next > clock.current_time) {
    jobs_at_this_instant_ = 0;
    coordinator_.advance_time(next - clock.current_time);
  } else if (found) {
    coordinator_.advance_time(caf::actor_clock::duration_type{0});
  }
  return found;
}

void scheduler::attribute_new_actors(realm where) {
  auto latest = system_.latest_actor_id();
  if (realm_of_.size() <= latest) realm_of_.resize(latest + 1, where);
}

realm scheduler::realm_of(caf::actor_id id) const {
  return id < realm_of_.size() ? realm_of_[id] : 0;
}

std::uint64_t scheduler::hash_of(const std::type_info& type) {
  auto [at, is_new] = type_hashes_.try_emplace(&type, 0);
  if (is_new)
    for (const char* c = type.name(); *c != '\0'; ++c)
      at->second = mix(at->second, static_cast<unsigned char>(*c));
  return at->second;
}

}  // namespace troupe::sim
