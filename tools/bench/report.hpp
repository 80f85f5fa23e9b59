// SPDX-License-Identifier: Apache-2.0
/// What was measured, for people and as JSON.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/bench/compare.hpp"
#include "tools/bench/run.hpp"

namespace troupe::bench {

/// "1,234,567".
[[nodiscard]] std::string with_commas(std::uint64_t n);
/// "0.512 ms".
[[nodiscard]] std::string in_ms(double ns);

/// What a latency of this run is, in one sentence.
[[nodiscard]] std::string meaning_of_latency(const run_options& options);

/// The line of a second that has passed.
void print_second(std::ostream& out, const second_record& second);
/// One line of a run that is one of many.
void print_short(std::ostream& out, const std::string& target, const run_options& options,
                 const run_result& result);
void print_result(std::ostream& out, const run_options& options, const run_result& result);
/// The targets' medians beside each other; with two targets also the first as multiples of the
/// second.
void print_table(std::ostream& out, const std::vector<std::string>& targets,
                 const std::vector<comparison>& rows);

[[nodiscard]] nlohmann::ordered_json to_json(const std::string& target, const run_options& options,
                                             const run_result& result);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<std::string>& targets,
                                             const comparison& row);

}  // namespace troupe::bench
