// SPDX-License-Identifier: Apache-2.0
#include "actors/node/verb_target.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "config/files.hpp"
#include "config/host.hpp"
#include "config/partial_config.hpp"

namespace troupe {
namespace {

namespace fs = std::filesystem;

/// A directory without a zoo.cfg in which a server is, was, or is to be.
bool is_data_directory(const std::string& path) {
  std::error_code failed;
  if (!fs::is_directory(path, failed) || fs::exists(path + "/zoo.cfg", failed)) return false;
  for (const char* sign : {"version-2", "zookeeper_server.pid", "actor-node.running", "myid"})
    if (fs::exists(path + "/" + sign, failed)) return true;
  return false;
}

/// Who runs in the data directory, if that may be looked at.
std::optional<storage::running_server> look(verb_target& out) {
  auto running = storage::find_running(out.data_dir);
  if (running) return *std::move(running);
  out.look_problem = running.error().path + ": " + std::strerror(running.error().code) +
                     "; whether a server runs there is not told to this user";
  return std::nullopt;
}

/// The server that the zoo.cfg has started, where it is not to be found by its data directory.
/// Error: they are several.
tl::expected<void, std::string> find_elsewhere(verb_target& out) {
  auto elsewhere = storage::servers_of_config(out.config_path);
  if (elsewhere.empty()) return {};
  if (elsewhere.size() > 1) {
    std::string all;
    for (const auto& x : elsewhere)
      all += "\n  " + x.data_dir + ": process " + std::to_string(x.pid);
    return tl::unexpected(out.config_path +
                          ": several servers that it has started run; name the data directory of "
                          "one instead:" +
                          all);
  }
  out.running = std::move(elsewhere.front());
  out.other_server.reset();  // has nothing to do with this zoo.cfg's server
  return {};
}

void look_into_config(verb_target& out, const std::vector<config::setting>& settings) {
  if (auto from = config::load(out.config_path, settings, process_environment())) {
    out.data_dir = from->value.data_dir;
    out.client_host = reachable_host(from->value.client_address);
    out.client_port = from->value.client_port;
    out.config = *std::move(from);
    return;
  } else {
    out.config_problem = std::move(from.error());
  }
  const auto seen = config::load_partial_config(out.config_path, settings);
  out.data_dir = seen.data_dir;
  out.client_host = reachable_host(seen.client_address);
  out.client_port = seen.client_port;
}

}  // namespace

config::environment process_environment() {
  config::environment out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry{*at};
    if (const auto equals = entry.find('='); equals != std::string_view::npos)
      out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

bool verb_target::has_moved() const {
  return config && running && !storage::is_same_file(config->value.data_dir, running->data_dir);
}

std::string found_config(const std::string& given) {
  std::error_code failed;
  auto path = fs::absolute(given, failed);
  if (!failed && fs::is_directory(path, failed)) path /= "zoo.cfg";
  return path.lexically_normal().string();
}

std::string reachable_host(const std::string& client_address) {
  const bool anywhere = client_address.empty() || config::is_wildcard(client_address);
  return anywhere ? "localhost" : client_address;
}

tl::expected<verb_target, std::string> find_target(const std::string& given,
                                                   const std::vector<config::setting>& settings) {
  verb_target out;
  std::error_code failed;
  const bool is_default_elsewhere = given == "zoo.cfg" && !fs::exists(given, failed);
  if (const auto path = config::absolute_path(is_default_elsewhere ? "." : given);
      is_data_directory(path)) {
    // Without a zoo.cfg everything comes from what the server says of itself.
    out.data_dir = path;
    out.running = look(out);
  } else {
    out.config_path = found_config(given);
    look_into_config(out, settings);
    if (!out.data_dir.empty()) {
      auto running = look(out);
      const auto& note = running ? running->note : std::nullopt;
      const bool is_ours = !note || note->config_file.empty() ||
                           storage::is_same_file(note->config_file, out.config_path);
      (is_ours ? out.running : out.other_server) = std::move(running);
    }
    if (!out.running)
      if (auto found = find_elsewhere(out); !found) return tl::unexpected(found.error());
    if (!out.running && !out.other_server && out.data_dir.empty())
      return tl::unexpected(out.config_problem);
  }
  if (!out.running) return out;
  out.data_dir = out.running->data_dir;
  const auto& note = out.running->note;
  if (note && note->client_port != 0) {
    out.client_host = reachable_host(note->client_host);
    out.client_port = note->client_port;
  }
  return out;
}

}  // namespace troupe
