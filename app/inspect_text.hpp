// app/inspect_text.hpp: answers of the inspector as text for people; tables that fit a terminal.
//
// The room: JSON in, lines out. What came from users (labels, failures, names) cannot move the cursor: control characters are
// shown as '?'.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace rialto::app {

using inspect_json = nlohmann::ordered_json;

/// One line, at most `columns` characters wide.
[[nodiscard]] std::string shown(std::string_view text, std::size_t columns = 4'000);
/// "1.3 kB", "412 MB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// "850 us", "12.3 ms", "1.2 s".
[[nodiscard]] std::string duration_text(std::uint64_t us);
/// "12 s", "3 h 4 min", "5 d 2 h".
[[nodiscard]] std::string age_text(std::uint64_t seconds);

struct table_column {
  std::string title;
  bool is_number = false;
  std::vector<std::string> cells = {};
};
/// Columns as wide as their widest cell, two blanks between them; the last one is cut at `columns`.
[[nodiscard]] std::string table_text(const std::vector<table_column>& all,
                                     std::size_t columns = 160);

/// The answer to `query` (inspector.hpp) as a table or an outline.
[[nodiscard]] std::string inspect_text(const std::string& query, const inspect_json& answer,
                                       std::size_t columns = 160);
/// A line for each node that did not answer, of an answer that has such.
[[nodiscard]] std::string unreachable_text(const inspect_json& answer);
/// One line of a trace.
[[nodiscard]] std::string trace_text(const inspect_json& line);
/// "name: no such actor runs", of an answer with an error; empty: it has none.
[[nodiscard]] std::string refusal_text(const inspect_json& answer);

} // namespace rialto::app
