// SPDX-License-Identifier: Apache-2.0
/// Asked by the environment's TROUPE_FUZZ_SEEDS, puts the target's seeds into that directory, from
/// where libFuzzer takes them as it does the rest of its corpus.
#include <fstream>

#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* directory = std::getenv("TROUPE_FUZZ_SEEDS");
  if (directory == nullptr) return 0;
  int n = 0;
  for (const auto& seed : troupe::fuzz::seeds()) {
    std::ofstream out{std::string{directory} + "/seed" + std::to_string(n++), std::ios::binary};
    out << seed;
  }
  return 0;
}
