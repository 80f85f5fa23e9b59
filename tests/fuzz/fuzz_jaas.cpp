// SPDX-License-Identifier: Apache-2.0
/// JAAS files: the users of an entry, which read the same when they are written again, or the line
/// and what is accepted there.
#include <algorithm>

#include "config/jaas.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace troupe;

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string written(const config::sasl_users& users) {
  std::string out = "Server {\n  org.apache.zookeeper.server.auth.DigestLoginModule required";
  for (const auto& [name, password] : users) out += "\n  user_" + name + "=" + quoted(password);
  return out + ";\n};\n";
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string module = "org.apache.zookeeper.server.auth.DigestLoginModule required";
  return {"Server {\n  " + module + "\n  user_super=\"adm\\\"in\"\n  user_bob=\"b\";\n};\n",
          "// c\nClient { x.Y sufficient a=\"b\" c=d; };\n/* d */ Server {\n" + module +
              " user_a=\"\";\n};",
          "\"Server\" { " + module + " debug=true user_x-1.y=plain; " + module + "; };",
          "Server { other.Module required; };", "Server {};"};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto users = config::read_jaas_users(text, "Server");
  if (!users) {
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    fuzz::require(users.error().line >= 0 && users.error().line <= lines,
                  "a line that is not there");
    fuzz::count_refusal(users.error().text);
    return 0;
  }
  fuzz::count(true);
  fuzz::require(!users->empty(), "nobody may log in, and nobody is told");
  const auto again = config::read_jaas_users(written(*users), "Server");
  fuzz::require(again && *again == *users, "the users read back as others");
  return 0;
}
