// SPDX-License-Identifier: Apache-2.0
/// ZooKeeper's serialisation ("jute"): big-endian, length-prefixed, no tags (zookeeper-jute,
/// BinaryInputArchive). A record lists its fields once, in `fields(archive, record)`; the same list
/// writes, reads and measures it. Errors: a reader that meets a short or impossible field becomes
/// `!ok()` and yields zeros from then on; bytes from outside are never an assertion and never an
/// exception.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "messages/error_code.hpp"
#include "messages/ids.hpp"

namespace troupe::jute {

/// Bytes that may be absent (-1 on the wire). Used where ZooKeeper tells null from empty, as node
/// data does.
using buffer = std::optional<std::string>;

/// Appends records to a string it does not own.
class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}

  void i32(std::int32_t x) { big_endian(static_cast<std::uint32_t>(x)); }
  void i64(std::int64_t x) { big_endian(static_cast<std::uint64_t>(x)); }
  void boolean(bool x) { out_.push_back(x ? '\1' : '\0'); }
  void bytes(std::string_view x) {
    i32(static_cast<std::int32_t>(x.size()));
    out_.append(x);
  }
  void raw(std::string_view x) { out_.append(x); }
  void null() { i32(-1); }

  /// Writes each field in order: `archive(record.a, record.b)`.
  template <class... Fields>
  void operator()(const Fields&... xs) {
    (put(xs), ...);
  }

 private:
  template <class U>
  void big_endian(U x) {
    char b[sizeof(U)];
    for (std::size_t i = 0; i < sizeof(U); ++i)
      b[i] = static_cast<char>(x >> (8 * (sizeof(U) - 1 - i)));
    out_.append(b, sizeof(U));
  }
  void put(bool x) { boolean(x); }
  void put(std::int32_t x) { i32(x); }
  void put(std::int64_t x) { i64(x); }
  void put(const std::string& x) { bytes(x); }
  void put(const buffer& x) { x ? bytes(*x) : null(); }
  void put(zxid x) { i64(x.value); }
  void put(error_code x) { i32(static_cast<std::int32_t>(x)); }
  template <class Tag, class Rep>
  void put(scalar<Tag, Rep> x) {
    put(x.value);
  }
  template <class T>
  void put(const std::vector<T>& xs) {
    i32(static_cast<std::int32_t>(xs.size()));
    for (const auto& x : xs) put(x);
  }
  template <class E>
  requires std::is_enum_v<E>
  void put(E x) { i32(static_cast<std::int32_t>(x)); }
  template <class T>
  requires requires(writer& w, const T& t) { fields(w, t); }
  void put(const T& x) { fields(*this, x); }

  std::string& out_;
};

/// Counts the bytes that a writer would write.
class meter {
 public:
  template <class... Fields>
  void operator()(const Fields&... xs) {
    (put(xs), ...);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t length_bytes = sizeof(std::int32_t);

  void put(bool) { ++bytes_; }
  void put(std::int32_t x) { bytes_ += sizeof x; }
  void put(std::int64_t x) { bytes_ += sizeof x; }
  void put(const std::string& x) { bytes_ += length_bytes + x.size(); }
  void put(const buffer& x) { bytes_ += length_bytes + (x ? x->size() : 0); }
  void put(zxid x) { put(x.value); }
  template <class Tag, class Rep>
  void put(scalar<Tag, Rep> x) {
    put(x.value);
  }
  template <class T>
  void put(const std::vector<T>& xs) {
    bytes_ += length_bytes;
    for (const auto& x : xs) put(x);
  }
  template <class E>
  requires std::is_enum_v<E>
  void put(E) { bytes_ += sizeof(std::int32_t); }
  template <class T>
  requires requires(meter& m, const T& t) { fields(m, t); }
  void put(const T& x) { fields(*this, x); }

  std::size_t bytes_ = 0;
};

/// Reads records from bytes it does not own; they must outlive it.
class reader {
 public:
  explicit reader(std::string_view in) : in_(in) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return in_; }
  [[nodiscard]] bool at_end() const { return in_.empty(); }

  std::int32_t i32() { return static_cast<std::int32_t>(big_endian<std::uint32_t>()); }
  std::int64_t i64() { return static_cast<std::int64_t>(big_endian<std::uint64_t>()); }
  bool boolean() {
    if (!need(1)) return false;
    bool x = in_.front() != 0;
    in_.remove_prefix(1);
    return x;
  }
  /// Length-prefixed bytes; nullopt for -1 (ok) and for what does not fit (not ok).
  std::optional<std::string_view> bytes() {
    auto n = i32();
    if (!ok_ || n == -1) return std::nullopt;
    if (n < 0 || !need(static_cast<std::size_t>(n))) {
      ok_ = false;
      return std::nullopt;
    }
    auto x = in_.substr(0, static_cast<std::size_t>(n));
    in_.remove_prefix(x.size());
    return x;
  }
  void fail() { ok_ = false; }

  template <class... Fields>
  void operator()(Fields&... xs) {
    (get(xs), ...);
  }

 private:
  bool need(std::size_t n) {
    if (ok_ && in_.size() < n) ok_ = false;
    return ok_;
  }
  template <class U>
  U big_endian() {
    if (!need(sizeof(U))) return 0;
    U x = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i) x = (x << 8) | static_cast<unsigned char>(in_[i]);
    in_.remove_prefix(sizeof(U));
    return x;
  }
  void get(bool& x) { x = boolean(); }
  void get(std::int32_t& x) { x = i32(); }
  void get(std::int64_t& x) { x = i64(); }
  /// A null string reads as empty, except where the field is a `buffer`.
  void get(std::string& x) { x = bytes().value_or(std::string_view{}); }
  void get(buffer& x) {
    auto b = bytes();
    x = b ? buffer{std::in_place, *b} : std::nullopt;
  }
  void get(zxid& x) { x.value = i64(); }
  template <class Tag, class Rep>
  void get(scalar<Tag, Rep>& x) {
    get(x.value);
  }
  template <class T>
  void get(std::vector<T>& xs) {
    auto n = i32();
    xs.clear();
    // No item is shorter than a byte, so a count beyond what is left is a lie: do not allocate for
    // it.
    if (n > 0 && static_cast<std::size_t>(n) > in_.size()) ok_ = false;
    for (std::int32_t i = 0; i < n && ok_; ++i) get(xs.emplace_back());
  }
  template <class E>
  requires std::is_enum_v<E>
  void get(E& x) { x = static_cast<E>(i32()); }
  template <class T>
  requires requires(reader& r, T& t) { fields(r, t); }
  void get(T& x) { fields(*this, x); }

  std::string_view in_;
  bool ok_ = true;
};

/// The bytes of one record.
template <class T>
[[nodiscard]] std::string encode(const T& record) {
  std::string out;
  writer w{out};
  w(record);
  return out;
}

/// A record from the front of `in`; nullopt if it does not fit. Trailing bytes are allowed, as in
/// ZooKeeper.
template <class T>
[[nodiscard]] std::optional<T> decode(std::string_view in) {
  reader r{in};
  T x{};
  r(x);
  if (!r.ok()) return std::nullopt;
  return x;
}

}  // namespace troupe::jute
