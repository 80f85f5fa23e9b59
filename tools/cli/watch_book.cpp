// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/watch_book.hpp"

#include "messages/client/records.hpp"

namespace troupe::cli {

void watch_book::on_event(std::int32_t type, const std::string& path) {
  switch (static_cast<event_type>(type)) {
    case event_type::node_created:
    case event_type::node_data_changed:
      data_.erase(path);
      break;
    case event_type::node_deleted:
      data_.erase(path);
      children_.erase(path);
      break;
    case event_type::node_children_changed:
      children_.erase(path);
      break;
    default:
      break;
  }
}

std::vector<watch_kind> watch_book::remove(const std::string& path, watch_kind kind) {
  std::vector<watch_kind> out;
  for (auto each : {watch_kind::children, watch_kind::data})
    if ((kind == each || kind == watch_kind::any) && of(each).erase(path) > 0) out.push_back(each);
  return out;
}

}  // namespace troupe::cli
