// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::bench {
namespace {

// A value keeps its 8 highest bits: 256 exact values, then 128 buckets for each power of two.
constexpr int bits = 8;
constexpr std::size_t exact = std::size_t{1} << bits;
constexpr std::size_t per_power = exact / 2;
constexpr std::size_t bits_max = std::bit_width(std::uint64_t{histogram::value_max});
constexpr std::size_t bucket_count = exact + (bits_max - bits) * per_power;

std::size_t bucket_of(std::int64_t value) {
  const auto v = static_cast<std::uint64_t>(value);
  if (v < exact) return v;
  const int shift = static_cast<int>(std::bit_width(v)) - bits;
  return exact + static_cast<std::size_t>(shift - 1) * per_power + ((v >> shift) - per_power);
}

/// The greatest value that falls into a bucket.
std::int64_t end_of(std::size_t bucket) {
  if (bucket < exact) return static_cast<std::int64_t>(bucket);
  const auto shift = (bucket - exact) / per_power + 1;
  const auto top = (bucket - exact) % per_power + per_power;
  return static_cast<std::int64_t>(((top + 1) << shift) - 1);
}

}  // namespace

void histogram::record(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  if (buckets_.empty()) buckets_.resize(bucket_count);
  ++buckets_[bucket_of(std::min(value, value_max))];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void histogram::merge(const histogram& other) {
  if (other.buckets_.empty()) return;
  if (buckets_.empty()) buckets_.resize(bucket_count);
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

std::int64_t histogram::at_percentile(double percent) const {
  if (count_ == 0) return 0;
  // 99.9 % of 1000 is 999, though the product is a little more.
  const auto wanted = std::ceil(percent / 100 * static_cast<double>(count_) - 1e-6);
  const auto rank = static_cast<std::uint64_t>(std::max(wanted, 1.0));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i + 1 < bucket_count; ++i)
    if ((seen += buckets_[i]) >= rank) return std::min(end_of(i), max_);
  return max_;
}

}  // namespace troupe::bench
