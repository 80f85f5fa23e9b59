// SPDX-License-Identifier: Apache-2.0
#include "messages/printable.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace troupe {
namespace {

/// UTF-8 of any number up to 21 bits, also of such as are no characters.
std::string utf8(std::uint32_t c) {
  std::string out;
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
  return out;
}

std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return out;
}

TEST(Printable, OrdinaryTextOfAnyLanguageStays) {
  for (const auto* text : {"", "/a/b-c_1.2", "a b", "Grüße", "日本語", "мир", "🎭", "שלום", "é"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatSteersATerminalOrForgesALineIsEscaped) {
  for (std::uint32_t c = 0; c < 0xa0; ++c) {
    if (c >= 0x20 && c < 0x7f) continue;
    EXPECT_EQ(printable("a" + utf8(c) + "b"), "a" + escaped(utf8(c)) + "b") << c;
    EXPECT_FALSE(is_printable("a" + utf8(c)));
  }
  for (std::uint32_t c : {0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d,
                          0x202e, 0x2066, 0x2067, 0x2068, 0x2069})
    EXPECT_EQ(printable(utf8(c)), escaped(utf8(c))) << c;
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable("\xc2\x9b[2J"), "\\xc2\\x9b[2J");
  EXPECT_EQ(printable("user\n2026-11-29 INFO forged"), "user\\x0a2026-11-29 INFO forged");
}

TEST(Printable, NeighboursOfWhatIsEscapedStay) {
  for (std::uint32_t c : {0x20, 0x7e, 0xa0, 0x061b, 0x061d, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065,
                          0x206a, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff})
    EXPECT_EQ(printable(utf8(c)), utf8(c)) << std::hex << c;
}

TEST(Printable, BytesThatAreNoUtf8AreEscapedOneByOne) {
  for (const std::string bytes :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\x81", "\xc3", "\xe2\x82", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff\xff"})
    EXPECT_EQ(printable(bytes), escaped(bytes));
  EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
  EXPECT_EQ(printable("\xc3\xc3\xa4"), "\\xc3ä");
}

TEST(Printable, WhatIsAskedForIsEscapedOrKeptBesides) {
  std::string out = "user=";
  append_printable(out, "a,b\\c\td", ",\\");
  EXPECT_EQ(out, "user=a\\x2cb\\x5cc\\x09d");
  EXPECT_EQ(printable("a\tb\nc\r", "\n\t"), "a\tb\nc\\x0d");
}

TEST(Printable, WhateverComesInWhatGoesOutIsPrintableAndLosesNothing) {
  std::mt19937 dice{7};  // NOLINT: the same every time
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = dice() % 12; left > 0; --left) {
      const auto c = dice();
      if (c % 3 == 0)
        text.push_back(static_cast<char>(c >> 8));
      else
        text += utf8((c >> 8) % (c % 3 == 1 ? 0x2100 : 0x110000));
    }
    const auto shown = printable(text);
    ASSERT_TRUE(is_printable(shown)) << escaped(text);
    ASSERT_EQ(is_printable(text), shown == text) << escaped(text);
    ASSERT_EQ(printable(shown), shown);
    std::string back;
    for (std::string_view rest = shown; !rest.empty();) {
      const bool is_escape =
          rest.starts_with("\\x") && rest.size() >= 4 && text.find('\\') == text.npos;
      back += is_escape ? static_cast<char>(std::stoi(std::string{rest.substr(2, 2)}, nullptr, 16))
                        : rest.front();
      rest.remove_prefix(is_escape ? 4 : 1);
    }
    if (text.find('\\') == text.npos) {
      ASSERT_EQ(back, text);
    }
  }
}

TEST(Clipped, NoCharacterIsCutInTwo) {
  EXPECT_EQ(clipped("abc", 3), "abc");
  EXPECT_EQ(clipped("abcd", 3), "abc");
  EXPECT_EQ(clipped("aäö", 2), "a");
  EXPECT_EQ(clipped("aäö", 3), "aä");
  EXPECT_EQ(clipped("🎭🎭", 7), "🎭");
  EXPECT_EQ(clipped("🎭", 3), "");
  EXPECT_EQ(clipped("", 0), "");
  EXPECT_EQ(clipped(std::string(10, '\x80'), 6).size(), 6u);  // no characters at all
}

}  // namespace
}  // namespace troupe
