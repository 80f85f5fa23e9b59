// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/base/caf.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

/// False: it has shown so much already that nothing more is taken.
bool show(database_ptr self, state::connection& c, auth_id identity) {
  if (core::add_identity(c.shown, std::move(identity))) return true;
  self->state.options.context->log.warn("too_many_identities",
                                        {{"session", c.session},
                                         {"client", c.shown.front().id},
                                         {"limit", core::identities_max},
                                         {"limit_bytes", core::identity_bytes_max}});
  return false;
}

bool is_sasl_required(const config::node_config& config) {
  const auto& wanted = config.required_auth_schemes;
  return std::ranges::find(wanted, "sasl") != wanted.end();
}

/// ZooKeeperServer.processPacket of an auth packet.
/// nullopt: one that cannot be read ends the connection without a word.
std::optional<state::login> take_credentials(database_ptr self, state::connection& c,
                                             const client_request& asked) {
  const auto& config = self->state.options.context->config;
  const auto request = jute::decode<auth_request>(asked.body);
  if (!request) return std::nullopt;
  const state::login refused{error_code::auth_failed};
  if (request->scheme == "digest" && !request->auth) return refused;  // there is nothing to digest
  auto proved = core::authenticate(request->scheme, request->auth.value_or(""), config.super_digest,
                                   c.shown.front().id);
  if (!proved) return refused;
  for (auto& identity : *proved)
    if (!show(self, c, std::move(identity))) return refused;
  return state::login{};
}

std::string encoded(jute::buffer token) { return jute::encode(sasl_token{std::move(token)}); }

/// False: there is no room for it.
bool note_sasl_user(database_ptr self, state::connection& c, const std::string& user) {
  const auto& context = *self->state.options.context;
  if (context.config.sasl_in_acls && !show(self, c, {"sasl", user})) return false;
  const bool is_super = std::ranges::any_of(context.config.sasl_super_users,
                                            [&user](const auto& x) { return x.second == user; });
  if (is_super && !show(self, c, {"super", ""})) return false;
  context.log.info("sasl_logged_in", {{"session", c.session}, {"user", user}, {"super", is_super}});
  return true;
}

state::login refuse_sasl(database_ptr self, state::connection& c, std::string_view why) {
  const auto& context = *self->state.options.context;
  context.log.repeated(log::level::warn, c.shown.front().id, "sasl_refused",
                       {{"session", c.session}, {"client", c.shown.front().id}, {"reason", why}});
  if (is_sasl_required(context.config))
    return {error_code::session_closed_require_sasl_auth, encoded(std::nullopt)};
  if (context.config.keeps_who_fails_sasl) return {error_code::ok, encoded(std::nullopt)};
  return {error_code::auth_failed, encoded(std::nullopt)};
}

/// ZooKeeperServer.processSasl: a server without users answers each token by none, and a request
/// without a token ends the connection.
std::optional<state::login> take_sasl_token(database_ptr self, state::connection& c,
                                            const client_request& asked) {
  const auto& context = self->state.options.context;
  const auto request = jute::decode<sasl_token>(asked.body);
  if (!request || !request->token) return std::nullopt;
  if (request->token->size() > sasl_conversation::token_bytes_max)
    return refuse_sasl(self, c, "the token is too long");
  const auto& users = context->config.sasl_users;
  if (users.empty()) return state::login{error_code::ok, encoded(std::nullopt)};
  if (!c.conversation)
    c.conversation = std::make_unique<sasl_conversation>(
        std::shared_ptr<const sasl_conversation::users>(context, &users));  // the context owns them
  auto token = c.conversation->answer(*request->token);
  if (!token) return refuse_sasl(self, c, token.error());
  if (const auto& user = c.conversation->user(); user && !note_sasl_user(self, c, *user))
    return refuse_sasl(self, c, "it has shown too many identities");
  return state::login{error_code::ok, encoded(*std::move(token))};
}

}  // namespace

bool has_shown_enough(const state::connection& c, const config::node_config& config) {
  const auto& wanted = config.required_auth_schemes;
  return wanted.empty() || std::ranges::any_of(c.shown, [&wanted](const auth_id& shown) {
           return std::ranges::find(wanted, shown.scheme) != wanted.end();
         });
}

std::optional<state::login> log_in(database_ptr self, state::connection& c,
                                   const client_request& asked) {
  const auto& config = self->state.options.context->config;
  auto outcome = asked.op == op_code::sasl ? take_sasl_token(self, c, asked)
                                           : take_credentials(self, c, asked);
  c.is_rejected = !outcome || outcome->err != error_code::ok;
  c.is_admitted = c.is_admitted || has_shown_enough(c, config);
  return outcome;
}

}  // namespace troupe::database_parts
