// SPDX-License-Identifier: Apache-2.0
/// A journal on a disk in memory, with a schedule and a clock that the test moves, and those it
/// speaks with.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/caf.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/journal/journal.hpp"
#include "actors/storage/disk.hpp"
#include "tests/unit/coro/world.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::test {

using storage::at;
using storage::memory_disk;
using storage::sample_txn;

inline logged_sink::behavior_type collect_logged(logged_sink::pointer, std::vector<zxid>* into) {
  return {[into](const logged& m) { into->push_back(m.upto); }};
}
inline failure_sink::behavior_type collect_failures(failure_sink::pointer,
                                                    std::vector<std::string>* into) {
  return {[into](const disk_failed& m) { into->push_back(m.reason); },
          [into](const log_refused& m) { into->push_back("refused: " + m.reason); }};
}

/// A database that gives the snapshot a test has laid out, one piece at a time.
struct laid_out_snapshot {
  std::vector<snapshot_piece> pieces;
  std::size_t sent = 0;
  int asked = 0;
  bool gives_up = false;
  snapshot_sink to;
};
inline snapshot_source::behavior_type give_snapshot(snapshot_source::pointer self,
                                                    laid_out_snapshot* from) {
  auto next = [self, from] {
    if (from->sent < from->pieces.size()) self->send(from->to, from->pieces[from->sent++]);
  };
  return {[self, from, next](const take_snapshot& m) {
            ++from->asked;
            from->sent = 0;
            from->to = m.to;
            if (from->gives_up) return self->send(m.to, snapshot_given_up{"it is wrong"});
            next();
          },
          [next](const next_piece&) { next(); }};
}

class journal_world : public testing::Test {
 protected:
  void SetUp() override {
    disk = std::make_shared<memory_disk>();
    ASSERT_TRUE(disk->create_directories("/z"));
    for (const char* name : {"acceptedEpoch", "currentEpoch"})
      disk->put(std::string{"/z/version-2/"} + name, "3");
    config.data_dir = config.data_log_dir = "/z";
    config.log_prealloc_bytes = 0;
    config.snap_count = 1'000'000;
    start();
  }
  void TearDown() override { stop(); }

  void start() {
    auto context = std::make_shared<node_context>();
    context->config = config;
    context->me = server_id{1};
    context->disk = disk;
    context->wall_ms = [] { return std::int64_t{1'700'000'000'000}; };
    context->detach_journal = false;
    gauges = context->gauges;
    world_.emplace();
    auto& system = world_->system;
    handle = caf::actor_cast<journal_actor>(system.spawn(journal, journal_options{context}));
    source = system.spawn(give_snapshot, &snapshot);
    failing = system.spawn(collect_failures, &failures);
    role = system.spawn(collect_logged, &heard);
    world_->run();
  }
  void stop() {
    snapshot.to = nullptr;
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    caf::anon_send_exit(source, caf::exit_reason::kill);
    caf::anon_send_exit(failing, caf::exit_reason::kill);
    caf::anon_send_exit(role, caf::exit_reason::kill);
    handle = nullptr;
    source = nullptr;
    failing = nullptr;
    role = nullptr;
    if (world_) world_->run();
    world_.reset();
  }
  /// The process dies, then the machine loses what was not synced; then both begin anew.
  void crash() {
    stop();
    disk->crash();
    start();
  }

  template <class Reply, class Message>
  tl::expected<Reply, std::string> ask(Message m) {
    tl::expected<Reply, std::string> out = tl::unexpected(std::string{"no answer"});
    auto& system = world_->system;
    system.spawn([&](caf::event_based_actor* self) {
      self->request(handle, caf::infinite, std::move(m))
          .then([&](Reply& reply) { out = std::move(reply); },
                [&](caf::error& e) { out = tl::unexpected(system.render(e)); });
    });
    world_->run();
    return out;
  }
  tl::expected<loaded_data, std::string> load() {
    return ask<loaded_data>(load_data{source, failing});
  }
  loaded_data must_load() {
    auto loaded = load();
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error());
    return loaded.value_or(loaded_data{});
  }
  void send_append(const std::vector<zxid>& ids) {
    append_txns m;
    for (auto id : ids) m.txns.push_back(sample_txn(id));
    m.to = role;
    caf::anon_send(handle, m);
  }
  void append(const std::vector<zxid>& ids) {
    send_append(ids);
    world_->run();
  }
  std::vector<zxid> logged_ids() {
    auto all = storage::read_all(*disk, "/z/version-2");
    EXPECT_EQ(all.refusal, "");
    return all.ids;
  }
  void fail_on(std::string operation, std::string part_of_path = "") {
    disk->fail = [=](const std::string& what, const std::string& path) {
      return what == operation && path.find(part_of_path) != path.npos ? EIO : 0;
    };
  }
  static std::string tree_bytes(const core::tree& data) {
    core::snapshot_encoder encoder{data};
    std::string out;
    while (!encoder.done()) out += encoder.next(100);
    return out;
  }
  /// A database's bytes as of `id`.
  static std::string snapshot_bytes(zxid id) {
    core::tree data;
    data.set_last_processed(id);
    return tree_bytes(data);
  }
  void lay_out_snapshot(zxid as_of, zxid covers) {
    auto bytes = snapshot_bytes(as_of);
    snapshot.pieces = {{as_of, as_of, bytes.substr(0, 10), false},
                       {as_of, covers, bytes.substr(10, 100), false},
                       {as_of, covers, bytes.substr(110), true}};
  }
  std::vector<zxid> snapshots() {
    std::vector<zxid> out;
    auto files = storage::snapshot_candidates(*disk, "/z/version-2");
    for (const auto& f : *files) out.push_back(f.id);
    return out;
  }

  std::shared_ptr<memory_disk> disk;
  std::shared_ptr<shared_gauges> gauges;  // of the present life
  config::node_config config;
  laid_out_snapshot snapshot;
  std::vector<std::string> failures;
  std::vector<zxid> heard;
  std::optional<coro::test::world> world_;
  journal_actor handle;
  snapshot_source source;
  failure_sink failing;
  logged_sink role;
};

}  // namespace troupe::test
