#include "app/data_directory.hpp"

#include <sodium.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace rialto::app {

namespace {
[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error(path + ": " + what + ": " + std::strerror(errno));
}
} // namespace

void make_data_directory(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), problem);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    fail(path, "the data directory cannot be made");
  if (!std::filesystem::is_directory(path))
    throw std::runtime_error(path + ": the data directory is a file");
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    fail(path, "the data directory cannot be used");
}

std::string key_directory(const runtime::node_settings& settings) {
  if (settings.cluster_node->empty()) return *settings.data_directory;
  const auto& folder = *settings.cluster_secrets;
  if (folder.empty())
    throw std::runtime_error(
      "cluster.secrets: a node of a cluster needs the folder of the keys that all nodes share");
  for (const auto* const file : {"token-key", "secret-key"})
    if (!std::filesystem::exists(folder + "/" + file))
      throw std::runtime_error("cluster.secrets: there is no " + folder + "/" + file +
                               "; rialto cluster init-ca makes it, once for the whole cluster");
  return folder;
}

std::string random_password() {
  static constexpr char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  std::string text;
  for (int i = 0; i < 24; ++i) text += letters[randombytes_uniform(sizeof letters - 1)];
  return text;
}

} // namespace rialto::app
