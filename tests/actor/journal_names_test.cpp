// SPDX-License-Identifier: Apache-2.0
/// Names in directories: for each thing that the journal does with them, the process dies at each
/// call to the disk, the machine lives on, the next process builds on what it finds, and then the
/// power goes. What the second life has said or relied on has to be there in the third.
#include "config/membership.hpp"
#include "tests/actor/journal_world.hpp"

namespace troupe {
namespace {

using namespace test;

class JournalNames;
struct deed {
  const char* name;
  void (*prepare)(JournalNames&);
  void (*act)(JournalNames&);
};
void PrintTo(const deed& x, std::ostream* out) { *out << x.name; }

/// Logs and snapshots lie apart: else the sync of one directory would hide that of the other.
class JournalNames : public journal_world, public testing::WithParamInterface<deed> {
 public:
  void SetUp() override {
    journal_world::SetUp();
    stop();
    ASSERT_TRUE(disk->create_directories("/l"));
    config.data_log_dir = "/l";
    config.membership_version = {};
    start();
    load_with_others();
    append({at(3, 1), at(3, 2), at(3, 3)});
  }
  loaded_data load_with_others() {
    auto loaded = ask<loaded_data>(load_data{source, failing, true});
    EXPECT_TRUE(loaded) << loaded.error();
    return loaded.value_or(loaded_data{});
  }
  void install(zxid as_of) { ask<stored>(install_piece{as_of, snapshot_bytes(as_of), true, true}); }
  void store(epoch_kind kind, epoch era) { ask<stored>(store_epoch{kind, era}); }
  void cut(zxid last) { ask<loaded_data>(truncate_log{last}); }
  void log(const std::vector<zxid>& ids) { append(ids); }
  void fresh() {
    stop();
    disk->clear();
    start();
  }
  void try_to_load() { (void)ask<loaded_data>(load_data{source, failing, true}); }
  /// zoo.cfg lies in a directory of its own.
  void have_lists_change() {
    stop();
    disk->put("/c/zoo.cfg", "tickTime=2000\n");
    config.config_file = "/c/zoo.cfg";
    start();
    load_with_others();
  }
  void establish_list(zxid version) {
    config::membership list;
    list.version = version;
    caf::anon_send(handle, store_membership{std::make_shared<const config::membership>(list)});
    world_->run();
  }
  void damage() {
    stop();
    auto bytes = disk->content("/l/version-2/log.300000001");
    bytes[bytes.size() / 2] ^= 1;
    disk->put("/l/version-2/log.300000001", bytes);
    start();
    load_with_others();
  }

 protected:
  static constexpr int calls_max = 100;

  /// The deed, by a process that dies at this of its calls to the disk, and what the next process
  /// finds. nullopt: there are no more calls.
  std::optional<loaded_data> second_life(int dying_call) {
    stop();
    SetUp();
    GetParam().prepare(*this);
    int calls = 0;
    disk->fail = [&calls, dying_call](const std::string&, const std::string&) {
      return calls++ < dying_call ? 0 : EIO;
    };
    GetParam().act(*this);
    stop();
    disk->fail = nullptr;
    if (!config.config_file.empty())
      config.membership_version = config::version_in_name(listed_in_files());
    start();
    if (calls <= dying_call) return std::nullopt;
    return load_with_others();
  }
  /// The name that zoo.cfg has of the list.
  std::string listed_in_files() {
    if (config.config_file.empty()) return {};
    const auto text = disk->content(config.config_file);
    const auto at = text.find("dynamicConfigFile=");
    return at == text.npos ? std::string{} : text.substr(at, text.find('\n', at) - at);
  }
  static std::tuple<zxid, epoch, epoch, bool> told(const loaded_data& x) {
    return {x.last_logged, x.accepted, x.current, x.damaged.empty()};
  }
};

TEST_P(JournalNames, WhatASecondLifeHasFoundIsThereInTheThird) {
  int call = 0;
  for (; call < calls_max; ++call) {
    const auto second = second_life(call);
    if (!second) break;
    const auto listed = listed_in_files();
    crash();
    ASSERT_EQ(told(load_with_others()), told(*second)) << "call " << call;
    ASSERT_EQ(listed_in_files(), listed) << "call " << call;
  }
  EXPECT_GT(call, 2);
  EXPECT_LT(call, calls_max);
}

TEST_P(JournalNames, WhatASecondLifeHasLoggedIsThereInTheThird) {
  for (int call = 0; call < calls_max; ++call) {
    const auto second = second_life(call);
    if (!second) break;
    if (!second->damaged.empty()) continue;  // it logs nothing
    const auto next = at(second->last_logged.in_epoch().value + 10, 1);
    store(epoch_kind::accepted, next.in_epoch());
    append({next});
    ASSERT_FALSE(heard.empty());
    ASSERT_EQ(heard.back(), next) << "call " << call;
    crash();
    const auto third = load_with_others();
    ASSERT_EQ(third.last_logged, next) << "call " << call;
    ASSERT_EQ(third.accepted, next.in_epoch()) << "call " << call;
    ASSERT_EQ(third.damaged, "") << "call " << call;
  }
}

const deed deeds[] = {
    {"promise", [](JournalNames&) {}, [](JournalNames& j) { j.store(epoch_kind::accepted, {7}); }},
    {"epoch", [](JournalNames& j) { j.store(epoch_kind::accepted, {7}); },
     [](JournalNames& j) { j.store(epoch_kind::current, {7}); }},
    {"install", [](JournalNames&) {}, [](JournalNames& j) { j.install(at(3, 9)); }},
    {"install_over_damage", [](JournalNames& j) { j.damage(); },
     [](JournalNames& j) { j.install(at(3, 9)); }},
    {"cut", [](JournalNames&) {}, [](JournalNames& j) { j.cut(at(3, 1)); }},
    {"first_start", [](JournalNames& j) { j.fresh(); },
     [](JournalNames& j) { j.try_to_load(); }},
    {"list_of_servers", [](JournalNames& j) { j.have_lists_change(); },
     [](JournalNames& j) { j.establish_list(at(3, 3)); }},
    {"first_txn_of_a_file", [](JournalNames& j) { j.install(at(3, 9)); },
     [](JournalNames& j) { j.log({at(3, 10)}); }},
};
INSTANTIATE_TEST_SUITE_P(Deeds, JournalNames, testing::ValuesIn(deeds),
                         [](const auto& x) { return std::string{x.param.name}; });

}  // namespace
}  // namespace troupe
