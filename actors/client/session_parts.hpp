// SPDX-License-Identifier: Apache-2.0
/// The client session's inner parts, one file each: the connection's life (session.cpp), and
/// what a four-letter word's answer is made of (session_words.cpp). Nobody else includes
/// this.
#pragma once

#include <string>

#include "actors/client/four_letter.hpp"
#include "actors/client/session.hpp"
#include "actors/coro/task.hpp"

namespace troupe::client_session_parts {

/// The answer to a four-letter word; does what the word asks for. `behind`: the bytes that came
/// with it.
coro::task<std::string> answer_to_word(client_session_ptr self, std::string word,
                                       std::string behind);

}  // namespace troupe::client_session_parts
