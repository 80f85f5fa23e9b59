// SPDX-License-Identifier: Apache-2.0
#include "tools/log/cli.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>
#include <ostream>

#include "actors/node/program.hpp"

namespace troupe::log_tool {
namespace {

/// A zxid or session id as ZooKeeper prints it: hex, 0x before it or not.
std::optional<std::int64_t> parse_hex(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

const CLI::Validator hex_number{
    [](std::string& text) {
      return parse_hex(text) ? std::string{}
                             : "\"" + text + "\" is no hexadecimal number such as 0x1000000a2";
    },
    "HEX"};

struct arguments {
  common_options common;
  std::vector<std::string> paths;
  std::string path, other;
  std::string from, to, session;
  txn_filter wanted;
  repair_options how;
  summary_options summary;
  bool whole_data = false;
};

void add_common(CLI::App& to, arguments& args, bool shows_data) {
  to.add_flag("--json", args.common.json, "JSON instead of text");
  to.add_option("--data-log-dir", args.common.data_log_dir,
                "Where the txn logs of the given data directory are; default: in it");
  if (shows_data) to.add_flag("--data", args.whole_data, "Show data whole, not its first 64 bytes");
}

/// Declares the commands; `chosen` is what the one that is given will do.
void declare(CLI::App& app, arguments& args, storage::disk& d, const terminal& term,
             std::function<int()>& chosen) {
  auto* txns = app.add_subcommand("txns", "Print the txns of log files or of a directory's logs");
  txns->add_option("PATH", args.paths, "Log files, or a data directory")->required();
  txns->add_option("--from", args.from, "From this zxid on")->check(hex_number);
  txns->add_option("--to", args.to, "Up to this zxid")->check(hex_number);
  txns->add_option("--session", args.session, "Of this session alone")->check(hex_number);
  txns->add_option("--path", args.wanted.path, "Those that name this path or one below it");
  txns->add_option("--type", args.wanted.type, "Of this type: create, setData, closeSession, ...");
  add_common(*txns, args, true);
  txns->callback([&] {
    if (auto x = parse_hex(args.from); x && !args.from.empty()) args.wanted.from = zxid{*x};
    if (auto x = parse_hex(args.to); x && !args.to.empty()) args.wanted.to = zxid{*x};
    if (auto x = parse_hex(args.session); x && !args.session.empty())
      args.wanted.session = session_id{*x};
    chosen = [&] { return print_txns(d, args.paths, args.wanted, args.common, term); };
  });

  auto* check = app.add_subcommand(
      "verify", "Check checksums, seals, the sequence of zxids, and digests by replaying");
  check->add_option("PATH", args.paths, "A data directory, or files of one")->required();
  add_common(*check, args, false);
  check->callback([&] { chosen = [&] { return verify(d, args.paths, args.common, term); }; });

  auto* mend = app.add_subcommand(
      "repair", "Write a log with an unfinished end anew without it, as FILE.repaired");
  mend->add_option("FILE", args.path, "The log file")->required();
  mend->add_flag("--yes", args.how.yes, "Do not ask");
  mend->add_flag("--in-place", args.how.in_place,
                 "Put it in the file's place; FILE.torn is the old");
  mend->callback(
      [&] { chosen = [&] { return repair(d, args.path, args.how, term); }; });

  auto* print = app.add_subcommand(
      "snapshot", "Print sessions and znodes of a snapshot, or of what a server would load");
  print->add_option("PATH", args.path, "A snapshot file, or a data directory")->required();
  add_common(*print, args, true);
  print->callback(
      [&] { chosen = [&] { return print_snapshot(d, args.path, args.common, term); }; });

  auto* sum = app.add_subcommand("summary", "Count znodes, bytes and depth by subtree");
  sum->add_option("PATH", args.path, "A snapshot file, or a data directory")->required();
  sum->add_option("ZNODE", args.summary.top, "Where to begin; default /");
  sum->add_option("--depth", args.summary.depth, "How many levels below it to list; default 1");
  sum->add_flag("--by-bytes", args.summary.by_bytes, "Most data first");
  add_common(*sum, args, false);
  sum->callback(
      [&] { chosen = [&] { return summarise(d, args.path, args.summary, args.common, term); }; });

  auto* compare = app.add_subcommand("diff", "Compare two snapshots, or what servers would load");
  compare->add_option("LEFT", args.path, "A snapshot file, or a data directory")->required();
  compare->add_option("RIGHT", args.other, "The other one")->required();
  add_common(*compare, args, false);
  compare->callback(
      [&] { chosen = [&] { return diff(d, args.path, args.other, args.common, term); }; });
}

}  // namespace

int run(int argc, const char* const* argv, storage::disk& d, const terminal& term) {
  CLI::App app{"Reads ZooKeeper's txn logs and snapshots without a server, and repairs torn logs.",
               "actor-log"};
  app.require_subcommand(1);
  app.footer(
      "A data directory stands for what a server would load from it: the newest usable snapshot "
      "and the txns after it. Only repair writes, and never over a file that is there.\n"
      "Exit code 0: all right; 1: damage or a difference was found; 2: not understood, or a file "
      "cannot be read.");
  arguments args;
  std::function<int()> chosen;
  declare(app, args, d, term, chosen);
  if (auto code = program::parse(app, argc, argv, term.out, term.err)) return *code;
  args.common.who_runs = term.who_runs;
  if (args.whole_data) args.common.data_bytes_shown = std::string::npos;
  return chosen();
}

}  // namespace troupe::log_tool
