// SPDX-License-Identifier: Apache-2.0
#include "actors/node/node.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <caf/io/middleman.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <memory>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/base/io_loop.hpp"
#include "actors/base/process_user.hpp"
#include "actors/base/sasl_conversation.hpp"
#include "actors/core/audit.hpp"
#include "actors/node/heap.hpp"
#include "actors/node/links.hpp"
#include "actors/node/network_settings.hpp"
#include "actors/node/ports.hpp"
#include "actors/node/process_limits.hpp"
#include "actors/node/secret_file.hpp"
#include "actors/node/server.hpp"
#include "actors/storage/data_dir.hpp"
#include "actors/storage/posix_disk.hpp"
#include "actors/storage/running_server.hpp"
#include "actors/trace/audit_log.hpp"
#include "actors/trace/own_files.hpp"
#include "messages/type_ids.hpp"

namespace troupe {
namespace {

/// ZooKeeper's exit codes (ExitCode).
constexpr int exit_config = 2;
constexpr int exit_data_directory = 3;
constexpr int exit_port = 14;
constexpr int exit_actor_died = 1;  // UNEXPECTED_ERROR

/// Messages a trace holds: enough for the last seconds before a fault.
constexpr std::size_t trace_events_max = 100'000;

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// Says once how the start went, to whoever waits for it.
class start_report {
 public:
  explicit start_report(int fd) : fd_(fd) {}
  void ready() {
    say("ready\n");
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// The descriptor stays open: its end tells that the process has cleaned up and gone.
  int failed(const std::string& reason, int code) {
    log::warn("start_failed", {{"reason", reason}});
    std::cerr << reason << std::endl;
    say("failed: " + reason + "\n");
    return code;
  }

 private:
  void say(const std::string& line) {
    if (fd_ < 0) return;
    if (::write(fd_, line.data(), line.size()) < 0) return;  // nobody listens any more
  }
  int fd_;
};

/// The signals that end a server are taken by the main thread alone; blocked before there are
/// threads.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);  // write the trace
  sigaddset(&signals, SIGUSR2);  // from ourselves: listen elsewhere
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

struct system_config : caf::actor_system_config {
  system_config() {
    load<caf::io::middleman, io_loop>();
    troupe::add_message_types(*this);
    settle_network(*this, servers_app_identifier);
  }
};

storage::data_dir_options directory_options(const config::node_config& config) {
  auto owner = config.is_standalone() ? std::nullopt : config.my_id;
  return {config.data_dir, config.data_log_dir, owner, config.snapshot_trust_empty};
}

/// Opens the directory as the journal will, so that a start on a bad one fails at once and with a
/// reason.
std::string check_data_directory(const node_context& context) {
  auto opened = storage::data_dir::open(*context.disk, directory_options(context.config));
  return opened ? std::string{} : opened.error().text();
}

/// A new list of servers is written beside zoo.cfg before the server goes on; better no start than
/// a server that cannot keep who may vote.
std::string check_config_directory(const config::node_config& config) {
  if (!config.reconfig_enabled || config.is_standalone() || config.config_file.empty()) return {};
  const auto directory = config.config_file.substr(0, config.config_file.rfind('/') + 1);
  if (::access(directory.c_str(), W_OK) == 0) return {};
  return directory + ": " + std::strerror(errno) +
         "; reconfigEnabled=true needs a directory of zoo.cfg that this server may write, for the "
         "lists of servers to come";
}

/// Users that nobody could be are worse than none: the mechanism is a plugin of libsasl2's.
std::string check_sasl(const config::node_config& config) {
  if (config.sasl_users.empty()) return {};
  const auto why = sasl_conversation::unavailable();
  return why ? config.jaas_file + ": its users cannot log in: " + *why : std::string{};
}

/// ZooKeeper's way of making session passwords, or ours with a secret that is as it should be.
tl::expected<core::session_passwords, std::string> read_passwords(const std::string& path) {
  if (path.empty()) return core::session_passwords{};
  const auto refuse = [](const std::string& why) {
    return tl::unexpected("session.passwordSecretFile: " + why);
  };
  const auto text = read_secret_file(path);
  if (!text) return refuse(text.error());
  auto passwords = core::session_passwords::parse(*text);
  if (!passwords) return refuse(path + ": " + passwords.error());
  return passwords;
}

void write_trace(const node_context& context, const std::string& path) {
  if (!context.trace) return;
  auto written = context.trace->write_to(path);
  if (written)
    context.log.info("trace_written", {{"path", path}});
  else
    context.log.warn("trace_failed", {{"reason", written.error()}});
}

/// What the actors want of the main thread, which has the time.
struct main_thread_work {
  noted_place moved_to;           // a reconfig has moved the server
  std::atomic<bool> trim{false};  // the heap

  static void signal() { ::kill(::getpid(), SIGUSR2); }
};

/// Waits for the signal that ends the server; SIGUSR1 writes the trace meanwhile, SIGUSR2 tells of
/// main_thread_work.
void wait_for_end(const sigset_t& signals, const node_context& context,
                  const std::string& trace_path, main_thread_work& wanted, ports& listening,
                  storage::published_note& note) {
  for (int got = 0; sigwait(&signals, &got) == 0;) {
    if (got == SIGUSR2) {
      if (const auto to = wanted.moved_to.take()) {
        listening.follow(*to);
        note.listens_at(listening.client_host(), listening.client_port());
      }
      if (wanted.trim.exchange(false)) trim_heap();
    } else if (got == SIGUSR1) {
      write_trace(context, trace_path);
    } else {
      context.log.info("stopping", {{"signal", got}});
      return;
    }
  }
}

std::string audit_path(const config::node_config& config, const std::string& log_path) {
  if (config.audit_file.starts_with('/')) return config.audit_file;
  return log_path.substr(0, log_path.rfind('/') + 1) + config.audit_file;
}

/// Null without an audit log.
tl::expected<log::audit_writer, std::string> open_audit(const config::node_config& config,
                                                        const std::string& log_path) {
  if (!config.audit) return nullptr;
  return log::open_audit_log(audit_path(config, log_path));
}

/// What the server says of itself (ZKAuditProvider).
void audit_own(const node_context& context, std::string operation, core::audit_result result) {
  if (context.audit)
    context.audit(
        {result == core::audit_result::failure,
         core::to_text(
             {.user = process_user().name, .operation = std::move(operation), .result = result})});
}

/// Of this thread alone: Linux keeps a nice value for each. Should it fail, nothing is lost.
void lower_priority() {
  constexpr int niceness = 10;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

/// A call waits so long for a descriptor or for memory before it fails: the journal's clients take
/// it for a slow disk until then.
constexpr std::int32_t shortage_ms_max = 5'000;

std::shared_ptr<storage::disk> make_disk(const log::logger& log) {
  return std::make_shared<storage::posix_disk>(
      storage::posix_disk_options{shortage_ms_max, [log](const storage::io_error& why) {
                                    log.warn("disk_call_waits", {{"reason", why.text()}});
                                  }});
}

/// How much this process may have of what is not its own.
struct allowances {
  open_files_limit files;
  memory_allowance memory;
};

allowances claim_allowances(const config::node_config& config) {
  allowances out{raise_open_files(), allow_memory(config.memory_limit)};
  settle_heap(out.memory.bytes > 0);
  return out;
}

void tell(const node_context& context, const allowances& allowed) {
  const auto& files = context.files;
  context.log.info("open_files", {{"limit", files.open_max()},
                                  {"raised_from", allowed.files.was},
                                  {"for_clients", files.clients_end()}});
  if (files.is_scarce())
    context.log.warn("open_files_few",
                     {{"limit", files.open_max()},
                      {"accepted", "twice what disk and peers need; ulimit -n or LimitNOFILE"}});
  context.log.info(
      "memory_limit",
      {{"bytes", context.memory.limit()},
       {"for_the_tree", context.memory.is_limited() ? context.memory.tree_max() : std::int64_t{0}},
       {"source", allowed.memory.why},
       {"heap", heap_name()}});
}

context_ptr make_context(config::node_config config, bool traced, log::audit_writer audit,
                         const std::shared_ptr<main_thread_work>& wanted,
                         std::shared_ptr<storage::disk> disk, const allowances& allowed) {
  auto context = std::make_shared<node_context>();
  context->me = config.my_id.value_or(standalone_id);
  context->log = log::make(context->me);
  const auto others = std::max<std::size_t>(config.servers.size(), 1) - 1;
  context->files = core::file_budget{allowed.files.now, static_cast<std::int64_t>(others)};
  if (allowed.memory.bytes > 0) {
    context->memory = core::memory_budget{allowed.memory.bytes};
    context->trim_heap = [wanted] {
      if (!wanted->trim.exchange(true)) main_thread_work::signal();
    };
  }
  context->resident_bytes = resident_bytes;
  context->config = std::move(config);
  context->wall_ms = wall_ms;
  context->lower_priority = lower_priority;
  context->moved = [wanted](const config::server_entry& to) {
    wanted->moved_to.note(to);
    main_thread_work::signal();
  };
  context->disk = disk ? std::move(disk) : make_disk(context->log);
  context->bytes_below = [below = context->disk](const std::string& directory) {
    return storage::bytes_below(*below, directory);
  };
  if (traced)
    context->trace = std::make_shared<trace::sink>(context->me, trace_events_max, steady_ns);
  if (audit)
    context->audit = [write = std::move(audit)](const audit_line& x) {
      write(x.is_failure, x.text);
    };
  context->seed = static_cast<std::uint64_t>(wall_ms()) ^ static_cast<std::uint64_t>(getpid());
  return context;
}

/// A server that has lost one of its long-lived actors would look alive and serve nobody: it ends,
/// with an error, and whoever supervises it starts it anew.
template <class Handle>
void end_with(const Handle& actor, const char* name, const context_ptr& context,
              const std::shared_ptr<std::atomic<bool>>& broken) {
  auto on_end = [name, context, broken](const caf::error& why) {
    if (why == caf::exit_reason::user_shutdown) return;
    context->log.error("actor_died", {{"actor", name}, {"reason", text_of(why)}});
    broken->store(true);
    ::kill(::getpid(), SIGTERM);
  };
  caf::actor_cast<caf::strong_actor_ptr>(actor)->get()->attach_functor(std::move(on_end));
}

}  // namespace

std::string why_no_start(const config::node_config& cfg, const std::string& log_path) {
  for (const auto& file : {log_path, cfg.audit ? audit_path(cfg, log_path) : log_path})
    if (auto made = log::make_log_file(file); !made) return made.error();
  if (auto problem = check_config_directory(cfg); !problem.empty()) return problem;
  if (auto problem = check_sasl(cfg); !problem.empty()) return problem;
  if (auto passwords = read_passwords(cfg.session_secret_file); !passwords)
    return passwords.error();
  storage::posix_disk disk;
  auto usable = storage::data_dir::check(disk, directory_options(cfg));
  return usable ? std::string{} : usable.error().text();
}

int run_server(config::node_config config, run_options options, server_seams seams) {
  auto signals = block_signals();
  const auto allowed = claim_allowances(config);
  start_report report{options.ready_fd};
  log::options logging;
  logging.console = options.foreground;
  logging.file = options.log_path;
  if (auto begun = log::init(logging); !begun) return report.failed(begun.error(), 1);

  auto audit = open_audit(config, options.log_path);
  if (!audit) return report.failed(audit.error(), exit_config);
  auto wanted = std::make_shared<main_thread_work>();
  auto context = make_context(std::move(config), !options.trace_path.empty(), *std::move(audit),
                              wanted, std::move(seams.disk), allowed);
  const auto& cfg = context->config;
  tell(*context, allowed);
  auto failed = [&](const std::string& reason, int code) {
    audit_own(*context, "serverStart", core::audit_result::failure);
    return report.failed(reason, code);
  };
  for (const auto& note : options.config_notes) context->log.warn("config", {{"note", note}});
  if (auto problem = check_data_directory(*context); !problem.empty())
    return failed(problem, exit_data_directory);
  storage::published_note note{{cfg.data_dir, cfg.data_log_dir},
                               {.config_file = options.config_path,
                                .is_placed_by_config = options.is_placed_by_config,
                                .log_file = options.log_path}};
  if (!note.problem().empty()) context->log.warn("note_failed", {{"reason", note.problem()}});
  if (auto problem = check_config_directory(cfg); !problem.empty())
    return failed(problem, exit_config);
  if (auto problem = check_sasl(cfg); !problem.empty()) return failed(problem, exit_config);
  auto passwords = read_passwords(cfg.session_secret_file);
  if (!passwords) return failed(passwords.error(), exit_config);
  if (passwords->has_secret())
    context->log.info("session_passwords",
                      {{"file", cfg.session_secret_file}, {"of", passwords->fingerprint()}});

  system_config settings;
  caf::actor_system system{settings};
  auto links = system.spawn(middleman_links, context, std::move(seams.connect));
  auto server = spawn_server(system, context, links);
  server.passwords = std::make_shared<core::session_passwords>(*std::move(passwords));
  auto broken = std::make_shared<std::atomic<bool>>(false);
  end_with(server.journal, "journal", context, broken);
  end_with(server.database, "database", context, broken);
  end_with(server.election, "election", context, broken);
  end_with(server.peer, "peer", context, broken);
  end_with(links, "links", context, broken);
  auto finish = [&](int code) {
    end_server(server);
    caf::anon_send_exit(links, caf::exit_reason::user_shutdown);
    return code;
  };
  ports listening{system, context, server};
  if (auto problem = listening.open(); !problem.empty()) return finish(failed(problem, exit_port));
  context->log.info("listening", {{"client_port", listening.client_port()},
                                  {"data_dir", cfg.data_dir},
                                  {"config", options.config_path}});
  note.listens_at(listening.client_host(), listening.client_port());
  report.ready();
  audit_own(*context, "serverStart", core::audit_result::success);
  wait_for_end(signals, *context, options.trace_path, *wanted, listening, note);
  audit_own(*context, "serverStop", core::audit_result::invoked);
  write_trace(*context, options.trace_path);
  listening.close();
  return finish(broken->load() ? exit_actor_died : 0);
}

}  // namespace troupe
