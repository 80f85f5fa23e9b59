// SPDX-License-Identifier: Apache-2.0
#include "config/java_flags.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "config/keys.hpp"
#include "config/properties.hpp"

namespace troupe::config {
namespace {

/// A part of a variable's value: what it says, and who said it.
struct piece {
  std::string text;
  std::string where;
  bool is_known = true;  // false: only a shell could tell what stands here
};
using shell_value = std::vector<piece>;

constexpr std::string_view line_flags = "SERVER_JVMFLAGS", all_flags = "JVMFLAGS";

bool is_flags(std::string_view name) { return name == line_flags || name == all_flags; }

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string text_of(const shell_value& value) {
  std::string out;
  for (const auto& x : value) out += x.text;
  return out;
}

/// One shell file, read command by command.
class shell_reader {
 public:
  shell_reader(const shell_file& file, std::map<std::string, shell_value>& variables,
               std::vector<std::string>& warnings)
      : text_(file.text), path_(file.path), variables_(variables), warnings_(warnings) {}

  void read() {
    while (at_ < text_.size() && !is_stopped_) command();
  }

 private:
  struct word {
    shell_value value;
    std::string raw;  // as written, for keywords and names
    int line = 1;
  };

  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }
  [[nodiscard]] std::string where() const { return path_ + ":" + std::to_string(line_); }

  void skip_blanks() {
    while (is_blank(here()) || (here() == '\\' && next() == '\n')) {
      if (take() == '\\') take();
    }
  }

  /// Whether a command ends here. `&&` and `||` make the next one depend on this one.
  [[nodiscard]] bool ends_command() const {
    const char c = here();
    return c == '\0' || c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')';
  }

  void command() {
    skip_blanks();
    if (here() == '#')
      while (at_ < text_.size() && here() != '\n') take();
    if (ends_command()) {
      if (at_ < text_.size()) end_command();
      return;
    }
    std::vector<word> words;
    while (!ends_command()) {
      if (here() == '<' && next() == '<') return give_up("a here-document");
      words.push_back(read_word());
      skip_blanks();
      if (here() == '#' && is_blank(text_[at_ - 1])) break;
    }
    perform(words);
  }

  void end_command() {
    const char c = take();
    const bool joins = (c == '&' || c == '|') && here() == c;
    if (joins) take();
    depends_on_last_ = joins;
  }

  word read_word() {
    word out;
    out.line = line_;
    const auto begin = at_;
    while (!ends_command() && !is_blank(here())) {
      if (here() == '\'') {
        take();
        while (at_ < text_.size() && here() != '\'') add(out, take());
        if (at_ < text_.size()) take();
      } else if (here() == '"') {
        take();
        while (at_ < text_.size() && here() != '"') part(out, true);
        if (at_ < text_.size()) take();
      } else {
        part(out, false);
      }
    }
    out.raw = std::string{text_.substr(begin, at_ - begin)};
    return out;
  }

  void add(word& to, char c) {
    auto& value = to.value;
    const auto from = where();
    if (value.empty() || value.back().where != from || !value.back().is_known)
      value.push_back({{}, from, true});
    value.back().text.push_back(c);
  }

  void part(word& to, bool quoted) {
    if (here() == '\\' && at_ + 1 < text_.size()) {
      take();
      if (here() == '\n') {
        take();
      } else {
        if (quoted && std::string_view{"$`\"\\"}.find(here()) == std::string_view::npos)
          add(to, '\\');
        add(to, take());
      }
    } else if (here() == '`') {
      take();
      skip_until('`');
      to.value.push_back({{}, where(), false});
    } else if (here() == '$') {
      expand(to);
    } else {
      add(to, take());
    }
  }

  void skip_until(char end) {
    while (at_ < text_.size() && here() != end) {
      if (take() == '\\' && at_ < text_.size()) take();
    }
    if (at_ < text_.size()) take();
  }

  void expand(word& to) {
    take();
    if (here() == '(') {
      int depth = 0;
      do {
        const char c = take();
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      } while (depth > 0 && at_ < text_.size());
      to.value.push_back({{}, where(), false});
      return;
    }
    const bool braced = here() == '{';
    if (braced) take();
    std::string name;
    while (is_name_char(here())) name.push_back(take());
    std::string rest;
    if (braced) {
      while (at_ < text_.size() && here() != '}') rest.push_back(take());
      if (at_ < text_.size()) take();
    }
    if (name.empty()) {
      if (braced || !rest.empty())
        to.value.push_back({{}, where(), false});
      else
        add(to, '$');
      return;
    }
    const auto known = variables_.find(name);
    const bool is_set = known != variables_.end() && !text_of(known->second).empty();
    const bool has_default = rest.starts_with(":-") || rest.starts_with("-");
    if (is_set && (rest.empty() || has_default)) {
      to.value.insert(to.value.end(), known->second.begin(), known->second.end());
    } else if (has_default && rest.find_first_of("$`") == std::string::npos) {
      for (char c : rest.substr(rest.find('-') + 1)) add(to, c);
    } else if (!rest.empty() || known != variables_.end()) {
      // An empty one is known to be empty; of another only a shell knows.
      if (!rest.empty() || !known->second.empty()) to.value.push_back({{}, where(), false});
    }
  }

  void perform(const std::vector<word>& words) {
    std::size_t i = 0;
    const auto& first = words.front().raw;
    for (auto keyword : {"then", "else", "do", "elif"})
      if (first == keyword && words.size() > 1) return perform({words.begin() + 1, words.end()});
    for (auto opens : {"if", "case", "for", "while", "until", "select", "{"})
      if (first == opens) ++depth_;
    for (auto closes : {"fi", "esac", "done", "}"})
      if (first == closes && depth_ > 0) --depth_;
    for (auto prefix : {"export", "declare", "typeset", "readonly", "local"})
      if (first == prefix) i = 1;
    const bool declares = i == 1;
    // NAME=value before a command is for that command alone.
    if (!declares && std::ranges::any_of(words, [](const word& x) { return !is_assignment(x); }))
      return;
    for (; i < words.size(); ++i)
      if (is_assignment(words[i])) assign(words[i]);
  }

  static std::size_t name_length(std::string_view raw) {
    std::size_t n = 0;
    while (n < raw.size() && is_name_char(raw[n])) ++n;
    return n;
  }
  static bool is_assignment(const word& x) {
    const auto n = name_length(x.raw);
    const auto behind = std::string_view{x.raw}.substr(n);
    return n > 0 && (behind.starts_with('=') || behind.starts_with("+="));
  }

  void assign(const word& x) {
    const auto n = name_length(x.raw);
    const auto name = x.raw.substr(0, n);
    const bool appends = x.raw[n] == '+';
    if (depth_ > 0 || depends_on_last_) {
      if (is_flags(name) && x.raw.find("-D") != std::string::npos)
        warn(x.line, name, "it depends on a condition");
      if (!is_flags(name)) variables_[name] = {{{}, where(), false}};
      return;
    }
    auto value = x.value;
    auto behind_name =
        n + (appends ? 2 : 1);  // the name and its sign are the value's first letters
    while (behind_name > 0 && !value.empty()) {
      const auto cut = std::min(behind_name, value.front().text.size());
      value.front().text.erase(0, cut);
      behind_name -= cut;
      if (value.front().text.empty() && value.front().is_known) value.erase(value.begin());
    }
    if (is_flags(name) && std::ranges::any_of(value, [](const piece& p) { return !p.is_known; }))
      warn(x.line, name, "a part of it is what a command or an unknown variable gives; that part");
    auto& to = variables_[name];
    if (!appends) to.clear();
    to.insert(to.end(), value.begin(), value.end());
  }

  void warn(int line, const std::string& name, const std::string& why) {
    warnings_.push_back(path_ + ":" + std::to_string(line) + ": " + name + ": " + why +
                        (why.ends_with("that part") ? " is not read" : ", so it is not read") +
                        ", as a shell file is not executed; accepted: plain words, or the keys in "
                        "zoo.cfg");
  }

  void give_up(const std::string& what) {
    is_stopped_ = true;
    warnings_.push_back(where() + ": " + what + ": not read from here on, as a shell file is not " +
                        "executed; accepted: plain words, or the keys in zoo.cfg");
  }

  std::string_view text_;
  std::string path_;
  std::map<std::string, shell_value>& variables_;
  std::vector<std::string>& warnings_;
  std::size_t at_ = 0;
  int line_ = 1;
  int depth_ = 0;                 // of what a shell would do under a condition, or when called
  bool depends_on_last_ = false;  // behind && or ||
  bool is_stopped_ = false;
};

/// The words a shell makes of an unquoted variable: quotes in it are letters.
std::vector<piece> words_of(const shell_value& value) {
  std::vector<piece> out;
  bool begun = false;
  for (const auto& x : value) {
    if (!x.is_known && begun) out.back().is_known = false;
    if (!x.is_known && !begun) {
      out.push_back({{}, x.where, false});
      begun = true;
    }
    for (char c : x.text) {
      if (is_blank(c) || c == '\n') {
        begun = false;
        continue;
      }
      if (!begun) out.push_back({{}, x.where, true});
      begun = true;
      out.back().text.push_back(c);
    }
  }
  std::erase_if(out, [](const piece& p) { return !p.is_known; });
  return out;
}

/// What Java itself knows, or ZooKeeper reads without its prefix.
constexpr std::array<std::string_view, 10> plain_properties = {
    "jute.maxbuffer",
    "jute.maxbuffer.extrasize",
    "readonlymode.enabled",
    "znode.container.checkIntervalMs",
    "znode.container.maxPerMinute",
    "znode.container.maxNeverUsedIntervalMs",
    "java.security.auth.login.config",
    "fsync.warningthresholdms",
    "leader.nodelay",
    "follower.nodelay",
};

/// What is no Java property: QuorumPeerConfig reads it from the file.
constexpr std::array<std::string_view, 41> only_in_the_file = {
    "dataDir",
    "dataLogDir",
    "clientPort",
    "localSessionsEnabled",
    "localSessionsUpgradingEnabled",
    "clientPortAddress",
    "secureClientPort",
    "secureClientPortAddress",
    "observerMasterPort",
    "clientPortListenBacklog",
    "tickTime",
    "maxClientCnxns",
    "minSessionTimeout",
    "maxSessionTimeout",
    "initLimit",
    "syncLimit",
    "connectToLearnerMasterLimit",
    "electionAlg",
    "quorumListenOnAllIPs",
    "peerType",
    "syncEnabled",
    "dynamicConfigFile",
    "autopurge.snapRetainCount",
    "autopurge.purgeInterval",
    "standaloneEnabled",
    "reconfigEnabled",
    "sslQuorum",
    "portUnification",
    "sslQuorumReloadCertFiles",
    "quorum.auth.enableSasl",
    "quorum.auth.serverRequireSasl",
    "quorum.auth.learnerRequireSasl",
    "quorum.auth.learner.saslLoginContext",
    "quorum.auth.server.saslLoginContext",
    "quorum.auth.kerberos.servicePrincipal",
    "quorum.cnxn.threads.size",
    "metricsProvider.className",
    "oraclePath",
    "jvm.pause.monitor",
    "jvm.pause.info-threshold.ms",
    "jvm.pause.warn-threshold.ms",
};

}  // namespace

java_flags read_java_flags(const environment& from, const std::vector<shell_file>& files) {
  java_flags out;
  std::map<std::string, shell_value> variables;
  for (const auto& [name, value] : from)
    variables[name] = {{value, "the environment's " + name, true}};
  for (const auto& file : files) {
    const shell_file plain{file.path, without_byte_order_mark(file.text)};
    shell_reader{plain, variables, out.warnings}.read();
  }
  for (auto name : {line_flags, all_flags}) {
    for (const auto& word : words_of(variables[std::string{name}])) {
      if (!word.text.starts_with("-D")) continue;
      const auto equals = std::min(word.text.find('='), word.text.size());
      java_flag flag{word.text.substr(2, equals - 2),
                     equals < word.text.size() ? word.text.substr(equals + 1) : std::string{},
                     word.where};
      std::erase_if(out.flags, [&](const auto& x) { return x.property == flag.property; });
      out.flags.push_back(std::move(flag));
    }
  }
  return out;
}

std::string key_of_property(std::string_view property) {
  constexpr std::string_view prefix = "zookeeper.";
  if (std::ranges::find(plain_properties, property) != plain_properties.end())
    return std::string{property};
  if (!property.starts_with(prefix)) return {};
  const auto key = property.substr(prefix.size());
  const bool is_member = find_key(key) != nullptr && find_key(key)->name.ends_with(".N");
  const bool from_file_alone =
      is_member || std::ranges::find(only_in_the_file, key) != only_in_the_file.end();
  return from_file_alone ? std::string{} : std::string{key};
}

}  // namespace troupe::config
