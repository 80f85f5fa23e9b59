// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/nemesis/client/dump.hpp"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <iostream>
#include <mutex>
#include <vector>

namespace troupe::nemesis {
namespace {

constexpr int session_ms = 10'000;
constexpr auto patience = std::chrono::seconds{20};
constexpr int data_bytes_max = 1 << 20;

struct door {
  std::mutex guard;
  std::condition_variable changed;
  bool is_connected = false;
};

void on_state(zhandle_t*, int type, int state, const char*, void* to) {
  auto* at = static_cast<door*>(to);
  std::lock_guard lock{at->guard};
  if (type == ZOO_SESSION_EVENT) at->is_connected = state == ZOO_CONNECTED_STATE;
  at->changed.notify_all();
}

int sync_all(zhandle_t* zk) {
  std::promise<int> done;
  auto heard = done.get_future();
  const auto complete = [](int code, const char*, const void* to) {
    static_cast<std::promise<int>*>(const_cast<void*>(to))->set_value(code);
  };
  if (int code = zoo_async(zk, "/", complete, &done); code != ZOK) return code;
  return heard.get();
}

/// What stands between two printable characters stays as it is; a line has one znode.
std::string printable(const std::string& data) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char x : data)
    if (x > ' ' && x < 0x7f && x != '%')
      out += static_cast<char>(x);
    else
      (out += '%') += {digits[x >> 4], digits[x & 15]};
  return out;
}

class walk {
 public:
  explicit walk(zhandle_t* zk) : zk_(zk), data_(data_bytes_max, '\0') {}

  bool run() {
    for (std::vector<std::string> waiting{"/"}; !waiting.empty();) {
      const auto path = waiting.back();
      waiting.pop_back();
      if (path == "/zookeeper/config") continue;
      if (!visit(path, waiting)) return false;
    }
    std::sort(lines.begin(), lines.end());
    return true;
  }
  std::vector<std::string> lines;

 private:
  bool visit(const std::string& path, std::vector<std::string>& waiting) {
    int length = data_bytes_max;
    Stat x{};
    String_vector names{};
    int code = zoo_get(zk_, path.c_str(), 0, data_.data(), &length, &x);
    if (code == ZOK && x.numChildren > 0) code = zoo_get_children(zk_, path.c_str(), 0, &names);
    if (code != ZOK) {
      std::cerr << path << ": " << zerror(code) << "\n";
      return false;
    }
    for (int n = 0; n < names.count; ++n)
      waiting.push_back((path == "/" ? "" : path) + "/" + names.data[n]);
    deallocate_String_vector(&names);
    auto line = path + " data=" + printable(data_.substr(0, std::max(length, 0)));
    const std::pair<const char*, std::int64_t> fields[] = {
        {"czxid", x.czxid},         {"mzxid", x.mzxid},       {"pzxid", x.pzxid},
        {"ctime", x.ctime},         {"mtime", x.mtime},       {"version", x.version},
        {"cversion", x.cversion},   {"aversion", x.aversion}, {"owner", x.ephemeralOwner},
        {"children", x.numChildren}};
    for (const auto& [name, value] : fields)
      line += std::string{" "} + name + "=" + std::to_string(value);
    lines.push_back(std::move(line));
    return true;
  }

  zhandle_t* zk_;
  std::string data_;
};

}  // namespace

bool dump_tree(const std::string& server, const std::string& to_path) {
  door at;
  auto* zk = zookeeper_init(server.c_str(), on_state, session_ms, nullptr, &at, 0);
  bool is_done = false;
  {
    std::unique_lock lock{at.guard};
    at.changed.wait_for(lock, patience, [&] { return at.is_connected; });
  }
  if (int code = sync_all(zk); code != ZOK) {
    std::cerr << server << ": " << zerror(code) << "\n";
  } else if (walk all{zk}; all.run()) {
    std::ofstream file{to_path, std::ios::trunc};
    for (const auto& line : all.lines) file << line << "\n";
    file.close();
    is_done = !file.fail();
  }
  zookeeper_close(zk);
  return is_done;
}

}  // namespace troupe::nemesis
