// SPDX-License-Identifier: Apache-2.0
#include "actors/core/file_budget.hpp"

#include <gtest/gtest.h>

namespace troupe::core::testing {
namespace {

TEST(FileBudget, WithoutALimitClientsMayHaveAll) {
  file_budget none;
  EXPECT_TRUE(none.is_for_clients(1'000'000));
  EXPECT_FALSE(none.is_scarce());
}

TEST(FileBudget, TheReserveGrowsWithTheServers) {
  EXPECT_EQ(file_budget(1024, 0).clients_end(), 960);
  EXPECT_EQ(file_budget(1024, 2).clients_end(), 928);
  EXPECT_EQ(file_budget(1024, 8).clients_end(), 832);
}

TEST(FileBudget, TheFirstReservedNumberIsNoClients) {
  file_budget of_three{1024, 2};
  EXPECT_TRUE(of_three.is_for_clients(927));
  EXPECT_FALSE(of_three.is_for_clients(928));
}

TEST(FileBudget, OfTooFewClientsGetHalfAndItIsTold) {
  file_budget few{128, 4};
  EXPECT_TRUE(few.is_scarce());
  EXPECT_EQ(few.reserved(), 64);
  EXPECT_EQ(few.clients_end(), 64);
  EXPECT_FALSE(file_budget(1024, 4).is_scarce());
}

}  // namespace
}  // namespace troupe::core::testing
