// SPDX-License-Identifier: Apache-2.0
#include "actors/core/acl.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

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

tl::expected<acl_list, error_code> fix_up_acl(const acl_list& asked, const identities& shown,
                                              bool with_sasl) {
  const auto invalid = tl::unexpected{error_code::invalid_acl};
  const auto known = [with_sasl](std::string_view name) {
    return name == "sasl" && !with_sasl ? nullptr : find_scheme(name);
  };
  if (asked.empty()) return invalid;
  acl_list out;
  for (auto entry = asked.begin(); entry != asked.end(); ++entry) {
    if (std::find(asked.begin(), entry, *entry) != entry) continue;
    if (entry->id == anyone) {
      out.push_back(*entry);
    } else if (entry->id.scheme == "auth") {
      auto before = out.size();
      for (const auto& id : shown) {
        auto scheme = known(id.scheme);
        if (scheme && scheme->is_authenticated) out.push_back({entry->perms, id});
      }
      if (out.size() == before) return invalid;
    } else {
      auto scheme = known(entry->id.scheme);
      if (!scheme || !scheme->is_valid(entry->id.id)) return invalid;
      out.push_back(*entry);
    }
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
