// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/disk.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace troupe::storage {

static_assert(io_error::code_corrupt == EBADMSG);
static_assert(io_error::code_of_errno(EBADMSG) == EIO);
static_assert(io_error::code_of_errno(ENOSPC) == ENOSPC);

bool io_error::is_missing() const { return code == ENOENT; }

std::string io_error::text() const {
  std::string out = operation + " " + path;
  if (offset >= 0) out += " at offset " + std::to_string(offset);
  out += ": ";
  if (!is_corrupt() && code != 0) {
    out += std::generic_category().message(code);
    if (!why.empty()) out += " (" + why + ")";
  } else {
    out += why;
  }
  return out;
}

tl::unexpected<io_error> corrupt(std::string operation, std::string path, std::int64_t offset,
                                 std::string why) {
  return tl::unexpected(io_error{std::move(operation), std::move(path), io_error::code_corrupt,
                                 offset, std::move(why)});
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string out{directory};
  if (!out.empty() && out.back() != '/') out += '/';
  out += name;
  return out;
}

io_result<void> disk::create_directories(const std::string& path) {
  const auto above = std::filesystem::path{path}.parent_path().string();
  const bool is_root = above == path;
  auto made = make_directory(path);
  if (!made && made.error().is_missing() && !above.empty() && !is_root)
    made = create_directories(above).and_then([&] { return make_directory(path); });
  if (!made || is_root) return made;
  auto durable = sync_directory(above.empty() ? "." : above);
  // Where this server may not look, and where nothing can be written, it has made nothing.
  constexpr std::array nothing_made{EACCES, EPERM, EROFS, EINVAL};
  if (!durable && std::ranges::count(nothing_made, durable.error().code) > 0) return {};
  return durable && !above.empty() ? create_directories(above) : durable;
}

io_result<std::string> read_file(disk& d, const std::string& path, std::size_t bytes_max) {
  auto file = d.open_readable(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto content = (*file)->read_at(0, bytes_max + 1);
  if (content && content->size() > bytes_max)
    return corrupt("read", path, static_cast<std::int64_t>(bytes_max),
                   "longer than the " + std::to_string(bytes_max) + " bytes expected at most");
  return content;
}

io_result<void> replace_file(disk& d, const std::string& directory, const std::string& name,
                             std::string_view content) {
  auto path = join_path(directory, name);
  auto temporary = path + ".tmp";
  auto file = d.open_writable(temporary, open_mode::create_or_truncate);
  if (!file) return tl::unexpected(std::move(file.error()));
  auto renamed = (*file)
                     ->write_at(0, content)
                     .and_then([&] { return (*file)->sync(); })
                     .and_then([&] { return (*file)->close(); })
                     .and_then([&] { return d.rename(temporary, path); });
  if (!renamed) {
    (void)d.remove(temporary);  // on a full disk it would take the room that is needed
    return renamed;
  }
  return d.sync_directory(directory);
}

std::int64_t bytes_below(disk& d, const std::string& directory) {
  auto entries = d.list_directory(directory);
  if (!entries) return 0;
  std::int64_t bytes = 0;
  for (const auto& x : *entries)
    bytes += x.is_directory ? bytes_below(d, directory + '/' + x.name)
                            : static_cast<std::int64_t>(x.size);
  return bytes;
}

}  // namespace troupe::storage
