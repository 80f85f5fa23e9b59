// SPDX-License-Identifier: Apache-2.0
/// `actor-node check-data`: says in one screen what a data directory holds and whether a server
/// would start on it. Changes nothing.
#pragma once

#include <iosfwd>
#include <string>

#include "actors/storage/data_dir.hpp"
#include "actors/storage/survey.hpp"

namespace troupe {

/// check-data's exit codes, beside exit_code::bad_config for a command line that is not understood.
namespace check_data_code {
inline constexpr int would_start = 0;
inline constexpr int cannot_look = 1;  // no data directory is there, or it may not be read
inline constexpr int would_not = 3;    // what a start would end with
}  // namespace check_data_code

/// Looks at the directory and prints what it finds, as text or as one JSON object. One that
/// somebody has named has to be a data directory; one that a zoo.cfg names may be new, unless there
/// is one with a history below it.
int check_data(storage::disk& d, storage::data_dir_options options, bool json, std::ostream& out,
               std::ostream& err, bool is_named = true);

/// `who_runs` there, in words; empty: nobody.
[[nodiscard]] std::string survey_text(const storage::data_survey& seen,
                                      const std::string& who_runs = {});
[[nodiscard]] std::string survey_json(const storage::data_survey& seen,
                                      const std::string& who_runs = {});

}  // namespace troupe
