// SPDX-License-Identifier: Apache-2.0
// Keys of who clients prove to be by SASL (ZooKeeperSaslServer, SASLAuthenticationProvider), and of
// the classes that know schemes.
#include "config/key_entries.hpp"

namespace troupe::config::entries {

namespace {

constexpr std::string_view no_kerberos = "DIGEST-MD5 alone is spoken, there is no Kerberos";
constexpr std::string_view no_sasl_between_servers = "servers do not log in at each other by SASL";

constexpr std::string_view java_auth = "org.apache.zookeeper.server.auth.";

/// Digest and ip are there without being named; sasl is not.
key_entry auth_providers() {
  const auto sasl = std::string{java_auth} + "SASLAuthenticationProvider";
  auto out = built_in("authProvider.",
                      {std::string{java_auth} + "DigestAuthenticationProvider",
                       std::string{java_auth} + "IPAuthenticationProvider", sasl},
                      "a Java class cannot be loaded; digest, ip and sasl are built in",
                      "A class that knows another scheme: with SASLAuthenticationProvider ACLs may "
                      "name SASL users.");
  out.read = [sasl, read = out.read](draft& d, std::string_view key, std::string_view v) {
    if (v == sasl) d.cfg.sasl_in_acls = true;
    return read(d, key, v);
  };
  out.show_many = [sasl](const node_config& c) {
    std::map<std::string, std::string> lines;
    if (c.sasl_in_acls) lines.emplace("authProvider.sasl", sasl);
    return lines;
  };
  return out;
}

constexpr std::string_view super_user = "superUser";

key_entry super_users(std::string_view name, std::string_view meaning) {
  auto out = row(name, "the name of a SASL user", meaning);
  out.fallback = name == super_user ? "none" : "";
  out.read = [words = out.accepted](draft& d, std::string_view key, std::string_view v) -> verdict {
    if (v.empty()) return words;
    d.cfg.sasl_super_users.insert_or_assign(std::string{key.substr(super_user.size())}, v);
    return std::nullopt;
  };
  out.show_many = [name](const node_config& c) {
    std::map<std::string, std::string> lines;
    for (const auto& [behind, user] : c.sasl_super_users)
      if (behind.empty() == (name == super_user)) lines.emplace(super_user.data() + behind, user);
    return lines;
  };
  return out;
}

}  // namespace

std::vector<key_entry> sasl_keys() {
  std::vector<key_entry> out;
  auto add = [&out](key_entry x) { out.push_back(std::move(x)); };
  add(auth_providers());
  add(text("java.security.auth.login.config", &node_config::jaas_file, "a JAAS file",
           "The file of SASL users: clients may log in by SASL (DIGEST-MD5)."));
  out.back().fallback = "none";
  add(with_own_default(text("sasl.serverconfig", &node_config::jaas_section, "an entry's name",
                            "The entry of that file that has the users.")));
  add(flag("sessionRequireClientSASLAuth", &node_config::session_requires_sasl,
           "A client has to log in by SASL before anything else; it stands above enforce.auth.*."));
  add(flag("allowSaslFailedClients", &node_config::keeps_who_fails_sasl,
           "Who fails to log in by SASL goes on as nobody, where SASL is not required."));
  add(super_users(super_user, "The SASL user who passes every ACL."));
  add(super_users("superUser.", "More such users."));
  add(text("SASLAuthenticationProvider.superPassword", &node_config::sasl_super_password,
           "a password", "That of the SASL user super, instead of the file's."));
  out.back().fallback = "none";
  out.back().is_secret = true;
  add(refused("letAnySaslUserDoX", "an ACL would mean another user than the one it names",
              "A SASL user's name in ACLs that stands for every SASL user."));
  add(no_effect("requireClientAuthScheme", "",
                "ZooKeeper does not read it either; sessionRequireClientSASLAuth=true asks for it",
                "The scheme every client has to show."));
  add(no_effect("jaasLoginRenew", "", no_kerberos, "Renewing the server's Kerberos ticket."));
  for (std::string_view name : {"kerberos.", "security.auth_to_local", "kinit"})
    add(no_effect(name, "", no_kerberos, "How Kerberos principals are read."));
  add(refused("requireKerberosConfig", no_kerberos, "The start needs a krb5.conf.", "false"));
  for (std::string_view name : {"quorum.auth.enableSasl", "quorum.auth.learnerRequireSasl",
                                "quorum.auth.serverRequireSasl"})
    add(refused(name, no_sasl_between_servers, "Servers log in at each other by SASL.", "false"));
  add(no_effect("quorum.auth.", "", no_sasl_between_servers, "How servers log in at each other."));
  return out;
}

}  // namespace troupe::config::entries
