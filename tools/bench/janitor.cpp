// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/janitor.hpp"

#include <poll.h>

#include <algorithm>

namespace troupe::bench {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t patience_ns = 15'000 * ms;
constexpr std::size_t under_way_max = 256;

}  // namespace

outcome janitor::lost(const std::string& why) const {
  return tl::unexpected{"connection to " + to_string(servers_[server_].name) + ": " + why};
}

outcome janitor::arrive() {
  outcome last;
  const auto deadline_ns = now_ns() + patience_ns;
  for (server_ = 0; server_ < servers_.size(); ++server_) {
    std::size_t lost_requests = 0;
    last = link_.open(servers_[server_], lost_requests);
    if (!last) last = lost(last.error());
    while (last && !link_.pipe.is_ready()) last = turn(deadline_ns, [](const answered&) {});
    if (last) return {};
  }
  server_ = 0;
  return last;
}

outcome janitor::turn(std::int64_t deadline_ns, const std::function<void(const answered&)>& hear) {
  if (auto sent = link_.flush(); !sent) return lost(sent.error());
  pollfd waits{link_.fd(), static_cast<short>(link_.wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
  const auto left_ms = (deadline_ns - now_ns()) / ms;
  if (left_ms <= 0) return lost("no answer within 15 s");
  if (::poll(&waits, 1, static_cast<int>(left_ms)) <= 0) return {};
  outcome got;
  if ((waits.revents & (POLLIN | POLLHUP | POLLERR)) != 0) got = link_.read();
  while (auto next = link_.pipe.next())
    if (const auto* done = std::get_if<answered>(&*next)) hear(*done);
  if (const auto& failed = link_.pipe.failed()) return lost(failed->text);
  return got ? outcome{} : lost("it was lost: " + got.error());
}

outcome janitor::converse(const std::function<bool()>& ask,
                          const std::function<void(const answered&)>& hear) {
  bool has_more = true;
  auto deadline_ns = now_ns() + patience_ns;
  while (has_more || link_.pipe.outstanding() > 0) {
    while (has_more && link_.pipe.outstanding() < under_way_max) has_more = ask();
    if (link_.pipe.outstanding() == 0) continue;
    const auto before = link_.pipe.outstanding();
    if (auto done = turn(deadline_ns, hear); !done) return done;
    if (link_.pipe.outstanding() < before) deadline_ns = now_ns() + patience_ns;
  }
  return {};
}

outcome janitor::make(const key_space& keys) {
  bool was_there = false;
  link_.pipe.create({}, keys.root, {}, create_flag::persistent);
  link_.pipe.tolerate(error_code::node_exists);
  auto made = converse([] { return false; },
                       [&](const answered& done) { was_there = done.err != error_code::ok; });
  if (!made) return made;
  if (was_there)
    return tl::unexpected{keys.root +
                          " is there already, maybe of a run that was killed; remove it (deleteall "
                          "in zkCli.sh) or choose another with --root"};
  has_made_root_ = true;
  std::size_t next = 0;
  return converse(
      [&] {
        if (next == keys.keys.size()) return false;
        link_.pipe.create({}, keys.keys[next++], keys.value, create_flag::persistent);
        return true;
      },
      [](const answered&) {});
}

/// The znode and all below it, parents before their children.
outcome janitor::list_all(const std::string& root, std::vector<std::string>& found) {
  found = {root};
  std::size_t asked = 0, heard = 0;
  // A list of children may be answered only after later ones were asked for, so until nobody is
  // left to ask the conversation is taken up again.
  while (asked < found.size()) {
    auto listed = converse(
        [&] {
          if (asked == found.size()) return false;
          link_.pipe.list({}, found[asked++]);
          link_.pipe.tolerate(error_code::no_node);
          return true;
        },
        [&](const answered& done) {
          const auto parent = found[heard++];
          for (const auto& name : done.children) found.push_back(parent + "/" + name);
        });
    if (!listed) return listed;
  }
  return {};
}

outcome janitor::remove_tree(const std::string& root) {
  link_.pipe.sync({}, root);
  if (auto seen = converse([] { return false; }, [](const answered&) {}); !seen) return seen;
  std::vector<std::string> found;
  if (auto listed = list_all(root, found); !listed) return listed;
  return converse(
      [&] {
        if (found.empty()) return false;
        link_.pipe.remove({}, found.back());
        link_.pipe.tolerate(error_code::no_node);
        found.pop_back();
        return true;
      },
      [](const answered&) {});
}

outcome janitor::leave() {
  link_.pipe.end_session();
  auto done = converse([] { return false; }, [](const answered&) {});
  link_.close();
  return done;
}

}  // namespace troupe::bench
