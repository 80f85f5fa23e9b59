// SPDX-License-Identifier: Apache-2.0
/// Values by path, of which there may be hundreds of thousands. A hash table grows by moving all
/// that it has, which takes the longer the more it is, and is no step of anything (pace.hpp). Here
/// each of many tables grows by itself.
/// Invariant: an entry stays where it is until it is erased.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::core {

template <class Value>
class path_table {
 public:
  using entry = std::pair<const std::string, Value>;

  [[nodiscard]] entry* find(std::string_view path) {
    if (count_ == 0) return nullptr;  // so that nothing is hashed where there is nothing
    const looked_up key{path};
    auto& part = part_of(key);
    auto at = part.find(key);
    return at == part.end() ? nullptr : &*at;
  }
  [[nodiscard]] const entry* find(std::string_view path) const {
    return const_cast<path_table*>(this)->find(path);
  }
  /// The entry, and whether it is new; its value is Value{} then.
  std::pair<entry*, bool> try_emplace(std::string path) {
    auto [at, is_new] = part_of(looked_up{path}).try_emplace(std::move(path));
    count_ += is_new ? 1 : 0;
    return {&*at, is_new};
  }
  void erase(const entry& what) {
    const looked_up key{what.first};
    auto& part = part_of(key);
    part.erase(part.find(key));
    --count_;
  }
  void clear() {
    for (auto& part : parts_) part.clear();
    count_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// In no order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& part : parts_)
      for (const auto& each : part) visit(each);
  }

 private:
  static constexpr std::size_t parts_count = 64;

  /// Hashed once, for the choice of the part and within it.
  struct looked_up {
    explicit looked_up(std::string_view x) : path(x), code(std::hash<std::string_view>{}(x)) {}
    std::string_view path;
    std::size_t code;
  };
  struct hash {
    using is_transparent = void;
    std::size_t operator()(const looked_up& x) const { return x.code; }
    std::size_t operator()(const std::string& x) const { return looked_up{x}.code; }
  };
  struct equal {
    using is_transparent = void;
    bool operator()(const looked_up& a, const std::string& b) const { return a.path == b; }
    bool operator()(const std::string& a, const looked_up& b) const { return a == b.path; }
    bool operator()(const std::string& a, const std::string& b) const { return a == b; }
  };
  using part_type = std::unordered_map<std::string, Value, hash, equal>;

  /// By the code's high bits: a part chooses its buckets by the remainder of all.
  [[nodiscard]] part_type& part_of(const looked_up& x) {
    return parts_[(x.code >> 40) % parts_count];
  }

  std::array<part_type, parts_count> parts_;
  std::size_t count_ = 0;
};

}  // namespace troupe::core
