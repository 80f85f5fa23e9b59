// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/operations.hpp"

namespace troupe::bench {

key_space::key_space(std::string at, const workload& work)
    : root(std::move(at)), value(work.value_bytes, 'x') {
  const bool shares_keys =
      work.kind == op_kind::set || work.kind == op_kind::get || work.kind == op_kind::mixed;
  for (std::uint32_t i = 0; shares_keys && i < work.keys; ++i)
    keys.push_back(root + "/k" + std::to_string(i));
}

operations::operations(const workload& work, std::shared_ptr<const key_space> keys,
                       std::uint32_t connection, std::uint64_t seed)
    : work_(work),
      keys_(std::move(keys)),
      connection_(connection),
      chance_(static_cast<std::minstd_rand::result_type>(seed * 1'000'003 + connection + 1)),
      slots_(work.window) {
  for (std::uint32_t i = work.window; i > 0; --i) free_.push_back(i - 1);
}

std::string operations::own_path(char kind) const {
  return keys_->root + "/" + kind + std::to_string(connection_);
}

void operations::prepare(pipeline& on) {
  on.expect_value_bytes(work_.value_bytes);
  catch_up(on);
  // A connection that was lost meanwhile prepares once more on the next one.
  const auto make = [&](const std::string& path) {
    on.create({}, path, keys_->value, create_flag::persistent);
    on.tolerate(error_code::node_exists);
  };
  if (work_.kind == op_kind::create) make(own_path('c'));
  if (work_.kind != op_kind::watch) return;
  for (std::uint32_t i = 0; i < slots(); ++i)
    make(slots_[i].path = own_path('w') + "-" + std::to_string(i));
}

const std::string& operations::any_key() { return keys_->keys[chance_() % keys_->keys.size()]; }

void operations::start(std::int64_t since_ns, pipeline& on) {
  const request_tag tag{free_.back(), since_ns};
  free_.pop_back();
  auto& here = slots_[tag.slot];
  here.since_ns = since_ns;
  here.awaited = 1;
  switch (work_.kind) {
    case op_kind::set:
      return on.set(tag, any_key(), keys_->value);
    case op_kind::get:
      return on.get(tag, any_key(), false);
    case op_kind::mixed:
      if (chance_() % 100 < work_.read_percent) return on.get(tag, any_key(), false);
      return on.set(tag, any_key(), keys_->value);
    case op_kind::create:
      return on.create(tag, own_path('c') + "/" + std::to_string(names_used_++), keys_->value,
                       create_flag::persistent);
    case op_kind::ephemeral:
      if (here.is_there) return on.remove(tag, here.path);
      here.path = own_path('e') + "-" + std::to_string(names_used_++);
      return on.create(tag, here.path, keys_->value, create_flag::ephemeral);
    case op_kind::watch:
      // A session's requests are done in their order, so the set finds the watch.
      here.awaited = 3;
      here.awaits_event = true;
      on.get(tag, here.path, true);
      on.set(tag, here.path, keys_->value);
  }
}

std::optional<std::int64_t> operations::on_part(std::uint32_t number) {
  auto& here = slots_[number];
  if (here.awaited == 0 || --here.awaited > 0) return std::nullopt;
  free_.push_back(number);
  return here.since_ns;
}

std::optional<std::int64_t> operations::on_answered(const answered& done) {
  auto& here = slots_[done.tag.slot];
  if (work_.kind == op_kind::ephemeral) here.is_there = done.op == op_code::create;
  return on_part(done.tag.slot);
}

std::optional<std::int64_t> operations::on_event(const watch_event& event) {
  for (std::uint32_t i = 0; work_.kind == op_kind::watch && i < slots(); ++i) {
    auto& here = slots_[i];
    if (!here.awaits_event || here.path != event.path) continue;
    if (event.type != event_type::node_data_changed) break;
    here.awaits_event = false;
    return on_part(i);
  }
  unasked_ =
      failure{failure_kind::unasked_event,
              "a watch event of type " + std::to_string(static_cast<std::int32_t>(event.type)) +
                  " for " + event.path + " came, which nobody waits for"};
  return std::nullopt;
}

std::size_t operations::on_connection_lost() {
  const auto lost = under_way();
  free_.clear();
  for (std::uint32_t i = slots(); i > 0; --i) {
    slots_[i - 1].awaited = 0;
    slots_[i - 1].awaits_event = false;
    slots_[i - 1].is_there = false;
    free_.push_back(i - 1);
  }
  return lost;
}

}  // namespace troupe::bench
