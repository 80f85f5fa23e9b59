// SPDX-License-Identifier: Apache-2.0
/// Lets CAF carry any protobuf message between processes: one template instead of one inspector a
/// type. Errors: bytes that are not the message make the deserializer fail, and BASP drops the
/// connection.
#pragma once

#include <google/protobuf/message_lite.h>
#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/save_callback.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>
#include <concepts>
#include <string>

namespace troupe::wire {

template <class Inspector, std::derived_from<google::protobuf::MessageLite> M>
typename Inspector::result_type inspect(Inspector& f, M& x) {
  std::string bytes;
  if constexpr (Inspector::reads_state) x.SerializeToString(&bytes);
  auto load = [&]() -> caf::error {
    if (x.ParseFromString(bytes)) return caf::none;
    return caf::sec::invalid_argument;
  };
  return f(caf::meta::type_name("wire"), bytes, caf::meta::load_callback(load));
}

}  // namespace troupe::wire
