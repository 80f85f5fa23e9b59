// SPDX-License-Identifier: Apache-2.0
/// Which numbers an epoch may have. Epochs count leaderships, so they grow by one at a time, and a
/// zxid has 31 bits for its epoch: a greater one would make it negative. A number that no count of
/// elections comes to is a file that was spoilt, or a server of another ensemble; taken in, it
/// would bring all servers nearer to the last epoch there is.
#pragma once

#include <cstdint>

#include "messages/ids.hpp"

namespace troupe::core {

/// The last one that zxids can name. At an election a second it comes after 68 years.
inline constexpr epoch epoch_max{0x7fffffff};
/// A server may have missed so many at most: 12 days with an election each second.
inline constexpr std::int64_t epochs_missed_max = 1 << 20;
/// So many more at most may have been promised than the one that was entered last: more than any
/// few servers that come one after the other, each so much ahead, can bring about.
inline constexpr std::int64_t epochs_promised_max = 16 * epochs_missed_max;

[[nodiscard]] constexpr bool is_epoch(epoch e) { return epoch{0} <= e && e <= epoch_max; }

/// Whether a server may have promised `other`, as one that has promised `own` sees it: there has to
/// be an epoch behind it, too.
[[nodiscard]] constexpr bool may_be_promised(epoch other, epoch own) {
  return epoch{0} <= other && other < epoch_max && other.value - own.value <= epochs_missed_max;
}

}  // namespace troupe::core
