// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "tools/cli/commands.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {

outcome run_get_acl(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto found = to.link.zk().get_acl(path);
  if (!found) return refused(found.error(), path);
  to.io.out() << acl_text(found->acl);
  if (given.has("s")) to.io.out() << stat_text(found->info);
  return {};
}

outcome run_set_acl(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  auto version = version_of(given);
  if (!version) return tl::unexpected(version.error());
  auto read = parse_acl(given.words[2]);
  for (const auto& x : read.complaints) to.io.err() << x << "\n";
  auto& zk = to.link.zk();
  if (given.has("R"))
    return visit_tree(zk, path, false, [&](const std::string& each) -> outcome {
      // One that may not be changed keeps none of the others from it.
      if (auto done = zk.set_acl(each, read.acl, *version); !done)
        to.io.err() << exception_text(done.error(), each) << "\n";
      return {};
    });
  if (auto is_path = check_path(path); !is_path) return is_path;
  if (auto done = zk.set_acl(path, read.acl, *version); !done) return refused(done.error(), path);
  if (!given.has("s")) return {};
  // The C library passes over the stat in the answer.
  auto found = zk.exists(path, false);
  if (!found) return refused(found.error(), path);
  to.io.out() << stat_text(*found);
  return {};
}

outcome run_add_auth(context& to, const parsed_words& given) {
  auto done = to.link.add_auth({given.words[1], given.words.size() > 2 ? given.words[2] : ""});
  if (!done) return refused(done.error(), "");
  return {};
}

namespace {

struct shown_identity {
  std::string scheme;
  std::string user;
};
template <class A, class S>
requires std::same_as<std::remove_const_t<S>, shown_identity>
void fields(A& a, S& s) { a(s.scheme, s.user); }

}  // namespace

outcome run_who_am_i(context& to, const parsed_words&) {
  auto answer = to.link.side().ask(op_code::who_am_i, "");
  if (!answer) return refused(answer.error(), "");
  std::vector<shown_identity> identities;
  jute::reader in{*answer};
  in(identities);
  if (!in.ok()) return refused(error_code::marshalling_error, "");
  to.io.out() << "Auth scheme: User\n";
  for (const auto& x : identities) to.io.out() << x.scheme << ": " << x.user << "\n";
  return {};
}

}  // namespace troupe::cli
