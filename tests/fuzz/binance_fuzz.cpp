// What clients of Binance's API send: parameters, messages of the WebSocket API, names and requests of streams.
#include "net/binance/message.hpp"
#include "net/binance/signing.hpp"
#include "net/binance/stream_names.hpp"
#include "net/binance/stream_request.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace rialto::fuzz {

namespace {

using namespace rialto::net;
using namespace rialto::net::binance;
using nlohmann::json;

constexpr std::size_t name_shown_max = 40;

void check_parameters(const parameters& read) {
  RIALTO_ASSERT(read.all().size() <= parameters::count_max);
  std::set<std::string> names;
  for (const auto& one : read.all()) {
    RIALTO_ASSERT(!one.name.empty() && one.name.size() <= parameters::name_bytes_max);
    if (read.ok()) RIALTO_ASSERT(names.insert(one.name).second); // no name twice
  }
  if (!read.ok()) RIALTO_ASSERT(read.why().field.size() <= name_shown_max);
}

/// Every reader looks at every parameter: what it takes is what the text says, or a failure is told.
void take_all(parameters& read) {
  const auto all = read.all();
  for (const auto& one : all) {
    if (const auto units = read.maybe_decimal(one.name))
      RIALTO_ASSERT(parse_decimal8(one.value) == units);
    if (const auto whole = read.maybe_whole(one.name, -5, 1'000'000))
      RIALTO_ASSERT(*whole >= -5 && *whole <= 1'000'000);
    if (const auto list = read.maybe_list(one.name)) {
      RIALTO_ASSERT(!list->empty() && list->size() <= 1'000);
      for (const auto& text : *list) RIALTO_ASSERT(!text.empty());
    }
    if (const auto when = read.maybe_time(one.name)) RIALTO_ASSERT(when->value >= 0);
    static_cast<void>(read.maybe_flag(one.name));
    if (const auto text = read.maybe_text(one.name)) RIALTO_ASSERT(*text == one.value);
  }
  static_cast<void>(take_window(read, {1'700'000'000'000'000'000}));
  static_cast<void>(read.done());
  if (!read.ok()) RIALTO_ASSERT(read.why().field.size() <= name_shown_max);
}

} // namespace

RIALTO_FUZZ_TARGET(binance_parameters) {
  // A line end parts the query from the form, as the head of a request does.
  const auto split = std::min(input.find('\n'), input.size());
  const auto query = input.substr(0, split);
  const auto form = input.substr(std::min(split + 1, input.size()));
  parameters read;
  read.add_encoded(query, true);
  read.add_encoded(form, false);
  check_parameters(read);
  const auto payload = payload_of(query, form);
  RIALTO_ASSERT(payload.size() <= query.size() + form.size());
  const auto bytes = query.size() + form.size();
  if (read.ok()) RIALTO_ASSERT((payload.size() < bytes) == read.has("signature"));
  take_all(read);
}

RIALTO_FUZZ_TARGET(binance_message) {
  auto read = parse_message(input);
  const auto id = json::parse(read.id, nullptr, false); // told back, so it is JSON by itself
  RIALTO_ASSERT(id.is_null() || id.is_string() || id.is_number());
  if (read.why) {
    RIALTO_ASSERT(read.why->field.size() <= name_shown_max);
    return;
  }
  RIALTO_ASSERT(!read.method.empty());
  check_parameters(read.params);
  RIALTO_ASSERT(read.params.ok());
  const auto body = json::parse(input, nullptr, false);
  RIALTO_ASSERT(body.is_object());
  RIALTO_ASSERT(body.at("method") == read.method);
  const auto params = body.value("params", json(nullptr));
  RIALTO_ASSERT(read.params.all().size() == params.size());
  for (const auto& one : read.params.all()) {
    RIALTO_ASSERT(params.contains(one.name));
    RIALTO_ASSERT(params.at(one.name).is_string() == one.is_text);
    if (one.is_text) RIALTO_ASSERT(params.at(one.name) == one.value);
  }
  static_cast<void>(payload_of(read.params));
  take_all(read.params);
}

RIALTO_FUZZ_TARGET(binance_stream_name) {
  const auto topic = parse_stream_name(input);
  if (topic) {
    RIALTO_ASSERT(input.size() <= stream_name_bytes_max);
    RIALTO_ASSERT(looks_like_stream(input));
    RIALTO_ASSERT(topic->symbol.empty() == input.starts_with('!'));
    for (const char c : topic->symbol)
      RIALTO_ASSERT((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
  }
  const auto split = std::min(input.find('?'), input.size());
  if (!is_stream_path(input.substr(0, split))) return;
  const auto target =
    parse_stream_target(input.substr(0, split), input.substr(std::min(split + 1, input.size())));
  std::size_t bytes = 0;
  for (const auto name : target.names) {
    RIALTO_ASSERT(!name.empty() && name.find('/') == std::string_view::npos);
    bytes += name.size();
  }
  RIALTO_ASSERT(bytes <= input.size());
}

RIALTO_FUZZ_TARGET(binance_stream_request) {
  const auto read = parse_stream_request(input);
  const auto id = json::parse(read.id, nullptr, false);
  RIALTO_ASSERT(id.is_null() || id.is_string() || id.is_number_integer());
  if (read.why) {
    const auto refusal = json::parse(stream_refusal(read, *read.why));
    RIALTO_ASSERT(refusal.at("id") == id);
    RIALTO_ASSERT(refusal.at("error").at("code") == read.why->code);
    RIALTO_ASSERT(read.why->text.size() <= 300);
    return;
  }
  RIALTO_ASSERT(json::parse(stream_answer(read, "null")).at("id") == id);
  RIALTO_ASSERT(read.method == stream_method::list_subscriptions || !read.names.empty());
}

} // namespace rialto::fuzz
