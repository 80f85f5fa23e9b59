// SPDX-License-Identifier: Apache-2.0
#include "actors/core/acl.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace troupe::core {
namespace {

bool equal(std::string_view shown, std::string_view wanted) { return shown == wanted; }

/// user:hash, cut at colons as Java's split does: empty parts at the end do not count
/// (DigestAuthenticationProvider.isValid).
bool is_digest_id(std::string_view id) {
  while (id.ends_with(':')) id.remove_suffix(1);
  return std::count(id.begin(), id.end(), ':') == 1;
}

struct ip_range {
  std::uint32_t address = 0;
  int bits = 32;
};

std::optional<ip_range> parse_ip_range(std::string_view text) {
  ip_range out;
  auto number = [&text](int max) -> std::optional<int> {
    int n = 0;
    auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (err != std::errc{} || n < 0 || n > max) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return n;
  };
  auto skip = [&text](char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  };
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && !skip('.')) return std::nullopt;
    auto part = number(255);
    if (!part) return std::nullopt;
    out.address = out.address << 8 | static_cast<std::uint32_t>(*part);
  }
  if (skip('/')) {
    auto bits = number(32);
    if (!bits) return std::nullopt;
    out.bits = *bits;
  }
  if (!text.empty()) return std::nullopt;
  return out;
}

bool is_ip_id(std::string_view id) { return parse_ip_range(id).has_value(); }

bool ip_matches(std::string_view shown, std::string_view wanted) {
  auto have = parse_ip_range(shown), want = parse_ip_range(wanted);
  if (!have || !want) return false;
  auto mask = want->bits == 0 ? 0U : ~0U << (32 - want->bits);
  return (have->address & mask) == (want->address & mask);
}

/// A Kerberos principal, service/host@realm, or any name without an @
/// (SASLAuthenticationProvider.isValid, KerberosName).
bool is_sasl_id(std::string_view id) {
  auto at = id.find('@');
  if (at == std::string_view::npos) return true;
  auto before = id.substr(0, at), realm = id.substr(at + 1);
  return std::count(before.begin(), before.end(), '/') <= 1 &&
         realm.find_first_of("/@") == std::string_view::npos;
}

bool sasl_matches(std::string_view shown, std::string_view wanted) {
  return shown == "super" || shown == wanted;
}

constexpr std::array schemes{
    auth_scheme{"digest", true, is_digest_id, equal},
    auth_scheme{"ip", false, is_ip_id, ip_matches},
    auth_scheme{"sasl", true, is_sasl_id, sasl_matches},
};

const auth_id anyone{"world", "anyone"};

/// As it is encoded: two texts, each behind its length.
std::size_t bytes_of(const auth_id& id) {
  return 2 * sizeof(std::int32_t) + id.scheme.size() + id.id.size();
}

/// Which entries of a list have come already. A list may be as long as a request.
class seen_entries {
 public:
  explicit seen_entries(std::size_t entries) : is_trivial_(entries < 2) {}

  bool is_new(const acl_entry& entry) {
    return is_trivial_ || seen_.emplace(entry.perms, entry.id.scheme, entry.id.id).second;
  }

 private:
  bool is_trivial_;
  std::set<std::tuple<std::int32_t, std::string_view, std::string_view>> seen_;
};

}  // namespace

const acl_ptr& open_acl() {
  static const acl_ptr open = std::make_shared<const acl_list>(acl_list{{permission::all, anyone}});
  return open;
}

const auth_scheme* find_scheme(std::string_view name) {
  auto found = std::find_if(schemes.begin(), schemes.end(),
                            [name](const auth_scheme& s) { return s.name == name; });
  return found == schemes.end() ? nullptr : &*found;
}

bool add_identity(identities& shown, auth_id fresh) {
  std::size_t bytes = bytes_of(fresh);
  for (const auto& id : shown) {
    if (id == fresh) return true;
    bytes += bytes_of(id);
  }
  if (shown.size() >= identities_max || bytes > identity_bytes_max) return false;
  shown.push_back(std::move(fresh));
  return true;
}

tl::expected<acl_list, error_code> fix_up_acl(const acl_list& asked, const identities& shown,
                                              const acl_rules& rules) {
  const auto invalid = tl::unexpected{error_code::invalid_acl};
  const auto known = [&rules](std::string_view name) {
    return name == "sasl" && !rules.with_sasl ? nullptr : find_scheme(name);
  };
  if (asked.empty()) return invalid;
  seen_entries seen{asked.size()};
  acl_list out;
  std::size_t bytes = 0;
  const auto take = [&](std::int32_t perms, const auth_id& id) {
    out.push_back({perms, id});
    bytes += sizeof perms + bytes_of(id);
    return bytes <= rules.bytes_max;
  };
  for (const auto& entry : asked) {
    if (!seen.is_new(entry)) continue;
    const auto before = out.size();
    bool fits = true;
    if (entry.id == anyone) {
      fits = take(entry.perms, entry.id);
    } else if (entry.id.scheme == "auth") {
      for (const auto& id : shown) {
        auto scheme = known(id.scheme);
        if (scheme && scheme->is_authenticated) fits = fits && take(entry.perms, id);
      }
    } else if (auto scheme = known(entry.id.scheme); scheme && scheme->is_valid(entry.id.id)) {
      fits = take(entry.perms, entry.id);
    }
    if (!fits) return tl::unexpected{error_code::bad_arguments};
    if (out.size() == before) return invalid;
  }
  return out;
}

bool is_allowed(const acl_list& acl, std::int32_t permissions, const identities& shown) {
  if (acl.empty()) return true;
  for (const auto& id : shown)
    if (id.scheme == "super") return true;
  for (const auto& entry : acl) {
    if ((entry.perms & permissions) == 0) continue;
    if (entry.id == anyone) return true;
    auto scheme = find_scheme(entry.id.scheme);
    if (!scheme) continue;
    for (const auto& id : shown)
      if (id.scheme == entry.id.scheme && scheme->matches(id.id, entry.id.id)) return true;
  }
  return false;
}

std::string user_name(const auth_id& id) {
  if (!find_scheme(id.scheme)) return {};
  return id.scheme == "digest" ? id.id.substr(0, id.id.find(':')) : id.id;
}

acl_list mask_digests(const acl_list& acl) {
  auto out = acl;
  for (auto& entry : out) {
    auto colon = entry.id.id.find(':');
    if (entry.id.scheme == "digest" && colon != std::string::npos)
      entry.id.id.replace(colon, std::string::npos, ":x");
  }
  return out;
}

std::string make_digest_id(std::string_view user_password) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int hash_size = 0;
  EVP_Digest(user_password.data(), user_password.size(), hash.data(), &hash_size, EVP_sha1(),
             nullptr);
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> text{};
  auto text_size = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash_size));
  std::string out{user_password.substr(0, user_password.find(':'))};
  out += ':';
  out.append(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(text_size));
  return out;
}

tl::expected<identities, error_code> authenticate(std::string_view scheme, std::string_view proof,
                                                  std::string_view super_digest,
                                                  std::string_view remote_address) {
  if (scheme == "digest") {
    auto id = make_digest_id(proof);
    identities out;
    if (!super_digest.empty() && id == super_digest) out.push_back({"super", ""});
    out.push_back({"digest", std::move(id)});
    return out;
  }
  if (scheme == "ip") return identities{{"ip", std::string{remote_address}}};
  return tl::unexpected{error_code::auth_failed};
}

}  // namespace troupe::core
