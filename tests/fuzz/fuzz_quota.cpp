// SPDX-License-Identifier: Apache-2.0
/// The texts of /zookeeper/quota, which any client may write: they read as numbers and print as a
/// text that reads the same, and a breach of them names a limit that is there.
///     input = count, bytes in 8 bytes each | path, 0 | limits, 0 | what is in use
#include "actors/core/path.hpp"
#include "actors/core/quotas.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace troupe;
using fuzz::require;

core::quota_text check(std::string_view text) {
  core::quota_text read{text};
  const core::quota_text again{read.print()};
  require(again.print() == read.print(), "a quota prints as another");
  require(again.count() == read.count() && again.bytes() == read.bytes() &&
              again.count_hard_limit() == read.count_hard_limit() &&
              again.bytes_hard_limit() == read.bytes_hard_limit(),
          "a quota does not read back");
  fuzz::count(read.count() >= 0);
  return read;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const auto with = [](std::uint64_t count, std::uint64_t bytes, std::string limits,
                       std::string used) {
    return number(count, 8) + number(bytes, 8) + "/zookeeper/quota/a/zookeeper_limits" + '\0' +
           limits + '\0' + used;
  };
  return {with(1, 10, "count=3,bytes=100", "count=3,bytes=95"),
          with(1, 10, "count=3,bytes=-1=;byteHardLimit=-1;countHardLimit=4", "count=3,bytes=5"),
          with(5, 5, "", "count=,bytes=99999999999999999999,x"),
          with(1, 1, "byteHardLimit=1", "count=9223372036854775807,bytes=9223372036854775807")};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto count = static_cast<std::int64_t>(in.number(8));
  const auto bytes = static_cast<std::int64_t>(in.number(8));
  const auto path = in.text();
  core::limited_paths limited;
  const auto whose = core::limited_by(path, core::limits_name);
  if (!whose.empty() && core::is_valid_path(path)) {
    limited.add(whose);
    require(core::limits_path(whose) == path, "the limits of another path");
    require(limited.nearest(whose) == whose, "a limited path is not its own nearest");
  }
  (void)limited.nearest(path);
  const auto limits = check(in.text());
  auto used = check(in.rest());
  if (const auto breach = core::find_breach(limits, used, count, bytes))
    require(breach->would_be > breach->limit && breach->limit >= 0, "a breach of no limit");
  used.set(count, bytes);
  require(used.count() == count && used.bytes() == bytes, "a quota does not keep its numbers");
  return 0;
}
