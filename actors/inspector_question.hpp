// actors/inspector_question.hpp: a question to the inspector, read strictly: what is wrong names its field and the rule. No CAF.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::actors {

/// What an answer {"error":{...}} is made of. `field` may be empty.
struct inspector_refusal : std::runtime_error {
  inspector_refusal(std::string about, const std::string& rule)
      : std::runtime_error(rule), field(std::move(about)) {}
  std::string field;
};

/// One JSON object. Every reader throws inspector_refusal; done() refuses what nobody asked for.
class inspector_question {
public:
  static constexpr std::size_t bytes_max = 65'536;

  explicit inspector_question(std::string_view text);
  [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max_of = 100);
  [[nodiscard]] std::string needed_text(std::string_view name);
  [[nodiscard]] std::int64_t count(std::string_view name, std::int64_t fallback, std::int64_t min,
                                   std::int64_t max);
  void done() const;

private:
  [[nodiscard]] const nlohmann::json* find(std::string_view name);
  nlohmann::json all_;
  std::vector<std::string> known_;
};

} // namespace rialto::actors
