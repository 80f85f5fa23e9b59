// SPDX-License-Identifier: Apache-2.0
#include "tests/history/report.hpp"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

namespace troupe::history {
namespace {

std::size_t count_clients(const history& h) {
  std::set<int> out;
  for (const auto& op : h.operations) out.insert(op.client);
  return out.size();
}

std::size_t count_unknown(const history& h) {
  return static_cast<std::size_t>(
      std::count_if(h.operations.begin(), h.operations.end(),
                    [](const auto& op) { return op.is_write() && op.is_unknown(); }));
}

const char* word_for(const verdict& v) {
  if (!v.troubles.empty()) return "DOES NOT HOLD";
  if (!v.gave_up.empty()) return "GAVE UP";
  return v.judged == 0 ? "nothing to judge" : "holds";
}

void print_troubles(std::ostream& out, const std::vector<trouble>& troubles, std::size_t max) {
  for (std::size_t i = 0; i < std::min(troubles.size(), max); ++i) {
    out << "    " << troubles[i].what << '\n';
    for (const auto& line : troubles[i].shown) out << "      " << line << '\n';
  }
  if (troubles.size() > max) out << "    and " << troubles.size() - max << " more\n";
}

nlohmann::ordered_json of(const std::vector<trouble>& troubles, std::size_t max) {
  auto out = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < std::min(troubles.size(), max); ++i)
    out.push_back({{"what", troubles[i].what}, {"shown", troubles[i].shown}});
  return out;
}

}  // namespace

bool judged_history::holds() const {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.holds(); });
}

void print_text(std::ostream& out, const judged_history& judged, std::size_t troubles_max) {
  const auto& h = *judged.of;
  out << judged.file << ": " << (judged.holds() ? "holds" : "DOES NOT HOLD") << "; "
      << h.operations.size() << " operations, " << count_unknown(h)
      << " writes with unknown outcome, " << count_clients(h) << " clients, " << h.events.size()
      << " events, " << h.tenures.size() << " tenures, " << h.faults.size() << " faults";
  if (!h.source.empty()) out << "; " << h.source;
  out << '\n';
  for (const auto& v : judged.verdicts) {
    out << "  " << std::left << std::setw(14) << v.check << std::setw(17) << word_for(v);
    if (v.judged > 0) out << v.judged << " judged: " << v.promise;
    out << '\n';
    if (!v.note.empty()) out << "    note: " << v.note << '\n';
    print_troubles(out, v.troubles, troubles_max);
    print_troubles(out, v.gave_up, troubles_max);
  }
}

void print_json(std::ostream& out, const judged_history& judged, std::size_t troubles_max) {
  const auto& h = *judged.of;
  nlohmann::ordered_json said{{"file", judged.file},
                              {"source", h.source},
                              {"holds", judged.holds()},
                              {"operations", h.operations.size()},
                              {"unknown_writes", count_unknown(h)},
                              {"clients", count_clients(h)},
                              {"events", h.events.size()},
                              {"tenures", h.tenures.size()},
                              {"faults", h.faults.size()}};
  auto& checks = said["checks"] = nlohmann::ordered_json::array();
  for (const auto& v : judged.verdicts)
    checks.push_back({{"check", v.check},
                      {"promise", v.promise},
                      {"holds", v.holds()},
                      {"judged", v.judged},
                      {"troubles", of(v.troubles, troubles_max)},
                      {"troubles_count", v.troubles.size()},
                      {"gave_up", of(v.gave_up, troubles_max)},
                      {"note", v.note}});
  out << said.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace troupe::history
