// SPDX-License-Identifier: Apache-2.0
#include "messages/error_code.hpp"

namespace troupe {

std::string_view to_string(error_code code) {
  switch (code) {
    case error_code::ok:
      return "ok";
    case error_code::system_error:
      return "system_error";
    case error_code::runtime_inconsistency:
      return "runtime_inconsistency";
    case error_code::data_inconsistency:
      return "data_inconsistency";
    case error_code::connection_loss:
      return "connection_loss";
    case error_code::marshalling_error:
      return "marshalling_error";
    case error_code::unimplemented:
      return "unimplemented";
    case error_code::operation_timeout:
      return "operation_timeout";
    case error_code::bad_arguments:
      return "bad_arguments";
    case error_code::unknown_session:
      return "unknown_session";
    case error_code::new_config_no_quorum:
      return "new_config_no_quorum";
    case error_code::reconfig_in_progress:
      return "reconfig_in_progress";
    case error_code::api_error:
      return "api_error";
    case error_code::no_node:
      return "no_node";
    case error_code::no_auth:
      return "no_auth";
    case error_code::bad_version:
      return "bad_version";
    case error_code::no_children_for_ephemerals:
      return "no_children_for_ephemerals";
    case error_code::node_exists:
      return "node_exists";
    case error_code::not_empty:
      return "not_empty";
    case error_code::session_expired:
      return "session_expired";
    case error_code::invalid_callback:
      return "invalid_callback";
    case error_code::invalid_acl:
      return "invalid_acl";
    case error_code::auth_failed:
      return "auth_failed";
    case error_code::session_moved:
      return "session_moved";
    case error_code::not_read_only:
      return "not_read_only";
    case error_code::ephemeral_on_local_session:
      return "ephemeral_on_local_session";
    case error_code::no_watcher:
      return "no_watcher";
    case error_code::request_timeout:
      return "request_timeout";
    case error_code::reconfig_disabled:
      return "reconfig_disabled";
    case error_code::session_closed_require_sasl_auth:
      return "session_closed_require_sasl_auth";
    case error_code::quota_exceeded:
      return "quota_exceeded";
    case error_code::throttled_op:
      return "throttled_op";
  }
  return "error";
}

}  // namespace troupe
