// SPDX-License-Identifier: Apache-2.0
#include "config/list_difference.hpp"

#include <map>
#include <set>
#include <utility>

#include "config/host.hpp"
#include "config/server_line.hpp"

namespace troupe::config {
namespace {

constexpr std::size_t described_lines_max = 4;

std::string server_line(const server_entry& x) {
  return "server." + std::to_string(x.id.value) + "=" + print_server_line(x, true);
}

/// With one text for each address.
server_entry canonical(server_entry x, bool with_client) {
  x.host = canonical_host(x.host);
  if (!with_client) {
    x.client_port.reset();
    x.client_address.reset();
  } else {
    x.client_address = canonical_host(x.client_address.value_or("0.0.0.0"));
  }
  x.weight = 1;
  x.group.reset();
  return x;
}

bool is_same_place(const server_entry& a, const server_entry& b) {
  const bool with_client = a.client_port && b.client_port;
  return canonical(a, with_client) == canonical(b, with_client);
}

/// A voter's group by its smallest member, since its number means nothing.
std::map<std::int64_t, std::int64_t> group_names(const membership& m) {
  std::map<std::int64_t, std::int64_t> out;
  for (const auto& x : m.servers)
    if (!x.observer && x.group) out.try_emplace(*x.group, x.id.value);
  return out;
}

/// What an id means for quorums: nothing for an observer.
struct standing_of_voter {
  std::int64_t weight = 1;
  std::int64_t group = -1;
  friend bool operator==(const standing_of_voter&, const standing_of_voter&) = default;
};

std::map<server_id, standing_of_voter> voters_of(const membership& m) {
  const auto names = group_names(m);
  std::map<server_id, standing_of_voter> out;
  for (const auto& x : m.servers) {
    if (x.observer) continue;
    out.emplace(x.id,
                x.group ? standing_of_voter{x.weight, names.at(*x.group)} : standing_of_voter{});
  }
  return out;
}

std::string voter_line(const membership& m, server_id id) {
  const auto* x = m.find(id);
  if (x == nullptr) return {};
  auto out = server_line(*x);
  if (x->group)
    out += " (group." + std::to_string(*x->group) + ", weight " + std::to_string(x->weight) + ")";
  return out;
}

}  // namespace

list_difference compare(const membership& ours, const membership& theirs) {
  list_difference of_voters{true, {}}, of_places{false, {}};
  const auto our_voters = voters_of(ours), their_voters = voters_of(theirs);
  std::set<server_id> ids;
  for (const auto* list : {&ours, &theirs})
    for (const auto& x : list->servers) ids.insert(x.id);
  const auto standing = [](const auto& voters, server_id id) {
    const auto it = voters.find(id);
    return it == voters.end() ? std::nullopt : std::optional{it->second};
  };
  for (auto id : ids) {
    if (standing(our_voters, id) != standing(their_voters, id))
      of_voters.lines.push_back({voter_line(ours, id), voter_line(theirs, id)});
    const auto* a = ours.find(id);
    const auto* b = theirs.find(id);
    if (a == nullptr || b == nullptr || !is_same_place(*a, *b))
      of_places.lines.push_back({a != nullptr ? server_line(*a) : std::string{},
                                 b != nullptr ? server_line(*b) : std::string{}});
  }
  return of_voters.lines.empty() ? of_places : of_voters;
}

std::string describe(const list_difference& x) {
  const auto said = [](const std::string& line) {
    return line.empty() ? std::string{"no such line"} : line;
  };
  std::string out;
  for (std::size_t i = 0; i < x.lines.size() && i < described_lines_max; ++i)
    out += (i == 0 ? "" : ", ") + said(x.lines[i].ours) + " here and " + said(x.lines[i].theirs) +
           " there";
  if (x.lines.size() > described_lines_max)
    out += ", and " + std::to_string(x.lines.size() - described_lines_max) + " lines more";
  return out;
}

membership with_known_addresses(membership told, const membership& known, server_id me) {
  for (auto& x : told.servers) {
    const auto* before = known.find(x.id);
    if (before == nullptr) continue;
    const bool names_itself =
        is_wildcard(x.host) || (is_loopback(x.host) && !is_loopback(before->host));
    if (x.id == me ? is_wildcard(before->host) : names_itself && !is_wildcard(before->host))
      x.host = before->host;
  }
  return told;
}

}  // namespace troupe::config
