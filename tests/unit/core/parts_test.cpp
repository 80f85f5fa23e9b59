// SPDX-License-Identifier: Apache-2.0
#include "actors/core/parts.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

using whole = std::optional<std::string>;

std::string some_text(std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>('a' + i % 26));
  return out;
}

/// Each part with all others to come, until one ends it.
TEST(Parts, OfAWholeJoinToIt) {
  for (std::size_t bytes : {1, 9, 10, 11, 20, 95}) {
    const auto text = some_text(bytes);
    part_joiner joiner;
    std::size_t messages = 0;
    for (std::uint64_t offset = 0; offset < bytes; ++messages) {
      const auto next = part_at(text, offset, 10);
      EXPECT_LE(next.bytes.size(), 10U);
      offset += next.bytes.size();
      const auto joined = joiner.add(std::string{next.bytes}, next.place);
      ASSERT_TRUE(joined) << joined.error();
      EXPECT_EQ(*joined, offset == bytes ? whole{text} : std::nullopt);
      EXPECT_EQ(joiner.is_under_way(), offset < bytes);
      EXPECT_EQ(joiner.held_bytes(), offset < bytes ? offset : 0);
    }
    EXPECT_EQ(messages, (bytes + 9) / 10);
  }
}

TEST(Parts, WhatIsShortIsAllAtOnceEvenNothing) {
  part_joiner joiner;
  EXPECT_EQ(joiner.add("", {}).value(), whole{""});
  EXPECT_EQ(joiner.add("short", {}).value(), whole{"short"});
  EXPECT_TRUE(part_at("short", 0, 5).place.is_all());
  EXPECT_FALSE(part_at("short", 0, 4).place.is_all());
}

/// A joiner that has "0123" of "0123456789".
part_joiner begun(std::uint64_t bytes_max = 100) {
  part_joiner joiner{bytes_max};
  EXPECT_EQ(joiner.add("0123", {0, 6}).value(), std::nullopt);
  return joiner;
}

TEST(Parts, NothingElseComesBetweenThem) {
  const auto is_refused = [](std::string bytes, part_place place) {
    auto joiner = begun();
    const auto refused = !joiner.add(std::move(bytes), place);
    EXPECT_TRUE(!refused || !joiner.is_under_way()) << "what was refused leaves nothing";
    return refused;
  };
  EXPECT_FALSE(is_refused("45", {4, 4}));
  EXPECT_FALSE(is_refused("456789", {4, 0}));
  EXPECT_TRUE(is_refused("another", {})) << "what is short";
  EXPECT_TRUE(is_refused("0123", {0, 6})) << "the first again, or a new one's";
  EXPECT_TRUE(is_refused("56", {5, 3})) << "one is lost";
  EXPECT_TRUE(is_refused("34", {3, 5})) << "one comes twice";
  EXPECT_TRUE(is_refused("45", {4, 5})) << "the end goes away";
  EXPECT_TRUE(is_refused("45", {4, 3})) << "the end comes nearer";
  EXPECT_TRUE(is_refused("", {4, 6})) << "nothing, which could go on for ever";
}

TEST(Parts, OneThatContinuesNothingIsRefused) {
  part_joiner joiner;
  EXPECT_FALSE(joiner.add("45", {4, 4}));
  EXPECT_FALSE(joiner.add("", {0, 4}));
  EXPECT_FALSE(joiner.add("45", {4, 0}));
  EXPECT_FALSE(joiner.is_under_way());
}

TEST(Parts, AWholeIsNoLongerThanItMayBeWhateverTheNumbersSay) {
  EXPECT_TRUE(part_joiner{10}.add("0123", {0, 6}));
  EXPECT_FALSE(part_joiner{9}.add("0123", {0, 6}));
  EXPECT_TRUE(part_joiner{4}.add("0123", {}));
  EXPECT_FALSE(part_joiner{3}.add("0123", {}));
  for (auto huge : {UINT64_MAX, UINT64_MAX - 3, UINT64_MAX / 2 + 1}) {
    EXPECT_FALSE(part_joiner{}.add("0123", {0, huge}));
    EXPECT_FALSE(part_joiner{}.add("0123", {huge, 0}));
    EXPECT_FALSE(part_joiner{}.add("0123", {huge, huge}));
    auto joiner = begun();
    EXPECT_FALSE(joiner.add("45", {4, huge}));
  }
}

}  // namespace
}  // namespace troupe::core
