// SPDX-License-Identifier: Apache-2.0
// The client port under mutation: however a stream was bent and however it was cut, the splitter
// hands out the same payloads as for the whole, holds no byte that did not come, and every record
// read from a payload either fails or encodes to bytes that read back the same. Seeded, so every
// run is equal.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/client/frame.hpp"
#include "messages/client/records.hpp"
#include "messages/txn.hpp"

namespace {

using namespace troupe;

constexpr std::int32_t payload_bytes_max = 4096;
using randomness = std::mt19937_64;

std::size_t below(randomness& random, std::size_t n) {
  return n == 0 ? 0 : static_cast<std::size_t>(random() % n);
}

[[noreturn]] void fail(std::string_view input, std::string_view what) {
  static constexpr char digits[] = "0123456789abcdef";
  std::cerr << what << "\n--- input, hex\n";
  for (unsigned char c : input) std::cerr << digits[c >> 4] << digits[c & 15];
  std::cerr << "\n---\n";
  std::exit(1);
}

// -- good input ---------------------------------------------------------------------------------

std::string good_stream() {
  const std::vector<acl_entry> open = {{permission::all, {"world", "anyone"}}};
  std::string out;
  append_frame_of(out, connect_request{0, zxid{5}, 30'000, session_id{}, std::string(16, '\0')},
                  true);
  append_frame_of(out, request_header{cxid{1}, op_code::create},
                  create_request{"/a", "data", open, create_flag::ephemeral});
  append_frame_of(out, request_header{cxid{2}, op_code::get_data}, read_request{"/a", true});
  append_frame_of(out, request_header{cxid{special_xid::ping}, op_code::ping});
  append_frame_of(out, request_header{cxid{3}, op_code::multi},
                  multi_header{op_code::remove, false, -1}, delete_request{"/a", 3},
                  multi_header{op_code::error, true, -1});
  append_frame_of(out, request_header{cxid{special_xid::set_watches}, op_code::set_watches2},
                  set_watches2_request{{zxid{9}, {"/a"}, {"/b", "/c"}, {}}, {"/d"}, {}});
  append_frame_of(out, request_header{cxid{4}, op_code::set_acl}, set_acl_request{"/a", open, 0});
  append_frame_of(out, request_header{cxid{special_xid::auth}, op_code::auth},
                  auth_request{0, "digest", "user:secret"});
  append_frame_of(out, request_header{cxid{5}, op_code::close_session});
  return out;
}

std::string mutated(std::string bytes, randomness& random) {
  for (auto times = below(random, 6); times > 0; --times) {
    const auto at = below(random, bytes.size());
    switch (below(random, 5)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] ^= static_cast<char>(1 << below(random, 8));
        break;
      case 2:
        bytes.erase(at, below(random, 12));
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(random, bytes.size()), below(random, 40)));
        break;
      default:
        bytes.insert(at, std::string(4, below(random, 2) == 0 ? '\xff' : '\x7f'));
        break;
    }
  }
  return bytes;
}

// -- what must hold -----------------------------------------------------------------------------

struct outcome {
  std::vector<std::string> payloads;
  std::optional<bad_frame> bad;
  friend bool operator==(const outcome&, const outcome&) = default;
};

/// Feeds the stream in pieces of at most `piece_max` random bytes.
outcome split(std::string_view stream, std::size_t piece_max, randomness& random) {
  frame_splitter splitter{payload_bytes_max};
  outcome result;
  std::size_t fed = 0, taken = 0;
  while (fed < stream.size()) {
    const auto piece = stream.substr(fed, 1 + below(random, piece_max));
    splitter.feed(piece);
    fed += piece.size();
    while (auto payload = splitter.next()) {
      if (payload->empty() || payload->size() > payload_bytes_max)
        fail(stream, "a payload of impossible size");
      taken += frame_prefix_bytes + payload->size();
      result.payloads.emplace_back(*payload);
    }
    if (!splitter.bad() && splitter.waiting() != stream.substr(taken, fed - taken))
      fail(stream, "what waits is not what came");
  }
  result.bad = splitter.bad();
  return result;
}

template <class Record>
bool read_back(std::string_view bytes) {
  const auto read = jute::decode<Record>(bytes);
  if (!read) return false;
  const auto written = jute::encode(*read);
  const auto again = jute::decode<Record>(written);
  if (!again || jute::encode(*again) != written) fail(bytes, "a record does not read back");
  return true;
}

template <class... Records>
int read_back_all(std::string_view bytes) {
  return (0 + ... + (read_back<Records>(bytes) ? 1 : 0));
}

int read_records(std::string_view payload) {
  int read = read_back<connect_request>(payload) ? 1 : 0;
  if (!read_back<request_header>(payload)) return read;
  const auto body = payload.substr(8);
  return read +
         read_back_all<create_request, delete_request, set_data_request, set_acl_request,
                       check_request, read_request, path_request, auth_request, create_ttl_request,
                       sasl_token, get_ephemerals_request, add_watch_request, watches_request,
                       set_watches_request, set_watches2_request, multi_header, stat>(body);
}

void read_txn(const std::string& bytes) {
  const auto read = decode_txn(bytes);
  if (!read) return;
  const auto again = decode_txn(encode_txn(*read));
  if (!again || !(*again == *read)) fail(bytes, "a txn does not read back");
}

txn good_txn() {
  const std::vector<acl_entry> open = {{permission::all, {"world", "anyone"}}};
  multi_txn body;
  body.ops.push_back({op_code::create, create_txn{"/a", "data", open, true, 3}});
  body.ops.push_back({op_code::remove, delete_txn{"/b"}});
  body.ops.push_back({op_code::set_data, set_data_txn{"/c", std::nullopt, 7}});
  return {{session_id{77}, cxid{1}, zxid{0x100000001}, 1'700'000'000'000, op_code::multi},
          std::move(body),
          std::nullopt};
}

}  // namespace

int main() {
  randomness random{20240301};
  const auto stream = good_stream();
  const auto txn_bytes = encode_txn(good_txn());
  constexpr int rounds = 20'000;
  int whole = 0, refused = 0, records = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto bent = mutated(stream, random);
    const auto at_once = split(bent, bent.size() + 1, random);
    if (split(bent, 1, random) != at_once) fail(bent, "byte by byte the payloads differ");
    if (split(bent, 40, random) != at_once) fail(bent, "in pieces the payloads differ");
    for (const auto& payload : at_once.payloads) records += read_records(payload);
    (at_once.bad ? refused : whole) += 1;
    read_txn(mutated(txn_bytes, random));
  }
  std::cout << rounds << " streams, " << refused << " refused, " << records << " records read\n";
  // Fewer: the mutations no longer reach what lies behind.
  return whole > rounds / 20 && refused > rounds / 20 && records > rounds ? 0 : 1;
}
