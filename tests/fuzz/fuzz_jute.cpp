// SPDX-License-Identifier: Apache-2.0
/// The reader that everything of the client protocol, the log and the snapshots is read with: asked
/// for fields in any order, it takes what is there from the front, and once a field does not fit it
/// yields zeros and takes nothing more. What it gave is written as it was read.
///     input = how many fields | which | bytes
#include "messages/client/records.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace troupe;
using fuzz::require;

constexpr std::size_t memory_of_an_item = sizeof(acl_entry);

/// What has several forms (a null string, a truth that is not 1) is written in one of them.
struct field_check {
  jute::reader& reader;

  template <class T>
  void take(T fallback) {
    const auto before = reader.rest();
    const bool was_ok = reader.ok();
    T x = fallback;
    reader(x);
    if (!was_ok) require(reader.rest() == before, "a failed reader took something");
    if (!reader.ok()) return;
    const auto used = before.substr(0, before.size() - reader.rest().size());
    const auto bytes = jute::encode(x);
    require(bytes == used || jute::encode(*jute::decode<T>(bytes)) == bytes,
            "a field does not read back");
    require(bytes.size() <= used.size(), "a field holds more than came");
  }

  template <class T>
  void take_list() {
    const auto before = reader.rest();
    std::vector<T> xs;
    reader(xs);
    require(xs.capacity() * memory_of_an_item <= 2 * memory_of_an_item * (before.size() + 1),
            "a list takes memory for more than came");
  }

  void take_bytes() {
    const auto before = reader.rest();
    const auto bytes = reader.bytes();
    if (bytes) require(reader.ok() && bytes->size() + 4 <= before.size(), "bytes out of nothing");
  }
};

void take(field_check& check, std::uint64_t which) {
  switch (which % 14) {
    case 0:
      return check.take<bool>(false);
    case 1:
      return check.take<std::int32_t>(0);
    case 2:
      return check.take<std::int64_t>(0);
    case 3:
      return check.take<std::string>("before");
    case 4:
      return check.take<jute::buffer>("before");
    case 5:
      return check.take<zxid>({});
    case 6:
      return check.take<session_id>({});
    case 7:
      return check.take<error_code>(error_code::ok);
    case 8:
      return check.take<acl_entry>({});
    case 9:
      return check.take<stat>({});
    case 10:
      return check.take_list<std::string>();
    case 11:
      return check.take_list<acl_entry>();
    case 12:
      return check.take_list<zxid>();
    default:
      return check.take_bytes();
  }
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::string fields, bytes;
  jute::writer w{bytes};
  const acl_entry open{31, {"world", "anyone"}};
  w(true, std::int32_t{-1}, std::int64_t{77}, std::string{"text"}, jute::buffer{}, zxid{5},
    session_id{9}, error_code::no_node, open, stat{}, std::vector<std::string>{"a", ""},
    std::vector<acl_entry>{open, open});
  for (char i = 0; i < 12; ++i) fields += i;
  std::string lists{"\5\x0b\x0a\x01\x0d\3", 6};
  jute::writer v{lists};
  v(std::vector<acl_entry>{open}, std::vector<std::string>{"/a", "/b"}, std::int32_t{2});
  v(std::string{"bytes"}, std::string{});
  return {fuzz::number(fields.size(), 1) + fields + bytes, lists};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  fuzz::input which{in.take(in.number() % 64)};
  const auto bytes = in.rest();
  jute::reader reader{bytes};
  field_check check{reader};
  while (!which.empty()) take(check, which.number());
  if (!reader.ok()) {
    const auto left = reader.rest();
    require(reader.i32() == 0 && reader.i64() == 0 && !reader.boolean() && !reader.bytes(),
            "a failed reader yields something");
    require(reader.rest() == left, "a failed reader takes something");
  }
  fuzz::count(reader.ok());
  return 0;
}
