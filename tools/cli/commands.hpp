// SPDX-License-Identifier: Apache-2.0
/// The commands that talk to the ensemble, each as zkCli.sh of ZooKeeper 3.8 has it (package
/// org.apache.zookeeper.cli): options, output, errors. Those that the shell itself performs (quit,
/// history, ...) are in shell.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "tools/cli/console.hpp"
#include "tools/cli/session.hpp"
#include "tools/cli/texts.hpp"
#include "tools/cli/words.hpp"

namespace troupe::cli {

namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int bad_invocation = 2;
inline constexpr int no_such_command = 127;
inline constexpr int interrupted = 130;  // as a shell says it of a program that SIGINT has ended
}  // namespace exit_code

/// Why a command failed; the text goes to stderr. An empty one: it has said so already.
struct failure {
  std::string text;
  int code = exit_code::failed;
  error_code why = error_code::ok;  // of a call that was refused, or that nobody answered
};
using outcome = tl::expected<void, failure>;

struct context {
  session& link;
  console& io;
};

struct command {
  std::string_view name;
  std::string_view form;  // what stands behind the name, for the usage
  option_list options;
  std::size_t words_min;  // the name counts
  outcome (*run)(context&, const parsed_words&);
};

/// All of them, by name.
[[nodiscard]] std::span<const command> commands();
[[nodiscard]] const command* find_command(std::string_view name);
[[nodiscard]] std::string usage_of(const command& x);

// -- for the files that hold commands -------------------------------------------------------------

[[nodiscard]] inline auto fail(std::string text) {
  return tl::unexpected(failure{std::move(text)});
}
[[nodiscard]] inline auto refused(error_code code, std::string_view path) {
  return tl::unexpected(failure{failure_text(code, path), exit_code::failed, code});
}
/// A failure if `path` is none.
[[nodiscard]] outcome check_path(std::string_view path, bool sequential = false);
/// The value of -v, -1 when it was not given.
[[nodiscard]] tl::expected<std::int32_t, failure> version_of(const parsed_words& given);

outcome run_create(context& to, const parsed_words& given);
outcome run_delete(context& to, const parsed_words& given);
outcome run_delete_all(context& to, const parsed_words& given);
outcome run_get(context& to, const parsed_words& given);
outcome run_set(context& to, const parsed_words& given);
outcome run_ls(context& to, const parsed_words& given);
outcome run_stat(context& to, const parsed_words& given);
outcome run_sync(context& to, const parsed_words& given);
outcome run_get_all_children_number(context& to, const parsed_words& given);
outcome run_get_ephemerals(context& to, const parsed_words& given);

outcome run_get_acl(context& to, const parsed_words& given);
outcome run_set_acl(context& to, const parsed_words& given);
outcome run_add_auth(context& to, const parsed_words& given);
outcome run_who_am_i(context& to, const parsed_words& given);

outcome run_set_quota(context& to, const parsed_words& given);
outcome run_list_quota(context& to, const parsed_words& given);
outcome run_del_quota(context& to, const parsed_words& given);

outcome run_add_watch(context& to, const parsed_words& given);
outcome run_remove_watches(context& to, const parsed_words& given);
outcome run_config(context& to, const parsed_words& given);
outcome run_reconfig(context& to, const parsed_words& given);
outcome run_version(context& to, const parsed_words& given);

/// Calls `visit` with `top` and all that is below it: a znode's children, sorted, then what is
/// below each. What is deleted meanwhile is passed over. The first failure ends the walk.
outcome visit_tree(client& zk, const std::string& top, bool watch,
                   const std::function<outcome(const std::string&)>& visit);
/// "/a" and "b" -> "/a/b".
[[nodiscard]] std::string child_path(const std::string& parent, std::string_view name);

}  // namespace troupe::cli
