#include "net/binance/parameters.hpp"

#include "net/api/query.hpp"
#include "net/binance/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rialto::net::binance {

namespace {

constexpr std::size_t list_max = 1'000; // texts of one parameter

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A name for an error: cut, and without what is not plain.
std::string shown(std::string_view name) {
  std::string out(name.substr(0, 40));
  for (auto& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

/// The texts of a flat JSON array without escapes; empty if it is none.
std::optional<std::vector<std::string>> texts_of(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return {};
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> out;
  while (!text.empty()) {
    if (text.front() != '"') return {};
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos || out.size() == list_max) return {};
    const auto one = text.substr(1, end - 1);
    if (one.empty() || one.find('\\') != std::string_view::npos) return {};
    out.emplace_back(one);
    text.remove_prefix(end + 1);
    if (text.empty()) break;
    if (text.front() != ',' || text.size() == 1) return {};
    text.remove_prefix(1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return out;
}

} // namespace

const parameter* parameters::find(std::string_view name) const {
  const auto at =
    std::find_if(all_.begin(), all_.end(), [&](const parameter& one) { return one.name == name; });
  return at == all_.end() ? nullptr : &*at;
}

const std::string* parameters::look(std::string_view name) const {
  const auto* one = find(name);
  return one == nullptr ? nullptr : &one->value;
}

parameter* parameters::take(std::string_view name) {
  auto* one = const_cast<parameter*>(find(name)); // ours
  if (one == nullptr) return nullptr;
  one->taken = true;
  if (!one->value.empty()) return one;
  refuse(request_error::parameter_empty, name);
  return nullptr;
}

void parameters::pass_over(std::string_view name) {
  if (auto* one = const_cast<parameter*>(find(name))) one->taken = true;
}

void parameters::refuse(request_error what, std::string_view name) {
  fail({what, {}, shown(name)});
}

void parameters::add(std::string_view name, std::string_view value, bool is_text) {
  if (name.empty() || name.size() > name_bytes_max)
    return refuse(request_error::unknown_field, name);
  if (all_.size() == count_max) {
    auto row = problem_of(request_error::duplicate_field);
    row.binance_text = "Too many parameters sent for this endpoint.";
    return fail(row);
  }
  all_.push_back({std::string(name), std::string(value), is_text});
}

void parameters::add_encoded(std::string_view raw, bool wins) {
  const auto before = all_.size();
  while (!raw.empty() && ok()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const auto pair = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (pair.empty()) continue;
    const auto split = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, split), true);
    if (!name) return refuse(request_error::invalid_field, pair.substr(0, split));
    // Base64 that was sent without its '+' encoded keeps it.
    const auto value =
      percent_decoded(pair.substr(std::min(split + 1, pair.size())), *name != "signature");
    if (!value) return refuse(request_error::invalid_field, *name);
    const auto* known = find(*name);
    if (known != nullptr) {
      if (wins || static_cast<std::size_t>(known - all_.data()) >= before || *name == "signature")
        return refuse(request_error::duplicate_field, *name);
      continue;
    }
    add(*name, *value, true);
  }
}

std::optional<std::string_view> parameters::maybe_text(std::string_view name) {
  const auto* one = take(name);
  if (one == nullptr) return {};
  return one->value;
}

std::string_view parameters::text(std::string_view name) {
  const auto found = maybe_text(name);
  if (!found) refuse(request_error::missing_field, name);
  return found.value_or(std::string_view{});
}

std::optional<std::int64_t> parameters::maybe_whole(std::string_view name, std::int64_t min,
                                                    std::int64_t max) {
  const auto found = maybe_text(name);
  if (!found) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), value);
  if (error != std::errc{} || end != found->data() + found->size()) {
    refuse(request_error::invalid_field, name);
    return {};
  }
  if (value < min || value > max) {
    refuse(request_error::value_invalid, name);
    return {};
  }
  return value;
}

std::optional<bool> parameters::maybe_flag(std::string_view name) {
  const auto found = maybe_text(name);
  if (!found) return {};
  if (is_one_of(*found, {"true", "TRUE", "True"})) return true;
  if (is_one_of(*found, {"false", "FALSE", "False"})) return false;
  refuse(request_error::invalid_field, name);
  return {};
}

std::optional<std::int64_t> parameters::maybe_decimal(std::string_view name) {
  const auto found = maybe_text(name);
  if (!found) return {};
  if (const auto units = parse_decimal8(*found)) return units;
  const bool is_plain = !found->empty() && found->size() <= 40 && found->front() != '.' &&
                        found->back() != '.' &&
                        std::count(found->begin(), found->end(), '.') <= 1 &&
                        std::all_of(found->begin(), found->end(),
                                    [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const auto point = found->find('.');
  const bool is_fine = is_plain && point != std::string_view::npos &&
                       found->find_last_not_of('0') > point + asset_decimals;
  refuse(is_fine ? request_error::too_precise : request_error::invalid_field, name);
  return {};
}

std::optional<std::vector<std::string>> parameters::maybe_list(std::string_view name) {
  const auto found = maybe_text(name);
  if (!found) return {};
  if (found->front() != '[') return std::vector<std::string>{std::string(*found)};
  auto texts = texts_of(*found);
  if (!texts || texts->empty()) {
    refuse(request_error::invalid_field, name);
    return {};
  }
  return texts;
}

std::optional<timestamp_ns> parameters::maybe_time(std::string_view name) {
  constexpr std::int64_t us_max = 9'000'000'000'000'000; // the year 2255
  const auto sent = maybe_whole(name, 0, us_max);
  if (!sent) return {};
  return time_from(*sent);
}

bool parameters::done() {
  for (const auto& one : all_) {
    if (one.taken || is_one_of(one.name, {"signature", "timestamp", "recvWindow", "apiKey"}))
      continue;
    refuse(request_error::unknown_field, one.name);
    break;
  }
  return ok();
}

} // namespace rialto::net::binance
