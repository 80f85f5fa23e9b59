// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/report.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

namespace troupe::bench {
namespace {

struct column {
  const char* title;
  const char* key;  // in JSON
  double figures::*value;
};
constexpr column latencies[] = {{"p50 ms", "p50", &figures::p50_ns},
                                {"p90 ms", "p90", &figures::p90_ns},
                                {"p99 ms", "p99", &figures::p99_ns},
                                {"p99.9 ms", "p99_9", &figures::p999_ns},
                                {"max ms", "max", &figures::max_ns}};
constexpr int name_width = 14, target_width = 12, number_width = 11;

std::string fixed(double x, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, x);
  return text;
}

std::string left(std::string text, int width) {
  text.resize(std::max<std::size_t>(text.size() + 1, static_cast<std::size_t>(width)), ' ');
  return text;
}

std::string right(const std::string& text, int width) {
  const auto wanted = static_cast<std::size_t>(width);
  return text.size() < wanted ? std::string(wanted - text.size(), ' ') + text : " " + text;
}

std::uint64_t rounded(double x) { return static_cast<std::uint64_t>(std::llround(x)); }

/// To the nanosecond, in the unit that people think of requests in.
double in_us(double ns) { return std::round(ns) / 1000; }

nlohmann::ordered_json latency_json(const figures& of) {
  nlohmann::ordered_json out;
  for (const auto& each : latencies) out[each.key] = in_us(of.*each.value);
  return out;
}

}  // namespace

std::string with_commas(std::uint64_t n) {
  auto text = std::to_string(n);
  for (auto at = static_cast<int>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string in_ms(double ns) { return fixed(ns / 1e6, 3) + " ms"; }

std::string meaning_of_latency(const run_options& options) {
  if (options.rate_per_s > 0)
    return "from the moment an operation was due until its answer was read, whether or not it "
           "could be sent when it was due (corrected for coordinated omission)";
  return "from handing a request to the connection until its answer was read; nothing is asked "
         "while a server stalls, so that stalls show only in the requests under way then (--rate "
         "corrects for this)";
}

void print_second(std::ostream& out, const second_record& second) {
  out << right(std::to_string(second.second), 5) << " s"
      << right(with_commas(second.operations), number_width) << " op/s   p99 "
      << in_ms(static_cast<double>(second.p99_ns)) << (second.is_counted ? "" : "   (warming up)")
      << std::endl;
}

void print_short(std::ostream& out, const std::string& target, const run_options& options,
                 const run_result& result) {
  const auto all = figures_of(result);
  out << left(to_string(options.work), name_width) << left(target, target_width)
      << right(with_commas(rounded(all.per_second)), number_width) << " op/s   p50 "
      << in_ms(all.p50_ns) << "   p99 " << in_ms(all.p99_ns) << "   max " << in_ms(all.max_ns)
      << std::endl;
}

void print_result(std::ostream& out, const run_options& options, const run_result& result) {
  const auto& work = options.work;
  out << to_string(work) << ", " << with_commas(work.value_bytes) << "-byte values, "
      << options.servers.size() << (options.servers.size() == 1 ? " server, " : " servers, ");
  if (options.rate_per_s > 0)
    out << "open loop of " << with_commas(rounded(options.rate_per_s)) << " op/s\n";
  else
    out << "closed loop\n";
  out << "  throughput  " << with_commas(rounded(result.per_second())) << " op/s ("
      << with_commas(result.latency.count()) << " operations in " << fixed(result.elapsed_s, 2)
      << " s)\n  latency    ";
  const auto all = figures_of(result);
  for (const auto& each : latencies) {
    const std::string title = each.title;
    out << " " << title.substr(0, title.find(' ')) << " " << in_ms(all.*each.value) << " ";
  }
  out << " mean " << in_ms(result.latency.mean()) << "\n";
  out << "  measured    " << meaning_of_latency(options) << "\n";
  if (result.not_sent > 0)
    out << "  not sent    " << with_commas(result.not_sent)
        << " operations were due and given up: the servers do not reach this rate\n";
  if (options.reconnect)
    out << "  lost        " << result.losses << " connections, " << with_commas(result.lost)
        << " operations under way on them\n";
  if (result.interrupted) out << "  interrupted\n";
  out << std::flush;
}

void print_table(std::ostream& out, const std::vector<std::string>& targets,
                 const std::vector<comparison>& rows) {
  out << left("workload", name_width) << left("target", target_width)
      << right("op/s", number_width);
  for (const auto& each : latencies) out << right(each.title, number_width);
  out << "\n";
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.of.size(); ++i) {
      out << left(i == 0 ? to_string(row.work) : "", name_width) << left(targets[i], target_width)
          << right(with_commas(rounded(row.of[i].per_second)), number_width);
      for (const auto& each : latencies)
        out << right(fixed(row.of[i].*each.value / 1e6, 3), number_width);
      out << "\n";
    }
    if (row.of.size() != 2) continue;
    const auto times = ratio(row.of[0], row.of[1]);
    out << left("", name_width) << left("ratio", target_width)
        << right(fixed(times.per_second, 2), number_width);
    for (const auto& each : latencies) out << right(fixed(times.*each.value, 2), number_width);
    out << "\n";
  }
  out << std::flush;
}

nlohmann::ordered_json to_json(const std::string& target, const run_options& options,
                               const run_result& result) {
  const auto& work = options.work;
  nlohmann::ordered_json out;
  out["target"] = target;
  for (const auto& server : options.servers) out["servers"].push_back(to_string(server));
  out["workload"] = to_string(work);
  out["connections"] = work.connections;
  out["window"] = work.window;
  out["value_bytes"] = work.value_bytes;
  out["keys"] = work.keys;
  out["loop"] = options.rate_per_s > 0 ? "open" : "closed";
  if (options.rate_per_s > 0) out["rate_per_s"] = options.rate_per_s;
  out["warmup_s"] = options.warmup_s;
  out["operations"] = result.latency.count();
  out["elapsed_s"] = result.elapsed_s;
  out["operations_per_s"] = result.per_second();
  out["latency_us"] = latency_json(figures_of(result));
  out["latency_us"]["mean"] = in_us(result.latency.mean());
  out["latency_is"] = meaning_of_latency(options);
  out["not_sent"] = result.not_sent;
  out["connections_lost"] = result.losses;
  out["operations_lost"] = result.lost;
  out["interrupted"] = result.interrupted;
  out["failure"] = nullptr;
  if (!result.failure.empty()) out["failure"] = result.failure;
  out["seconds"] = nlohmann::ordered_json::array();
  for (const auto& each : result.seconds)
    out["seconds"].push_back({{"second", each.second},
                              {"operations", each.operations},
                              {"p99_us", in_us(static_cast<double>(each.p99_ns))},
                              {"is_counted", each.is_counted}});
  return out;
}

nlohmann::ordered_json to_json(const std::vector<std::string>& targets, const comparison& row) {
  nlohmann::ordered_json out;
  const auto put = [&](const std::string& name, const figures& of) {
    out[name]["operations_per_s"] = of.per_second;
    out[name]["latency_us"] = latency_json(of);
  };
  out["workload"] = to_string(row.work);
  for (std::size_t i = 0; i < row.of.size(); ++i) put(targets[i], row.of[i]);
  if (row.of.size() != 2) return out;
  const auto times = ratio(row.of[0], row.of[1]);
  out["ratio"]["operations_per_s"] = times.per_second;
  for (const auto& each : latencies) out["ratio"]["latency"][each.key] = times.*each.value;
  return out;
}

}  // namespace troupe::bench
