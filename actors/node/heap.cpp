// SPDX-License-Identifier: Apache-2.0
#include "actors/node/heap.hpp"

#include <malloc.h>
#include <sys/types.h>

#include <cstddef>

// jemalloc's, if the program is linked with it. Which arenas there are is settled before main().
extern "C" {
[[gnu::weak]] int mallctl(const char* name, void* old_value, std::size_t* old_bytes,
                          void* new_value, std::size_t new_bytes);
extern const char* malloc_conf;
// Two threads have work most of the time, the journal's and the one of all I/O. What a burst needed
// goes back soon: kept for a second it would be much beside a small memory.limit.
const char* malloc_conf = "narenas:2,dirty_decay_ms:300,muzzy_decay_ms:0";
}

namespace troupe {
namespace {

bool has_jemalloc() { return &mallctl != nullptr; }

template <class T>
void set(const char* name, T value) {
  (void)mallctl(name, nullptr, nullptr, &value, sizeof value);
}

}  // namespace

void settle_heap(bool is_limited) {
  if (has_jemalloc()) return set("background_thread", true);
  if (!is_limited) return;
  // The library's own rule would raise the first bound with every large piece that is freed.
  constexpr int large_bytes = 256 << 10, top_bytes = 4 << 20, arenas = 2;
  (void)::mallopt(M_MMAP_THRESHOLD, large_bytes);
  (void)::mallopt(M_TRIM_THRESHOLD, top_bytes);
  (void)::mallopt(M_ARENA_MAX, arenas);
}

void trim_heap() {
  if (!has_jemalloc())
    ::malloc_trim(0);
  else
    (void)mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: all of them
}

const char* heap_name() { return has_jemalloc() ? "jemalloc" : "malloc"; }

}  // namespace troupe
