// SPDX-License-Identifier: Apache-2.0
/// What the audit log says of a change, word for word what ZooKeeper's says (AuditHelper,
/// AuditEvent). A write is looked at when it is asked for, since what is committed no longer knows
/// how it was asked, and told of when its outcome is known.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/acl.hpp"
#include "actors/core/tree.hpp"
#include "messages/client/requests.hpp"

namespace troupe::core {

enum class audit_result { success, failure, invoked };

/// What is absent is not said.
struct audit_record {
  std::optional<std::string> session = {}, user = {}, ip = {};
  std::string operation = {};
  std::optional<std::string> znode = {}, znode_type = {}, acl = {};
  audit_result result = audit_result::success;
  friend bool operator==(const audit_record&, const audit_record&) = default;
};

/// The line, without time and level: tabs between, and no control character in a value, so that one
/// record is one line whatever a client calls its znodes.
[[nodiscard]] std::string to_text(const audit_record& x);

/// A client's write, as far as the audit log wants to know when it is done.
struct audited_write {
  op_code op = op_code::error;
  std::string path = {};
  std::optional<std::string> znode_type = {}, acl = {};
  std::map<std::string, std::string> types = {};  // of a multi: how each path is to be created
};

/// nullopt: not of a kind that is told of (AuditHelper.addAuditLog), or not decodable.
[[nodiscard]] std::optional<audited_write> audited(op_code op, std::string_view body, pace at = {});

/// What is told of it now that it is done: operation, znode, its type, ACL and result. Several for
/// a multi, none for one that only checks.
[[nodiscard]] std::vector<audit_record> records_of(const audited_write& asked, const applied& done,
                                                   pace at = {});

/// A session's ephemerals that went with it, in the server's own name.
[[nodiscard]] std::vector<audit_record> records_of_end(const applied& done, const std::string& user,
                                                       pace at = {});

/// The users a connection has shown, as Request.getUsersForAudit lists them; nullopt: none.
[[nodiscard]] std::optional<std::string> users_of(const identities& shown);

/// "0x1a2b", as Java writes it.
[[nodiscard]] std::string session_text(session_id id);

}  // namespace troupe::core
