// SPDX-License-Identifier: Apache-2.0
/// Who runs this process: what Java calls user.name and user.home.
#pragma once

#include <pwd.h>
#include <unistd.h>

#include <string>

namespace troupe {

struct user_entry {
  std::string name;  // the number of one without a name
  std::string home;
};

[[nodiscard]] inline user_entry process_user() {
  passwd entry{};
  passwd* found = nullptr;
  char text[4096];
  ::getpwuid_r(::getuid(), &entry, text, sizeof text, &found);
  if (found == nullptr) return {std::to_string(::getuid()), "?"};
  return {found->pw_name, found->pw_dir};
}

}  // namespace troupe
