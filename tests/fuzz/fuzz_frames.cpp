// SPDX-License-Identifier: Apache-2.0
/// The client port: however a stream is cut, the splitter hands out the same payloads as for the
/// whole and holds no byte that did not come; every record read from a payload either fails or
/// encodes to bytes that read back the same.
///     input = cuts | stream
#include <optional>
#include <utility>

#include "messages/client/frame.hpp"
#include "messages/client/records.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace troupe;
using fuzz::require;

constexpr std::int32_t payload_bytes_max = 4096;

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

struct outcome {
  std::vector<std::string> payloads;
  std::optional<bad_frame> bad;
  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome split(std::string_view stream, fuzz::cuts where) {
  frame_splitter splitter{payload_bytes_max};
  outcome result;
  std::size_t fed = 0, taken = 0;
  for (auto left = stream; !left.empty();) {
    const auto piece = where.next(left);
    splitter.feed(piece);
    fed += piece.size();
    while (auto payload = splitter.next()) {
      require(!payload->empty() && payload->size() <= payload_bytes_max,
              "a payload of impossible size");
      taken += frame_prefix_bytes + payload->size();
      result.payloads.emplace_back(*payload);
    }
    require(splitter.bad() || splitter.waiting() == stream.substr(taken, fed - taken),
            "what waits is not what came");
  }
  result.bad = splitter.bad();
  require(!result.bad || !to_string(*result.bad).empty(), "a stream is refused without a word");
  return result;
}

/// What was taken, framed again, is the stream's beginning.
void check_framing(std::string_view stream, const outcome& of) {
  std::string again;
  for (const auto& payload : of.payloads) append_frame(again, payload);
  require(stream.starts_with(again), "the payloads are not the stream");
}

template <class Record>
bool read_back(std::string_view bytes) {
  const auto read = jute::decode<Record>(bytes);
  if (!read) return false;
  const auto written = jute::encode(*read);
  const auto again = jute::decode<Record>(written);
  require(again && jute::encode(*again) == written, "a record does not read back");
  // An absent string is written as one of length 0, a truth as 1: no longer than what was read.
  require(written.size() <= bytes.size(), "a record holds more than came");
  return true;
}

template <class... Records>
void read_back_all(std::string_view bytes) {
  (fuzz::count(read_back<Records>(bytes)), ...);
}

void read_records(std::string_view payload) {
  fuzz::count(read_back<connect_request>(payload));
  if (!read_back<request_header>(payload)) return;
  read_back_all<create_request, delete_request, set_data_request, set_acl_request, check_request,
                read_request, path_request, auth_request, create_ttl_request, sasl_token,
                get_ephemerals_request, add_watch_request, watches_request, set_watches_request,
                set_watches2_request, multi_header, reconfig_request, stat>(payload.substr(8));
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const auto stream = good_stream();
  return {'\0' + stream, "\1\2" + stream, "\3\7\1\x60" + stream};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const fuzz::cuts drawn{in};
  const auto stream = in.rest();
  const auto at_once = split(stream, fuzz::cuts{stream.size() + 1});
  require(split(stream, fuzz::cuts{1}) == at_once, "byte by byte the payloads differ");
  require(split(stream, drawn) == at_once, "in pieces the payloads differ");
  check_framing(stream, at_once);
  for (const auto& payload : at_once.payloads) read_records(payload);
  fuzz::count(!at_once.bad);
  return 0;
}
