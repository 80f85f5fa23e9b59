// SPDX-License-Identifier: Apache-2.0
/// What all interfaces are made of. A message that stays in its process is a plain struct which
/// says so; it needs no inspector. What leaves the process is protobuf (messages/peer). Ownership:
/// a message owns what it holds; txns and images are shared and immutable once sent, except where a
/// comment says that the receiver takes over.
#pragma once

#include <type_traits>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include "actors/interfaces/stays_local.hpp"

namespace troupe {

template <class T>
concept stays_local = requires {
  requires T::stays_local;
};

}  // namespace troupe

namespace caf {
template <troupe::stays_local T>
struct allowed_unsafe_message_type<T> : std::true_type {};
}  // namespace caf

namespace troupe {

using caf::reacts_to;
using caf::replies_to;

}  // namespace troupe
