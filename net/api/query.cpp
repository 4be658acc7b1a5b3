#include "net/api/query.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

} // namespace

std::optional<std::string> percent_decoded(std::string_view raw, bool plus_is_blank) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (raw[i] != '%') {
      out += raw[i];
    } else {
      if (i + 2 >= raw.size()) return {};
      const int high = hex_value(raw[i + 1]), low = hex_value(raw[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::optional<failure> parse_query(std::string_view raw,
                                   std::map<std::string, std::string, std::less<>>& out) {
  constexpr std::size_t parameters_max = 32;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const auto pair = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (pair.empty()) continue;
    const auto split = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, split), true);
    const auto value = percent_decoded(pair.substr(std::min(split + 1, pair.size())), true);
    if (!name || !value || name->size() > 64)
      return failure{request_error::bad_request, "the query is not well percent-encoded", "query"};
    if (out.size() == parameters_max)
      return failure{request_error::bad_request, "the query has too many parameters", "query"};
    if (!out.emplace(*name, *value).second)
      return failure{request_error::duplicate_field, fmt::format("{} is there twice", *name),
                     *name};
  }
  return {};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0') return {};
  if (value >= std::uint64_t{1} << 56) return {};
  return value;
}

void query_reader::refuse(std::string_view name, std::string_view rule) {
  if (!ok_) return;
  ok_ = false;
  from_->fail({request_error::invalid_field, fmt::format("{} {}", name, rule), std::string(name)});
}

std::uint64_t query_reader::number(std::string_view name, std::uint64_t otherwise,
                                   std::uint64_t max) {
  if (from_->query.find(name) == from_->query.end()) return otherwise;
  const auto value = parse_number(text(name));
  if (!value || *value > max) refuse(name, fmt::format("must be a whole number from 1 to {}", max));
  return value.value_or(otherwise);
}

storage::page_request query_reader::page() {
  storage::page_request page;
  page.limit = static_cast<std::uint32_t>(number("limit", page_limit_usual, page_limit_max));
  page.cursor = std::string(text("cursor"));
  if (page.cursor.size() > 100) refuse("cursor", "must be the next_cursor of a former page");
  return page;
}

market_id query_reader::market(const actors::directory& markets) {
  if (from_->query.find("symbol") == from_->query.end()) return {};
  const auto* entry = markets.find(text("symbol"));
  if (entry != nullptr) return entry->spec.market;
  if (ok_) {
    ok_ = false;
    from_->fail(
      {request_error::symbol_not_found, "symbol is not the name of an instrument here", "symbol"});
  }
  return {};
}

std::uint64_t query_reader::path_number(std::size_t index, std::string_view name,
                                        request_error otherwise) {
  const auto value = parse_number(from_->path_values.at(index));
  if (!value && ok_) {
    ok_ = false;
    from_->fail({otherwise, fmt::format("{} must be a whole number", name), std::string(name)});
  }
  return value.value_or(0);
}

} // namespace rialto::net
