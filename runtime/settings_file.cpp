// The config file: reading it line by line, and writing one that reads back the same.
#include "runtime/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

namespace rialto::runtime {

namespace {

constexpr std::size_t file_bytes_max = 1 << 20;
constexpr std::size_t lines_max = 10'000;
constexpr std::size_t errors_max = 20;
constexpr std::size_t comment_columns = 100;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_comment(std::string_view text) {
  return text.starts_with('#') || text.starts_with(';');
}

/// The value of `key = value`: up to a comment behind a blank, or what stands in double quotes, where
/// two quotes stand for one. False if the quotes do not close.
bool read_right_side(std::string_view text, std::string& value) {
  if (text.starts_with('"')) {
    value.clear();
    for (text.remove_prefix(1);; text.remove_prefix(1)) {
      const auto end = text.find('"');
      if (end == std::string_view::npos) return false;
      value += text.substr(0, end);
      text.remove_prefix(end + 1);
      if (!text.starts_with('"')) break;
      value += '"';
    }
    const auto rest = trimmed(text);
    return rest.empty() || is_comment(rest);
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool after_blank = text[i - 1] == ' ' || text[i - 1] == '\t';
    if (after_blank && is_comment(text.substr(i))) text = text.substr(0, i);
  }
  value = is_comment(text) ? std::string_view{} : trimmed(text);
  return true;
}

std::string quoted_if_needed(const std::string& text) {
  std::string plain;
  if (!text.starts_with('"') && read_right_side(text, plain) && plain == text) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

/// The file the reader is in: line numbers, the section, and what was already set.
struct reading {
  std::string_view path;
  setting_errors& errors;
  std::size_t line = 0;
  std::string section = {};
  bool section_is_known = true;
  std::map<std::string, std::size_t, std::less<>> first_line = {};

  void error(const std::string& what) {
    if (errors.size() < errors_max) errors.push_back(fmt::format("{}:{}: {}", path, line, what));
  }
};

void enter_section(reading& at, std::string_view text, const settings_table& table) {
  if (text.back() != ']') {
    at.section_is_known = false;
    return at.error("a section must be written [name]");
  }
  at.section = trimmed(text.substr(1, text.size() - 2));
  at.section_is_known = false;
  for (std::size_t i = 0; i < table.count() && !at.section_is_known; ++i) {
    at.section_is_known = table.at(i).section() == at.section;
  }
  if (!at.section_is_known) {
    at.error(
      fmt::format("there is no section [{}]{}", at.section, table.section_suggestion(at.section)));
  }
}

void take_line(reading& at, std::string_view text, settings_table& table) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return at.error(
      fmt::format("must be key = value or [section], not \"{}\"", text.substr(0, 40)));
  }
  if (at.section.empty()) return at.error("a [section] must come before the first key");
  const auto name = fmt::format("{}.{}", at.section, trimmed(text.substr(0, equals)));
  auto* found = table.find(name);
  if (found == nullptr) {
    return at.error(fmt::format("there is no setting {}{}", name, table.suggestion(name)));
  }
  if (const auto [other, is_new] = at.first_line.emplace(name, at.line); !is_new) {
    return at.error(fmt::format("{} was already set in line {}", name, other->second));
  }
  std::string value;
  if (!read_right_side(trimmed(text.substr(equals + 1)), value)) {
    return at.error(
      fmt::format("{} must have nothing but a comment after its closing quote", name));
  }
  const auto why = found->set(value, setting_origin::file);
  if (!why.empty()) at.error(fmt::format("{} {}", name, why));
}

void append_comment(std::string& out, std::string_view sentence) {
  while (!sentence.empty()) {
    auto end = sentence.size();
    if (end > comment_columns - 2) end = sentence.rfind(' ', comment_columns - 2);
    if (end == std::string_view::npos) end = sentence.size();
    out += fmt::format("# {}\n", sentence.substr(0, end));
    sentence = sentence.substr(std::min(end + 1, sentence.size()));
  }
}

} // namespace

void settings_table::read_file(const std::string& path, setting_errors& errors) {
  std::ifstream in(path, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  if (!in || !in.read(text.data(), static_cast<std::streamsize>(text.size())).eof()) {
    if (in && in.gcount() > 0) {
      errors.push_back(fmt::format("{}: must have at most {} bytes", path, file_bytes_max));
    } else {
      errors.push_back(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
    }
    return;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  read_text(text, path, errors);
}

void settings_table::read_text(std::string_view text, std::string_view path,
                               setting_errors& errors) {
  reading at{path, errors};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++at.line > lines_max)
      return at.error(fmt::format("must have at most {} lines", lines_max));
    if (line.empty() || is_comment(line)) continue;
    if (!is_plain_text(line)) {
      at.error("must be text without control characters");
    } else if (line.front() == '[') {
      enter_section(at, line, *this);
    } else if (at.section_is_known) { // keys of an unknown section are not reported one by one
      take_line(at, line, *this);
    }
  }
}

std::string settings_table::print_config(std::string_view heading) const {
  std::string out;
  append_comment(out, heading);
  std::string_view section;
  for (std::size_t i = 0; i < count(); ++i) {
    const auto& one = at(i);
    const auto& spec = one.spec();
    if (one.section() != section) {
      section = one.section();
      out += fmt::format("\n[{}]\n", section);
    }
    out += '\n';
    append_comment(out, spec.sentence);
    auto facts = one.shape();
    if (!spec.unit.empty()) facts += fmt::format(" {}", spec.unit);
    if (spec.is_secret) {
      facts += "; secret";
    } else {
      facts += fmt::format("; default: {}", spec.fallback.empty() ? "empty" : spec.fallback);
    }
    if (!spec.needs_restart) facts += "; read again on SIGHUP";
    append_comment(out, facts);
    const auto value = spec.is_secret ? std::string{} : quoted_if_needed(one.text());
    out += fmt::format("{} ={}{}\n", one.key(), value.empty() ? "" : " ", value);
  }
  return out;
}

std::string settings_table::print_table() const {
  std::string out = "| setting | what it does | values | default |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < count(); ++i) {
    const auto& one = at(i);
    auto shape = one.shape();
    for (auto bar = shape.find('|'); bar != std::string::npos; bar = shape.find('|', bar + 2)) {
      shape.replace(bar, 1, "\\|");
    }
    out += fmt::format("| `{}` | {} | {}{}{} | {} |\n", one.spec().name, one.spec().sentence, shape,
                       one.spec().unit.empty() ? "" : " ", one.spec().unit,
                       one.spec().fallback.empty() ? std::string{}
                                                   : fmt::format("`{}`", one.spec().fallback));
  }
  return out;
}

} // namespace rialto::runtime
