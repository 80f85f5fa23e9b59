// SPDX-License-Identifier: Apache-2.0
// Keys of what clients can make a server hold; docs/limits.md tells what happens at each.
#include "config/key_entries.hpp"

namespace troupe::config::entries {

key_section limit_keys() {
  constexpr std::int64_t megabyte = 1 << 20;
  key_section out{"What clients can make a server hold", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(number(
      "client.bufferBytesMax", &node_config::client_buffer_bytes_max, {megabyte, long_max, "bytes"},
      "Requests and output of all clients that this server holds at once. Beyond it each "
      "has one request or reply at a time; if that does not help within a tick, or by a "
      "quarter more, whoever holds most is cut off. With a memory.limit no more than half of "
      "what that leaves for buffers. Our own key."));
  add(number("client.replyBytesMax", &node_config::client_reply_bytes_max,
             {megabyte, 1024 * megabyte, "bytes"},
             "The longest reply, such as a list of children; a longer one is the error "
             "BadArguments. Our own key."));
  add(number("client.watchesMax", &node_config::client_watches_max, {1, int_max, "watches"},
             "Watches of one connection; one more is the error BadArguments. Our own key."));
  add(number(
      "client.watchBytesMax", &node_config::client_watch_bytes_max, {megabyte, long_max, "bytes"},
      "What the watches of all connections take; beyond it the connection with the most is "
      "cut off. One connection may have a quarter of it. With a memory.limit no more than half "
      "of what that leaves for sessions and watches. Our own key."));
  add(number("client.aclEntriesMax", &node_config::client_acl_entries_max, {1, int_max, "entries"},
             "Entries in the ACL of a znode; with more it is the error InvalidACL. All servers of "
             "an ensemble should agree. Our own key."));
  return out;
}

}  // namespace troupe::config::entries
