// SPDX-License-Identifier: Apache-2.0
// What a client asks, and how that looks in bytes.
#include <algorithm>

#include "tests/sim/client.hpp"

namespace troupe::sim {
namespace {

const acl_entry all_may{permission::all, {"world", "anyone"}};
const acl_entry shown_may{permission::all, {"auth", ""}};

std::vector<acl_entry> acl_for(const operation& op) {
  return op.acl_bytes > 0 ? std::vector{all_may, shown_may} : std::vector{all_may};
}

/// A multi of two setData, with a check between them that will fail if it is doomed, and with what
/// makes its txn long and changes nothing.
std::string multi_body(const operation& op) {
  std::string out;
  jute::writer w{out};
  w(multi_header{op_code::set_data, false, -1}, set_data_request{op.path, op.value + ".1", -1});
  if (op.doomed) w(multi_header{op_code::check, false, -1}, check_request{op.path, 1'000'000});
  for (int i = 0; i < op.churned; ++i)
    w(multi_header{op_code::create, false, -1},
      create_request{op.churned_path(), "", acl_for(op), create_flag::persistent},
      multi_header{op_code::remove, false, -1}, delete_request{op.churned_path(), -1});
  w(multi_header{op_code::set_data, false, -1}, set_data_request{op.also, op.value, -1});
  w(multi_header{op_code::error, true, -1});
  return out;
}

}  // namespace

std::string client::random_key() { return "/k" + std::to_string(chance_.below(options_.keys)); }

std::string client::next_value() {
  return "c" + std::to_string(options_.number) + "." + std::to_string(++values_);
}

std::vector<std::string> client::proofs() const {
  std::vector<std::string> out;
  if (!options_.proof.empty()) out.push_back(options_.proof);
  for (int i = 0; i < options_.grows.identities; ++i)
    out.push_back("user-" + std::to_string(i) + std::string(40, 'u') + ":secret");
  return out;
}

operation client::make_growing_operation() {
  const auto& how = options_.grows;
  operation op;
  op.value = next_value();
  const auto draw = chance_.below(100);
  if (draw < 60) {  // an ephemeral of a long name
    op.op = op_code::create;
    op.path = "/e" + std::to_string(options_.number) + "." +
              std::to_string(chance_.below(static_cast<std::uint64_t>(how.ephemerals))) + ".";
    op.path.resize(std::max(op.path.size(), how.name_bytes), 'e');
    return op;
  }
  for (const auto& proof : proofs())  // perms, "digest", "user:" and 28 characters of a hash
    op.acl_bytes += 4 + 4 + 6 + 4 + proof.find(':') + 1 + 28;
  op.path = random_key();
  op.op = op_code::create;
  if (draw < 75) return op;
  op.op = op_code::multi;
  op.also = random_key();
  op.churned = static_cast<int>(chance_.between(1, how.creates));
  return op;
}

operation client::make_operation() {
  constexpr int refused_percent = 5;
  const bool writes = options_.writes && (!reads_only_ || chance_.chance(refused_percent));
  if (writes && options_.grows.percent > 0 && chance_.chance(options_.grows.percent))
    return make_growing_operation();
  operation op;
  op.path = random_key();
  auto value = next_value();
  if (options_.big_value_bytes > 0 && chance_.chance(20))
    value.resize(chance_.below(options_.big_value_bytes), '.');
  auto draw = writes ? chance_.below(100) : 60 + chance_.below(40);
  if (draw < 22) {
    op.op = op_code::set_data;
    op.value = value;
    if (auto known = versions_.find(op.path); known != versions_.end() && chance_.chance(30))
      op.version = known->second;
  } else if (draw < 38) {
    op.op = op_code::create;
    op.value = value;
  } else if (draw < 43) {
    op.op = op_code::create;
    op.path += "/s-";  // sequential
    op.value = value;
  } else if (draw < 48) {
    op.op = op_code::create;
    op.path = "/e" + std::to_string(chance_.below(options_.keys));  // ephemeral
    op.value = value;
  } else if (draw < 54) {
    op.op = op_code::remove;
    if (chance_.chance(30)) op.path = "/e" + std::to_string(chance_.below(options_.keys));
    if (!numbered_.empty() && chance_.chance(40)) {
      op.path = numbered_.back();
      numbered_.pop_back();
    }
  } else if (draw < 60) {
    op.op = op_code::multi;
    op.value = value;
    op.also = random_key();
    op.doomed = chance_.chance(30);
  } else if (draw < 61) {
    op.op = op_code::close_session;
    op.path.clear();
  } else if (draw < 64) {
    op.op = op_code::sync;
  } else if (draw < 84) {
    op.op = op_code::get_data;
    op.watch = chance_.chance(30);
  } else if (draw < 92) {
    op.op = op_code::exists;
    op.watch = chance_.chance(30);
  } else {
    op.op = op_code::get_children;
    if (chance_.chance(30)) op.path = "/";
  }
  return op;
}

std::string client::encode(const operation& op) {
  std::string frame;
  request_header header{op.xid, op.op};
  switch (op.op) {
    case op_code::create: {
      auto is_sequential = op.path.ends_with("-");
      auto flags = is_sequential               ? create_flag::sequential
                   : op.path.starts_with("/e") ? create_flag::ephemeral
                                               : create_flag::persistent;
      append_frame_of(frame, header, create_request{op.path, op.value, acl_for(op), flags});
      break;
    }
    case op_code::remove:
      append_frame_of(frame, header, delete_request{op.path, -1});
      break;
    case op_code::set_data:
      append_frame_of(frame, header, set_data_request{op.path, op.value, op.version});
      break;
    case op_code::multi:
      append_frame(frame, jute::encode(header) + multi_body(op));
      break;
    case op_code::sync:
      append_frame_of(frame, header, path_request{op.path});
      break;
    case op_code::reconfig:
      append_frame_of(frame, header,
                      reconfig_request{std::nullopt, std::nullopt, jute::buffer{op.value}, -1});
      break;
    case op_code::close_session:
      append_frame_of(frame, header);
      break;
    default:
      append_frame_of(frame, header, read_request{op.path, op.watch});
  }
  return frame;
}

}  // namespace troupe::sim
