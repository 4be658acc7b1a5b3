// app/page_folder.hpp: where the built web pages of this node are.
#pragma once

#include <optional>
#include <string>

namespace rialto::app {

/// The folder that http.pages means; empty: there are no pages. "auto" looks beside the program (`web`), then beside its build folder
/// (`../web/dist`); a folder that is named is taken as it is, and reading it tells what is wrong with it.
[[nodiscard]] std::optional<std::string> page_folder(const std::string& setting);

} // namespace rialto::app
