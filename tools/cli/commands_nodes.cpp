// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ostream>

#include "tools/cli/commands.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {
namespace {

constexpr std::int64_t ttl_ms_max = 0xff'ffff'ffff;
constexpr int batch_znodes = 1000;

const std::vector<acl_entry> open_to_all{{permission::all, {"world", "anyone"}}};

tl::expected<std::int32_t, failure> flags_of(const parsed_words& given) {
  const bool e = given.has("e");
  const bool s = given.has("s");
  const bool c = given.has("c");
  const bool t = given.has("t");
  if (c && (e || s))
    return fail(
        "-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.");
  if (t && e) return fail("TTLs cannot be used with Ephemeral znodes");
  if (t && c) return fail("TTLs cannot be used with Container znodes");
  if (t) return s ? create_flag::ttl_sequential : create_flag::ttl;
  if (c) return create_flag::container;
  return (e ? create_flag::ephemeral : 0) | (s ? create_flag::sequential : 0);
}

/// `get path watch` and its like, as before 3.5. True: the last word asks for a watch.
bool asks_old_way(context& to, const parsed_words& given, std::string_view name,
                  std::string_view new_way) {
  if (given.words.size() <= 2) return false;
  to.io.err() << "'" << name << " path [watch]' has been deprecated. Please use '" << new_way
              << "' instead.\n";
  return true;
}

}  // namespace

outcome run_create(context& to, const parsed_words& given) {
  auto flags = flags_of(given);
  if (!flags) return tl::unexpected(flags.error());
  std::int64_t ttl_ms = -1;
  if (const auto* text = given.value("t")) {
    auto number = parse_number<std::int64_t>(*text);
    if (!number) return fail("-t argument must be a long value");
    if (*number <= 0 || *number > ttl_ms_max)
      return fail("ttl must be positive and cannot be larger than: " + std::to_string(ttl_ms_max));
    ttl_ms = *number;
  }
  const auto& path = given.words[1];
  const bool sequential = given.has("s");
  jute::buffer data;
  if (given.words.size() > 2) data = given.words[2];
  auto acl = open_to_all;
  if (given.words.size() > 3) {
    auto read = parse_acl(given.words[3]);
    for (const auto& x : read.complaints) to.io.err() << x << "\n";
    acl = std::move(read.acl);
  }
  if (auto is_path = check_path(path, sequential); !is_path) return is_path;
  auto created = acl.empty() ? tl::unexpected{error_code::invalid_acl}
                             : to.link.create(path, data, acl, *flags, ttl_ms);
  if (!created && created.error() == error_code::invalid_acl)
    to.io.err() << exception_text(created.error(), path) << "\n";
  if (!created && created.error() == error_code::ephemeral_on_local_session)
    to.io.err() << "Unable to create ephemeral node on a local session\n";
  if (!created) return refused(created.error(), path);
  to.io.err() << "Created " << *created << "\n";
  return {};
}

outcome run_delete(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  auto version = version_of(given);
  if (given.words.size() > 2) {
    to.io.err() << "'delete path [version]' has been deprecated. Please use 'delete [-v version] "
                   "path' instead.\n";
    // zkCli.sh passes over the number then, and deletes whatever is there.
    if (!given.has("v")) {
      auto number = parse_number<std::int32_t>(given.words[2]);
      version = number
                    ? *number
                    : tl::expected<std::int32_t, failure>{fail("the version must be an int value")};
    }
  }
  if (!version) return tl::unexpected(version.error());
  if (auto is_path = check_path(path); !is_path) return is_path;
  if (auto done = to.link.zk().remove(path, *version); !done) return refused(done.error(), path);
  return {};
}

outcome run_delete_all(context& to, const parsed_words& given) {
  std::size_t batch = batch_znodes;
  if (const auto* text = given.value("b")) {
    auto number = parse_number<std::int32_t>(*text);
    if (!number) return fail("-b argument must be an int value");
    batch = static_cast<std::size_t>(std::max(*number, 1));
  }
  const auto& top = given.words[1];
  if (auto is_path = check_path(top); !is_path) return is_path;
  auto& zk = to.link.zk();
  // Parents before children; deleted from the end.
  std::vector<std::string> tree{top};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto parent = tree[i];
    auto found = zk.children(parent, false);
    if (!found) return refused(found.error(), parent);
    for (const auto& name : found->names) tree.push_back(child_path(parent, name));
  }
  std::ranges::reverse(tree);
  for (std::size_t i = 0; i < tree.size(); i += batch) {
    auto part = std::span{tree}.subspan(i, std::min(batch, tree.size() - i));
    if (auto done = zk.remove_all(part); !done)
      return fail("Failed to delete some node(s) in the subtree!");
  }
  return {};
}

outcome run_get(context& to, const parsed_words& given) {
  const bool old_way = asks_old_way(to, given, "get", "get [-s] [-w] path");
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto found = to.link.zk().get(path, given.has("w") || old_way);
  if (!found) return refused(found.error(), path);
  const auto data = found->data.value_or("null");
  to.io.out() << (given.has("b") ? base64(data) : data) << "\n";
  if (given.has("s")) to.io.out() << stat_text(found->info);
  return {};
}

outcome run_set(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  auto data = given.has("b") ? from_base64(given.words[2]) : std::optional{given.words[2]};
  if (!data) return fail("the data is not base64: " + given.words[2]);
  auto version = version_of(given);
  if (!version) return tl::unexpected(version.error());
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto done = to.link.zk().set(path, *data, *version);
  if (!done) return refused(done.error(), path);
  if (given.has("s")) to.io.out() << stat_text(*done);
  return {};
}

outcome run_ls(context& to, const parsed_words& given) {
  const bool watch = asks_old_way(to, given, "ls", "ls [-w] path") || given.has("w");
  const auto& path = given.words[1];
  if (given.has("R"))
    return visit_tree(to.link.zk(), path, watch, [&](const std::string& each) -> outcome {
      to.io.out() << each << "\n";
      return {};
    });
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto found = to.link.zk().children(path, watch);
  if (!found) return refused(found.error(), path);
  to.io.out() << list_text(found->names) << "\n";
  if (given.has("s")) to.io.out() << stat_text(found->info);
  return {};
}

outcome run_stat(context& to, const parsed_words& given) {
  const bool watch = asks_old_way(to, given, "stat", "stat [-w] path") || given.has("w");
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto found = to.link.zk().exists(path, watch);
  if (!found) return refused(found.error(), path);
  to.io.out() << stat_text(*found);
  return {};
}

outcome run_sync(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  if (auto done = to.link.zk().sync(path); !done)
    return fail("Sync has failed. rc=" + std::to_string(static_cast<int>(done.error())));
  to.io.out() << "Sync is OK\n";
  return {};
}

outcome run_get_all_children_number(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto& side = to.link.side();
  auto answer =
      side.ask(op_code::get_all_children_number, jute::encode(path_request{side.on_wire(path)}));
  if (answer) {
    to.io.out() << jute::reader{*answer}.i32() << "\n";
    return {};
  }
  if (answer.error() != error_code::unimplemented) return refused(answer.error(), path);
  // A server before 3.6: they can be counted all the same.
  std::int64_t count = -1;  // the top is none of its descendants
  auto counted = visit_tree(to.link.zk(), path, false, [&count](const std::string&) -> outcome {
    ++count;
    return {};
  });
  if (counted) to.io.out() << count << "\n";
  return counted;
}

outcome run_get_ephemerals(context& to, const parsed_words& given) {
  const std::string prefix = given.words.size() > 1 ? given.words[1] : "/";
  if (auto is_path = check_path(prefix); !is_path) return is_path;
  auto found = to.link.ephemerals(prefix);
  if (!found) return refused(found.error(), "");
  to.io.out() << list_text(*found) << "\n";
  return {};
}

}  // namespace troupe::cli
