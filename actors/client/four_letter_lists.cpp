// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <set>
#include <vector>

#include "actors/client/four_letter_lines.hpp"
#include "config/commit_date.hpp"

namespace troupe::four_letter {
namespace {

/// Connections that do not say for how long they may be silent go by this (NIOServerCnxnFactory).
constexpr std::int64_t expiry_interval_ms = 10'000;

std::string hex(std::int64_t x) {
  char digits[16];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, static_cast<std::uint64_t>(x), 16).ptr;
  return {digits, end};
}

/// What `cons` calls an operation (FinalRequestProcessor's lastOp).
std::string_view code_of(op_code op) {
  switch (op) {
    case op_code::ping:
      return "PING";
    case op_code::create_session:
      return "SESS";
    case op_code::multi:
      return "MULT";
    case op_code::multi_read:
      return "MLTR";
    case op_code::create:
    case op_code::create2:
    case op_code::create_ttl:
    case op_code::create_container:
      return "CREA";
    case op_code::remove:
    case op_code::delete_container:
      return "DELE";
    case op_code::set_data:
      return "SETD";
    case op_code::reconfig:
      return "RECO";
    case op_code::set_acl:
      return "SETA";
    case op_code::close_session:
      return "CLOS";
    case op_code::sync:
      return "SYNC";
    case op_code::check:
      return "CHEC";
    case op_code::exists:
      return "EXIS";
    case op_code::get_data:
      return "GETD";
    case op_code::set_watches:
      return "SETW";
    case op_code::set_watches2:
      return "STW2";
    case op_code::add_watch:
      return "ADDW";
    case op_code::get_acl:
      return "GETA";
    case op_code::get_children:
    case op_code::get_children2:
      return "GETC";
    case op_code::get_all_children_number:
      return "GETACN";
    case op_code::check_watches:
      return "CHKW";
    case op_code::remove_watches:
      return "REMW";
    case op_code::who_am_i:
      return "HOMI";
    case op_code::get_ephemerals:
      return "GETE";
    default:
      return "NA";
  }
}

using session_of_connection = std::map<connection_id, const database_details::connection_line*>;

session_of_connection sessions_by_connection(const database_details& of) {
  session_of_connection out;
  for (const auto& x : of.connections) out.emplace(x.id, &x);
  return out;
}

std::string session_figures(const gateway_stats::connection_line& c,
                            const database_details::connection_line& s) {
  const auto& f = s.figures;
  auto n = [](std::int64_t x) { return std::to_string(x); };
  std::string out = ",sid=0x" + hex(s.session.value) +
                    ",lop=" + std::string(f.count > 0 ? code_of(f.last_op) : "NA") +
                    ",est=" + n(c.since_ms) + ",to=" + n(s.timeout_ms);
  if (f.last_cxid >= 0) out += ",lcxid=0x" + hex(f.last_cxid);
  return out + ",lzxid=0x" + hex(f.last_zxid.value) + ",lresp=" + n(f.last_reply_ms) +
         ",llat=" + n(f.latency_ms_last) + ",minlat=" + n(f.latency_ms_min) +
         ",avglat=" + n(f.count > 0 ? f.latency_ms_sum / f.count : 0) +
         ",maxlat=" + n(f.latency_ms_max);
}

/// As Java prints a Date, in UTC.
std::string java_date(std::int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a %b %d %H:%M:%S UTC %Y", &parts);
  return text;
}

void put_bucket(lines& out, std::size_t count, std::int64_t wall_ms) {
  out.put(std::to_string(count) + " expire at " + java_date(wall_ms) + ":");
}

void put_session_sets(lines& out, const std::string& title,
                      const std::vector<database_details::session_bucket>& buckets,
                      std::int64_t wall_ms) {
  std::size_t count = 0;
  for (const auto& bucket : buckets) count += bucket.sessions.size();
  out.put(title + " (" + std::to_string(buckets.size()) + ")/(" + std::to_string(count) + "):");
  for (const auto& bucket : buckets) {
    put_bucket(out, bucket.sessions.size(), wall_ms + bucket.expires_in_ms);
    for (auto id : bucket.sessions) out.put("\t0x" + hex(id.value));
  }
}

/// SessionTrackerImpl.dumpSessions on a leader, LearnerSessionTracker's elsewhere.
void put_sessions(lines& out, const situation& now) {
  const auto& d = now.details;
  if (d.has_local) {
    put_session_sets(out, "Local Session Sets", d.local_buckets, now.wall_ms);
    if (d.leads) return put_session_sets(out, "Global Session Sets", d.buckets, now.wall_ms);
  }
  if (!d.leads) {
    out.put("Global Sessions(" + std::to_string(d.sessions.size()) + "):");
    for (const auto& [id, timeout_ms] : d.sessions)
      out.put("0x" + hex(id.value) + "\t" + std::to_string(timeout_ms) + "ms");
    return;
  }
  put_session_sets(out, "Session Sets", d.buckets, now.wall_ms);
}

/// When each connection is given up if nothing more is heard of it.
void put_connection_expiry(lines& out, const config::node_config& cfg, const situation& now) {
  const auto sessions = sessions_by_connection(now.details);
  std::map<std::int64_t, std::vector<std::string>> by_time;
  for (const auto& c : now.gateway.connections) {
    const auto at = sessions.find(c.id);
    const auto* s = at == sessions.end() ? nullptr : at->second;
    const auto timeout_ms = s                            ? s->timeout_ms
                            : cfg.sessionless_ms_max > 0 ? cfg.sessionless_ms_max
                                                         : cfg.max_session_timeout_ms;
    const auto due_ms = now.wall_ms - c.silent_ms + timeout_ms;
    const auto rounded_ms = (due_ms / expiry_interval_ms + 1) * expiry_interval_ms;
    by_time[rounded_ms].push_back("\tip: /" + c.client_address + " sessionId: 0x" +
                                  hex(s ? s->session.value : 0));
  }
  out.put("Connections Sets (" + std::to_string(by_time.size()) + ")/(" +
          std::to_string(now.gateway.connections.size()) + "):");
  for (const auto& [time_ms, connections] : by_time) {
    put_bucket(out, connections.size(), time_ms);
    for (const auto& line : connections) out.put(line);
  }
}

}  // namespace

std::string full_version() {
  return std::string(version).append(", built on ").append(config::commit_date());
}

void put_connections(lines& out, const situation& now, bool brief) {
  const auto sessions = sessions_by_connection(now.details);
  for (const auto& c : now.gateway.connections) {
    const auto at = sessions.find(c.id);
    const auto* s = at == sessions.end() ? nullptr : at->second;
    out.put(" /" + c.client_address + (c.is_read ? "[1]" : "[0]") + "(queued=" +
            std::to_string(s ? s->queued : 0) + ",recved=" + std::to_string(c.requests) +
            ",sent=" + std::to_string(c.replies + c.events) +
            (s && !brief ? session_figures(c, *s) : "") + ")");
  }
}

std::string cons(const situation& now) {
  lines out;
  put_connections(out, now, false);
  out.put("");
  return std::move(out).take();
}

std::string dump(const config::node_config& cfg, const situation& now) {
  lines out;
  out.put("SessionTracker dump:");
  put_sessions(out, now);
  out.put("ephemeral nodes dump:");
  out.put("Sessions with Ephemerals (" + std::to_string(now.details.ephemerals.size()) + "):");
  for (const auto& [session, paths] : now.details.ephemerals) {
    out.put("0x" + hex(session.value) + ":");
    for (const auto& path : paths) out.put("\t" + printable(path));
  }
  out.put("Connections dump:");
  put_connection_expiry(out, cfg, now);
  return std::move(out).take();
}

std::string wchs(const situation& now) {
  std::set<session_id> watching;
  std::size_t count = 0;
  for (const auto& [path, sessions] : now.details.watches) {
    watching.insert(sessions.begin(), sessions.end());
    count += sessions.size();
  }
  lines out;
  out.put(std::to_string(watching.size()) + " connections watching " +
          std::to_string(now.details.watches.size()) + " paths");
  out.put("Total watches:" + std::to_string(count));
  return std::move(out).take();
}

std::string wchp(const situation& now) {
  lines out;
  for (const auto& [path, sessions] : now.details.watches) {
    out.put(printable(path));
    for (auto session : sessions) out.put("\t0x" + hex(session.value));
  }
  out.put("");
  return std::move(out).take();
}

std::string wchc(const situation& now) {
  std::map<session_id, std::vector<std::string>> by_session;
  for (const auto& [path, sessions] : now.details.watches)
    for (auto session : sessions) by_session[session].push_back(path);
  lines out;
  for (const auto& [session, paths] : by_session) {
    out.put("0x" + hex(session.value));
    for (const auto& path : paths) out.put("\t" + printable(path));
  }
  out.put("");
  return std::move(out).take();
}

std::string dirs(const situation& now) {
  lines out;
  out.field("datadir_size", now.sizes.data_bytes);
  out.field("logdir_size", now.sizes.log_bytes);
  return std::move(out).take();
}

std::string hash(const situation& now) {
  lines out;
  for (const auto& [at, digest] : now.details.digests) out.field(hex(at.value), digest);
  return std::move(out).take();
}

std::string envi(const situation& now) {
  lines out;
  out.put("Environment:");
  out.setting("zookeeper.version", full_version());
  for (const auto& [key, value] : now.environment) out.setting(key, value);
  return std::move(out).take();
}

}  // namespace troupe::four_letter
