// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/shell.hpp"

#include <algorithm>
#include <array>
#include <ostream>

#include "tools/cli/completion.hpp"
#include "tools/cli/diagnosis.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {
namespace {

constexpr std::size_t history_shown = 11;
constexpr int look_limit_ms = 1'000;

/// Those the shell performs itself.
struct own_command {
  std::string_view name;
  std::string_view form;
};
constexpr std::array own_commands{
    own_command{"close", ""},   own_command{"connect", "host:port"},
    own_command{"exit", ""},    own_command{"help", "[command]"},
    own_command{"history", ""}, own_command{"printwatches", "on|off"},
    own_command{"quit", ""},    own_command{"redo", "cmdno"},
};

bool is_own(std::string_view name) {
  return std::ranges::find(own_commands, name, &own_command::name) != own_commands.end();
}

/// Every command's name and form, by name.
std::vector<std::pair<std::string, std::string>> forms() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& x : commands()) out.emplace_back(x.name, x.form);
  for (const auto& x : own_commands) out.emplace_back(x.name, x.form);
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::string usage() {
  std::string out =
      "actor-cli -server host:port[,host:port...][/chroot] -timeout ms -r -waitforconnection "
      "-verbose cmd args\n";
  for (const auto& [name, form] : forms()) out += "\t" + name + " " + form + "\n";
  return out;
}

shell::shell(client_options options, event_queue& events, console& io)
    : options_(std::move(options)), events_(events), io_(io) {
  io_.settle = [this] {
    if (link_) link_->settle();
  };
}

std::string shell::connect(const std::string& hosts, bool wait) {
  close();
  options_.hosts = hosts;
  auto opened = session::open(options_, events_);
  if (!opened) return opened.error();
  link_ = std::move(*opened);
  if (!wait || link_->zk().wait_connected(options_.timeout_ms)) return {};
  link_.reset();
  auto why = cause_text(look_at_servers(hosts, look_limit_ms), options_.read_only);
  return "no server of " + hosts + " has answered within " + std::to_string(options_.timeout_ms) +
         " ms" + (why.empty() ? "" : ": " + why);
}

void shell::close() {
  if (!link_) return;
  const bool was_alive = link_->zk().is_alive();
  link_.reset();
  if (was_alive) events_.push({"Closed", "None"});
}

bool shell::run_line(const std::string& line) {
  const auto words = split_words(line);
  if (words.empty()) return true;
  history_.push_back(line);
  run(words);
  return !quits_;
}

void shell::run(const std::vector<std::string>& words) {
  const auto done = perform(words);
  // quit ends with the code of the command before it.
  if (!quits_) exit_code_ = done ? exit_code::done : done.error().code;
  if (!done && !done.error().text.empty())
    io_.err() << done.error().text << explain(done.error().why) << "\n";
  io_.flush();
}

std::string shell::explain(error_code why) {
  if (is_loss(why)) return ": " + explain_loss();
  switch (why) {
    case error_code::session_expired:
      return ": the session is over, and its ephemeral znodes are gone; `connect` begins a new one";
    case error_code::auth_failed:
      return ": the server refuses this identity (its scheme, or what was shown), which ends the "
             "session";
    case error_code::not_read_only:
      return ": the server has no quorum, so it serves reads only";
    case error_code::session_closed_require_sasl_auth:
      return ": the server wants its clients to log in by SASL, which this shell cannot";
    case error_code::unimplemented:
      return ": this server does not have that operation, or it is not enabled there";
    default:
      return {};
  }
}

std::string shell::explain_loss() {
  if (!link_) return "not connected";
  const auto& zk = link_->zk();
  std::string out;
  if (zk.was_connected()) {
    out = "the connection was lost before the answer came; it may have been done or not";
    if (zk.is_connected()) return out;
    out += ". ";
  }
  const auto why = cause_text(look_at_servers(options_.hosts, look_limit_ms), options_.read_only);
  return out + (why.empty() ? "the servers serve by now; try again" : why);
}

outcome shell::perform(const std::vector<std::string>& words) {
  const auto& name = words.front();
  if (is_own(name)) return perform_own(words);
  const auto* found = find_command(name);
  if (found == nullptr) {
    io_.err() << usage();
    return tl::unexpected(failure{"Command not found: " + name, exit_code::no_such_command});
  }
  if (!link_ || !link_->zk().is_alive()) {
    io_.out() << "Not connected\n";
    if (link_)
      io_.err() << "the session is over (" << link_->zk().state_name()
                << "); `connect` begins a new one\n";
    return {};
  }
  auto given = parse_words(words, found->options);
  if (!given) return fail(given.error());
  if (given->words.size() < found->words_min) return fail(usage_of(*found));
  context to{*link_, io_};
  return found->run(to, *given);
}

outcome shell::perform_own(const std::vector<std::string>& words) {
  const auto& name = words.front();
  if (name == "quit" || name == "exit") {
    quits_ = true;
  } else if (name == "redo") {
    return redo(words);
  } else if (name == "help") {
    return help(words);
  } else if (name == "history") {
    print_history();
  } else if (name == "printwatches") {
    if (words.size() == 1)
      io_.out() << "printwatches is " << (io_.print_watches ? "on" : "off") << "\n";
    else
      io_.print_watches = words[1] == "on";
  } else if (name == "connect") {
    auto problem = connect(words.size() > 1 ? words[1] : options_.hosts, false);
    if (!problem.empty()) return fail(problem);
  } else if (link_) {
    close();
  } else {
    io_.out() << "Not connected\n";
  }
  return {};
}

void shell::print_history() {
  const auto first = history_.size() > history_shown ? history_.size() - history_shown : 0;
  for (auto i = first; i < history_.size(); ++i) io_.out() << i << " - " << history_[i] << "\n";
}

outcome shell::redo(const std::vector<std::string>& words) {
  if (words.size() < 2) return {};
  const auto number = parse_number<std::int32_t>(words[1]);
  // A redo in the history stands there as what it redid; this one is the last.
  const auto count = history_.empty() ? 0 : history_.size() - 1;
  if (!number || *number < 0 || static_cast<std::size_t>(*number) >= count)
    return fail("Command index out of range");
  const auto line = history_[static_cast<std::size_t>(*number)];
  const auto again = split_words(line);
  if (again.front() == "redo") return fail("No redoing redos");
  history_.back() = line;
  return perform(again);
}

outcome shell::help(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    io_.out() << usage();
    return {};
  }
  for (const auto& [name, form] : forms())
    if (name == words[1]) {
      io_.out() << name << " " << form << "\n";
      return {};
    }
  return tl::unexpected(failure{"Command not found: " + words[1], exit_code::no_such_command});
}

std::string shell::prompt() const {
  const auto state = link_ ? link_->zk().state_name() : "CLOSED";
  return "[zk: " + options_.hosts + "(" + state + ") " + std::to_string(history_.size()) + "] ";
}

std::vector<std::string> shell::complete(std::string_view line) {
  std::vector<known_command> known;
  for (const auto& x : own_commands) known.push_back({x.name, {}});
  for (const auto& x : commands()) {
    known.push_back({x.name, {}});
    for (const auto& o : x.options.options)
      known.back().options.push_back("-" + std::string{o.name});
  }
  return cli::complete(line, known, [this](const std::string& path) -> std::vector<std::string> {
    // Not before the connection stands: a key must not wait for it.
    if (!link_ || !link_->zk().state_name().starts_with("CONNECTED") || path_fault(path)) return {};
    auto found = link_->zk().children(path, false);
    return found ? found->names : std::vector<std::string>{};
  });
}

}  // namespace troupe::cli
