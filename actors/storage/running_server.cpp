// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/running_server.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* pid_name = "zookeeper_server.pid";
constexpr const char* note_name = "actor-node.running";
constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr const char* looking = "look who runs in";

/// An errno, or the first bytes of the file.
tl::expected<std::string, int> content_of(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::unexpected(errno);
  std::string out(file_bytes_max, '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const auto n = ::read(fd, out.data() + done, out.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int why = errno;
      ::close(fd);
      return tl::unexpected(why);
    }
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  ::close(fd);
  out.resize(done);
  return out;
}

std::string about(pid_t pid, const char* what) {
  return content_of("/proc/" + std::to_string(pid) + "/" + what).value_or("");
}

std::string present_boot() {
  auto id = content_of("/proc/sys/kernel/random/boot_id").value_or("");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

template <class Number>
Number number_in(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// What stands in /proc/PID/stat behind the command, which may itself hold blanks and brackets.
std::string stat_behind_command(pid_t pid) {
  const auto stat = about(pid, "stat");
  const auto bracket = stat.rfind(") ");
  return bracket == std::string::npos ? std::string{} : stat.substr(bracket + 2);
}

/// Device and number of a directory, which a copy of it does not share.
std::string identity_of(const std::string& directory) {
  struct ::stat s {};
  if (::stat(directory.c_str(), &s) != 0) return {};
  return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino);
}

bool is_alive(const process_id& process) { return process_of(process.pid) == process; }

/// Whether somebody holds the lock that a server of ours takes on its pid file.
tl::expected<bool, int> is_locked(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::unexpected(errno);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool asked = ::fcntl(fd, F_OFD_GETLK, &lock) == 0;
  ::close(fd);
  return asked && lock.l_type != F_UNLCK;
}

bool is_program_of_ours(pid_t pid) {
  const auto command = about(pid, "cmdline");
  return command.find("actor-node") != std::string::npos ||
         command.find("actor-cluster") != std::string::npos;
}

/// Line ends would end the value; a path may have them.
std::string escaped(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
}

std::string unescaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size())
      out += value[++i] == 'n' ? '\n' : value[i];
    else
      out += value[i];
  }
  return out;
}

tl::unexpected<io_error> cannot_look(const std::string& path, int code) {
  return tl::unexpected(io_error{looking, path, code});
}

struct held_note {
  std::string directory;  // as the kernel names it
  server_note note;
};

/// The notes that a process has open. Its number in them is that of its own container.
std::vector<held_note> notes_held_by(pid_t pid, const process_id& process) {
  constexpr std::string_view removed = " (deleted)";
  std::vector<held_note> out;
  std::error_code failed;
  const auto fds = fs::path{"/proc"} / std::to_string(pid) / "fd";
  for (fs::directory_iterator at{fds, failed}, end; !failed && at != end; at.increment(failed)) {
    std::error_code gone;
    auto target = fs::read_symlink(at->path(), gone).string();
    if (gone) continue;
    if (target.ends_with(removed)) target.resize(target.size() - removed.size());
    if (!target.ends_with(std::string{"/"} + note_name)) continue;
    auto note = parse_note(content_of(at->path()).value_or(""));
    if (!note || note->process.began_ticks != process.began_ticks ||
        note->process.boot != process.boot)
      continue;  // somebody who reads it
    out.push_back({target.substr(0, target.rfind('/')), *std::move(note)});
  }
  return out;
}

/// Calls `what` with each server of ours whose process may be looked into.
template <class What>
void for_each_server(What what) {
  std::error_code failed;
  for (fs::directory_iterator at{"/proc", failed}, end; !failed && at != end;
       at.increment(failed)) {
    const auto pid = number_in<pid_t>(at->path().filename().string());
    const auto process = pid > 0 ? process_of(pid) : std::nullopt;
    if (!process) continue;
    for (auto& x : notes_held_by(pid, *process)) {
      running_server found;
      found.data_dir = std::move(x.directory);
      found.pid = pid;
      found.began_ticks = process->began_ticks;
      found.note = std::move(x.note);
      found.note->process = *process;
      what(std::move(found));
    }
  }
}

}  // namespace

std::string running_server::text() const {
  auto who = pid > 0 ? "process " + std::to_string(pid) : std::string{"a process elsewhere"};
  if (is == kind::zookeeper) return who + ", a genuine ZooKeeper";
  who += ", an actor-node";
  return note && !note->config_file.empty() ? who + " started from " + note->config_file : who;
}

bool running_server::is_there() const {
  const auto now = process_of(pid);
  return now && now->began_ticks == began_ticks;
}

std::string pid_path(const std::string& data_dir) { return data_dir + "/" + pid_name; }

io_result<std::optional<running_server>> find_running(const std::string& data_dir) {
  const auto none = std::optional<running_server>{};
  running_server found;
  found.data_dir = data_dir;
  const auto note_path = data_dir + "/" + note_name;
  auto text = content_of(note_path);
  if (!text && text.error() == EACCES) return cannot_look(note_path, EACCES);
  auto note = parse_note(text.value_or(""));
  if (note && note->directory == identity_of(data_dir) && is_alive(note->process)) {
    found.pid = note->process.pid;
    found.began_ticks = note->process.began_ticks;
    found.note = std::move(note);
    return found;
  }
  const auto path = pid_path(data_dir);
  auto locked = is_locked(path);
  if (!locked && (locked.error() == ENOENT || locked.error() == ENOTDIR)) return none;
  if (!locked) return cannot_look(path, locked.error());
  const auto pid = number_in<pid_t>(content_of(path).value_or(""));
  if (*locked) {
    const auto process = process_of(pid);
    if (process && is_program_of_ours(pid)) {
      found.pid = pid;
      found.began_ticks = process->began_ticks;
      return found;
    }
    // The number is of another container; its process may be seen from here under its own.
    for_each_server([&](running_server x) {
      if (x.note->directory == identity_of(data_dir)) found = std::move(x);
    });
    found.data_dir = data_dir;
    return found;
  }
  if (pid <= 0 || about(pid, "cmdline").find("org.apache.zookeeper") == std::string::npos)
    return none;
  const auto process = process_of(pid);
  if (!process) return none;
  found.is = running_server::kind::zookeeper;
  found.pid = pid;
  found.began_ticks = process->began_ticks;
  return found;
}

std::optional<running_server> running_in(const std::string& data_dir) {
  return find_running(data_dir).value_or(std::nullopt);
}

std::vector<running_server> servers_of_config(const std::string& config_file) {
  std::vector<running_server> out;
  for_each_server([&](running_server x) {
    const bool is_known = std::ranges::any_of(out, [&](const auto& y) { return y.pid == x.pid; });
    if (!is_known && x.note->is_placed_by_config && is_same_file(x.note->config_file, config_file))
      out.push_back(std::move(x));
  });
  return out;
}

bool is_same_file(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  const auto plain = [](const std::string& x) { return fs::path{x}.lexically_normal(); };
  if (plain(a) == plain(b)) return true;
  std::error_code failed;
  if (fs::equivalent(a, b, failed) && !failed) return true;
  const auto real_a = fs::weakly_canonical(a, failed);
  if (failed) return false;
  const auto real_b = fs::weakly_canonical(b, failed);
  return !failed && real_a == real_b;
}

std::optional<process_id> process_of(pid_t pid) {
  constexpr int fields_between = 19;  // from the state, which is the third, to the start time
  auto fields = stat_behind_command(pid);
  if (pid <= 0 || fields.empty() || fields.front() == 'Z' || fields.front() == 'X')
    return std::nullopt;
  std::string_view rest = fields;
  for (int i = 0; i < fields_between; ++i) {
    const auto blank = rest.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(blank + 1);
  }
  return process_id{pid, number_in<std::uint64_t>(rest), present_boot()};
}

char process_state(pid_t pid) {
  const auto fields = stat_behind_command(pid);
  return fields.empty() ? '\0' : fields.front();
}

std::string blocked_reason(pid_t pid) {
  switch (process_state(pid)) {
    case 'T':
      return "it is paused (SIGSTOP); kill -CONT " + std::to_string(pid) + " lets it go on";
    case 't':
      return "a debugger holds it";
    case 'D':
      return "it waits for a disk that does not answer";
    default:
      return {};
  }
}

std::int64_t age_ms(const process_id& process) {
  const auto up = content_of("/proc/uptime").value_or("");
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto age_s =
      std::strtod(up.c_str(), nullptr) - static_cast<double>(process.began_ticks) / per_second;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(age_s * 1000));
}

std::string owner_of(pid_t pid) {
  struct ::stat s {};
  if (::stat(("/proc/" + std::to_string(pid)).c_str(), &s) != 0) return "?";
  const auto* user = ::getpwuid(s.st_uid);
  return user != nullptr ? user->pw_name : std::to_string(s.st_uid);
}

std::string to_text(const server_note& note) {
  std::string out;
  const auto put = [&out](const char* name, std::string_view value) {
    out.append(name).append("=").append(escaped(value)).append("\n");
  };
  put("pid", std::to_string(note.process.pid));
  put("began_ticks", std::to_string(note.process.began_ticks));
  put("boot", note.process.boot);
  put("directory", note.directory);
  put("config", note.config_file);
  put("placed_by_config", note.is_placed_by_config ? "yes" : "no");
  put("log", note.log_file);
  put("client_host", note.client_host);
  put("client_port", std::to_string(note.client_port));
  return out;
}

std::optional<server_note> parse_note(std::string_view text) {
  server_note out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = line.substr(0, equals), value = line.substr(equals + 1);
    if (name == "pid") out.process.pid = number_in<pid_t>(value);
    if (name == "began_ticks") out.process.began_ticks = number_in<std::uint64_t>(value);
    if (name == "boot") out.process.boot = unescaped(value);
    if (name == "directory") out.directory = unescaped(value);
    if (name == "config") out.config_file = unescaped(value);
    if (name == "placed_by_config") out.is_placed_by_config = value != "no";
    if (name == "log") out.log_file = unescaped(value);
    if (name == "client_host") out.client_host = unescaped(value);
    if (name == "client_port") out.client_port = number_in<std::uint16_t>(value);
  }
  return out.process.pid > 0 ? std::optional{std::move(out)} : std::nullopt;
}

published_note::published_note(std::vector<std::string> directories, server_note note)
    : directories_(std::move(directories)), note_(std::move(note)) {
  std::sort(directories_.begin(), directories_.end());
  directories_.erase(std::unique(directories_.begin(), directories_.end()), directories_.end());
  if (auto me = process_of(::getpid())) note_.process = *std::move(me);
  publish();
}

published_note::~published_note() {
  for (const auto& directory : directories_) ::unlink((directory + "/" + note_name).c_str());
  close_all();
}

void published_note::close_all() {
  for (int fd : std::exchange(open_, {})) ::close(fd);
}

void published_note::listens_at(std::string host, std::uint16_t port) {
  if (problem_.empty() && host == note_.client_host && port == note_.client_port) return;
  note_.client_host = std::move(host);
  note_.client_port = port;
  publish();
}

void published_note::publish() {
  problem_.clear();
  std::vector<int> now;
  for (const auto& directory : directories_)
    if (const int fd = write_into(directory); fd >= 0) now.push_back(fd);
  if (now.empty()) return;  // what it said before is better than nothing
  close_all();
  open_ = std::move(now);
}

/// Readers see the old one or the new one. Not synced: after a crash it means nothing.
int published_note::write_into(const std::string& directory) {
  note_.directory = identity_of(directory);
  const auto text = to_text(note_);
  const auto path = directory + "/" + note_name;
  const auto draft = path + ".tmp";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  const auto size = static_cast<ssize_t>(text.size());
  if (fd >= 0 && ::write(fd, text.data(), text.size()) == size &&
      ::rename(draft.c_str(), path.c_str()) == 0)
    return fd;
  problem_ = path + ": cannot be written: " + std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace troupe::storage
