// SPDX-License-Identifier: Apache-2.0
#include "actors/node/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <vector>

#include "actors/core/edit_distance.hpp"
#include "actors/node/version.hpp"
#include "config/commit_date.hpp"

namespace troupe::program {
namespace {

/// The commands that the help names; a nameless group is not for people.
std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* x : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!x->get_group().empty()) out.push_back(x->get_name());
  return out;
}

void add_options(const CLI::App& of, std::vector<std::string>& out) {
  for (const auto* x : of.get_options()) {
    for (const auto& name : x->get_lnames()) out.push_back("--" + name);
    for (const auto& name : x->get_snames()) out.push_back("-" + name);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& x : words) out += (out.empty() ? "" : ", ") + x;
  return out;
}

/// The command that was given, or the app itself.
const CLI::App& chosen(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : *given.front();
}

std::string about_option(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  add_options(app, known);
  if (&chosen(app) != &app) add_options(chosen(app), known);
  const auto name = word.substr(0, word.find('='));
  const auto meant = core::near_miss(name, known);
  return name + ": no such option" + (meant ? "; did you mean " + *meant + "?" : std::string{});
}

std::string about_command(const CLI::App& app, const std::string& word) {
  const auto known = commands_of(app);
  const auto meant = core::near_miss(word, known);
  return word + ": no such command; " +
         (meant ? "did you mean " + *meant + "?" : "there are " + joined(known));
}

/// CLI11's own words where it names what is wrong; else ours.
std::string reason(const CLI::App& app, const CLI::ParseError& e) {
  const auto unknown = app.remaining(true);
  const bool has_commands = !commands_of(app).empty();
  const bool has_command = &chosen(app) != &app;
  // What is missing may be what an unknown option was meant to be.
  const bool is_about_words = dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr ||
                              dynamic_cast<const CLI::RequiredError*>(&e) != nullptr;
  if (has_commands && !has_command) {
    const auto word = std::ranges::find_if(unknown, [](const auto& x) { return x != "--"; });
    if (word == unknown.end()) {
      if (dynamic_cast<const CLI::RequiredError*>(&e) == nullptr) return e.what();
      return "a command is missing; there are " + joined(commands_of(app));
    }
    return word->starts_with('-') ? about_option(app, *word) : about_command(app, *word);
  }
  if (is_about_words && !unknown.empty()) {
    const auto& word = unknown.front();
    return word.starts_with('-') ? about_option(app, word) : word + ": one argument too many";
  }
  return e.what();
}

}  // namespace

std::string version_line(std::string_view program) {
  return std::string{program} + " of Troupe " + std::string{version} + " (ZooKeeper protocol " +
         std::string{protocol_version} + "), built on " + std::string{config::commit_date()};
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, std::ostream& out,
                         std::ostream& err) {
  app.set_version_flag("--version", version_line(app.get_name()), "Print the version");
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e, out, err);
    const auto& command = chosen(app);
    err << app.get_name() << (&command == &app ? "" : " " + command.get_name()) << ": "
        << reason(app, e) << " (--help explains)\n";
    return usage_error;
  }
}

}  // namespace troupe::program
