// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/diagnosis.hpp"

#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <optional>

#include "config/host.hpp"
#include "tools/cli/client.hpp"

namespace troupe::cli {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t answer_bytes_max = 1 << 16;
constexpr std::size_t shown_bytes_max = 40;
/// A server answers `srvr` at once, if it does; other protocols are then tried for as long.
constexpr milliseconds answer_limit{1'000};

// -- a conversation with a deadline ---------------------------------------------------------------

class connection {
 public:
  connection(int fd, clock::time_point until) : fd_(fd), until_(until) {}
  ~connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  connection(connection&& x) noexcept : fd_(std::exchange(x.fd_, -1)), until_(x.until_) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  connection& operator=(connection&&) = delete;

  void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  /// Waits for that; false: not within the deadline.
  [[nodiscard]] bool ready(short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(until_ - clock::now()).count();
      pollfd it{fd_, events, 0};
      const int n = ::poll(&it, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
      if (n >= 0 || errno != EINTR) return n > 0;
    }
  }

  enum class end { open, closed, late };
  struct heard {
    std::string bytes;
    end how = end::open;
  };
  /// What comes until `enough` says so, the end of the connection, or the deadline.
  template <class Enough>
  [[nodiscard]] heard receive(Enough enough) const {
    heard out;
    while (out.bytes.size() < answer_bytes_max && !enough(out.bytes)) {
      if (!ready(POLLIN)) {
        out.how = end::late;
        break;
      }
      char part[4096];
      const auto n = ::recv(fd_, part, sizeof part, 0);
      if (n > 0)
        out.bytes.append(part, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR) {
        out.how = end::closed;
        break;
      }
    }
    return out;
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  clock::time_point until_;
};

using addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

struct dialled {
  std::optional<connection> made;
  int error = 0;  // why not; ETIMEDOUT: no answer in time
};

int connect_error(const connection& c, const addrinfo& to) {
  if (::connect(c.fd(), to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!c.ready(POLLOUT)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(c.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/// The first address that takes it.
dialled dial(const addrinfo* to, milliseconds limit) {
  dialled out{std::nullopt, EADDRNOTAVAIL};
  for (; to != nullptr; to = to->ai_next) {
    connection c{::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                 clock::now() + limit};
    out.error = c.fd() < 0 ? errno : connect_error(c, *to);
    if (out.error != 0) continue;
    out.made.emplace(std::move(c));
    return out;
  }
  return out;
}

// -- what it is -----------------------------------------------------------------------------------

bool is_tls(std::string_view x) {
  // A record of a handshake or an alert, of TLS 1.x.
  return x.size() >= 2 && (x[0] == '\x16' || x[0] == '\x15') && x[1] == '\x03';
}

std::string printable(std::string_view x) {
  std::string out;
  for (char c : x.substr(0, shown_bytes_max)) {
    if (c == '\r' || c == '\n') break;
    if (c < ' ' || c > '~') return {};
    out += c;
  }
  return out;
}

/// A TLS client's first words.
std::string client_hello() {
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{::SSL_CTX_new(::TLS_client_method()),
                                                              &::SSL_CTX_free};
  if (!context) return {};
  std::unique_ptr<SSL, decltype(&::SSL_free)> tls{::SSL_new(context.get()), &::SSL_free};
  BIO* in = ::BIO_new(::BIO_s_mem());
  BIO* out = ::BIO_new(::BIO_s_mem());
  ::SSL_set_bio(tls.get(), in, out);  // which owns them now
  ::SSL_connect(tls.get());           // wants an answer, and has written what it begins with
  char bytes[4096];
  const int n = ::BIO_read(out, bytes, sizeof bytes);
  return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string{};
}

/// What a port is that has no word for `srvr`: asked as other protocols' clients begin.
std::optional<server_finding> other_protocol(const addrinfo* to, milliseconds limit) {
  const std::string_view http = "GET / HTTP/1.0\r\n\r\n";
  for (const auto& first_words : {client_hello(), std::string{http}}) {
    auto there = dial(to, limit);
    if (!there.made) continue;
    there.made->send(first_words);
    const auto heard = there.made->receive([](const std::string& x) { return x.size() >= 5; });
    auto found = judge_answer(heard.bytes);
    if (found.what == finding::other_protocol) return found;
  }
  return std::nullopt;
}

/// What people need to know of a server that does not serve: ours tell, in a word of their own.
std::string why_not(const addrinfo* to, milliseconds limit) {
  auto there = dial(to, limit);
  if (!there.made) return {};
  there.made->send("whys");
  const auto heard = there.made->receive([](const std::string&) { return false; });
  std::string_view text = heard.bytes;
  std::string out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    for (std::string_view key : {"Reason: ", "Disk: ", "Quorum: ", "Unreachable: "})
      if (line.starts_with(key)) out += "; " + std::string{line.substr(key.size())};
  }
  return out;
}

server_finding look_at_address(const addrinfo* to, milliseconds limit) {
  auto there = dial(to, limit);
  if (!there.made) {
    if (there.error == ECONNREFUSED)
      return {{}, finding::unreachable, "refuses connections: nothing listens there"};
    if (there.error == ETIMEDOUT)
      return {{},
              finding::unreachable,
              "no answer to a connection within " + std::to_string(limit.count()) +
                  " ms: the host is down, or a firewall drops what is sent there"};
    return {
        {}, finding::unreachable, std::string{"cannot be reached: "} + std::strerror(there.error)};
  }
  there.made->send("srvr");
  const auto heard = there.made->receive([](const std::string&) { return false; });
  auto found = judge_answer(heard.bytes);
  if (found.what == finding::no_quorum) found.text += why_not(to, limit);
  if (found.what != finding::silent) return found;
  if (auto other = other_protocol(to, limit)) return *other;
  if (heard.how == connection::end::closed)
    return {{},
            finding::hangs_up,
            "accepts the connection and closes it without a word: there may be too many from this "
            "address (maxClientCnxns), or it is no client port"};
  return found;
}

server_finding look_at(const std::string& host, const std::string& port, milliseconds limit) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int e = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &first); e != 0)
    return {{},
            finding::unreachable,
            "the name cannot be resolved: " +
                std::string{e == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(e)}};
  const addresses found{first, &::freeaddrinfo};
  return look_at_address(found.get(), limit);
}

}  // namespace

server_finding judge_answer(std::string_view x) {
  if (x.empty())
    return {{},
            finding::silent,
            "accepts the connection and says nothing: it hangs, or is no client port (but a "
            "server's peer or election port?)"};
  if (x.starts_with("This ZooKeeper instance is not currently serving requests"))
    return {{}, finding::no_quorum, "runs and does not serve"};
  if (x.starts_with("Zookeeper version: "))
    return x.find("\nMode: read-only\n") == x.npos
               ? server_finding{{}, finding::serves, "serves"}
               : server_finding{{}, finding::reads_only, "serves reads only: no quorum"};
  const auto other = [](std::string text) {
    return server_finding{{}, finding::other_protocol, std::move(text)};
  };
  if (is_tls(x)) return other("speaks TLS: a secureClientPort? Clients without TLS use clientPort");
  // The second is the answer to one line of HTTP 0.9.
  if (x.starts_with("HTTP/") || x.starts_with("<"))
    return other("speaks HTTP: an AdminServer? Clients use clientPort");
  if (const auto shown = printable(x); !shown.empty())
    return other("is no client port: it says \"" + shown + "\"");
  return other("is no client port: the peer or election port of a server? Clients use clientPort");
}

std::vector<server_finding> look_at_servers(const std::string& hosts, int limit_ms) {
  const auto limit = std::min(milliseconds{limit_ms}, answer_limit);
  std::vector<std::future<server_finding>> looks;
  std::vector<std::string> names;
  for (const auto& [host, port] : servers_of(hosts)) {
    names.push_back(config::print_host(host) + ":" + port);
    looks.push_back(std::async(std::launch::async, look_at, host, port, limit));
  }
  std::vector<server_finding> out;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    out.push_back(looks[i].get());
    out.back().server = names[i];
  }
  return out;
}

std::string cause_text(const std::vector<server_finding>& found, bool read_only) {
  auto is_fine = [read_only](const server_finding& x) {
    return x.what == finding::serves || (x.what == finding::reads_only && read_only);
  };
  auto told = [read_only](const server_finding& x) {
    const bool hint = x.what == finding::reads_only && !read_only;
    return x.server + " " + x.text + (hint ? "; -r accepts that" : "");
  };
  if (std::ranges::all_of(found, is_fine)) return {};
  if (found.size() == 1) return told(found.front());
  std::string out =
      std::ranges::any_of(found, is_fine) ? "of the servers" : "no server can be used";
  for (const auto& x : found) out += "\n  " + told(x);
  return out;
}

bool none_is_client_port(const std::vector<server_finding>& found) {
  return !found.empty() && std::ranges::all_of(found, [](const server_finding& x) {
    return x.what == finding::other_protocol;
  });
}

}  // namespace troupe::cli
