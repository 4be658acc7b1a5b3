#include "storage/event_codec.hpp"
#include "storage/event_tags.hpp"
#include "tests/storage/samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

using namespace rialto;
using namespace rialto::storage;

namespace {

template <class Event, class Check>
void for_each_sample(std::uint64_t seed, Check&& check) {
  random_source from(seed);
  for (std::size_t i = 0; i < std::variant_size_v<Event>; ++i) check(sample_event<Event>(i, from));
}

template <class Event>
void check_round_trip(std::uint64_t seed) {
  for_each_sample<Event>(seed, [](const Event& event) {
    const auto bytes = encoded(event);
    byte_reader in(bytes);
    Event decoded;
    REQUIRE(decode_event(in, decoded));
    CHECK(in.done());
    CHECK(decoded.index() == event.index());
    CHECK(encoded(decoded) == bytes);
  });
}

template <class Event>
void check_damage(std::uint64_t seed) {
  random_source from(seed);
  for_each_sample<Event>(seed, [&](const Event& event) {
    auto bytes = encoded(event);
    for (int change = 0; change < 3; ++change) {
      switch (from() % 3) {
      case 0: bytes[from() % bytes.size()] = static_cast<char>(from()); break;
      case 1: bytes.resize(1 + from() % bytes.size()); break;
      case 2: bytes.insert(from() % bytes.size(), 1, static_cast<char>(from())); break;
      }
    }
    byte_reader in(bytes);
    Event decoded;
    if (!decode_event(in, decoded)) {
      CHECK(in.failed());
      return;
    }
    // What still decodes is an event like any other: it encodes to what was read of it.
    CHECK(encoded(decoded) == bytes.substr(0, bytes.size() - in.left()));
    CHECK(nlohmann::json::accept(event_to_json(decoded)));
  });
}

std::filesystem::path golden(const char* name) {
  const char* source = std::getenv("RIALTO_SOURCE_DIR");
  const auto root = source != nullptr ? std::filesystem::path(source)
                                      : std::filesystem::path(__FILE__).parent_path() / ".." / "..";
  return root / "tests" / "storage" / "golden" / name;
}

template <class Event>
void name_samples(std::map<std::string, std::string>& lines) {
  for_each_sample<Event>(1, [&](const Event& event) {
    const auto name =
      std::visit([]<class Held>(const Held&) { return std::string(tag_of<Held>.name); }, event);
    lines[name] = to_hex(encoded(event));
  });
}

template <class Event>
bool decodes_to_itself(const std::string& bytes) {
  byte_reader in(bytes);
  Event event;
  return decode_event(in, event) && in.done() && encoded(event) == bytes;
}

} // namespace

TEST_CASE("event_codec: every event comes back as it was") {
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    check_round_trip<market_event>(seed);
    check_round_trip<account_event>(seed);
    check_round_trip<user_event>(seed);
  }
}

TEST_CASE("event_codec: damaged bytes are refused or are another event, and never crash") {
  for (const auto seed : seeds(3'000)) {
    CAPTURE(seed);
    check_damage<market_event>(seed);
    check_damage<account_event>(seed);
    check_damage<user_event>(seed);
  }
}

TEST_CASE("event_codec: an unknown tag, another version and a wrong length are refused") {
  const auto good = encoded(user_event(session_closed{7, true}));
  const auto with = [&](std::size_t at, char byte) {
    auto bytes = good;
    bytes[at] = byte;
    byte_reader in(bytes);
    user_event event;
    return decode_event(in, event);
  };
  CHECK(with(0, good[0]));
  CHECK_FALSE(with(0, 0x7f)); // tag
  CHECK_FALSE(with(2, 2));    // version
  CHECK_FALSE(with(3, 8));    // shorter than its fields
  CHECK_FALSE(with(3, 10));   // longer than the input
  CHECK_FALSE(with(15, 2));   // not a bool

  byte_reader in(good);
  market_event other;
  CHECK_FALSE(decode_event(in, other)); // another entity's event
}

namespace {

/// An event as its version before was written: without its last field, `tail` bytes of it.
template <class Event>
std::string without_last(const Event& event, std::size_t tail) {
  auto bytes = encoded(event);
  bytes.resize(bytes.size() - tail);
  --bytes[2]; // the version
  const auto length = static_cast<std::uint32_t>(bytes.size() - 7);
  std::memcpy(bytes.data() + 3, &length, sizeof length);
  return bytes;
}

} // namespace

TEST_CASE("event_codec: an event that grew by a field is read without it too, and with no less") {
  instrument_listed listed;
  listed.spec.symbol = "BTCUSDT";
  listed.spec.fee_tiers = {fee_tier{5, {6, 7}}};
  const auto tail = to_bytes(listed.spec.filters).size();
  const auto old = without_last(market_event(listed), tail);
  byte_reader in(old);
  market_event event;
  REQUIRE(decode_event(in, event));
  CHECK(in.done());
  CHECK(std::get<instrument_listed>(event).spec == listed.spec); // its filters are off
  auto with_filter = listed;
  with_filter.spec.filters.orders_max = 7;
  CHECK(encoded(market_event(with_filter)).size() == old.size() + tail);

  const auto is_read = [](const std::string& bytes) {
    byte_reader from(bytes);
    market_event read;
    return decode_event(from, read);
  };
  CHECK_FALSE(is_read(without_last(market_event(listed), 0))); // all of it under the old version
  CHECK_FALSE(is_read(without_last(market_event(listed), tail - 4))); // a part of the new field
  CHECK_FALSE(is_read(without_last(market_event(listed), tail + 1))); // a part of the one before
  auto newest = encoded(market_event(listed));
  newest.resize(newest.size() - tail);
  const auto length = static_cast<std::uint32_t>(newest.size() - 7);
  std::memcpy(newest.data() + 3, &length, sizeof length);
  CHECK_FALSE(is_read(newest)); // the new version has it

  list_placed placed;
  placed.list = {5};
  placed.base = "BTC";
  const auto list = without_last(account_event(placed), to_bytes(placed.other_ids).size());
  byte_reader list_in(list);
  account_event list_event;
  REQUIRE(decode_event(list_in, list_event));
  CHECK(std::get<list_placed>(list_event).base == "BTC");
  CHECK(std::get<list_placed>(list_event).other_ids.empty());
}

TEST_CASE("event_codec: the bytes of every event and version are as ever") {
  std::map<std::string, std::string> now;
  name_samples<market_event>(now);
  name_samples<account_event>(now);
  name_samples<user_event>(now);
  const auto path = golden("events.txt");
  if (std::getenv("RIALTO_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(path);
    for (const auto& [name, hex] : now) out << name << ' ' << hex << '\n';
  }
  std::ifstream in(path);
  REQUIRE_MESSAGE(in, path.string() << " is missing");
  std::map<std::string, std::string> kept;
  for (std::string name, hex; in >> name >> hex;) kept[name] = hex;
  for (const auto& line : kept) {
    CAPTURE(line.first);
    const auto bytes = from_hex(line.second);
    CHECK((decodes_to_itself<market_event>(bytes) || decodes_to_itself<account_event>(bytes) ||
           decodes_to_itself<user_event>(bytes)));
  }
  CHECK(now == kept); // a new event needs its line: RIALTO_WRITE_GOLDEN=1
}

TEST_CASE("event_json: every event is one JSON object with its fields by name") {
  const auto text = event_to_json(market_event(
    order_closed{order_id{5}, account_id{9}, order_status::expired, reject_reason::no_liquidity}));
  CHECK(text == R"({"event":"order_closed","id":5,"account":9,"status":"expired","reason":13})");
  for_each_sample<account_event>(7, [](const account_event& event) {
    const auto parsed = nlohmann::json::parse(event_to_json(event));
    CHECK(parsed.contains("event"));
    CHECK(parsed.size() > 1);
  });
  fill_settled settled;
  settled.way = side::sell;
  settled.fill.is_maker = true;
  settled.fill.notional = {6};
  const auto fill = nlohmann::json::parse(event_to_json(account_event(settled)));
  CHECK(fill["way"] == "sell");
  CHECK(fill["fill"]["is_maker"] == true);
  CHECK(fill["fill"]["notional"] == 6);
}

TEST_CASE("event_json: no hash of a password or token is shown, and text is escaped") {
  const auto text = event_to_json(
    user_event(user_registered{user_id{1}, "a\"\n\x01@b.c", "$argon2id$secret", user_role::admin}));
  CHECK(text.find("secret") == std::string::npos);
  CHECK(nlohmann::json::parse(text)["email"] == "a\"\n\x01@b.c");
  const auto label =
    event_to_json(user_event(account_added{account_id{1}, "\xe2\x82\xac\xff\xc0\x80"}));
  CHECK(nlohmann::json::parse(label)["label"] == "\u20ac\ufffd\ufffd\ufffd");
  CHECK(event_to_json(user_event(session_started{4, "secret", {5}})).find("secret") ==
        std::string::npos);
}
