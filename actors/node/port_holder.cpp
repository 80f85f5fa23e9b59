// SPDX-License-Identifier: Apache-2.0
#include "actors/node/port_holder.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "actors/storage/running_server.hpp"

namespace troupe {
namespace {

namespace fs = std::filesystem;

/// Of IPv4 as of IPv6, which holds the others at ::ffff:0:0/96.
using ip_address = std::array<std::uint8_t, 16>;

/// A line of /proc/net/tcp or tcp6.
struct kernel_socket {
  std::string inode;
  uid_t user = 0;
  bool listens = false;
  ip_address at{};
};

ip_address from_ipv4(const void* bytes) {
  ip_address out{};
  out[10] = out[11] = 0xff;
  std::memcpy(&out[12], bytes, 4);
  return out;
}

/// From the kernel's tables: words of 32 bits in this machine's order, as hexadecimal digits.
ip_address from_table(std::string_view digits) {
  constexpr std::size_t word_digits = 8;
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < words.size() && digits.size() >= (i + 1) * word_digits; ++i) {
    const auto word = digits.substr(i * word_digits, word_digits);
    std::from_chars(word.data(), word.data() + word.size(), words[i], 16);
  }
  if (digits.size() == word_digits) return from_ipv4(words.data());
  ip_address out{};
  std::memcpy(out.data(), words.data(), out.size());
  return out;
}

/// nullopt: not in digits, or of one interface alone.
std::optional<ip_address> from_text(const std::string& text) {
  ip_address out{};
  if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
  std::uint32_t ipv4 = 0;
  if (::inet_pton(AF_INET, text.c_str(), &ipv4) != 1) return std::nullopt;
  return from_ipv4(&ipv4);
}

bool is_every_address(const ip_address& x) {
  static constexpr std::uint32_t none = 0;
  return x == ip_address{} || x == from_ipv4(&none);
}

/// Whether a socket at one keeps another from the other.
bool exclude_each_other(const ip_address& a, const ip_address& b) {
  return a == b || is_every_address(a) || is_every_address(b);
}

/// Those at the port that keep somebody from `address` (nullopt: any). Who listens does; only where
/// nobody listens it is a connection.
std::vector<kernel_socket> sockets_at(std::uint16_t port,
                                      const std::optional<ip_address>& address = std::nullopt) {
  constexpr std::string_view listen_state = "0A";
  std::vector<kernel_socket> out;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in{table};
    std::string line;
    std::getline(in, line);  // the heading
    while (std::getline(in, line)) {
      std::istringstream words{line};
      std::string number, local, remote, state, queues, timer, retransmits, inode;
      uid_t user = 0;
      int timeout = 0;
      if (!(words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
            timeout >> inode))
        continue;
      unsigned at = 0;
      const auto colon = local.rfind(':');
      const auto digits = local.substr(colon + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), at, 16);
      if (at != port || inode == "0") continue;  // 0: a connection that is over: in nobody's way
      kernel_socket found{inode, user, state == listen_state, from_table(local.substr(0, colon))};
      if (!address || exclude_each_other(found.at, *address)) out.push_back(std::move(found));
    }
  }
  const auto listens = [](const kernel_socket& x) { return x.listens; };
  if (std::ranges::any_of(out, listens)) std::erase_if(out, std::not_fn(listens));
  return out;
}

/// Calls `what` with the inode of each socket that the process has open, if that may be looked at.
template <class What>
void for_each_socket_of(pid_t pid, What what) {
  constexpr std::string_view begin = "socket:[";
  std::error_code closed;
  for (fs::directory_iterator fd{"/proc/" + std::to_string(pid) + "/fd", closed}, last;
       !closed && fd != last; fd.increment(closed)) {
    std::error_code gone;
    const auto target = fs::read_symlink(fd->path(), gone).string();
    if (!gone && target.starts_with(begin) && target.ends_with(']'))
      what(target.substr(begin.size(), target.size() - begin.size() - 1));
  }
}

/// The first of the sockets whose process is found, and that; 0: none that may be looked into.
std::pair<const kernel_socket*, pid_t> find_process(const std::vector<kernel_socket>& sockets) {
  std::pair<const kernel_socket*, pid_t> best{nullptr, 0};
  std::error_code failed;
  for (fs::directory_iterator at{"/proc", failed}, end; !failed && at != end && !sockets.empty();
       at.increment(failed)) {
    const auto name = at->path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    for_each_socket_of(pid, [&](const std::string& inode) {
      for (const auto& x : sockets)
        if (x.inode == inode && (best.first == nullptr || &x < best.first)) best = {&x, pid};
    });
    if (best.first == &sockets.front()) break;
  }
  return best;
}

/// Those that the process does not have, or of which that may not be looked at.
std::vector<kernel_socket> without_those_of(pid_t pid, std::vector<kernel_socket> sockets) {
  for_each_socket_of(pid, [&](const std::string& inode) {
    std::erase_if(sockets, [&](const kernel_socket& x) { return x.inode == inode; });
  });
  return sockets;
}

std::string command_of(pid_t pid) {
  constexpr std::size_t shown_max = 100;
  std::ifstream in{"/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary};
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  while (!out.empty() && out.back() == '\0') out.pop_back();
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  if (out.size() <= shown_max) return out;
  out.resize(shown_max);
  return out += "...";
}

/// The data directory of a server of ours; empty for any other process.
std::string data_dir_of(pid_t pid) {
  std::error_code closed;
  for (fs::directory_iterator fd{"/proc/" + std::to_string(pid) + "/fd", closed}, last;
       !closed && fd != last; fd.increment(closed)) {
    std::error_code gone;
    const auto target = fs::read_symlink(fd->path(), gone);
    if (!gone && target.filename() == "zookeeper_server.pid") return target.parent_path().string();
  }
  return {};
}

port_holder described(pid_t pid) {
  port_holder out{pid, data_dir_of(pid), {}};
  if (!out.data_dir.empty())
    if (auto server = storage::find_running(out.data_dir); server && *server) {
      out.text = (*server)->text();
      return out;
    }
  out.text = "process " + std::to_string(pid) + " (" + command_of(pid) + ")";
  return out;
}

std::string user_name(uid_t user) {
  const auto* found = ::getpwuid(user);
  return found != nullptr ? found->pw_name : std::to_string(user);
}

std::string numeric(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text,
                sizeof text);
  if (address.sa_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
                sizeof text);
  return text;
}

std::string own_addresses() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(all, &::freeifaddrs);
  std::set<std::string> seen;
  std::string out;
  for (const auto* at = all; at != nullptr; at = at->ifa_next) {
    const auto text = at->ifa_addr == nullptr ? std::string{} : numeric(*at->ifa_addr);
    if (!text.empty() && seen.insert(text).second) out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

std::optional<port_holder> holder_among(const std::vector<kernel_socket>& sockets) {
  if (sockets.empty()) return std::nullopt;
  const auto [socket, pid] = find_process(sockets);
  if (socket == nullptr)
    return port_holder{0, {}, "a process of the user " + user_name(sockets.front().user)};
  auto out = described(pid);
  if (!socket->listens) out.text = "a connection of " + out.text;
  return out;
}

std::vector<kernel_socket> in_the_way_of(const listen_error& why) {
  return sockets_at(why.port, from_text(why.address));
}

std::string in_use_by(const std::vector<kernel_socket>& sockets) {
  const auto holder = holder_among(sockets);
  return "in use by " + (holder ? holder->text : std::string{"another program"});
}

}  // namespace

std::optional<port_holder> holder_of_port(std::uint16_t port) {
  return holder_among(sockets_at(port));
}

std::string in_words(const listen_error& why) {
  if (why.code == EADDRINUSE) return in_use_by(in_the_way_of(why));
  if (why.code == EACCES) {
    std::string first_free = "1024";
    std::ifstream{"/proc/sys/net/ipv4/ip_unprivileged_port_start"} >> first_free;
    return "ports below " + first_free +
           " are for root and for programs with CAP_NET_BIND_SERVICE; choose a higher one";
  }
  if (why.code == EADDRNOTAVAIL)
    return "this machine has no address " + why.host +
           (why.address == why.host ? "" : " (" + why.address + ")") + "; it has " +
           own_addresses();
  return why.text;
}

std::string why_not_listening(const std::string& host, std::uint16_t port, pid_t but_for) {
  const auto tried = tcp_listener::open(host, port);
  if (tried) return {};
  if (tried.error().code != EADDRINUSE || but_for <= 0) return in_words(tried.error());
  const auto all = in_the_way_of(tried.error());
  const auto others = without_those_of(but_for, all);
  return !all.empty() && others.empty() ? std::string{} : in_use_by(others);
}

}  // namespace troupe
