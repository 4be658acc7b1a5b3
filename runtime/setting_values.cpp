#include "runtime/setting_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace rialto::runtime {

namespace {

/// Digits only, with an optional minus: no blanks, no plus, no base prefix.
template <class Int>
std::optional<Int> read_whole(std::string_view text) {
  Int value{};
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return value;
}

/// "2", "0.5", "12.25" as thousandths, above 0 and at most 1000 times.
std::optional<std::int64_t> read_speed(std::string_view text) {
  if (text == "max") return 0;
  const auto point = text.find('.');
  const auto whole = read_whole<std::int64_t>(text.substr(0, point));
  if (!whole || *whole < 0 || *whole > 1'000 || text.front() == '-') return std::nullopt;
  std::int64_t thousandths = 0;
  if (point != std::string_view::npos) {
    const auto digits = text.substr(point + 1);
    const auto part = read_whole<std::int64_t>(digits);
    if (digits.size() > 3 || !part || digits.front() == '-') return std::nullopt;
    thousandths = *part;
    for (auto i = digits.size(); i < 3; ++i) thousandths *= 10;
  }
  const auto speed = *whole * 1'000 + thousandths;
  if (speed < 1 || speed > 1'000'000) return std::nullopt;
  return speed;
}

bool is_address(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  return inet_pton(AF_INET, host.c_str(), &four) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

} // namespace

bool listen_address::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_plain_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\t'; });
}

bool read_value(std::string_view text, const value_rule& rule, std::string& value,
                std::string& why) {
  if (!rule.allowed.empty()) {
    if (std::find(rule.allowed.begin(), rule.allowed.end(), text) == rule.allowed.end()) {
      why = "must be one of " + joined(rule.allowed, ", ");
      return false;
    }
  } else if (static_cast<std::int64_t>(text.size()) > rule.max) {
    why = fmt::format("must have at most {} bytes", rule.max);
    return false;
  } else if (static_cast<std::int64_t>(text.size()) < rule.min) {
    why = text.empty() ? "must not be empty" : fmt::format("must have at least {} bytes", rule.min);
    return false;
  }
  value = text;
  return true;
}

bool read_value(std::string_view text, const value_rule& rule, std::int64_t& value,
                std::string& why) {
  const auto whole = read_whole<std::int64_t>(text);
  if (!whole || *whole < rule.min || *whole > rule.max) {
    why = fmt::format("must be a whole number from {} to {}", rule.min, rule.max);
    return false;
  }
  value = *whole;
  return true;
}

bool read_value(std::string_view text, const value_rule&, bool& value, std::string& why) {
  if (text != "on" && text != "off") {
    why = "must be on or off";
    return false;
  }
  value = text == "on";
  return true;
}

bool read_value(std::string_view text, const value_rule&, listen_address& value, std::string& why) {
  why = "must be ADDRESS:PORT with an IP address or localhost, for instance 127.0.0.1:8080 or "
        "[::1]:8080";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  listen_address made{std::string(host), 0};
  if (bracketed != (host.find(':') != std::string_view::npos)) return false;
  if (made.host != "localhost" && !is_address(made.host)) return false;
  const auto digits = text.substr(colon + 1);
  const auto port = read_whole<std::uint16_t>(digits);
  if (!port) {
    why = "must have a port from 0 to 65535 after the last colon";
    return false;
  }
  made.port = *port;
  value = std::move(made);
  return true;
}

bool read_value(std::string_view text, const value_rule&, feed_choice& value, std::string& why) {
  feed_choice made;
  if (text == "none" || text == "sim" || text == "binance") {
    made.source = text == "sim"    ? feed_choice::kind::sim
                  : text == "none" ? feed_choice::kind::none
                                   : feed_choice::kind::binance;
    value = std::move(made);
    return true;
  }
  why = "must be none, sim, binance or replay:FILE[@SPEED]";
  constexpr std::string_view prefix = "replay:";
  if (!text.starts_with(prefix)) return false;
  auto file = text.substr(prefix.size());
  if (const auto at = file.rfind('@'); at != std::string_view::npos) {
    const auto speed = read_speed(file.substr(at + 1).empty() ? "-" : file.substr(at + 1));
    if (!speed) {
      why = "must have a speed after @: max, or times the recorded speed from 0.001 to 1000";
      return false;
    }
    made.speed_permille = *speed;
    file = file.substr(0, at);
  }
  if (file.empty()) {
    why = "must name a file after replay:";
    return false;
  }
  made.source = feed_choice::kind::replay;
  made.file = file;
  value = std::move(made);
  return true;
}

bool read_value(std::string_view text, const value_rule& rule, word_list& value, std::string& why) {
  word_list made;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    auto word = text.substr(at, end - at);
    at = end + 1;
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (word.empty() || word.find(' ') != std::string_view::npos || end + 1 == text.size()) {
      why = "must be words with commas between them";
      return false;
    }
    made.words.emplace_back(word);
  }
  if (static_cast<std::int64_t>(made.words.size()) > rule.max) {
    why = fmt::format("must have at most {} words", rule.max);
    return false;
  }
  value = std::move(made);
  return true;
}

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(std::int64_t value) {
  return std::to_string(value);
}
std::string text_of(bool value) {
  return value ? "on" : "off";
}

std::string text_of(const listen_address& value) {
  const bool six = value.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", six ? "[" : "", value.host, six ? "]" : "", value.port);
}

std::string text_of(const feed_choice& value) {
  switch (value.source) {
  case feed_choice::kind::none: return "none";
  case feed_choice::kind::sim: return "sim";
  case feed_choice::kind::binance: return "binance";
  case feed_choice::kind::replay: break;
  }
  const auto speed = value.speed_permille;
  if (speed == 1'000) {
    // A file name with an @ would read back as a speed.
    return "replay:" + value.file + (value.file.find('@') == std::string::npos ? "" : "@1");
  }
  if (speed == 0) return "replay:" + value.file + "@max";
  if (speed % 1'000 == 0) return fmt::format("replay:{}@{}", value.file, speed / 1'000);
  return fmt::format("replay:{}@{}.{:03}", value.file, speed / 1'000, speed % 1'000);
}

std::string text_of(const word_list& value) {
  return joined(value.words, ", ");
}

std::string shape_of(const value_rule& rule, const std::string*) {
  if (!rule.allowed.empty()) return joined(rule.allowed, "|");
  return "text";
}
std::string shape_of(const value_rule& rule, const std::int64_t*) {
  return fmt::format("{} to {}", rule.min, rule.max);
}
std::string shape_of(const value_rule&, const bool*) {
  return "on|off";
}
std::string shape_of(const value_rule&, const listen_address*) {
  return "ADDRESS:PORT";
}
std::string shape_of(const value_rule&, const feed_choice*) {
  return "none|sim|binance|replay:FILE[@SPEED]";
}
std::string shape_of(const value_rule&, const word_list*) {
  return "words with commas";
}

} // namespace rialto::runtime
