// SPDX-License-Identifier: Apache-2.0
/// What actor-log can do, one function a command. All but repair only read. A path is a file, a
/// data directory, or its version-2; a directory stands for what a server would load from it. Any
/// other directory, and any other file, is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "actors/storage/disk.hpp"
#include "actors/storage/log_format.hpp"
#include "actors/storage/running_server.hpp"
#include "messages/ids.hpp"

namespace troupe::log_tool {

namespace exit_code {
inline constexpr int fine = 0;
inline constexpr int found = 1;   // damage, or a difference
inline constexpr int failed = 2;  // a command line that is not understood, a file that is not there
}  // namespace exit_code

/// Who runs in a data directory; nullopt: nobody, or that cannot be known.
using server_finder =
    std::function<std::optional<storage::running_server>(const std::string& data_dir)>;

/// Where a command speaks and, when it may ask, is answered.
struct terminal {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  bool may_ask = false;         // a person sits at `in`
  bool shows_progress = false;  // a person looks at `err`
  server_finder who_runs{};     // empty: not looked for
};

/// What all commands know.
struct common_options {
  bool json = false;
  std::string data_log_dir{};         // of a data directory that is given; empty: the same
  std::size_t data_bytes_shown = 64;  // of a znode, in text
  server_finder who_runs{};
};

struct txn_filter {
  std::optional<zxid> from, to;
  std::optional<session_id> session;
  std::string path{};  // txns that name it, or a path below it
  std::string type{};  // ZooKeeper's word
};
int print_txns(storage::disk& d, const std::vector<std::string>& paths, const txn_filter& wanted,
               const common_options& options, const terminal& term);

int verify(storage::disk& d, const std::vector<std::string>& paths, const common_options& options,
           const terminal& term);

struct repair_options {
  bool yes = false;
  bool in_place = false;
};
int repair(storage::disk& d, const std::string& path, const repair_options& how,
           const terminal& term);

int print_snapshot(storage::disk& d, const std::string& path, const common_options& options,
                   const terminal& term);

struct summary_options {
  std::string top = "/";
  std::size_t depth = 1;
  bool by_bytes = false;  // greatest first; else by path
};
int summarise(storage::disk& d, const std::string& path, const summary_options& what,
              const common_options& options, const terminal& term);

int diff(storage::disk& d, const std::string& left, const std::string& right,
         const common_options& options, const terminal& term);

}  // namespace troupe::log_tool
