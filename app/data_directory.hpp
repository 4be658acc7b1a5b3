// app/data_directory.hpp: where a node keeps everything. Its secrets are read and written by runtime/secret_file.hpp.
#pragma once

#include "runtime/settings_list.hpp"

#include <string>

namespace rialto::app {

/// Makes the directory (mode 0700) where it is missing. Throws std::runtime_error with the path and the reason.
void make_data_directory(const std::string& path);

/// Where the token key and the key that seals secrets are: the data directory, or in a cluster the folder of its keys, where both must be. Throws
/// std::runtime_error.
[[nodiscard]] std::string key_directory(const runtime::node_settings& settings);

/// A password of 24 letters and digits (142 bits), without look-alikes.
[[nodiscard]] std::string random_password();

} // namespace rialto::app
