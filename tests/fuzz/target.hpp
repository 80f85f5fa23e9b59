// SPDX-License-Identifier: Apache-2.0
/// What a fuzz target is made of: LLVMFuzzerTestOneInput, and seeds() beside it. The same source is
/// a test that replays its corpus and bends its seeds (replay.cpp), and a libFuzzer program that
/// is guided by coverage (the preset `fuzz`, tools/fuzz).
/// Errors: what must hold and does not ends the process in fail(); any input may be refused, and
/// then with a text where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace troupe::fuzz {

/// Good inputs, in the target's own form. Each target defines it.
std::vector<std::string> seeds();

/// A finding.
[[noreturn]] inline void fail(std::string_view what) {
  std::fprintf(stderr, "finding: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}
inline void require(bool holds, std::string_view what) {
  if (!holds) fail(what);
}

/// What became of the inputs so far: a test whose inputs are all refused, or all taken, tests
/// nothing.
struct tally {
  long taken = 0, refused = 0;
};
inline tally outcomes;
inline void count(bool taken) { ++(taken ? outcomes.taken : outcomes.refused); }
/// A refusal that says nothing helps nobody.
inline void count_refusal(std::string_view why) {
  require(!why.empty(), "a refusal without a word");
  count(false);
}

/// The seed that the input was bent from at random. Null for files, and for inputs that were grown
/// towards what a checksum wants: damage does not hit that by chance, but a search does.
inline const std::string* origin = nullptr;

/// Reads an input from its front: first what steers the target, then what it decodes. Numbers are
/// 0 where nothing is left.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}
  explicit input(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint64_t number(std::size_t bytes = 1) {
    std::uint64_t x = 0;
    for (unsigned char c : take(bytes)) x = (x << 8) | c;
    return x;
  }
  std::string_view take(std::size_t bytes_max) {
    auto out = rest_.substr(0, bytes_max);
    rest_.remove_prefix(out.size());
    return out;
  }
  /// Up to the next byte 0, which is taken, too.
  std::string_view text() {
    auto out = take(rest_.find('\0'));
    take(1);
    return out;
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

/// Where bytes are cut: sizes of pieces, over and over.
class cuts {
 public:
  /// Takes how many there are, and each.
  explicit cuts(input& from) {
    for (auto n = from.number() % 16; n > 0; --n) sizes_.push_back(from.number() + 1);
  }
  explicit cuts(std::size_t size) : sizes_{size} {}

  /// Takes the next piece off `bytes`; all of it when nothing is said.
  std::string_view next(std::string_view& bytes) {
    auto piece = sizes_.empty() ? bytes : bytes.substr(0, sizes_[at_++ % sizes_.size()]);
    bytes.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::vector<std::size_t> sizes_;
  std::size_t at_ = 0;
};

/// A big-endian number, as input::number() reads it.
inline std::string number(std::uint64_t x, std::size_t bytes) {
  std::string out;
  while (bytes-- > 0) out.push_back(static_cast<char>(x >> (8 * bytes)));
  return out;
}

}  // namespace troupe::fuzz
