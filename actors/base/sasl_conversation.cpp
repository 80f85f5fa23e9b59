// SPDX-License-Identifier: Apache-2.0
#include "actors/base/sasl_conversation.hpp"

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace troupe {
namespace {

constexpr const char* mechanism = "DIGEST-MD5";
// What the clients of ZooKeeper put into their digest-uri (SaslServerPrincipal,
// ZooKeeperSaslServer).
constexpr const char* service = "zookeeper";
constexpr const char* server_name = "zk-sasl-md5";
constexpr const char* library_name = "troupe";
/// A callback of ours, never called: its context is the users of a conversation.
constexpr unsigned long users_callback = 0x7a6b'0001;

using callback = int (*)();

template <class Function>
callback erased(Function f) {
  return reinterpret_cast<callback>(reinterpret_cast<void (*)()>(f));
}

int say_nothing(void*, int, const char*) { return SASL_OK; }

/// Whoever a client would like to be, it is who it proves to be (SaslServerCallbackHandler).
int allow_any_wish(sasl_conn_t*, void*, const char*, unsigned, const char*, unsigned, const char*,
                   unsigned, propctx*) {
  return SASL_OK;
}

/// libsasl2 would ask files of the machine: its choices are ours.
int option_of(void*, const char*, const char* option, const char** value, unsigned* size) {
  const std::string_view asked{option};
  const char* answer = nullptr;
  if (asked == "mech_list") answer = mechanism;
  if (asked == "auxprop_plugin") answer = library_name;
  if (answer == nullptr) return SASL_FAIL;
  *value = answer;
  if (size != nullptr) *size = static_cast<unsigned>(std::string_view{answer}.size());
  return SASL_OK;
}

/// "bob@zk-sasl-md5" is bob: the realm is the same for all.
std::string without_realm(std::string_view name) {
  auto at = name.rfind('@');
  if (at != std::string_view::npos && name.substr(at + 1) == server_name) name = name.substr(0, at);
  return std::string{name};
}

/// The users of the conversation that a lookup is for.
const sasl_conversation::users* users_of(const sasl_utils_t& utils) {
  sasl_callback_ft found = nullptr;
  void* context = nullptr;
  if (utils.getcallback(utils.conn, users_callback, &found, &context) != SASL_OK) return nullptr;
  return static_cast<const sasl_conversation::users*>(context);
}

int look_up(void*, sasl_server_params_t* params, unsigned flags, const char* user,
            unsigned length) {
  const auto& utils = *params->utils;
  const auto* known = users_of(utils);
  if (known == nullptr || (flags & SASL_AUXPROP_AUTHZID) != 0) return SASL_OK;
  auto at = known->find(without_realm({user, length}));
  if (at == known->end()) return SASL_NOUSER;
  const std::string_view password_property = SASL_AUX_PASSWORD;  // "*userPassword"
  for (auto* wanted = utils.prop_get(params->propctx); wanted && wanted->name; ++wanted)
    if (wanted->name == password_property)
      utils.prop_set(params->propctx, wanted->name, at->second.data(),
                     static_cast<int>(at->second.size()));
  return SASL_OK;
}

int offer_lookup(const sasl_utils_t*, int max_version, int* version, sasl_auxprop_plug_t** plug,
                 const char*) {
  static char name[] = "troupe";
  static sasl_auxprop_plug_t self{0, 0, nullptr, nullptr, look_up, name, nullptr};
  if (max_version < SASL_AUXPROP_PLUG_VERSION) return SASL_BADVERS;
  *version = SASL_AUXPROP_PLUG_VERSION;
  *plug = &self;
  return SASL_OK;
}

/// The library's global state, made once in a process and kept until its end.
int initialize() {
  // It is called from several threads, one conversation in one at a time.
  sasl_set_mutex([]() -> void* { return new std::mutex; },
                 [](void* m) { return static_cast<std::mutex*>(m)->lock(), 0; },
                 [](void* m) { return static_cast<std::mutex*>(m)->unlock(), 0; },
                 [](void* m) { delete static_cast<std::mutex*>(m); });
  static const std::array<sasl_callback_t, 3> callbacks{
      {{SASL_CB_LOG, erased(say_nothing), nullptr},
       {SASL_CB_GETOPT, erased(option_of), nullptr},
       {SASL_CB_LIST_END, nullptr, nullptr}}};
  if (int failed = sasl_server_init(callbacks.data(), library_name); failed != SASL_OK)
    return failed;
  return sasl_auxprop_add_plugin(library_name, offer_lookup);
}

int initialized() {
  static const int outcome = initialize();
  return outcome;
}

std::string words_for(int code) { return sasl_errstring(code, nullptr, nullptr); }

}  // namespace

struct sasl_conversation::library_state {
  std::shared_ptr<const users> known;
  std::array<sasl_callback_t, 5> callbacks{};
  sasl_conn_t* connection = nullptr;
  bool started = false;
  bool over = false;

  explicit library_state(std::shared_ptr<const users> all) : known{std::move(all)} {
    // A context is only carried; nobody writes through it.
    auto* context = const_cast<users*>(known.get());
    callbacks = {{{SASL_CB_LOG, erased(say_nothing), nullptr},
                  {SASL_CB_GETOPT, erased(option_of), nullptr},
                  {SASL_CB_PROXY_POLICY, erased(allow_any_wish), nullptr},
                  {users_callback, erased(say_nothing), context},
                  {SASL_CB_LIST_END, nullptr, nullptr}}};
    if (initialized() != SASL_OK) return;
    if (sasl_server_new(service, server_name, server_name, nullptr, nullptr, callbacks.data(),
                        SASL_SUCCESS_DATA, &connection) != SASL_OK)
      return;
    sasl_security_properties_t only_proof{};  // neither integrity nor privacy: no layer is spoken
    only_proof.security_flags = SASL_SEC_NOANONYMOUS;
    sasl_setprop(connection, SASL_SEC_PROPS, &only_proof);
  }
  ~library_state() { dispose(); }
  void dispose() {
    if (connection != nullptr) sasl_dispose(&connection);
  }
  library_state(const library_state&) = delete;
  library_state& operator=(const library_state&) = delete;
};

sasl_conversation::sasl_conversation(std::shared_ptr<const users> known)
    : library_{std::make_unique<library_state>(std::move(known))} {}

sasl_conversation::~sasl_conversation() = default;

std::optional<std::string> sasl_conversation::unavailable() {
  if (int failed = initialized(); failed != SASL_OK) return words_for(failed);
  const char** offered = sasl_global_listmech();
  for (; offered != nullptr && *offered != nullptr; ++offered)
    if (std::string_view{*offered} == mechanism) return std::nullopt;
  return "libsasl2 has no DIGEST-MD5 here; Debian's package libsasl2-modules holds it";
}

tl::expected<std::string, std::string> sasl_conversation::answer(std::string_view token) {
  auto& lib = *library_;
  if (lib.over) return tl::unexpected(std::string{"this conversation is over"});
  if (lib.connection == nullptr) return tl::unexpected(words_for(initialized()));
  auto out = step(token);
  if (lib.over) lib.dispose();
  return out;
}

tl::expected<std::string, std::string> sasl_conversation::step(std::string_view token) {
  auto& lib = *library_;
  const char* out = nullptr;
  unsigned size = 0;
  const auto length = static_cast<unsigned>(token.size());
  const int outcome = lib.started
                          ? sasl_server_step(lib.connection, token.data(), length, &out, &size)
                          : sasl_server_start(lib.connection, mechanism, nullptr, 0, &out, &size);
  lib.started = true;
  lib.over = outcome != SASL_CONTINUE;
  if (outcome != SASL_OK && outcome != SASL_CONTINUE)
    return tl::unexpected(std::string{sasl_errdetail(lib.connection)});
  if (outcome == SASL_OK) {
    const void* name = nullptr;
    if (sasl_getprop(lib.connection, SASL_AUTHUSER, &name) != SASL_OK || name == nullptr)
      return tl::unexpected(std::string{"the client named no user"});
    user_ = without_realm(static_cast<const char*>(name));
  }
  return out == nullptr ? std::string{} : std::string{out, size};
}

}  // namespace troupe
