// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/session.hpp"

#include <utility>

namespace troupe::cli {

tl::expected<std::unique_ptr<session>, std::string> session::open(const client_options& options,
                                                                  event_queue& events) {
  auto opened = client::open(options, events);
  if (!opened) return tl::unexpected(opened.error());
  return std::unique_ptr<session>{new session{std::move(*opened), options, events}};
}

session::session(std::unique_ptr<client> opened, const client_options& options, event_queue& events)
    : client_(std::move(opened)),
      side_({.timeout_ms = options.timeout_ms,
             .chroot = chroot_of(options.hosts),
             .read_only = options.read_only,
             .reach = [zk = client_.get()] { return zk->reach(); },
             .server = [zk = client_.get()] { return zk->server_address(); },
             .interrupted = options.interrupted},
            events) {}

result<std::string> session::create(const std::string& path, const jute::buffer& data,
                                    const std::vector<acl_entry>& acl, std::int32_t flags,
                                    std::int64_t ttl_ms) {
  auto created = client_->create(path, data, acl, flags, ttl_ms);
  const bool ephemeral =
      flags == create_flag::ephemeral || flags == create_flag::ephemeral_sequential;
  if (created && ephemeral) ephemerals_.insert(*created);
  // It may have been created all the same; ephemerals() will see.
  if (!created && created.error() == error_code::connection_loss && flags == create_flag::ephemeral)
    ephemerals_.insert(path);
  return created;
}

result<void> session::add_auth(const auth_id& x) {
  auto shown = client_->add_auth(x.scheme, x.id);
  if (shown) side_.add_auth(x);
  return shown;
}

result<void> session::remove_watches(const std::string& path, watch_kind kind, bool locally) {
  result<void> aside = tl::unexpected{error_code::no_watcher};
  if (kind == watch_kind::any && side_.watches(path)) aside = side_.remove_watch(path, locally);
  auto here = client_->remove_watches(path, kind, locally);
  if (!here && here.error() == error_code::no_watcher) return aside;
  return here;
}

result<std::vector<std::string>> session::ephemerals(const std::string& prefix) {
  std::vector<std::string> out;
  for (auto at = ephemerals_.begin(); at != ephemerals_.end();) {
    auto found = client_->exists(*at, false);
    if (!found && found.error() != error_code::no_node && found.error() != error_code::no_auth)
      return tl::unexpected{found.error()};
    // What may not be looked at is still ours as far as anybody has said.
    const bool gone =
        found ? found->ephemeral_owner != client_->session() : found.error() == error_code::no_node;
    if (!gone && (prefix == "/" || at->starts_with(prefix))) out.push_back(*at);
    at = gone ? ephemerals_.erase(at) : std::next(at);
  }
  return out;
}

void session::settle() {
  if (settled_writes_ == client_->writes() || !side_.has_watches()) return;
  settled_writes_ = client_->writes();
  side_.settle();
}

}  // namespace troupe::cli
