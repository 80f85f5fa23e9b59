// SPDX-License-Identifier: Apache-2.0
/// Mirrors PrepRequestProcessor.fixupACL, ZooKeeperServer.checkACL and the providers' tests.
#include "actors/core/acl.hpp"

#include <gtest/gtest.h>

#include "actors/core/acl_cache.hpp"

namespace troupe::core {
namespace {

const auth_id anyone{"world", "anyone"};
const auth_id ann{"digest", "ann:hash"};
const auth_id here{"ip", "10.1.2.3"};
constexpr auto all = permission::all;
const acl_rules with_sasl{.with_sasl = true};

error_code refusal(const acl_list& asked, const identities& shown = {}) {
  auto fixed = fix_up_acl(asked, shown);
  return fixed ? error_code::ok : fixed.error();
}

TEST(AclFixUp, EmptyListUnknownSchemeAndBadIdsAreInvalid) {
  EXPECT_EQ(refusal({}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"kerberos", "x"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"world", "somebody"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"digest", "no-colon"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"digest", "a:b:c"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"digest", "a:"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"ip", "10.0.0.256"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"ip", "10.0.0.0/33"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"ip", "10.0.0"}}}), error_code::invalid_acl);
  EXPECT_EQ(refusal({{all, {"ip", "10.0.0.0/8"}}, {all, ann}, {1, anyone}}), error_code::ok);
}

TEST(AclFixUp, DuplicatesAreMergedInOrder) {
  acl_list once{{1, anyone}, {all, ann}};
  EXPECT_EQ(fix_up_acl({{1, anyone}, {all, ann}, {1, anyone}, {all, ann}}, {}), once);
}

TEST(AclFixUp, AuthBecomesEveryIdentityThatWasProved) {
  auth_id bob{"digest", "bob:hash"};
  auto fixed = fix_up_acl({{7, {"auth", ""}}}, {here, ann, bob});
  EXPECT_EQ(fixed, (acl_list{{7, ann}, {7, bob}}));
}

/// "auth" in many entries with many identities is a list that no request could bring.
TEST(AclFixUp, ListThatGrowsBeyondTheRulesIsRefused) {
  identities shown{here};
  for (int i = 0; i < 100; ++i) shown.push_back({"digest", "user" + std::to_string(i) + ":hash"});
  acl_list asked;
  for (std::int32_t perms = 1; perms <= 31; ++perms) asked.push_back({perms, {"auth", ""}});
  EXPECT_EQ(fix_up_acl(asked, shown)->size(), 3100U);
  const acl_rules rules{.bytes_max = 31 * 100 * (12 + 6 + 11)};
  EXPECT_TRUE(fix_up_acl(asked, shown, rules));
  shown.push_back({"digest", "one:more"});
  EXPECT_EQ(fix_up_acl(asked, shown, rules).error(), error_code::bad_arguments);
  EXPECT_EQ(fix_up_acl({{all, anyone}}, {}, {.bytes_max = 22}).error(), error_code::bad_arguments);
  EXPECT_TRUE(fix_up_acl({{all, anyone}}, {}, {.bytes_max = 23}));
}

TEST(AclIdentities, AreHeldOnceAndNoMoreThanThereIsRoomFor) {
  identities shown{here};
  for (int i = 0; i < 2; ++i)
    for (std::size_t n = 1; n < identities_max; ++n)
      EXPECT_TRUE(add_identity(shown, {"digest", "user" + std::to_string(n) + ":hash"}));
  EXPECT_EQ(shown.size(), identities_max);
  EXPECT_FALSE(add_identity(shown, ann));
  EXPECT_TRUE(add_identity(shown, here)) << "it is there already";
  EXPECT_EQ(shown.size(), identities_max);
}

TEST(AclIdentities, AreBoundedInBytesToo) {
  identities shown{here};
  EXPECT_FALSE(add_identity(shown, {"digest", std::string(identity_bytes_max, 'u') + ":hash"}));
  EXPECT_TRUE(add_identity(shown, {"digest", std::string(identity_bytes_max / 2, 'u') + ":hash"}));
  EXPECT_FALSE(add_identity(shown, {"digest", std::string(identity_bytes_max / 2, 'v') + ":hash"}));
  EXPECT_EQ(shown.size(), 2U);
}

TEST(AclFixUp, AuthOfNobodyIsInvalid) {
  EXPECT_EQ(refusal({{all, {"auth", ""}}}, {here}), error_code::invalid_acl);
}

/// SASLAuthenticationProvider.isValid with KerberosName's pattern.
TEST(AclFixUp, SaslIsASchemeWhereTheConfigSaysSoAndTakesAnyNameAndPrincipals) {
  for (auto name : {"bob", "", "bob/smith/x", "bob@HOME", "bob/host@HOME", "@", "a b"}) {
    acl_list asked{{all, {"sasl", name}}};
    EXPECT_EQ(fix_up_acl(asked, {}, with_sasl), asked) << name;
    EXPECT_EQ(refusal(asked), error_code::invalid_acl) << name;
  }
  for (auto name : {"bob@a@b", "bob/a/b@HOME", "bob@HO/ME"})
    EXPECT_FALSE(fix_up_acl({{all, {"sasl", name}}}, {}, with_sasl)) << name;
}

TEST(AclFixUp, AuthMeansTheSaslUserWhereTheSchemeIsKnown) {
  auth_id bob{"sasl", "bob"};
  EXPECT_EQ(fix_up_acl({{7, {"auth", ""}}}, {here, bob}, with_sasl), (acl_list{{7, bob}}));
  EXPECT_EQ(refusal({{7, {"auth", ""}}}, {here, bob}), error_code::invalid_acl);
}

TEST(AclCheck, SaslIsGrantedToThatUserAndToTheOneCalledSuper) {
  acl_list acl{{permission::read, {"sasl", "bob"}}};
  EXPECT_TRUE(is_allowed(acl, permission::read, {here, {"sasl", "bob"}}));
  EXPECT_TRUE(is_allowed(acl, permission::read, {{"sasl", "super"}}));
  EXPECT_FALSE(is_allowed(acl, permission::write, {{"sasl", "super"}}));
  EXPECT_FALSE(is_allowed(acl, permission::read, {{"sasl", "ann"}, {"digest", "bob"}}));
  EXPECT_EQ(user_name({"sasl", "bob"}), "bob");
}

TEST(AclCheck, WorldGrantsItsPermissionsToAllAndNoOthers) {
  acl_list acl{{permission::read, anyone}};
  EXPECT_TRUE(is_allowed(acl, permission::read, {}));
  EXPECT_FALSE(is_allowed(acl, permission::write, {ann}));
  EXPECT_TRUE(is_allowed(acl, permission::read | permission::admin, {}));
}

TEST(AclCheck, DigestIsGrantedToThatIdentityOnly) {
  acl_list acl{{all, ann}};
  EXPECT_TRUE(is_allowed(acl, permission::admin, {here, ann}));
  EXPECT_FALSE(is_allowed(acl, permission::admin, {here, {"digest", "ann:other"}}));
  EXPECT_FALSE(is_allowed(acl, permission::admin, {{"ip", "ann:hash"}}));
}

TEST(AclCheck, IpIsMatchedByItsLeadingBits) {
  EXPECT_TRUE(is_allowed({{all, {"ip", "10.1.0.0/16"}}}, 1, {here}));
  EXPECT_FALSE(is_allowed({{all, {"ip", "10.2.0.0/16"}}}, 1, {here}));
  EXPECT_TRUE(is_allowed({{all, {"ip", "0.0.0.0/0"}}}, 1, {here}));
  EXPECT_TRUE(is_allowed({{all, {"ip", "10.1.2.3"}}}, 1, {here}));
}

TEST(AclCheck, SuperPassesAndAnEmptyListIsOpen) {
  EXPECT_TRUE(is_allowed({{0, anyone}}, all, {{"super", ""}}));
  EXPECT_TRUE(is_allowed({}, all, {}));
}

TEST(AclMask, DigestsAreHiddenAndOthersShown) {
  acl_list shown{{1, anyone}, {all, {"digest", "ann:x"}}, {1, here}};
  EXPECT_EQ(mask_digests({{1, anyone}, {all, ann}, {1, here}}), shown);
}

TEST(DigestId, IsTheHashThatZooKeepersOwnToolPrints) {
  // The documentation's example, and DigestAuthenticationProviderTest's way of making it.
  EXPECT_EQ(make_digest_id("super:test"), "super:D/InIHSb7yEEbrWz8b9l71RjZJU=");
  EXPECT_EQ(make_digest_id("a:b:c").substr(0, 2), "a:");
  EXPECT_EQ(make_digest_id("nocolon").substr(0, 8), "nocolon:");
}

TEST(Authenticate, ProvesDigestsAddressesAndSuper) {
  auto super = make_digest_id("super:test");
  EXPECT_EQ(authenticate("digest", "super:test", super, ""),
            (identities{{"super", ""}, {"digest", super}}));
  EXPECT_EQ(authenticate("digest", "ann:x", super, ""),
            (identities{{"digest", make_digest_id("ann:x")}}));
  EXPECT_EQ(authenticate("ip", "ignored", "", "10.1.2.3"), (identities{here}));
  EXPECT_EQ(authenticate("world", "anyone", "", "").error(), error_code::auth_failed);
}

// -- the cache, after ReferenceCountedACLCacheTest ------------------------------------------------

TEST(AclCache, OneListHasOneIdUntilItsLastUseIsGone) {
  acl_cache cache;
  acl_list first{{1, anyone}}, second{{2, anyone}};
  EXPECT_EQ(cache.acquire(first), 1);
  EXPECT_EQ(cache.acquire(second), 2);
  EXPECT_EQ(cache.acquire(first), 1);
  cache.release(1);
  EXPECT_EQ(*cache.find(1), first);
  cache.release(1);
  EXPECT_FALSE(cache.contains(1));
  EXPECT_EQ(cache.acquire(first), 3);  // never the old number again
}

TEST(AclCache, UnknownIdsPassNobodyAndMinusOnePassesAll) {
  acl_cache cache;
  EXPECT_TRUE(is_allowed(*cache.find(acl_cache::open_id), all, {}));
  EXPECT_FALSE(is_allowed(*cache.find(acl_cache::nobody_id), all, {ann}));
  EXPECT_FALSE(is_allowed(*cache.find(77), all, {ann}));
}

TEST(AclCache, RestoredRowsStayOnlyIfUsedAndCountGoesOnBehindThem) {
  acl_cache cache;
  acl_list first{{1, anyone}}, second{{2, anyone}};
  EXPECT_TRUE(cache.restore(4, first));
  EXPECT_TRUE(cache.restore(9, second));
  EXPECT_FALSE(cache.restore(9, first));
  EXPECT_FALSE(cache.restore(0, first));
  cache.retain(4);
  cache.drop_unused();
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.acquire(first), 4);
  EXPECT_EQ(cache.acquire(second), 10);
}

}  // namespace
}  // namespace troupe::core
