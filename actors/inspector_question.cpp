#include "actors/inspector_question.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::actors {

inspector_question::inspector_question(std::string_view text) {
  if (text.size() > bytes_max)
    throw inspector_refusal("", fmt::format("a question has at most {} bytes", bytes_max));
  all_ = nlohmann::json::parse(text, nullptr, false);
  if (!all_.is_object()) throw inspector_refusal("", "a question must be one JSON object");
}

const nlohmann::json* inspector_question::find(std::string_view name) {
  known_.emplace_back(name);
  const auto at = all_.find(name);
  return at == all_.end() || at->is_null() ? nullptr : &*at;
}

std::string inspector_question::text(std::string_view name, std::size_t bytes_max_of) {
  const auto* const found = find(name);
  if (found == nullptr) return {};
  if (!found->is_string() || found->get_ref<const std::string&>().size() > bytes_max_of)
    throw inspector_refusal(std::string(name),
                            fmt::format("must be a text of at most {} bytes", bytes_max_of));
  return found->get<std::string>();
}

std::string inspector_question::needed_text(std::string_view name) {
  auto found = text(name);
  if (found.empty()) throw inspector_refusal(std::string(name), "is missing");
  return found;
}

std::int64_t inspector_question::count(std::string_view name, std::int64_t fallback,
                                       std::int64_t min, std::int64_t max) {
  const auto* const found = find(name);
  if (found == nullptr) return fallback;
  const auto rule = fmt::format("must be a whole number of {} to {}", min, max);
  if (!found->is_number_integer()) throw inspector_refusal(std::string(name), rule);
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    throw inspector_refusal(std::string(name), rule);
  const auto value = found->get<std::int64_t>();
  if (value < min || value > max) throw inspector_refusal(std::string(name), rule);
  return value;
}

void inspector_question::done() const {
  for (const auto& [name, value] : all_.items())
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      throw inspector_refusal(name, "is not known here");
}

} // namespace rialto::actors
