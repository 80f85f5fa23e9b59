// SPDX-License-Identifier: Apache-2.0
#include "actors/base/error_text.hpp"

#include <gtest/gtest.h>

#include <caf/all.hpp>

namespace troupe {
namespace {

TEST(ErrorText, OwnWordsStandAlone) {
  EXPECT_EQ(text_of(caf::make_error(caf::sec::runtime_error, "no space")), "no space");
}

TEST(ErrorText, ErrorWithoutWordsIsCalledByItsName) {
  EXPECT_EQ(text_of(caf::make_error(caf::sec::request_timeout)), "request_timeout");
  EXPECT_EQ(text_of(caf::make_error(caf::exit_reason::kill)), "kill");
}

/// How a down message tells of an actor that has quit by itself.
TEST(ErrorText, NoErrorIsTheNormalEnd) { EXPECT_EQ(text_of(caf::error{}), "normal"); }

}  // namespace
}  // namespace troupe
