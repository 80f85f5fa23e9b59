// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/posix_disk.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

namespace troupe::storage {
namespace {

/// Of what is made anew; a umask may only take from it. What is there already is left as it is.
constexpr mode_t file_mode = 0640, directory_mode = 0750;

bool is_shortage(int code) { return code == EMFILE || code == ENFILE || code == ENOMEM; }

/// What a person can do about it; empty for what is no shortage.
std::string remedy_for(int code) {
  if (code == EMFILE) {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    return "this process may have " + std::to_string(limit.rlim_cur) +
           " files open at a time; `ulimit -n` or systemd's LimitNOFILE raises that. The disk is "
           "not at fault";
  }
  if (code == ENFILE)
    return "this machine has as many files open as fs.file-max allows. The disk is not at fault";
  if (code == ENOMEM)
    return "the kernel has no memory for the call; look at the cgroup's limit. The disk is not at "
           "fault";
  return {};
}

io_error error_of(int code, const char* operation, const std::string& path,
                  std::int64_t offset = -1) {
  return {operation, path, io_error::code_of_errno(code), offset, remedy_for(code)};
}

tl::unexpected<io_error> failed(const char* operation, const std::string& path,
                                std::int64_t offset = -1) {
  return tl::unexpected(error_of(errno, operation, path, offset));
}

/// The call's result, tried again while descriptors or memory are short; errno is the last one's.
template <class Call>
auto retried_while_short(const posix_disk_options& options, const char* operation,
                         const std::string& path, Call call) -> decltype(call()) {
  constexpr std::int32_t pause_ms = 20;
  for (std::int32_t waited_ms = 0;; waited_ms += pause_ms) {
    const auto result = call();
    if (result >= 0 || !is_shortage(errno) || waited_ms >= options.shortage_ms_max) return result;
    if (waited_ms == 0 && options.on_shortage)
      options.on_shortage(error_of(errno, operation, path));
    (void)::poll(nullptr, 0, pause_ms);
  }
}

/// Owns a file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() {
    // Says nothing that matters: what has to be on the disk was synced, or close() was asked for.
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

io_result<std::uint64_t> size_of(const descriptor& fd, const std::string& path) {
  struct stat s {};
  if (::fstat(fd.get(), &s) != 0) return failed("fstat", path);
  return static_cast<std::uint64_t>(s.st_size);
}

class posix_writable final : public writable_file {
 public:
  posix_writable(descriptor fd, std::string path, std::shared_ptr<const posix_disk_options> options)
      : fd_(std::move(fd)), path_(std::move(path)), options_(std::move(options)) {}

  io_result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      auto n = retried_while_short(*options_, "write", path_, [&] {
        return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        if (n == 0) errno = EIO;
        return failed("write", path_, static_cast<std::int64_t>(offset));
      }
      offset += static_cast<std::uint64_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }
  io_result<void> resize(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
      return failed("ftruncate", path_, static_cast<std::int64_t>(size));
    return {};
  }
  io_result<void> sync() override {
    // Not repeated on EINTR or anything else: after a failed fdatasync the kernel may have dropped
    // the dirty pages, and a second one would succeed and prove nothing.
    if (::fdatasync(fd_.get()) != 0) return failed("fdatasync", path_);
    return {};
  }
  io_result<std::uint64_t> size() const override { return size_of(fd_, path_); }
  io_result<void> close() override {
    if (::close(fd_.release()) != 0 && errno != EINTR) return failed("close", path_);
    return {};
  }

 private:
  descriptor fd_;
  std::string path_;
  std::shared_ptr<const posix_disk_options> options_;
};

class posix_readable final : public readable_file {
 public:
  posix_readable(descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  io_result<std::string> read_at(std::uint64_t offset, std::size_t bytes_max) const override {
    auto whole = size();
    if (!whole) return tl::unexpected(std::move(whole.error()));
    std::string out;
    if (offset >= *whole) return out;
    out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, *whole - offset)));
    std::size_t done = 0;
    while (done < out.size()) {
      auto n = ::pread(fd_.get(), out.data() + done, out.size() - done,
                       static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("read", path_, static_cast<std::int64_t>(offset + done));
      if (n == 0) break;  // it was cut meanwhile
      done += static_cast<std::size_t>(n);
    }
    out.resize(done);
    return out;
  }
  io_result<std::uint64_t> size() const override { return size_of(fd_, path_); }
  io_result<std::uint64_t> next_data(std::uint64_t offset) const override {
    auto at = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (at >= 0) return static_cast<std::uint64_t>(at);
    if (errno == ENXIO) return size();
    return offset;  // a file system without holes
  }

 private:
  descriptor fd_;
  std::string path_;
};

class posix_lock final : public file_lock {
 public:
  explicit posix_lock(descriptor fd) : fd_(std::move(fd)) {}

 private:
  descriptor fd_;
};

/// A file that was not there before. One that a crash has left is removed first; anything else in
/// its place, a symbolic link above all, somebody has put there for us to write through.
int open_empty(const std::string& path) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::open(path.c_str(), flags, file_mode);
  if (fd >= 0 || errno != EEXIST) return fd;
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return -1;
  if (!S_ISREG(there.st_mode)) {
    errno = S_ISLNK(there.st_mode) ? ELOOP : EEXIST;
    return -1;
  }
  if (::unlink(path.c_str()) != 0) return -1;
  return ::open(path.c_str(), flags, file_mode);
}

/// The file that a try without a free descriptor has made: Linux finds the descriptor first, gVisor
/// and some network file systems the file. Only an empty one can be that; else EEXIST stands.
int open_left_empty(const std::string& path) {
  descriptor fd{::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (fd.get() < 0) return -1;
  struct stat there {};
  if (::fstat(fd.get(), &there) != 0) return -1;
  if (S_ISREG(there.st_mode) && there.st_size == 0) return fd.release();
  errno = EEXIST;
  return -1;
}

constexpr const char* opening = "open for writing";

tl::unexpected<io_error> not_opened(const std::string& path) {
  auto error = error_of(errno, opening, path);
  if (error.code == ELOOP) error.why = "a symbolic link, which is not written through; remove it";
  return tl::unexpected(std::move(error));
}

}  // namespace

posix_disk::posix_disk(posix_disk_options options)
    : options_(std::make_shared<const posix_disk_options>(std::move(options))) {}

io_result<std::unique_ptr<writable_file>> posix_disk::open_writable(const std::string& path,
                                                                    open_mode mode) {
  bool is_again = false;
  const auto open_it = [&] {
    if (mode == open_mode::create_or_truncate) return open_empty(path);
    const int made = mode == open_mode::create_new ? O_CREAT | O_EXCL | O_NOFOLLOW : 0;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | made, file_mode);
    if (fd < 0 && errno == EEXIST && is_again) return open_left_empty(path);
    is_again = true;
    return fd;
  };
  descriptor fd{retried_while_short(*options_, opening, path, open_it)};
  if (fd.get() < 0) return not_opened(path);
  return std::make_unique<posix_writable>(std::move(fd), path, options_);
}

io_result<std::unique_ptr<readable_file>> posix_disk::open_readable(const std::string& path) {
  descriptor fd{retried_while_short(*options_, "open", path,
                                    [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })};
  if (fd.get() < 0) return failed("open", path);
  return std::make_unique<posix_readable>(std::move(fd), path);
}

io_result<std::vector<directory_entry>> posix_disk::list_directory(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ec;
  fs::directory_iterator it{path, ec};
  std::vector<directory_entry> out;
  for (; !ec && it != fs::directory_iterator{}; it.increment(ec)) {
    directory_entry entry{it->path().filename().string()};
    std::error_code ignored;  // an entry that vanishes meanwhile counts as a file of no bytes
    entry.is_directory = it->is_directory(ignored);
    if (!entry.is_directory) {
      auto size = it->file_size(ignored);
      entry.size = ignored ? 0 : size;
    }
    out.push_back(std::move(entry));
  }
  if (ec) return tl::unexpected(error_of(ec.value(), "list", path));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

io_result<void> posix_disk::rename(const std::string& from, const std::string& to) {
  // Who may read a file does not change when its content does. Where that cannot be kept, as on a
  // file system without modes, the new file has those that files are made with.
  struct stat replaced {};
  if (::stat(to.c_str(), &replaced) == 0 && S_ISREG(replaced.st_mode))
    (void)::chmod(from.c_str(), replaced.st_mode & 0777);
  const auto names = from + " to " + to;
  auto done = retried_while_short(*options_, "rename", names,
                                  [&] { return ::rename(from.c_str(), to.c_str()); });
  if (done != 0) return failed("rename", names);
  return {};
}

io_result<void> posix_disk::remove(const std::string& path) {
  if (retried_while_short(*options_, "remove", path, [&] { return ::unlink(path.c_str()); }) != 0)
    return failed("remove", path);
  return {};
}

io_result<bool> posix_disk::exists(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) == 0) return true;
  if (errno == ENOENT) return false;
  return failed("stat", path);
}

io_result<file_identity> posix_disk::identity(const std::string& path) {
  struct statx s {};
  file_identity out;
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &s) != 0) {
    struct stat plain {};  // a sandbox may not know the other call
    if (::stat(path.c_str(), &plain) != 0) return failed("stat", path);
    out.inode = plain.st_ino;
    return out;
  }
  if ((s.stx_mask & STATX_INO) != 0) out.inode = s.stx_ino;
  if ((s.stx_mask & STATX_BTIME) != 0)
    out.born_ns = s.stx_btime.tv_sec * 1'000'000'000 + s.stx_btime.tv_nsec;
  return out;
}

std::optional<std::uint64_t> posix_disk::free_bytes(const std::string& path) {
  struct statvfs s {};
  if (::statvfs(path.c_str(), &s) != 0) return std::nullopt;
  return std::uint64_t{s.f_bavail} * s.f_frsize;
}

io_result<void> posix_disk::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), directory_mode) == 0) return {};
  const auto code = errno;
  struct stat s {};
  if (code == ENOENT || ::stat(path.c_str(), &s) != 0)
    return tl::unexpected(error_of(code, "create directory", path));
  if (S_ISDIR(s.st_mode)) return {};  // whatever mkdir says of it: of one that is mounted, EROFS
  errno = code == EEXIST ? ENOTDIR : code;
  return failed("create directory", path);
}

io_result<void> posix_disk::sync_directory(const std::string& path) {
  constexpr auto operation = "open directory";
  descriptor fd{retried_while_short(*options_, operation, path, [&] {
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  })};
  if (fd.get() < 0) return failed(operation, path);
  if (::fsync(fd.get()) != 0) return failed("fsync directory", path);
  return {};
}

io_result<std::unique_ptr<file_lock>> posix_disk::lock_file(const std::string& path) {
  descriptor fd{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, file_mode)};
  if (fd.get() < 0) return not_opened(path);
  char holder[32] = {};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    io_error error{"lock", path, errno};
    auto n = errno == EWOULDBLOCK ? ::pread(fd.get(), holder, sizeof holder - 1, 0) : 0;
    std::string_view pid{holder, n > 0 ? static_cast<std::size_t>(n) : 0};
    while (!pid.empty() && pid.back() == '\n') pid.remove_suffix(1);
    if (error.code == EWOULDBLOCK)
      error.why = pid.empty() ? "held by another process"
                              : "held by the process with id " + std::string{pid};
    return tl::unexpected(std::move(error));
  }
  auto me = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), me.data(), me.size(), 0) != static_cast<ssize_t>(me.size()))
    return failed("write lock file", path);
  return std::make_unique<posix_lock>(std::move(fd));
}

std::optional<std::string> posix_disk::process_command(std::int64_t pid) {
  auto path = "/proc/" + std::to_string(pid) + "/cmdline";
  descriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.get() < 0) return std::nullopt;
  std::string out;
  char block[4096];
  ssize_t n = 0;
  while ((n = ::read(fd.get(), block, sizeof block)) > 0)
    out.append(block, static_cast<std::size_t>(n));
  while (!out.empty() && out.back() == '\0') out.pop_back();
  std::replace(out.begin(), out.end(), '\0', ' ');
  return out;
}

}  // namespace troupe::storage
