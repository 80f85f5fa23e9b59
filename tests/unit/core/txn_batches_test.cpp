// SPDX-License-Identifier: Apache-2.0
#include "actors/core/txn_batches.hpp"

#include <gtest/gtest.h>

namespace troupe::core {
namespace {

std::vector<txn_ptr> txns_of(const std::vector<std::size_t>& data_bytes) {
  std::vector<txn_ptr> out;
  for (auto bytes : data_bytes)
    out.push_back(make_logged({.body = set_data_txn{"/a", std::string(bytes, 'x'), 1}}));
  return out;
}
std::vector<std::size_t> sizes(const std::vector<std::vector<txn_ptr>>& batches) {
  std::vector<std::size_t> out;
  for (const auto& batch : batches) out.push_back(batch.size());
  return out;
}

TEST(TxnBatches, KeepTheOrderAndWhatIsTooLongIsAlone) {
  const auto txns = txns_of({10, 10, 900, 10, 2000, 10});
  const auto batches = in_batches(txns, 1000);
  EXPECT_EQ(sizes(batches), (std::vector<std::size_t>{2, 1, 1, 1, 1}));
  std::vector<txn_ptr> again;
  for (const auto& batch : batches) again.insert(again.end(), batch.begin(), batch.end());
  EXPECT_EQ(again, txns);
}

TEST(TxnBatches, AreFullAtTheBoundAndNotBehindIt) {
  const auto txns = txns_of({100, 100});
  const auto both = txns[0]->bytes.size() + txns[1]->bytes.size();
  EXPECT_EQ(sizes(in_batches(txns, both)), (std::vector<std::size_t>{2}));
  EXPECT_EQ(sizes(in_batches(txns, both - 1)), (std::vector<std::size_t>{1, 1}));
}

TEST(TxnBatches, OfNothingAreNone) { EXPECT_TRUE(in_batches({}, 1000).empty()); }

TEST(TxnBatches, OfFewShortTxnsIsOne) {
  EXPECT_EQ(sizes(in_batches(txns_of({10, 20, 30}), 1000)), std::vector<std::size_t>{3});
}

}  // namespace
}  // namespace troupe::core
