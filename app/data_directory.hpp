// app/data_directory.hpp: where a node keeps everything. Its secrets are read and written by runtime/secret_file.hpp.
#pragma once

#include <string>

namespace rialto::app {

/// Makes the directory (mode 0700) where it is missing. Throws std::runtime_error with the path and the reason.
void make_data_directory(const std::string& path);

/// A password of 24 letters and digits (142 bits), without look-alikes.
[[nodiscard]] std::string random_password();

} // namespace rialto::app
