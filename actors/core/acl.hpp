// SPDX-License-Identifier: Apache-2.0
/// Who may do what: access lists checked against the identities a connection has shown
/// (PrepRequestProcessor.fixupACL, ZooKeeperServer.checkACL, the auth providers). Schemes stand in
/// one table, so a later one is one row more. Errors: as client-visible codes. An identity of a
/// scheme that the config leaves out (authProvider.N) is never among those shown.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "messages/client/records.hpp"

namespace troupe::core {

/// What a connection has proved to be. "super" as a scheme passes every check.
using identities = std::vector<auth_id>;
using acl_list = std::vector<acl_entry>;
using acl_ptr = std::shared_ptr<const acl_list>;

/// world:anyone with all permissions, which old clients and the database's own znodes have.
[[nodiscard]] const acl_ptr& open_acl();

/// One way to be somebody. A row of the table behind find_scheme().
struct auth_scheme {
  std::string_view name;
  bool is_authenticated;  // stands behind "auth": an address alone does not
  bool (*is_valid)(std::string_view id);
  bool (*matches)(std::string_view shown, std::string_view wanted);
};
/// Null for a scheme nobody here speaks.
[[nodiscard]] const auth_scheme* find_scheme(std::string_view name);

/// How much one connection may prove to be: each write takes it along to the leading server, and
/// each "auth" in an access list stands for all of it.
inline constexpr std::size_t identities_max = 256;
inline constexpr std::size_t identity_bytes_max = std::size_t{16} << 10;
/// True: `fresh` is among `shown` now, or was before. False: there is no room for it.
[[nodiscard]] bool add_identity(identities& shown, auth_id fresh);

struct acl_rules {
  bool with_sasl = false;                                // the scheme sasl is known here
  std::size_t bytes_max = static_cast<std::size_t>(-1);  // of the list as it will be stored
};

/// The list as it will be stored: duplicates merged, auth:"" expanded to what `shown` has proved.
/// invalid_acl: empty list, unknown scheme, malformed id, or "auth" of nobody. bad_arguments: it
/// would be longer than the rules allow.
[[nodiscard]] tl::expected<acl_list, error_code> fix_up_acl(const acl_list& asked,
                                                            const identities& shown,
                                                            const acl_rules& rules = {});

/// True when one entry grants any of `permissions` (bits) to one of `shown`. An empty list grants
/// all, as in ZooKeeper.
[[nodiscard]] bool is_allowed(const acl_list& acl, std::int32_t permissions,
                              const identities& shown);

/// Whom an identity names, for whoAmI: the user of a digest, nobody for super, else the whole id.
[[nodiscard]] std::string user_name(const auth_id& id);

/// What getACL shows to someone without ADMIN: digest ids as "user:x".
[[nodiscard]] acl_list mask_digests(const acl_list& acl);

/// "user:password" -> "user:base64(sha1(user:password))" (DigestAuthenticationProvider).
[[nodiscard]] std::string make_digest_id(std::string_view user_password);

/// What an auth request proves. `super_digest` is the configured "super:<hash>" or empty;
/// `remote_address` the connection's address without port. auth_failed for a scheme that cannot be
/// shown this way.
[[nodiscard]] tl::expected<identities, error_code> authenticate(std::string_view scheme,
                                                                std::string_view proof,
                                                                std::string_view super_digest,
                                                                std::string_view remote_address);

}  // namespace troupe::core
