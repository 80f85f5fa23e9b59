// SPDX-License-Identifier: Apache-2.0
/// A disk on which one read fails, whichever it is: nobody takes what could not be read for a file
/// that is not there, an end of the log, or an older history.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/storage/data_dir.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/image_builder.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "actors/storage/survey.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

/// Passes everything on to another disk, but for the read that is to fail.
class failing_reads final : public disk {
 public:
  failing_reads(disk& to, int nth) : to_(to), left_(nth) {}
  /// Whoever reads this file finds a bad block.
  failing_reads(disk& to, std::string bad) : to_(to), bad_(std::move(bad)) {}

  /// Whether the failing one was ever asked for.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] const std::string& what() const { return what_; }

  io_result<std::unique_ptr<writable_file>> open_writable(const std::string& path,
                                                          open_mode mode) override {
    return to_.open_writable(path, mode);
  }
  io_result<std::unique_ptr<readable_file>> open_readable(const std::string& path) override {
    if (fails("open", path)) return error(path);
    auto opened = to_.open_readable(path);
    if (!opened) return opened;
    return std::make_unique<file>(*this, path, std::move(*opened));
  }
  io_result<std::vector<directory_entry>> list_directory(const std::string& path) override {
    if (fails("list", path)) return error(path);
    return to_.list_directory(path);
  }
  io_result<void> rename(const std::string& from, const std::string& to) override {
    return to_.rename(from, to);
  }
  io_result<void> remove(const std::string& path) override { return to_.remove(path); }
  io_result<bool> exists(const std::string& path) override {
    if (fails("look for", path)) return error(path);
    return to_.exists(path);
  }
  io_result<void> make_directory(const std::string& path) override {
    return to_.make_directory(path);
  }
  io_result<void> sync_directory(const std::string& path) override {
    return to_.sync_directory(path);
  }
  io_result<std::unique_ptr<file_lock>> lock_file(const std::string& path) override {
    return to_.lock_file(path);
  }
  io_result<file_identity> identity(const std::string& path) override {
    if (fails("identify", path)) return error(path);
    return to_.identity(path);
  }

 private:
  class file final : public readable_file {
   public:
    file(failing_reads& of, std::string path, std::unique_ptr<readable_file> to)
        : of_(of), path_(std::move(path)), to_(std::move(to)) {}
    io_result<std::string> read_at(std::uint64_t offset, std::size_t bytes_max) const override {
      if (of_.fails("read", path_)) return error(path_);
      return to_->read_at(offset, bytes_max);
    }
    io_result<std::uint64_t> size() const override {
      if (of_.fails("measure", path_)) return error(path_);
      return to_->size();
    }
    io_result<std::uint64_t> next_data(std::uint64_t offset) const override {
      if (of_.fails("seek in", path_)) return error(path_);
      return to_->next_data(offset);
    }

   private:
    failing_reads& of_;
    std::string path_;
    std::unique_ptr<readable_file> to_;
  };
  static tl::unexpected<io_error> error(const std::string& path) {
    return tl::unexpected(io_error{"read", path, EIO});
  }
  bool fails(const std::string& how, const std::string& path) {
    if (bad_.empty() ? left_-- != 0 : path != bad_ || how != "read") return false;
    has_failed_ = true;
    what_ = how + " " + path;
    return true;
  }

  disk& to_;
  int left_ = 0;
  std::string bad_;
  bool has_failed_ = false;
  std::string what_;
};

constexpr const char* files = "/z/version-2";

class ReadFaults : public testing::Test {
 protected:
  /// Three snapshots, a log of two files with its mark, a list of owners.
  void make() {
    d.clear();
    ASSERT_TRUE(d.create_directories(files));
    d.put("/z/myid", "1\n");
    for (const char* name : {"acceptedEpoch", "currentEpoch"})
      d.put(std::string{files} + "/" + name, "1");
    for (std::int64_t n : {0, 1, 2}) {
      core::tree data;
      data.set_last_processed(n == 0 ? zxid{} : at(1, n));
      core::snapshot_encoder encoder{data};
      std::string bytes;
      while (!encoder.done()) bytes += encoder.next(1 << 20);
      d.put(std::string{files} + "/" + snapshot_name(n == 0 ? zxid{} : at(1, n)), bytes);
    }
    auto log = txn_log::open(d, options_for(files, 0));
    ASSERT_TRUE(log);
    for (std::int64_t n = 1; n <= 6; ++n) {
      ASSERT_TRUE(log->append(*sample_txn(at(1, n))));
      ASSERT_TRUE(log->sync());
      if (n == 3) {
        ASSERT_TRUE(log->roll());
      }
    }
    ASSERT_TRUE(log->note_synced());
  }
  /// Asks with each read failing in turn, until none is left that could; how many there were.
  template <class Question>
  int with_each_read_failing(Question ask) {
    for (int nth = 0;; ++nth) {
      make();
      failing_reads faulty{d, nth};
      ask(faulty);
      if (!faulty.has_failed()) return nth;
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "when it failed to " << faulty.what();
        return nth;
      }
    }
  }
  std::size_t count_of_files() { return d.list_directory(files)->size(); }

  memory_disk d;
};

TEST_F(ReadFaults, LogIsReadWholeOrNotAtAll) {
  const auto whole = std::vector{at(1, 1), at(1, 2), at(1, 3), at(1, 4), at(1, 5), at(1, 6)};
  EXPECT_GT(with_each_read_failing([&](failing_reads& faulty) {
              const auto read = read_all(faulty, files, at(1, 1));
              if (faulty.has_failed())
                EXPECT_NE(read.refusal, "");
              else
                EXPECT_EQ(read.ids, whole);
            }),
            5);
}

/// A snapshot that cannot be read is passed over, for the log leads on from the one before.
TEST_F(ReadFaults, StartComesToTheWholeHistoryOrRefuses) {
  int refused = 0, started = 0;
  const auto reads = with_each_read_failing([&](failing_reads& faulty) {
    auto opened = data_dir::open(faulty, {.data_dir = "/z", .owner = server_id{1}});
    if (!opened) return void(++refused);
    std::vector<zxid> ids;
    image_builder builder{[&ids](const txn_ptr& x) { ids.push_back(x->id()); }};
    auto loaded = opened->load_database(builder.sink());
    if (!loaded) return void(++refused);
    ++started;
    EXPECT_EQ(loaded->last, at(1, 6));
    builder.finish(*loaded);
    EXPECT_EQ(builder.image()->data.last_processed(), at(1, 6));
    EXPECT_EQ(loaded->snapshot < at(1, 2), !loaded->passed_over.empty());
  });
  EXPECT_GT(reads, 10);
  EXPECT_GT(refused, 5);
  EXPECT_GE(started, 1) << "the last one, without a failure";
}

/// What a person is told of a directory: either the whole of it, or what could not be read.
TEST_F(ReadFaults, SurveyTellsOfWhatItCouldNotRead) {
  const auto told = [](const data_survey& seen) {
    std::string out;
    for (const auto& x : seen.problems) out += x.text() + "\n";
    for (const auto& x : seen.notes) out += x + "\n";
    for (const auto& x : seen.snapshots) out += x.is_complete ? "whole " : "part ";
    for (const auto& x : seen.logs)
      out += std::to_string(x.txns) + (x.damage ? x.damage->text() : "") + " ";
    return out + (seen.how ? to_string(seen.how->snapshot) : "none") +
           seen.my_id.value_or("no id") +
           (seen.era ? std::to_string(seen.era->accepted.value) : "no epochs");
  };
  make();
  const auto whole = survey(d, {.data_dir = "/z"});
  ASSERT_TRUE(whole);
  int quiet = 0;
  const auto reads = with_each_read_failing([&](failing_reads& faulty) {
    const auto seen = survey(faulty, {.data_dir = "/z"});
    if (!faulty.has_failed())
      EXPECT_EQ(told(*seen), told(*whole));
    else if (seen && told(*seen) == told(*whole))
      ++quiet;
  });
  EXPECT_GT(reads, 20);
  EXPECT_LE(quiet, reads / 10) << "of " << reads;
}

/// One that cannot be read is none of those to be kept, and goes when it is older than they are.
TEST_F(ReadFaults, PurgeRemovesWhatItShouldOrNothing) {
  with_each_read_failing([&](failing_reads& faulty) {
    d.put(std::string{files} + "/" + snapshot_name(at(1, 6)),
          d.content(std::string{files} + "/" + snapshot_name(at(1, 2))));
    const auto before = count_of_files();
    const auto done = purge(faulty, files, files, 3);
    EXPECT_TRUE(done || faulty.has_failed());
    const auto oldest = std::string{files} + "/" + snapshot_name(zxid{});
    const bool may_go = !faulty.has_failed() || faulty.what().ends_with(oldest);
    EXPECT_EQ(count_of_files(), may_go && done ? before - 1 : before);
  });
}

/// One bad block is no reason to keep all that is old, to cut no log, or not to start, for ever.
TEST_F(ReadFaults, SnapshotWithABadBlockStopsNothingThatDoesNotNeedIt) {
  const auto path = [](std::int64_t n) {
    return std::string{files} + "/" + snapshot_name(n == 0 ? zxid{} : at(1, n));
  };
  make();
  {
    auto opened = data_dir::open(d, {.data_dir = "/z", .owner = server_id{1}});
    ASSERT_TRUE(opened->set_snapshot_covers(at(1, 1), at(1, 5), *end_mark(d, path(1))));
  }
  failing_reads faulty{d, path(1)};
  {
    auto opened = data_dir::open(faulty, {.data_dir = "/z", .owner = server_id{1}});
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(opened->snapshot_covers(at(1, 1)), at(1, 5)) << "which file it is, nobody can tell";
    ASSERT_TRUE(opened->remove_snapshots_after(at(1, 1)));
    EXPECT_TRUE(d.has(path(0)) && !d.has(path(1)) && !d.has(path(2)));
  }
  make();
  const auto only_bad_stays = [](const snapshot_file& f) { return f.id != at(1, 1); };
  EXPECT_FALSE(remove_snapshots(faulty, files, only_bad_stays)) << "no whole one would remain";
  for (std::int64_t n : {3, 4, 5}) d.put(path(n), d.content(path(2)));
  ASSERT_TRUE(purge(faulty, files, files, 3));
  EXPECT_FALSE(d.has(path(0)) || d.has(path(1)) || d.has(path(2)));
  EXPECT_TRUE(d.has(path(3)) && d.has(path(4)) && d.has(path(5)));
  EXPECT_TRUE(faulty.has_failed());
}

TEST_F(ReadFaults, SnapshotIsReadWholeOrNotAtAll) {
  EXPECT_GT(with_each_read_failing([&](failing_reads& faulty) {
              const auto found = snapshot_candidates(faulty, files);
              if (!found) {
                EXPECT_TRUE(faulty.has_failed());
                return;
              }
              ASSERT_EQ(found->size(), 3u);
              std::string bytes;
              const auto read = read_snapshot(faulty, found->front(), [&](std::string_view chunk) {
                bytes += chunk;
                return tl::expected<void, std::string>{};
              });
              EXPECT_EQ(read.has_value(), !faulty.has_failed());
              if (read) {
                EXPECT_EQ(bytes.size(), found->front().size);
              }
            }),
            5);
}

TEST_F(ReadFaults, PromisesAreReadOrItIsSaidThatTheyCannotBe) {
  EXPECT_GT(with_each_read_failing([&](failing_reads& faulty) {
              epoch_files promises{faulty, files};
              const auto read = promises.load(at(1, 6));
              EXPECT_EQ(read.has_value(), !faulty.has_failed());
              if (read) {
                EXPECT_EQ(read->accepted, epoch{1});
              }
            }),
            1);
}

}  // namespace
}  // namespace troupe::storage
