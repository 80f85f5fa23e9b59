// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/screen.hpp"

#include <unistd.h>

#include <string>
#include <string_view>

#include "messages/printable.hpp"

namespace troupe::cli {

screen::screen(std::ostream& on, int descriptor)
    : on_(on), behind_(::isatty(descriptor) == 1 ? on.rdbuf(this) : nullptr) {}

screen::~screen() {
  if (behind_ != nullptr) on_.rdbuf(behind_);
}

screen::int_type screen::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char byte = traits_type::to_char_type(c);
  return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
}

std::streamsize screen::xsputn(const char* bytes, std::streamsize count) {
  const auto shown = printable(std::string_view(bytes, static_cast<std::size_t>(count)), "\n\t");
  const auto size = static_cast<std::streamsize>(shown.size());
  return behind_->sputn(shown.data(), size) == size ? count : 0;
}

int screen::sync() { return behind_->pubsync(); }

}  // namespace troupe::cli
