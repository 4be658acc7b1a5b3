// One libFuzzer program for all targets; scripts/fuzz runs it.
//
//   RIALTO_FUZZ_TARGET=utf8     which one
//   RIALTO_FUZZ_SEEDS=DIR       writes the inputs that the target makes itself to DIR first
#include "tests/fuzz/fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

static const rialto::fuzz::target* chosen = nullptr;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("RIALTO_FUZZ_TARGET");
  chosen = rialto::fuzz::find_target(name == nullptr ? "" : name);
  if (chosen == nullptr) {
    for (const auto& one : rialto::fuzz::targets())
      std::printf("%.*s\n", static_cast<int>(one.name.size()), one.name.data());
    std::exit(name == nullptr ? 0 : 2);
  }
  const char* folder = std::getenv("RIALTO_FUZZ_SEEDS");
  if (folder == nullptr || chosen->make_seeds == nullptr) return 0;
  std::size_t number = 0;
  for (const auto& seed : chosen->make_seeds())
    std::ofstream(std::string(folder) + "/made-" + std::to_string(++number), std::ios::binary)
      << seed;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
