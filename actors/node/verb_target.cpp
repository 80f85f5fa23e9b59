// SPDX-License-Identifier: Apache-2.0
#include "actors/node/verb_target.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "config/glimpse.hpp"

namespace troupe {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& given) {
  std::error_code failed;
  auto path = fs::absolute(given, failed).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).string();
}

/// A directory without a zoo.cfg in which a server is, was, or is to be.
bool is_data_directory(const std::string& path) {
  std::error_code failed;
  if (!fs::is_directory(path, failed) || fs::exists(path + "/zoo.cfg", failed)) return false;
  for (const char* sign : {"version-2", "zookeeper_server.pid", "actor-node.running", "myid"})
    if (fs::exists(path + "/" + sign, failed)) return true;
  return false;
}

std::string not_to_be_looked_at(const storage::io_error& why) {
  return why.path + ": " + std::strerror(why.code) +
         "; whether a server runs there cannot be told to this user";
}

/// Without a zoo.cfg everything comes from what the server says of itself.
tl::expected<verb_target, std::string> in_directory(const std::string& data_dir) {
  verb_target out;
  out.data_dir = data_dir;
  auto running = storage::find_running(data_dir);
  if (!running) return tl::unexpected(not_to_be_looked_at(running.error()));
  out.running = *std::move(running);
  return out;
}

void look_into_config(verb_target& out, const std::vector<config::setting>& settings) {
  if (auto from = config::load(out.config_path, settings)) {
    out.data_dir = from->value.data_dir;
    out.client_host = reachable_host(from->value.client_address);
    out.client_port = from->value.client_port;
    out.config = *std::move(from);
    return;
  } else {
    out.config_problem = std::move(from.error());
  }
  std::ifstream in{out.config_path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto seen = config::glimpse_of(text, settings);
  out.data_dir = seen.data_dir;
  out.client_host = reachable_host(seen.client_address);
  out.client_port = seen.client_port;
}

}  // namespace

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
  const bool anywhere = client_address == "0.0.0.0" || client_address == "::";
  return anywhere || client_address.empty() ? "localhost" : client_address;
}

tl::expected<verb_target, std::string> find_target(const std::string& given,
                                                   const std::vector<config::setting>& settings) {
  verb_target out;
  std::error_code failed;
  const bool is_default_elsewhere = given == "zoo.cfg" && !fs::exists(given, failed);
  if (const auto path = absolute(is_default_elsewhere ? "." : given); is_data_directory(path)) {
    auto found = in_directory(path);
    if (!found) return found;
    out = *std::move(found);
  } else {
    out.config_path = found_config(given);
    look_into_config(out, settings);
    if (!out.data_dir.empty()) {
      auto running = storage::find_running(out.data_dir);
      if (!running) return tl::unexpected(not_to_be_looked_at(running.error()));
      const auto& note = *running ? (*running)->note : std::nullopt;
      const bool is_ours = !note || note->config_file.empty() ||
                           storage::is_same_file(note->config_file, out.config_path);
      (is_ours ? out.running : out.stranger) = *std::move(running);
    }
    if (!out.running) {
      auto elsewhere = storage::servers_of_config(out.config_path);
      if (!elsewhere.empty()) {
        out.running = std::move(elsewhere.front());
        out.stranger.reset();  // has nothing to do with this zoo.cfg's server
      }
    }
    if (!out.running && !out.stranger && out.data_dir.empty())
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
