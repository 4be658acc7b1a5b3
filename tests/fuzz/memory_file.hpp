// tests/fuzz/memory_file.hpp: a file of given bytes that has no name, for readers that take a path.
#pragma once

#include "domain/assert.hpp"

#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace rialto::fuzz {

class memory_file {
public:
  explicit memory_file(std::string_view bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    RIALTO_ASSERT(::write(descriptor_, bytes.data(), bytes.size()) ==
                  static_cast<ssize_t>(bytes.size()));
  }
  ~memory_file() { ::close(descriptor_); }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
  int descriptor_;
};

} // namespace rialto::fuzz
