// SPDX-License-Identifier: Apache-2.0
/// The two small files of a data directory that hold numbers, acceptedEpoch and currentEpoch: they
/// are taken, and then what is written reads the same, or refused by a text that names one.
///     input = last zxid in 8 bytes | which files there are | acceptedEpoch, 0 | currentEpoch
#include "actors/storage/epochs.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/storage/memory_disk.hpp"

std::vector<std::string> troupe::fuzz::seeds() {
  const auto with = [](std::uint64_t last, char files, std::string accepted, std::string current) {
    return number(last, 8) + files + accepted + '\0' + current;
  };
  return {with(0x300000007, '\3', "4", "3"), with(0x300000007, '\1', "3", ""),
          with(0x300000007, '\2', "", "3"),  with(0, '\0', "", ""),
          with(0x300000007, '\7', "3", "2"), with(0, '\3', "12\n", "12\n")};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  fuzz::input in{data, size};
  const zxid last{static_cast<std::int64_t>(in.number(8) >> 1)};
  const auto there = in.number();
  const std::string accepted{in.text()}, current{in.rest()};
  storage::memory_disk d;
  (void)d.create_directories("/d");
  if ((there & 1) != 0) d.put("/d/acceptedEpoch", accepted);
  if ((there & 2) != 0) d.put("/d/currentEpoch", current);
  if ((there & 4) != 0) d.put("/d/currentEpoch.tmp", current);
  storage::epoch_files files{d, "/d"};
  const auto foreseen = files.preview(last);
  const auto read = files.load(last);
  fuzz::require(read.has_value() == foreseen.has_value(), "it is not as foreseen");
  if (!read) {
    fuzz::require(read.error().text().find("/d/") != std::string::npos,
                  "a refusal names no file: " + read.error().text());
    fuzz::count(false);
    return 0;
  }
  fuzz::count(true);
  fuzz::require(*read == *foreseen, "they are not as foreseen");
  fuzz::require(read->current <= read->accepted && read->current >= last.in_epoch(),
                "promises that cannot be kept together");
  const auto again = files.load(last);
  fuzz::require(again && *again == *read, "what was written reads as another");
  return 0;
}
