// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <istream>
#include <memory>
#include <ostream>

#include "actors/storage/data_place.hpp"
#include "actors/storage/survey.hpp"
#include "tools/log/commands.hpp"
#include "tools/log/progress.hpp"
#include "tools/log/source.hpp"

namespace troupe::log_tool {
namespace {

using storage::io_error;
using storage::io_result;

constexpr std::size_t block_bytes = std::size_t{1} << 20;

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

/// The first `size` bytes of a file as a new file, durable.
io_result<void> copy_front(storage::disk& d, const std::string& from, const std::string& to,
                           std::uint64_t size) {
  auto source = d.open_readable(from);
  if (!source) return tl::unexpected(std::move(source.error()));
  auto target = d.open_writable(to, storage::open_mode::create_new);
  if (!target) return tl::unexpected(std::move(target.error()));
  for (std::uint64_t at = 0; at < size;) {
    auto bytes = (*source)->read_at(at, std::min<std::uint64_t>(block_bytes, size - at));
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    if (bytes->empty())
      return tl::unexpected(io_error{"read", from, EIO, static_cast<std::int64_t>(at),
                                     "it has become shorter meanwhile"});
    if (auto written = (*target)->write_at(at, *bytes); !written) return written;
    at += bytes->size();
  }
  return (*target)->sync().and_then([&] { return (*target)->close(); }).and_then([&] {
    return d.sync_directory(directory_of(to));
  });
}

bool confirmed(const std::string& question, const repair_options& how, const terminal& term) {
  if (how.yes) return true;
  if (!term.may_ask) {
    term.err << "actor-log: nothing is changed without --yes when nobody can be asked\n";
    return false;
  }
  term.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(term.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// Nobody else may use the directory while a file of it is replaced.
io_result<std::unique_ptr<storage::file_lock>> lock_owner(storage::disk& d,
                                                          const std::string& path) {
  auto lock = directory_of(path) + "/../actor-node.lock";
  auto there = d.exists(lock);
  if (!there) return tl::unexpected(std::move(there.error()));
  if (!*there) return std::unique_ptr<storage::file_lock>{};
  return d.lock_file(lock);
}

/// The torn file under another name, the repaired one in its place.
io_result<void> put_in_place(storage::disk& d, const std::string& path, const std::string& backup,
                             const std::string& repaired) {
  auto there = d.exists(backup);
  if (!there) return tl::unexpected(std::move(there.error()));
  if (*there)
    return tl::unexpected(io_error{"rename", path, EEXIST, -1,
                                   "an earlier backup is at " + backup + "; move it away first"});
  return d.rename(path, backup).and_then([&] { return d.rename(repaired, path); }).and_then([&] {
    return d.sync_directory(directory_of(path));
  });
}

/// A directory, or a file that a server writes at this moment: its unfinished end is none.
std::string why_not_repaired(storage::disk& d, const std::string& path, const terminal& term) {
  auto place = storage::look_at_place(d, path);
  if (!place) return place.error().text();
  using kind = storage::data_place::kind;
  if (place->is == kind::missing) return place->refusal();
  if (place->is != kind::file) {
    auto logs = storage::list_logs(
        d, place->is == kind::data_directory ? storage::join_path(path, "version-2") : path);
    const auto last = logs && !logs->empty() ? ", such as " + logs->back().path : std::string{};
    return path + " is a directory; accepted: a log file" + last;
  }
  const auto server = term.who_runs ? term.who_runs(directory_of(path) + "/..") : std::nullopt;
  if (!server) return {};
  return server->text() +
         ", runs in this directory and writes there; what looks torn may be a txn on its way. "
         "Stop it first";
}

}  // namespace

int repair(storage::disk& d, const std::string& path, const repair_options& how,
           const terminal& term) {
  if (auto why = why_not_repaired(d, path, term); !why.empty()) return fail(term, why);
  progress told{term};
  auto read = storage::read_log_file(
      d, log_at(path), {}, [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
        told.at("reading " + base_name_of(file), done, total);
      });
  told.clear();
  if (read.damage && !read.damage->is_corrupt()) return fail(term, read.damage->text());
  if (read.damage) {
    term.err << "actor-log: " << read.damage->text()
             << "\nThis is no torn end: what follows it is lost when the file is cut here, and a "
                "server must not go on without it. Take the server's directory away and let the "
                "ensemble send it a new one, or restore a backup.\n";
    return exit_code::found;
  }
  if (read.tail.is == storage::log_tail::kind::clean) {
    term.out << path << ": " << read.txns << " txns, and its end is whole; nothing to repair\n";
    return exit_code::fine;
  }
  const auto repaired = path + ".repaired";
  const auto backup = path + ".torn";
  term.err << path << ": " << read.txns << " whole txns";
  if (read.txns > 0) term.err << " up to " << to_string(read.last);
  term.err << "; at offset " << read.tail.end << ": " << read.tail.why << "\n";
  auto question = how.in_place ? "Replace it by its whole txns and keep it as " + backup + "?"
                               : "Write its whole txns to " + repaired + "?";
  if (!confirmed(question, how, term)) return exit_code::found;
  std::unique_ptr<storage::file_lock> held;
  if (how.in_place) {
    auto locked = lock_owner(d, path);
    if (!locked) return fail(term, "a server uses this directory: " + locked.error().text());
    held = std::move(*locked);
  }
  if (auto copied = copy_front(d, path, repaired, read.tail.end); !copied)
    return fail(term, copied.error().text());
  if (!how.in_place) {
    term.out << "written: " << repaired << " (" << read.txns << " txns)\n";
    return exit_code::fine;
  }
  if (auto placed = put_in_place(d, path, backup, repaired); !placed)
    return fail(term, placed.error().text() + "; the repaired log is at " + repaired);
  term.out << "repaired: " << path << " (" << read.txns << " txns); as it was: " << backup << "\n";
  return exit_code::fine;
}

}  // namespace troupe::log_tool
