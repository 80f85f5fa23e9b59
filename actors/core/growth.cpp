// SPDX-License-Identifier: Apache-2.0
#include "actors/core/growth.hpp"

#include <variant>

#include "messages/in_steps.hpp"

namespace troupe::core {
namespace {

std::int64_t bytes_of(const tree& now, const acl_list& acl) {
  return acl == *open_acl() || now.acls().knows(acl) ? 0 : acl_cache::bytes_for(acl);
}

std::int64_t memory_of(std::int64_t data_bytes) {
  return blob::memory_bytes(static_cast<std::size_t>(data_bytes));
}

std::int64_t growth_by(const tree& now, const create_op& op) {
  const auto& asked = op.request;
  return memory_bytes_for(asked.path, asked.data) + bytes_of(now, asked.acl);
}
std::int64_t growth_by(const tree& now, const delete_request& op) {
  const auto* node = now.find(op.path);
  return node == nullptr ? 0 : -node->memory_bytes();
}
std::int64_t growth_by(const tree& now, const set_data_request& op) {
  const auto* node = now.find(op.path);
  const auto after = op.data ? static_cast<std::int64_t>(op.data->size()) : 0;
  return node == nullptr
             ? 0
             : memory_of(after) - memory_of(static_cast<std::int64_t>(node->data.size()));
}
std::int64_t growth_by(const tree& now, const set_acl_request& op) { return bytes_of(now, op.acl); }
std::int64_t growth_by(const tree&, const check_request&) { return 0; }

}  // namespace

std::int64_t tree_growth::of_creation(std::string_view path, const jute::buffer& data,
                                      const acl_list& acl) const {
  return bytes_max_ ? memory_bytes_for(path, data) + of_list(acl) : 0;
}

std::int64_t tree_growth::of_removal(std::string_view path, std::int64_t data_bytes) const {
  return bytes_max_ ? -memory_bytes_for(path, std::nullopt) - memory_of(data_bytes) : 0;
}

std::int64_t tree_growth::of_data(std::int64_t bytes_before, std::int64_t bytes_after) const {
  return bytes_max_ ? memory_of(bytes_after) - memory_of(bytes_before) : 0;
}

std::int64_t tree_growth::of_list(const acl_list& acl) const {
  return bytes_max_ ? bytes_of(*committed_, acl) : 0;
}

bool tree_growth::fits(std::int64_t growth) const {
  if (!bytes_max_ || growth <= 0) return true;
  return committed_->memory_bytes() + waiting_bytes_ + growth <= *bytes_max_;
}

void tree_growth::planned(zxid at, std::int64_t growth) {
  if (growth == 0) return;
  waiting_.emplace_back(at, growth);
  waiting_bytes_ += growth;
}

void tree_growth::applied(zxid upto) {
  for (; !waiting_.empty() && waiting_.front().first <= upto; waiting_.pop_front())
    waiting_bytes_ -= waiting_.front().second;
}

void tree_growth::clear() {
  waiting_.clear();
  waiting_bytes_ = 0;
}

std::int64_t growth_of(const tree& now, op_code op, std::string_view body, pace at) {
  if (!is_write(op)) return 0;
  const auto step = [&at] { at.step(); };
  auto decoded = decode_write(op, body, step);
  if (!decoded) return 0;
  const auto of_one = [&now](const write_op& one) {
    return std::visit([&now](const auto& x) { return growth_by(now, x); }, one);
  };
  if (const auto* one = std::get_if<write_op>(&*decoded)) return of_one(*one);
  std::int64_t sum = 0;
  if (auto* several = std::get_if<multi_request>(&*decoded)) {
    for (const auto& one : several->ops) {
      at.step();
      sum += of_one(one);
    }
    free_in_steps(several->ops, step);
  }
  return sum;
}

}  // namespace troupe::core
