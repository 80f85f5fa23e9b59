// SPDX-License-Identifier: Apache-2.0
#include "actors/node/port_holder.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "actors/storage/running_server.hpp"

namespace troupe {
namespace {

namespace fs = std::filesystem;

/// A line of /proc/net/tcp or tcp6.
struct kernel_socket {
  std::string inode;
  uid_t user = 0;
  bool listens = false;
};

std::vector<kernel_socket> sockets_at(std::uint16_t port) {
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
      const auto digits = local.substr(local.rfind(':') + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), at, 16);
      if (at == port && inode != "0")  // 0: a connection that is over and keeps nobody away
        out.push_back({inode, user, state == listen_state});
    }
  }
  // Who listens first: others at the port are connections.
  std::ranges::stable_sort(out, [](const auto& a, const auto& b) { return a.listens > b.listens; });
  return out;
}

/// 0: none that may be looked into.
pid_t process_with(const std::string& inode) {
  const auto wanted = "socket:[" + inode + "]";
  std::error_code failed;
  for (fs::directory_iterator at{"/proc", failed}, end; !failed && at != end;
       at.increment(failed)) {
    const auto name = at->path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    std::error_code closed;
    for (fs::directory_iterator fd{at->path() / "fd", closed}, last; !closed && fd != last;
         fd.increment(closed)) {
      std::error_code gone;
      if (fs::read_symlink(fd->path(), gone) == wanted && !gone) return pid;
    }
  }
  return 0;
}

std::string command_of(pid_t pid) {
  constexpr std::size_t shown_max = 100;
  std::ifstream in{"/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary};
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  while (!out.empty() && out.back() == '\0') out.pop_back();
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return out.size() > shown_max ? out.substr(0, shown_max) + "..." : out;
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

std::string in_words(int code, const std::string& host, const addrinfo& at, std::uint16_t port) {
  if (code == EADDRINUSE) {
    const auto holder = holder_of_port(port);
    return "in use by " + (holder ? holder->text : std::string{"another program"});
  }
  if (code == EACCES) {
    std::string first_free = "1024";
    std::ifstream{"/proc/sys/net/ipv4/ip_unprivileged_port_start"} >> first_free;
    return "ports below " + first_free +
           " are for root and for programs with CAP_NET_BIND_SERVICE; choose a higher one";
  }
  if (code == EADDRNOTAVAIL) {
    const auto address = numeric(*at.ai_addr);
    return "this machine has no address " + host + (address == host ? "" : " (" + address + ")") +
           "; it has " + own_addresses();
  }
  return std::strerror(code);
}

/// 0, or the errno.
int try_listening(const addrinfo& at) {
  const int fd = ::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol);
  if (fd < 0) return errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens = ::bind(fd, at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int why = listens ? 0 : errno;
  ::close(fd);
  return why;
}

}  // namespace

std::optional<port_holder> holder_of_port(std::uint16_t port) {
  const auto sockets = sockets_at(port);
  for (const auto& x : sockets)
    if (const auto pid = process_with(x.inode); pid > 0) {
      auto out = described(pid);
      if (!x.listens) out.text = "a connection of " + out.text;
      return out;
    }
  if (sockets.empty()) return std::nullopt;
  return port_holder{0, {}, "a process of the user " + user_name(sockets.front().user)};
}

std::string why_not_listening(const std::string& host, std::uint16_t port, pid_t but_for) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto service = std::to_string(port);
  const auto* name = host.empty() ? nullptr : host.c_str();
  if (const int e = ::getaddrinfo(name, service.c_str(), &hints, &found); e != 0)
    return "the host name " + host + " has no address: " + ::gai_strerror(e);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::string why;
  for (const auto* at = found; at != nullptr; at = at->ai_next) {
    const int code = try_listening(*at);
    if (code == 0) return {};
    if (!why.empty()) continue;
    if (code == EADDRINUSE && but_for > 0) {
      const auto holder = holder_of_port(port);
      if (holder && holder->pid == but_for) return {};
    }
    why = in_words(code, host, *at, port);
  }
  return why;
}

}  // namespace troupe
