// SPDX-License-Identifier: Apache-2.0
// zoo.cfg under mutation: whatever the bytes, reading them ends in a config or in one line of
// error, and a config that was read prints as text that reads back the same; so for the list of
// servers by itself. Seeded, so every run is equal.
#include <array>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

#include "config/load.hpp"
#include "config/membership.hpp"
#include "config/properties.hpp"

namespace {

constexpr std::array<std::string_view, 4> corpus{
    "# c\ntickTime=2000\ndataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\n"
    "server.1=127.0.0.1:2888:3888\nserver.2=h2:2888:3888:participant;2182\n"
    "server.3=[::1]:2888:3888:observer;[::1]:2183\n",
    "dataDir=/d\nclientPort 2181\nserver.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=2\n"
    "initLimit:1\nsyncLimit:1\n4lw.commands.whitelist=srvr,\\\n  ruok\n",
    "dataDir=/d\\u0041\\ \\tb\nclientPort=1\njute.maxbuffer=0xfffff\nsnapshotSizeFactor=0.33\n",
    "! c\nunknown=1\nminSessionTimeout=-1\nforceSync=yes\nautopurge.snapRetainCount=1\n"};

constexpr std::array<std::string_view, 12> tokens{
    "=", ":", "\\", "\n", "\\u", "server.", "[", "]", ";", "\\ud83d\\ude00", "-1", "\r\n"};

std::string mutated(std::mt19937_64& random, std::string text) {
  auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (auto times = below(8) + 1; times > 0; --times) {
    auto at = text.empty() ? 0 : below(text.size());
    switch (below(5)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.insert(at, tokens[below(tokens.size())]);
        break;
      case 2:
        text.erase(at, below(12));
        break;
      case 3:
        text.insert(at, text.substr(text.empty() ? 0 : below(text.size()), below(40)));
        break;
      default:
        text.insert(at, std::to_string(random() % 100'000));
        break;
    }
  }
  return text;
}

constexpr std::array<std::string_view, 2> lists{
    "server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=[::1]:1:2:observer;5\n"
    "version=100000000",
    "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=2\nversion=0"};

[[noreturn]] void fail(const std::string& text, const std::string& what) {
  std::cerr << what << "\n--- input\n" << text << "\n---\n";
  std::exit(1);
}

}  // namespace

int main() {
  std::mt19937_64 random{20240229};
  int accepted = 0;
  constexpr int rounds = 10'000;
  for (int i = 0; i < rounds; ++i) {
    auto text = mutated(random, std::string{corpus[random() % corpus.size()]});
    std::optional<std::string> myid;
    if (i % 3 != 0) myid = i % 7 == 0 ? text.substr(0, 5) : "1\n";
    auto read = [&myid](const std::string&) { return myid; };
    auto result = troupe::config::parse(text, "zoo.cfg", read);
    if (!result) {
      if (result.error().empty()) fail(text, "an error without a word");
      continue;
    }
    ++accepted;
    auto printed = troupe::config::print(result->value);
    auto again = troupe::config::parse(printed, "printed", read);
    if (!again) fail(text, "the printed config is refused: " + again.error() + "\n" + printed);
    if (!(again->value == result->value)) fail(text, "the printed config differs:\n" + printed);
  }
  int lists_accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    auto text = mutated(random, std::string{lists[random() % lists.size()]});
    auto list = troupe::config::parse_membership(text);
    if (!list && list.error().empty()) fail(text, "an error without a word");
    if (!list) continue;
    ++lists_accepted;
    auto printed = troupe::config::print(*list);
    auto again = troupe::config::parse_membership(printed);
    if (!again || troupe::config::print(*again) != printed)
      fail(text, "the printed list differs:\n" + printed);
  }
  std::cout << 2 * rounds << " inputs, " << accepted << " configs and " << lists_accepted
            << " lists accepted\n";
  // Fewer: the mutations no longer reach what lies behind.
  return accepted > rounds / 20 && lists_accepted > rounds / 50 ? 0 : 1;
}
