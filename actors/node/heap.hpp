// SPDX-License-Identifier: Apache-2.0
/// How the process keeps its heap. jemalloc gives back within a second or so what is not used any
/// more, on a thread of its own, and wastes little between pieces of different sizes; actor-node is
/// linked with it where it is installed, but for sanitizers. glibc's malloc does what it can: large
/// pieces are mapped by themselves, which costs page faults, and trim_heap() walks the rest while
/// others wait.
#pragma once

namespace troupe {

/// To be called before there are threads. `is_limited`: the resident size matters (memory.limit).
void settle_heap(bool is_limited);
/// Gives back what is not used now.
void trim_heap();
/// "jemalloc" or "malloc".
[[nodiscard]] const char* heap_name();

}  // namespace troupe
