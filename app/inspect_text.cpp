#include "app/inspect_text.hpp"

#include "app/count_text.hpp"

#include <algorithm>

namespace rialto::app {

namespace {

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string word_of(const inspect_json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return shown(value.get_ref<const std::string&>());
  if (value.is_number_unsigned()) return grouped(value.get<std::uint64_t>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.dump();
}

std::string word_of(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  return at == row.end() ? "-" : word_of(*at);
}

std::uint64_t number_of(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  if (at == row.end() || !at->is_number_integer()) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at->get<std::int64_t>(), 0));
}

double share_of(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  return at == row.end() || !at->is_number() ? 0 : at->get<double>();
}

const inspect_json& rows_of(const inspect_json& answer) {
  static const inspect_json none = inspect_json::array();
  const auto at = answer.find("rows");
  return at == answer.end() || !at->is_array() ? none : *at;
}

template <class Cell>
void add(std::vector<table_column>& all, const inspect_json& rows, std::string title,
         bool is_number, const Cell& cell) {
  auto& column = all.emplace_back();
  column.title = std::move(title);
  column.is_number = is_number;
  for (const auto& row : rows) column.cells.push_back(cell(row));
}

void add_plain(std::vector<table_column>& all, const inspect_json& rows, const char* name,
               std::string title, bool is_number) {
  add(all, rows, std::move(title), is_number,
      [name](const inspect_json& row) { return word_of(row, name); });
}

std::string actors_text(const inspect_json& rows, std::size_t columns) {
  if (rows.empty()) return "no such actors\n";
  std::vector<table_column> all;
  add_plain(all, rows, "name", "NAME", false);
  add_plain(all, rows, "status", "STATE", false);
  add_plain(all, rows, "mailbox", "MAILBOX", true);
  add_plain(all, rows, "messages", "MESSAGES", true);
  add_plain(all, rows, "messages_per_second", "MSG/S", true);
  add(all, rows, "CPU %", true,
      [](const auto& row) { return fmt::format("{:.2f}", share_of(row, "cpu_percent")); });
  add(all, rows, "LONGEST", true,
      [](const auto& row) { return duration_text(number_of(row, "longest_us")); });
  add(all, rows, "MEMORY", true,
      [](const auto& row) { return bytes_text(number_of(row, "memory_bytes")); });
  add_plain(all, rows, "restarts", "RESTARTS", true);
  add_plain(all, rows, "node", "NODE", false);
  add_plain(all, rows, "last_failure", "LAST FAILURE", false);
  return table_text(all, columns);
}

std::string slow_text(const inspect_json& rows, std::size_t columns) {
  if (rows.empty()) return "nothing has been measured yet: ask again in a moment\n";
  std::vector<table_column> all;
  add(all, rows, "LONGEST", true,
      [](const auto& row) { return duration_text(number_of(row, "longest_us")); });
  add_plain(all, rows, "longest_message", "MESSAGE", false);
  add_plain(all, rows, "name", "ACTOR", false);
  add_plain(all, rows, "messages", "MESSAGES", true);
  add_plain(all, rows, "cpu_ms", "CPU MS", true);
  add_plain(all, rows, "node", "NODE", false);
  return table_text(all, columns);
}

/// "yes" or nothing.
std::string sign_of(const inspect_json& row, const char* name) {
  const auto word = word_of(row, name);
  return word == "yes" ? word : "";
}

/// Of a cluster: a line a node. An embedded node is an outline.
std::string nodes_text(const inspect_json& rows, std::size_t columns) {
  std::vector<table_column> all;
  add_plain(all, rows, "node", "NODE", false);
  add_plain(all, rows, "state", "STATE", false);
  add(all, rows, "LEADS", false, [](const auto& row) { return sign_of(row, "leads"); });
  add(all, rows, "LEASE", true,
      [](const auto& row) { return duration_text(number_of(row, "lease_age_ms") * 1'000); });
  add_plain(all, rows, "shards", "SHARDS", true);
  add_plain(all, rows, "ready", "READY", false);
  add_plain(all, rows, "actors", "ACTORS", true);
  add_plain(all, rows, "failed_actors", "FAILED", true);
  add(all, rows, "CPU %", true,
      [](const auto& row) { return fmt::format("{:.1f}", share_of(row, "cpu_percent")); });
  add(all, rows, "MEMORY", true,
      [](const auto& row) { return bytes_text(number_of(row, "resident_bytes")); });
  add(all, rows, "UP", true,
      [](const auto& row) { return age_text(number_of(row, "uptime_seconds")); });
  add(all, rows, "ROLES", false, [](const auto& row) {
    std::string words;
    if (const auto at = row.find("roles"); at != row.end() && at->is_array())
      for (const auto& one : *at) words += (words.empty() ? "" : ",") + word_of(one);
    return words;
  });
  add_plain(all, rows, "version", "VERSION", false);
  add_plain(all, rows, "address", "ADDRESS", false);
  add_plain(all, rows, "link", "LINK", false);
  return table_text(all, columns);
}

std::string tree_text(const inspect_json& rows, std::size_t columns) {
  std::string out;
  for (const auto& row : rows) {
    auto line = std::string(2 * number_of(row, "depth"), ' ') + word_of(row, "name");
    const bool is_top = number_of(row, "depth") == 0;
    if (const auto node = word_of(row, "node"); is_top && node != "local") line += " @ " + node;
    if (word_of(row, "status") != "running") line += "  " + word_of(row, "status");
    if (sign_of(row, "degraded") == "yes") line += "  degraded";
    if (const auto restarts = number_of(row, "restarts"); restarts > 0)
      line += "  " + counted(restarts, "restart") + ", last: " + word_of(row, "last_failure");
    if (const auto children = number_of(row, "children"); children > 0)
      line += "  (" + grouped(children) + (children == 1 ? " child" : " children") + ")";
    out += shown(line, columns) + '\n';
  }
  return out;
}

/// Any row as NAME VALUE lines; what is within it further in.
void put_outline(std::string& out, const inspect_json& value, std::size_t depth,
                 std::size_t columns) {
  const std::string indent(2 * depth, ' ');
  const auto put = [&](const std::string& name, const inspect_json& one) {
    if (one.is_structured() && !one.empty()) {
      out += shown(indent + name, columns) + '\n';
      return put_outline(out, one, depth + 1, columns);
    }
    const auto text = one.is_structured() ? std::string("none") : word_of(one);
    out += shown(indent + name + ": " + text, columns) + '\n';
  };
  if (value.is_object()) {
    for (const auto& [name, one] : value.items()) put(name, one);
    return;
  }
  for (const auto& one : value) {
    if (one.is_object()) { // a list of small things: one line each
      std::string line = indent + "-";
      for (const auto& [name, field] : one.items())
        line += " " + name + "=" + (field.is_structured() ? field.dump() : word_of(field));
      out += shown(line, columns) + '\n';
    } else {
      out +=
        shown(indent + "- " + (one.is_structured() ? one.dump() : word_of(one)), columns) + '\n';
    }
  }
}

std::string outline_text(const inspect_json& rows, std::size_t columns) {
  std::string out;
  for (const auto& row : rows) {
    if (!out.empty()) out += '\n';
    put_outline(out, row, 0, columns);
  }
  return out;
}

} // namespace

std::string shown(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (starts_character(text[i]) && ++width > columns) {
      if (columns > 0) { // the last character gives way to a sign that there is more
        while (!out.empty() && !starts_character(out.back())) out.pop_back();
        if (!out.empty()) out.back() = '~';
      }
      return out;
    }
    // The second control block of Unicode (0x80 to 0x9f) is written C2 80 to C2 9F: terminals may obey it.
    const bool is_second_block =
      byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_second_block) ++i;
    out += byte < 0x20 || byte == 0x7f || is_second_block ? '?' : text[i];
  }
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 1'000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", amount / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", amount / 1e6);
  return fmt::format("{:.1f} GB", amount / 1e9);
}

std::string duration_text(std::uint64_t us) {
  if (us < 1'000) return fmt::format("{} us", us);
  if (us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
  return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
}

std::string age_text(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3'600, seconds % 3'600 / 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds % 86'400 / 3'600);
}

std::string table_text(const std::vector<table_column>& all, std::size_t columns) {
  std::vector<std::size_t> widths;
  std::size_t rows = 0;
  for (const auto& one : all) {
    auto width = width_of(one.title);
    for (const auto& cell : one.cells) width = std::max(width, width_of(cell));
    widths.push_back(width);
    rows = std::max(rows, one.cells.size());
  }
  std::string out;
  for (std::size_t row = 0; row <= rows; ++row) {
    std::string line;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& text = row == 0 ? all[i].title : all[i].cells[row - 1];
      const std::string space(widths[i] - width_of(text), ' ');
      if (i > 0) line += "  ";
      line += all[i].is_number ? space + text : text + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += shown(line, columns) + '\n';
  }
  return out;
}

std::string inspect_text(const std::string& query, const inspect_json& answer,
                         std::size_t columns) {
  const auto& rows = rows_of(answer);
  if (query == "actors") return actors_text(rows, columns);
  if (query == "slow") return slow_text(rows, columns);
  if (query == "tree") return tree_text(rows, columns);
  if (query == "nodes" && !rows.empty() && rows.front().contains("membership"))
    return nodes_text(rows, columns);
  if (query == "where" && rows.empty()) return "nowhere\n";
  if (query == "nodes" || query == "shards" || query == "journal" || query == "where")
    return outline_text(rows, columns);
  return outline_text(inspect_json::array({answer}), columns);
}

std::string unreachable_text(const inspect_json& answer) {
  std::string out;
  const auto at = answer.find("unreachable");
  if (at == answer.end() || !at->is_array()) return out;
  for (const auto& one : *at)
    out += "without " + word_of(one, "node") + ": " + word_of(one, "why") + '\n';
  return out;
}

std::string trace_text(const inspect_json& line) {
  return shown(fmt::format("{}  {:>9.1f} us  {}  {}", word_of(line, "at"),
                           share_of(line, "took_us"), word_of(line, "kind"),
                           word_of(line, "text")));
}

std::string refusal_text(const inspect_json& answer) {
  const auto no = answer.find("error");
  if (no == answer.end()) return {};
  const auto field = word_of(*no, "field");
  return (field == "-" ? "" : field + ": ") + word_of(*no, "rule");
}

} // namespace rialto::app
