// tests/storage/temporary_directory.hpp: a directory of a test's own, removed with everything in
// it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace rialto::storage {

/// in_memory: for tests whose disk is simulated, so that they do not wait for the real one.
enum class directory_kind { on_disk, in_memory };

class temporary_directory {
public:
  explicit temporary_directory(directory_kind kind = directory_kind::on_disk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = kind == directory_kind::in_memory && std::filesystem::exists(memory);
    const auto parent = has_memory ? memory : std::filesystem::temp_directory_path();
    auto name = (parent / "rialto-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace rialto::storage
