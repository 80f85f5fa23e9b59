// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "actors/storage/survey.hpp"
#include "tools/log/commands.hpp"
#include "tools/log/describe.hpp"
#include "tools/log/progress.hpp"
#include "tools/log/source.hpp"

namespace troupe::log_tool {
namespace {

bool is_at_or_below(const std::string& path, const std::string& top) {
  if (top == "/" || path == top) return true;
  return path.starts_with(top) && path[top.size()] == '/';
}

template <class Body>
bool names(const Body& body, const std::string& top) {
  if constexpr (requires { body.path; })
    return is_at_or_below(body.path, top);
  else if constexpr (requires { body.ops; })
    return std::any_of(body.ops.begin(), body.ops.end(), [&top](const multi_op& op) {
      return std::visit([&top](const auto& inner) { return names(inner, top); }, op.body);
    });
  else if constexpr (requires { body.paths; })
    return body.paths && std::any_of(body.paths->begin(), body.paths->end(),
                                     [&](const auto& path) { return is_at_or_below(path, top); });
  else
    return false;
}

bool passes(const txn& x, const txn_filter& wanted) {
  const auto& h = x.header;
  if (wanted.from && h.id < *wanted.from) return false;
  if (wanted.to && h.id > *wanted.to) return false;
  if (wanted.session && h.client != *wanted.session) return false;
  if (!wanted.type.empty() && word_of(h.type) != wanted.type) return false;
  return wanted.path.empty() ||
         std::visit([&](const auto& body) { return names(body, wanted.path); }, x.body);
}

struct wanted_log {
  storage::log_file file;
  bool is_living = false;  // a server may be writing it
};

/// The log files that the paths mean, in the order to print them.
storage::io_result<std::vector<wanted_log>> logs_of(storage::disk& d,
                                                    const std::vector<std::string>& paths,
                                                    const common_options& options,
                                                    const terminal& term) {
  std::vector<wanted_log> out;
  for (const auto& path : paths) {
    auto folder = find_directory(d, path, options);
    if (!folder) return tl::unexpected(std::move(folder.error()));
    if (!*folder) {
      out.push_back({log_at(path)});
      continue;
    }
    tell_of_server(**folder, term);
    auto files = storage::list_logs(d, (*folder)->logs);
    if (!files) return tl::unexpected(std::move(files.error()));
    if (files->empty())
      return tl::unexpected(
          storage::io_error{"read", (*folder)->logs, 0, -1, "no txn log (log.<zxid>) is there"});
    for (auto& file : *files) out.push_back({std::move(file), !(*folder)->who_runs.empty()});
  }
  return out;
}

}  // namespace

int print_txns(storage::disk& d, const std::vector<std::string>& paths, const txn_filter& wanted,
               const common_options& options, const terminal& term) {
  auto files = logs_of(d, paths, options, term);
  if (!files) return fail(term, files.error().text());
  progress told{term};
  bool damaged = false;
  for (const auto& log : *files) {
    const auto& file = log.file;
    std::optional<zxid> printed;
    auto print = [&](const storage::log_entry& entry, const txn& x) {
      if (printed && x.header.id <= *printed) return;
      printed = x.header.id;
      if (!passes(x, wanted)) return;
      if (options.json) {
        auto line = txn_json(x);
        line["file"] = file.path;
        line["offset"] = entry.offset;
        term.out << dump(line) << "\n";
      } else {
        term.out << txn_text(x, options.data_bytes_shown) << "\n";
      }
    };
    auto read_on = [&] {
      return storage::read_log_file(
          d, file, print, [&](const std::string& path, std::uint64_t done, std::uint64_t total) {
            told.at("reading " + base_name_of(path), done, total);
          });
    };
    auto read = read_on();
    // What was half written when it was read is whole by now; damage stays.
    for (int n = 1; n < live_read_tries && read.damage && log.is_living; ++n) read = read_on();
    told.clear();
    term.out.flush();
    if (read.damage && read.damage->is_missing() && log.is_living) continue;  // purged meanwhile
    if (read.damage) {
      damaged = true;
      term.err << "actor-log: " << read.damage->text() << "\n";
    } else if (read.tail.is != storage::log_tail::kind::clean) {
      term.err << "actor-log: " << file.path << " has an unfinished end at offset " << read.tail.end
               << ": " << read.tail.why << "\n";
    }
  }
  return damaged ? exit_code::found : exit_code::fine;
}

}  // namespace troupe::log_tool
