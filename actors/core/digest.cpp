// SPDX-License-Identifier: Apache-2.0
#include "actors/core/digest.hpp"

#include <zlib.h>

#include <string>

#include "actors/core/path.hpp"

namespace troupe::core {
namespace {

std::uint32_t crc(std::uint32_t before, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::uint32_t content_crc(std::string_view path, std::string_view data) {
  auto sum = crc(0, path == root_path ? std::string_view{} : path);
  return data.empty() ? sum : crc(sum, data);
}

std::uint32_t node_digest(std::uint32_t content, const stat_persisted& s) {
  std::string bytes;  // not the order of the stat's own record
  bytes.reserve(60);
  jute::writer w{bytes};
  w(s.czxid, s.mzxid, s.pzxid, s.ctime, s.mtime, s.version, s.cversion, s.aversion,
    s.ephemeral_owner);
  return crc(content, bytes);
}

bool is_digested(std::string_view path) { return !path.starts_with("/zookeeper/"); }

}  // namespace troupe::core
