// SPDX-License-Identifier: Apache-2.0
/// A connection's first four bytes under any whitelist: a word, or a frame's length, and whatever
/// is answered is a text.
///     input = four bytes | 4lw.commands.whitelist
#include "actors/client/four_letter.hpp"
#include "config/load.hpp"
#include "tests/fuzz/target.hpp"

std::vector<std::string> troupe::fuzz::seeds() {
  std::vector<std::string> out{std::string("\0\0\0\x2d*", 5), "\xff\xf4\xff\xfd*", "nope*"};
  for (const auto* word :
       {"conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr",
        "orst", "ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs", "whys"}) {
    out.push_back(std::string{word} + "*");
    out.push_back(std::string{word} + "srvr, mntr,ruok");
  }
  return out;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  fuzz::input in{data, size};
  const std::string word{in.take(4)};
  if (word.size() < 4) return 0;
  auto list = std::string{in.rest()};
  const auto read = config::parse("dataDir=/d\nclientPort=2181\n4lw.commands.whitelist=" + list,
                                  "zoo.cfg", [](const auto&) { return std::nullopt; });
  if (!read) {
    fuzz::count_refusal(read.error());
    return 0;
  }
  const auto& cfg = read->value;
  const auto what = four_letter::judge(word, cfg);
  (void)four_letter::needs_of(word, cfg);
  fuzz::count(what == four_letter::verdict::answered);
  if (what == four_letter::verdict::no_word || what == four_letter::verdict::hang_up) return 0;
  fuzz::require(
      !four_letter::answer(word, cfg, {}).empty() || what != four_letter::verdict::refused,
      "a refusal without a word");
  return 0;
}
