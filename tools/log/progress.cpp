// SPDX-License-Identifier: Apache-2.0
#include "tools/log/progress.hpp"

#include <algorithm>
#include <ostream>

namespace troupe::log_tool {

void progress::at(const std::string& what, std::uint64_t done, std::uint64_t total) {
  if (!term_->shows_progress || clock::now() < next_) return;
  next_ = clock::now() + std::chrono::milliseconds{200};
  term_->err << "\r" << what << "  ";
  if (total > 0)
    term_->err << 100 * std::min(done, total) / total << " %";
  else
    term_->err << done;
  term_->err << "\x1b[K" << std::flush;
  shown_ = true;
}

void progress::clear() {
  if (!shown_) return;
  term_->err << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace troupe::log_tool
