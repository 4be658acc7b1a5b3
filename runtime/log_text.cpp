// What a log line looks like, and what must not stand in one.
#include "runtime/log.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

namespace rialto::runtime {

namespace {

constexpr std::array<std::string_view, 6> level_names = {"trace",   "debug", "info",
                                                         "warning", "error", "off"};

/// "2024-08-08T00:00:01.000002Z"
std::string time_text(std::int64_t at_ns) {
  const auto seconds = static_cast<std::time_t>(at_ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     at_ns % 1'000'000'000 / 1'000);
}

/// Length of the well-formed UTF-8 character at the front, or 0.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xc2 && first < 0xe0   ? 2
                            : first >= 0xe0 && first < 0xf0 ? 3
                            : first >= 0xf0 && first < 0xf5 ? 4
                                                            : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  const bool is_overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool is_outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return is_overlong || is_outside ? 0 : bytes;
}

/// Appends `text` so that it stays on one line; with `quotes` as the inside of a JSON string.
void append_clean(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const auto bytes = character_bytes(text);
    if (bytes == 0) {
      out += "\xef\xbf\xbd"; // the replacement character
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < ' ' || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
    } else if (quotes && (c == '"' || c == '\\')) {
      out += '\\';
      out += text.front();
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Whether a key with this name holds something that must not be shown.
bool is_secret_name(std::string_view name) {
  std::string lower;
  for (const char c : name) {
    if (c != '_' && c != '-')
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const auto* word : {"password", "token", "secret", "authorization", "signature", "apikey",
                           "cookie", "tokenkey"}) {
    if (lower.ends_with(word)) return true;
  }
  return lower == "key" || lower == "bearer";
}

/// Where the value that begins at `at` ends: behind its quotes, or before what ends a bare one.
std::size_t end_of_value(std::string_view text, std::size_t at, bool is_header) {
  if (at < text.size() && text[at] == '"') {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
    return std::min(at, text.size());
  }
  const auto end = text.find_first_of(is_header ? "\r\n" : "&,;} \t\r\n", at);
  return std::min(end, text.size());
}

} // namespace

std::string_view name_of(log_level level) {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<log_level> log_level_of(std::string_view name) {
  const auto* found = std::find(level_names.begin(), level_names.end(), name);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<log_level>(found - level_names.begin());
}

std::string format_log_line(log_format format, std::int64_t at_ns, log_level level,
                            const log_place& place, std::string_view message) {
  std::string out;
  if (format == log_format::text) {
    out = fmt::format("{} {:<7} ", time_text(at_ns), name_of(level));
    append_clean(out, place.part, false);
    if (!place.request.empty()) {
      out += " [";
      append_clean(out, place.request, false);
      out += ']';
    }
    out += ": ";
    append_clean(out, message, false);
    return out;
  }
  out = fmt::format(R"({{"time":"{}","level":"{}","part":")", time_text(at_ns), name_of(level));
  append_clean(out, place.part, true);
  if (!place.request.empty()) {
    out += R"(","request":")";
    append_clean(out, place.request, true);
  }
  out += R"(","message":")";
  append_clean(out, message, true);
  out += "\"}";
  return out;
}

std::string redacted(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      out += text[at++];
      continue;
    }
    auto end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    const auto name = text.substr(at, end - at);
    out += name;
    at = end;
    if (!is_secret_name(name)) continue;
    // name" : "value", name=value, Name: value up to the line's end, or Bearer value
    while (at < text.size() && (text[at] == '"' || text[at] == '\'' || text[at] == ' '))
      out += text[at++];
    const bool has_sign = at < text.size() && (text[at] == ':' || text[at] == '=');
    const bool is_header = has_sign && text[at] == ':' && text[end] == ':';
    if (!has_sign && name.size() != 6) continue; // only "Bearer" needs none
    if (has_sign) out += text[at++];
    while (at < text.size() && text[at] == ' ') out += text[at++];
    const auto value_end = end_of_value(text, at, is_header);
    if (value_end == at) continue;
    if (text[at] == '"') out += '"';
    out += "[redacted]";
    at = value_end;
  }
  return out;
}

} // namespace rialto::runtime
