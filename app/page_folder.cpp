#include "app/page_folder.hpp"

#include <filesystem>

namespace rialto::app {

std::optional<std::string> page_folder(const std::string& setting) {
  namespace fs = std::filesystem;
  if (setting == "none") return {};
  if (setting != "auto") return setting;
  std::error_code failed;
  const auto program = fs::read_symlink("/proc/self/exe", failed).parent_path();
  if (failed) return {};
  for (const auto& folder : {program / "web", program / "../web/dist"})
    if (fs::is_regular_file(folder / "index.html", failed))
      return folder.lexically_normal().string();
  return {};
}

} // namespace rialto::app
