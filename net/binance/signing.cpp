#include "net/binance/signing.hpp"

#include "net/api/query.hpp"
#include "net/binance/text.hpp"

#include <algorithm>
#include <vector>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t window_usual_us = 5'000'000, window_max_us = 60'000'000;

/// Appends `raw` without its pair `signature`.
void append_unsigned(std::string& out, std::string_view raw) {
  for (std::size_t at = 0; at <= raw.size();) {
    const auto end = std::min(raw.find('&', at), raw.size());
    const auto pair = raw.substr(at, end - at);
    const auto name = percent_decoded(pair.substr(0, pair.find('=')), true);
    if (name == "signature") {
      if (at > 0) { // with the '&' before it
        out.append(raw.substr(0, at - 1)).append(raw.substr(end));
      } else {
        out.append(raw.substr(std::min(end + 1, raw.size())));
      }
      return;
    }
    at = end + 1;
  }
  out.append(raw);
}

/// Milliseconds with at most three decimals, in microseconds; empty if malformed.
std::optional<std::int64_t> window_of(std::string_view text) {
  const auto units = parse_decimal8(text); // 10^-8 ms
  if (!units || *units % 100'000 != 0) return {};
  return *units / 100'000;
}

} // namespace

std::string payload_of(std::string_view query, std::string_view form) {
  std::string out;
  out.reserve(query.size() + form.size());
  append_unsigned(out, query);
  append_unsigned(out, form);
  return out;
}

std::string payload_of(const parameters& from) {
  std::vector<const parameter*> sorted;
  for (const auto& one : from.all())
    if (one.name != "signature") sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(),
            [](const parameter* a, const parameter* b) { return a->name < b->name; });
  std::string out;
  for (const auto* one : sorted) {
    if (!out.empty()) out += '&';
    out.append(one->name).append("=");
    for (const char c : one->value) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80)
        out += c;
      else
        out.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return out;
}

time_window take_window(parameters& params, timestamp_ns now) {
  time_window window;
  std::int64_t window_us = window_usual_us;
  if (const auto text = params.maybe_text("recvWindow")) {
    const auto given = window_of(*text);
    if (!given)
      params.refuse(request_error::invalid_field, "recvWindow");
    else if (*given > window_max_us)
      params.refuse(request_error::recv_window_invalid, "recvWindow");
    else
      window_us = *given;
  }
  const auto sent = params.maybe_time("timestamp");
  if (!sent) {
    params.refuse(request_error::missing_field, "timestamp");
    return window;
  }
  window.sent = *sent;
  window.until = {sent->value + window_us * 1'000 + second_ns};
  if (sent->value >= now.value + second_ns)
    params.refuse(request_error::time_ahead, "timestamp");
  else if (now.value - sent->value > window_us * 1'000)
    params.refuse(request_error::time_outside_window, "timestamp");
  return window;
}

} // namespace rialto::net::binance
