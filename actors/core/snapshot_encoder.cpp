// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <functional>
#include <set>

#include "actors/core/mutants.hpp"
#include "actors/core/path.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/snapshot_format.hpp"

namespace troupe::core {
namespace {

/// Walks a tree that does not change meanwhile, in depth-first order, from the place after `path`.
class walker {
 public:
  walker(const tree& source, const std::optional<std::string>& after) : root_(&source.root()) {
    if (after) seek(*after);
  }

  /// The next znode; null at the end. `into` says whether to go below the one returned before.
  const znode* next(bool into) {
    if (!started_) {
      started_ = true;
      return here_ = root_;
    }
    if (into && here_ && here_->children) levels_.push_back({here_->children.get(), {}});
    if (!levels_.empty() && !levels_.back().positioned) levels_.back().begin();
    while (!levels_.empty() && levels_.back().at_end()) levels_.pop_back();
    if (levels_.empty()) return here_ = nullptr;
    return here_ = &*levels_.back().at++;
  }

 private:
  struct level {
    const children_set* set;
    children_set::const_iterator at;
    bool positioned = false;
    void begin() {
      at = set->begin();
      positioned = true;
    }
    [[nodiscard]] bool at_end() const { return at == set->end(); }
  };

  /// Stands on `path`, or where it was: each level behind its part of the path.
  void seek(std::string_view path) {
    started_ = true;
    here_ = root_;
    path.remove_prefix(std::min<std::size_t>(1, path.size()));
    while (here_ && !path.empty()) {
      if (!here_->children) {
        here_ = nullptr;
        return;
      }
      auto name = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), name.size() + 1));
      const auto& set = *here_->children;
      levels_.push_back({&set, set.upper_bound(name), true});
      auto found = set.find(name);
      here_ = found == set.end() ? nullptr : &*found;
    }
  }

  const znode* root_;
  const znode* here_ = nullptr;
  bool started_ = false;
  std::vector<level> levels_;
};

/// Whether the walk comes to `a` first: a znode before all below it, and these before its siblings,
/// whatever characters stand there.
bool comes_before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(a, b, std::less{}, rank, rank);
}

}  // namespace

snapshot_encoder::snapshot_encoder(const tree& source, snapshot_options options)
    : source_(&source),
      options_(options),
      at_(source.last_processed()),
      sessions_(source.sessions().begin(), source.sessions().end()),
      acls_(source.acls().table()) {}

std::string snapshot_encoder::next(std::size_t bytes_max) {
  std::string out;
  bytes_max = std::max<std::size_t>(bytes_max, 1);
  while (stage_ != stage::done && (out.empty() || out.size() < bytes_max)) {
    switch (stage_) {
      case stage::header: {
        jute::writer w{out};
        w(snapshot_format::magic, snapshot_format::version, snapshot_format::database_id);
        w.i32(static_cast<std::int32_t>(sessions_.size()));
        stage_ = stage::sessions;
        break;
      }
      case stage::sessions:
        put_sessions(out, bytes_max);
        break;
      case stage::acls:
        put_acls(out, bytes_max);
        break;
      case stage::nodes:
        put_nodes(out, bytes_max);
        break;
      case stage::seals:
        put_seals(out);
        break;
      case stage::done:
        break;
    }
  }
  // The seals have taken their own bytes in already.
  if (stage_ != stage::done) adler_ = snapshot_format::checksum(adler_, out);
  bytes_written_ += out.size();
  return out;
}

void snapshot_encoder::put_sessions(std::string& out, std::size_t bytes_max) {
  jute::writer w{out};
  for (; index_ < sessions_.size() && out.size() < bytes_max; ++index_)
    w(sessions_[index_].first, sessions_[index_].second);
  if (index_ < sessions_.size()) return;
  w.i32(static_cast<std::int32_t>(acls_.size()));
  index_ = 0;
  stage_ = stage::acls;
}

void snapshot_encoder::put_acls(std::string& out, std::size_t bytes_max) {
  jute::writer w{out};
  for (; index_ < acls_.size() && out.size() < bytes_max; ++index_)
    w(acls_[index_].first, *acls_[index_].second);
  if (index_ == acls_.size()) stage_ = stage::nodes;
}

void snapshot_encoder::put_nodes(std::string& out, std::size_t bytes_max) {
  for (; !owed_.empty() && out.size() < bytes_max; owed_.pop_back()) out += owed_.back();
  if (!owed_.empty()) return;
  walker walk{*source_, cursor_};
  // Where the cursor stands on a znode of a later life, all below it is younger still.
  bool into = true;
  const znode* last = nullptr;
  while (out.size() < bytes_max) {
    auto node = walk.next(into);
    if (!node) {
      stage_ = stage::seals;
      return;
    }
    last = node;
    into = node->stats.czxid <= at_;
    if (into) put_node(out, *node);
  }
  if (last) cursor_ = last->path();
}

void snapshot_encoder::before_close(session_id owner, pace at) {
  if (stage_ != stage::nodes || !cursor_ || mutated(mutant::close_unseen_by_snapshot)) return;
  const auto is_passed = [this](std::string_view path) { return !comes_before(*cursor_, path); };
  std::set<std::string, std::less<>> below;  // parents that the replay will come to
  const auto paths = source_->ephemerals(owner, at);
  for (const auto& path : paths) {
    at.step();
    if (is_passed(path)) below.emplace(parent_path(path));
  }
  for (const auto& path : paths) {
    at.step();
    const auto over = parent_path(path);
    const auto* node = source_->find(path);
    if (is_passed(path) || !is_passed(over) || node->stats.czxid > at_) continue;
    if (!below.emplace(over).second) continue;
    put_node(owed_.emplace_back(), *node, content::no_data);
  }
}

void snapshot_encoder::put_node(std::string& out, const znode& node, content what) const {
  jute::writer w{out};
  w.bytes(node.parent ? node.path() : "");
  if (node.data.is_null() || what == content::no_data)
    w.null();
  else
    w.bytes(node.data.view());
  auto is_listed = [this](std::int64_t id) {
    auto row =
        std::lower_bound(acls_.begin(), acls_.end(), id,
                         [](const auto& r, std::int64_t wanted) { return r.first < wanted; });
    return id == acl_cache::open_id || (row != acls_.end() && row->first == id);
  };
  w(is_listed(node.acl_id) ? node.acl_id : acl_cache::nobody_id, node.stats);
}

void snapshot_encoder::put_seals(std::string& out) {
  jute::writer w{out};
  std::size_t summed = 0;
  auto seal = [&] {
    adler_ = snapshot_format::checksum(adler_, std::string_view{out}.substr(summed));
    summed = out.size();
    w.i64(adler_);
    w.bytes(snapshot_format::end_mark);
  };
  w.bytes(snapshot_format::end_mark);
  seal();
  // The digest is of now, not of the start: replay compares when it gets here.
  auto digest = source_->last_digest();
  w(digest.at, digest.version, digest.value);
  seal();
  if (options_.write_last_zxid) {
    w(at_);
    seal();
  }
  stage_ = stage::done;
}

}  // namespace troupe::core
