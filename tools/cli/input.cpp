// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
// readline wants stdio before it.
#include <readline/history.h>
#include <readline/readline.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "messages/printable.hpp"
#include "tools/cli/words.hpp"

namespace troupe::cli {
namespace {

constexpr int history_lines_max = 1000;

enum class woken { by_input, by_interrupt, by_failure };

/// Waits until stdin can be read from, or, unless it is -1, `interrupt_fd`; calls `on_event` for
/// what comes before.
woken wait_readable(int event_fd, int interrupt_fd, const std::function<void()>& on_event) {
  for (;;) {
    pollfd all[] = {{STDIN_FILENO, POLLIN, 0}, {event_fd, POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
    if (::poll(all, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return woken::by_failure;
    }
    if ((all[1].revents & POLLIN) != 0) on_event();
    if ((all[2].revents & POLLIN) != 0) return woken::by_interrupt;
    if (all[0].revents != 0) return woken::by_input;
  }
}

class piped_input final : public input {
 public:
  std::optional<std::string> next(int event_fd, const std::function<void()>& on_event) override {
    for (;;) {
      if (auto end = waiting_.find('\n'); end != std::string::npos) {
        auto line = waiting_.substr(0, end);
        waiting_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      if (wait_readable(event_fd, -1, on_event) == woken::by_failure) return std::nullopt;
      char bytes[65536];
      const auto n = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        // What is behind the last end of a line is a line too.
        if (waiting_.empty()) return std::nullopt;
        return std::exchange(waiting_, {});
      }
      waiting_.append(bytes, static_cast<std::size_t>(n));
    }
  }

 private:
  std::string waiting_;
};

class terminal_input;
terminal_input* the_terminal = nullptr;  // readline's callbacks take no context

class terminal_input final : public input {
 public:
  explicit terminal_input(terminal_options options) : options_(std::move(options)) {
    the_terminal = this;
    rl_readline_name = "actor-cli";
    rl_attempted_completion_function = &terminal_input::on_complete;
    rl_completer_word_break_characters = " \t";
    rl_catch_signals = 0;  // what SIGINT does is ours; the others do as everywhere
    ::using_history();
    if (options_.history_path.empty()) return;
    ::read_history(options_.history_path.c_str());
    ::stifle_history(history_lines_max);
  }

  ~terminal_input() override {
    ::rl_callback_handler_remove();
    the_terminal = nullptr;
  }

  std::optional<std::string> next(int event_fd, const std::function<void()>& on_event) override {
    ended_ = false;
    line_.reset();
    // Whoever has interrupted a command and goes on doing so wants to leave.
    const int during_command = options_.ctrl_c->take();
    armed_ = during_command > 0;
    interrupted_ = during_command > 1;
    if (interrupted_) return std::nullopt;
    ::rl_callback_handler_install(options_.prompt().c_str(), &terminal_input::on_line);
    while (!line_ && !ended_) {
      const auto what = wait_readable(event_fd, options_.ctrl_c->fd(), [&] {
        // The line that is being edited makes room and comes back below, with the prompt as it is
        // then.
        ::rl_clear_visible_line();
        on_event();
        ::rl_set_prompt(options_.prompt().c_str());
        ::rl_forced_update_display();
      });
      if (what == woken::by_failure) break;
      if (what == woken::by_interrupt) {
        if (!clear_line()) break;
        continue;
      }
      armed_ = false;
      ::rl_callback_read_char();
    }
    ::rl_callback_handler_remove();
    if (line_) remember(*line_);
    if (!line_) std::puts("");
    return std::exchange(line_, {});
  }

  bool was_interrupted() const override { return interrupted_; }

 private:
  /// False: it was the second time.
  bool clear_line() {
    interrupted_ = options_.ctrl_c->take() + (armed_ ? 1 : 0) > 1;
    ::rl_callback_sigcleanup();  // of a search, or of an argument that was begun
    rl_point = rl_end;
    ::rl_redisplay();
    std::fputs("^C\n", rl_outstream);
    if (interrupted_) return false;
    if (rl_end == 0) std::fputs("(Ctrl-C again or Ctrl-D quits)\n", rl_outstream);
    armed_ = true;
    ::rl_free_line_state();
    ::rl_replace_line("", 1);
    ::rl_set_prompt(options_.prompt().c_str());
    ::rl_on_new_line();
    ::rl_redisplay();
    return true;
  }

  static void on_line(char* text) {
    auto& self = *the_terminal;
    // Otherwise readline prompts again before the command has run.
    ::rl_callback_handler_remove();
    if (text == nullptr) {
      self.ended_ = true;
      return;
    }
    self.line_ = text;
    std::free(text);  // readline's malloc()
  }

  static char** on_complete(const char*, int, int end) {
    auto& self = *the_terminal;
    rl_attempted_completion_over = 1;  // never file names
    self.candidates_ = self.options_.complete({rl_line_buffer, static_cast<std::size_t>(end)});
    // readline shows them as they are, and would type them.
    std::erase_if(self.candidates_, [](const auto& x) { return !is_printable(x); });
    // A path may go on below; a word is finished.
    const bool path = !self.candidates_.empty() && self.candidates_.front().starts_with('/');
    rl_completion_append_character = path ? '\0' : ' ';
    return ::rl_completion_matches("", &terminal_input::next_candidate);
  }

  /// readline asks until it gets none; it frees what it gets.
  static char* next_candidate(const char*, int state) {
    auto& self = *the_terminal;
    if (state == 0) self.given_ = 0;
    if (self.given_ == self.candidates_.size()) return nullptr;
    return ::strdup(self.candidates_[self.given_++].c_str());
  }

  void remember(const std::string& line) {
    const auto words = split_words(line);
    if (words.empty()) return;
    ::add_history(line.c_str());
    if (options_.history_path.empty() || words.front() == "addauth") return;
    const auto* path = options_.history_path.c_str();
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;  // no reason to disturb anybody
    ::close(fd);
    ::append_history(1, path);
  }

  terminal_options options_;
  std::optional<std::string> line_;
  bool ended_ = false;
  bool armed_ = false;        // an interrupt came, and nothing was typed since
  bool interrupted_ = false;  // twice
  std::vector<std::string> candidates_;
  std::size_t given_ = 0;  // so many of candidates_
};

}  // namespace

std::unique_ptr<input> make_piped_input() { return std::make_unique<piped_input>(); }

std::unique_ptr<input> make_terminal_input(terminal_options options) {
  return std::make_unique<terminal_input>(std::move(options));
}

}  // namespace troupe::cli
