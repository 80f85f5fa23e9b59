// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/arguments.hpp"

#include "tools/cli/texts.hpp"

namespace troupe::cli {

tl::expected<arguments, std::string> parse_arguments(const std::vector<std::string>& words) {
  arguments out;
  for (auto at = words.begin(); at != words.end(); ++at) {
    const auto& word = *at;
    if (!word.starts_with('-')) {
      out.command.assign(at, words.end());
      break;
    }
    if (word == "-server" || word == "-timeout") {
      if (++at == words.end()) return tl::unexpected("Error: no argument found for option " + word);
      if (word == "-server") {
        const auto begin = at->find_first_not_of(" \t\r\n");
        const auto hosts = begin == std::string::npos ? std::string{} : at->substr(begin);
        out.connection.hosts = hosts.substr(0, hosts.find_last_not_of(" \t\r\n") + 1);
        continue;
      }
      const auto ms = parse_number<std::int32_t>(*at);
      if (!ms || *ms <= 0)
        return tl::unexpected("-timeout " + *at + ": accepted is a number of ms above 0");
      out.connection.timeout_ms = *ms;
    } else if (word == "-r") {
      out.connection.read_only = true;
    } else if (word == "-waitforconnection") {
      out.wait_for_connection = true;
    } else if (word == "-verbose") {
      out.verbose = true;
    } else if (word == "-h" || word == "-help" || word == "--help") {
      out.help = true;
    } else if (word == "-version" || word == "--version") {
      out.version = true;
    } else {
      return tl::unexpected(
          "unknown option " + word +
          "; accepted are -server host[:port][,host[:port]...][/chroot], -timeout "
          "ms, -r, -waitforconnection, -verbose, -version, -help");
    }
  }
  return out;
}

}  // namespace troupe::cli
