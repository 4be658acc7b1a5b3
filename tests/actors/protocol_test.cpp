#include "actors/protocol/frames.hpp"
#include "tests/actors/protocol_layout.hpp"
#include "tests/actors/protocol_samples.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace rialto;
using namespace rialto::actors;
using namespace rialto::actors::protocol;

namespace {

/// 1..count, or the one in RIALTO_SEED, so that a failure can be run again alone.
std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

std::size_t items_of(const frame& one) {
  return std::visit([](const auto& held) { return held.items.size(); }, one);
}

/// The only frame that it takes.
template <class Frame>
std::string bytes_of(const Frame& what) {
  auto made = encode(what);
  REQUIRE(made.left_out.empty());
  REQUIRE(made.frames.size() == 1);
  return std::move(made.frames.front());
}

template <class Frame>
Frame read_as(std::string_view bytes) {
  const auto what = decode(bytes);
  REQUIRE(what.has_value());
  REQUIRE(std::holds_alternative<Frame>(*what));
  return std::get<Frame>(*what);
}

std::string with(std::string bytes, std::size_t at, char byte) {
  bytes.at(at) = byte;
  return bytes;
}

constexpr std::size_t kind_at = 1, count_at = 2, items_at = 6; // of a frame without a head

request sample_order() {
  place_order order;
  order.id = {5};
  return {9, account_id{77}, account_command{order, {}}, {}};
}

link_envelope sample_cancel() {
  link_envelope one;
  one.from = account_id{77};
  one.to = market_id{3};
  one.number = 4;
  one.body = cancel_order{{5}, {77}};
  one.is_durable = true;
  return one;
}

} // namespace

TEST_CASE("protocol: everything that crosses nodes comes back as the same bytes") {
  for (const auto seed : seeds(300)) {
    CAPTURE(seed);
    for (const auto& one : sample_frames(seed)) {
      CAPTURE(one.index());
      const auto bytes = bytes_of(one);
      const auto again = decode(bytes);
      REQUIRE(again.has_value());
      CHECK(again->index() == one.index());
      CHECK(items_of(*again) == items_of(one));
      CHECK(bytes_of(*again) == bytes);
    }
  }
}

TEST_CASE("protocol: a command, an answer and a message arrive with their values") {
  request_frame requests{{sample_order()}};
  auto& order = std::get<place_order>(std::get<account_command>(requests.items[0].command).body);
  order.client_order_id = "mine";
  order.terms.reference_price = {42};
  requests.items[0].claims = {{"email:a@b.c", user_id{7}}};
  const auto request = read_as<request_frame>(bytes_of(requests)).items.at(0);
  CHECK(request.token == 9);
  CHECK(request.to == entity_id{account_id{77}});
  CHECK(request.claims.at(0).key == "email:a@b.c");
  CHECK(request.claims.at(0).owner == entity_id{user_id{7}});
  const auto& placed = std::get<place_order>(std::get<account_command>(request.command).body);
  CHECK(placed.client_order_id == "mine");
  CHECK(placed.terms.reference_price == price_ticks{42});

  order_view view;
  view.id = {5};
  view.counts = {3, 40}; // written nowhere, but told
  const answer_frame answers{{{11, 12}}, {{9, delivery::done, view}}};
  const auto read = read_as<answer_frame>(bytes_of(answers));
  CHECK(read.heads == answers.heads);
  CHECK(read.items.at(0).how == delivery::done);
  CHECK(std::get<order_view>(read.items.at(0).result) == view);

  auto cancel = sample_cancel();
  const auto plain = read_as<message_frame>(bytes_of(message_frame{{cancel}})).items.at(0);
  CHECK(plain.context == order_view{});
  CHECK(plain.is_durable);
  cancel.token = 9;
  cancel.context = view;
  const auto message = read_as<message_frame>(bytes_of(message_frame{{cancel}})).items.at(0);
  CHECK(message.from == cancel.from);
  CHECK(message.to == cancel.to);
  CHECK(message.number == 4);
  CHECK(message.token == 9);
  CHECK(message.context == view);
  CHECK(std::get<cancel_order>(message.body).id == order_id{5});

  const receipt_frame receipts{{{account_id{1}, market_id{2}, 3}}};
  CHECK(read_as<receipt_frame>(bytes_of(receipts)).items == receipts.items);
}

TEST_CASE("protocol: what only nodes tell each other is in no hash and no snapshot") {
  order_view one, other;
  one.counts = {3, 40};
  CHECK(to_bytes(one) == to_bytes(other));
  CHECK(bytes_of(answer_frame{{}, {{1, delivery::done, one}}}) !=
        bytes_of(answer_frame{{}, {{1, delivery::done, other}}}));
}

TEST_CASE("protocol: a frame cut anywhere, or with a byte too many, is no frame") {
  for (const auto seed : seeds(5)) {
    CAPTURE(seed);
    for (const auto& one : sample_frames(seed)) {
      CAPTURE(one.index());
      const auto bytes = bytes_of(one);
      std::size_t taken = 0;
      for (std::size_t size = 0; size < bytes.size(); ++size)
        if (decode(std::string(bytes, 0, size))) ++taken; // a copy of its own: a stray read shows
      CHECK(taken == 0);
      CHECK_FALSE(decode(bytes + '\0').has_value());
      CHECK_FALSE(decode(bytes + bytes).has_value());
    }
  }
}

TEST_CASE("protocol: a frame with a changed byte is no frame, or another one") {
  for (const auto seed : seeds(5)) {
    CAPTURE(seed);
    random_source from(seed);
    for (const auto& one : sample_frames(seed)) {
      CAPTURE(one.index());
      auto bytes = bytes_of(one);
      std::size_t others = 0, wrong = 0;
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto was = bytes[at];
        bytes[at] = static_cast<char>(was ^ static_cast<char>(1 + from() % 255));
        if (const auto read = decode(bytes)) {
          ++others;
          if (bytes_of(*read) != bytes) ++wrong;
        }
        bytes[at] = was;
      }
      CHECK(others > 0); // most are numbers
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("protocol: any bytes are refused or are a frame, and never crash") {
  for (const auto seed : seeds(3'000)) {
    CAPTURE(seed);
    random_source from(seed);
    const auto frames = sample_frames(seed % 10);
    auto bytes = bytes_of(frames[seed % frames.size()]);
    for (int change = 0; change < 3; ++change) {
      switch (from() % 3) {
      case 0: bytes[from() % bytes.size()] = static_cast<char>(from()); break;
      case 1: bytes.resize(1 + from() % bytes.size()); break;
      case 2: bytes.insert(from() % bytes.size(), 1, static_cast<char>(from())); break;
      }
    }
    if (const auto read = decode(bytes)) CHECK(bytes_of(*read) == bytes);
  }
}

TEST_CASE(
  "protocol: another version, an unknown kind, alternative or word and a wrong count are refused") {
  const auto good = bytes_of(request_frame{{sample_order()}});
  REQUIRE(decode(good).has_value());
  CHECK_FALSE(decode(with(good, 0, version + 1)).has_value());
  CHECK_FALSE(decode(with(good, 0, version - 1)).has_value());
  CHECK_FALSE(decode(with(good, kind_at, 0)).has_value());
  CHECK_FALSE(decode(with(good, kind_at, 15)).has_value());
  CHECK_FALSE(decode(with(good, count_at, 0)).has_value());
  CHECK_FALSE(decode(with(good, count_at, 2)).has_value());
  CHECK_FALSE(decode(with(good, count_at + 3, 1)).has_value()); // more than items_max
  CHECK_FALSE(decode(good.substr(0, count_at) + std::string(4, '\0')).has_value()); // nothing
  const auto command_at = items_at + 16, order_at = command_at + 2;
  CHECK_FALSE(decode(with(good, command_at, 3)).has_value());      // of nobody
  CHECK_FALSE(decode(with(good, command_at + 1, 19)).has_value()); // no such command of accounts
  const auto way_at = order_at + 8 + 4 + 8;
  CHECK(decode(with(good, way_at, 2)).has_value());
  CHECK_FALSE(decode(with(good, way_at, 0)).has_value());
  CHECK_FALSE(decode(with(good, way_at, 3)).has_value());
}

TEST_CASE("protocol: what no sound node says is refused") {
  auto wrong = sample_order();
  wrong.to = market_id{3}; // would end the process of the market
  CHECK_FALSE(decode(bytes_of(request_frame{{wrong}})).has_value());
  wrong.to = order_id{5};
  CHECK(decode(bytes_of(request_frame{{wrong}})).has_value()); // its account's
  wrong.to = entity_id{};
  CHECK_FALSE(decode(bytes_of(request_frame{{wrong}})).has_value());

  auto message = sample_cancel();
  CHECK(decode(bytes_of(message_frame{{message}})).has_value());
  message.to = user_id{3};
  CHECK_FALSE(decode(bytes_of(message_frame{{message}})).has_value());
  message.to = order_id{5};
  CHECK_FALSE(decode(bytes_of(message_frame{{message}})).has_value());
  message.to = account_id{78}; // accounts do not write to accounts
  CHECK_FALSE(decode(bytes_of(message_frame{{message}})).has_value());
  message = sample_cancel();
  message.number = 0;
  CHECK_FALSE(decode(bytes_of(message_frame{{message}})).has_value());
  CHECK_FALSE(decode(bytes_of(receipt_frame{{{account_id{1}, market_id{2}, 0}}})).has_value());
  market_news news;
  news.number = 1;
  news.what.market = {3};
  CHECK(decode(bytes_of(news_frame{{news}})).has_value());
  news.number = 0;
  CHECK_FALSE(decode(bytes_of(news_frame{{news}})).has_value());
  CHECK_FALSE(decode(bytes_of(news_frame{{market_news{1, 1, {}}}})).has_value());
  CHECK_FALSE(decode(bytes_of(user_news_frame{0, {}, {user_publication{}}})).has_value());
  CHECK_FALSE(decode(bytes_of(republish_frame{{market_id{}}})).has_value());
  CHECK_FALSE(decode(bytes_of(mirror_wanted_frame{{market_id{}}})).has_value());
  CHECK_FALSE(decode(bytes_of(feed_beat_frame{{{market_id{}, 1, true}}})).has_value());
  CHECK_FALSE(decode(bytes_of(tape_question_frame{{{{3}, 0, 0, {}}}})).has_value());
  tape_page page;
  page.market = {3};
  page.number = 1;
  page.trades = {{{5}, {1}, {1}, false, {}}, {{6}, {1}, {1}, false, {}}};
  CHECK(decode(bytes_of(tape_answer_frame{{page}})).has_value());
  std::swap(page.trades[0], page.trades[1]); // ids rise
  CHECK_FALSE(decode(bytes_of(tape_answer_frame{{page}})).has_value());
  CHECK_FALSE(decode(bytes_of(question_frame{{{0, "q", "w"}}})).has_value());
  CHECK_FALSE(decode(bytes_of(reply_frame{{{0, "r"}}})).has_value());
  child_report report;
  report.child = account_id{1};
  report.parent = user_id{1};
  report.number = 1;
  CHECK(decode(bytes_of(child_report_frame{{report}})).has_value());
  auto foreign = report;
  foreign.parent = market_id{1};
  CHECK_FALSE(decode(bytes_of(child_report_frame{{foreign}})).has_value());
  foreign = report;
  foreign.child = order_id{1};
  CHECK_FALSE(decode(bytes_of(child_report_frame{{foreign}})).has_value());
  foreign = report;
  foreign.last_failure = std::string(failure_bytes_max + 1, 'x');
  CHECK_FALSE(decode(bytes_of(child_report_frame{{foreign}})).has_value());
}

TEST_CASE("protocol: a map is taken in its order only") {
  volumes_view view;
  view.volumes = {{"A", {1}}, {"B", {2}}};
  auto bytes = bytes_of(answer_frame{{}, {{1, delivery::done, view}}});
  REQUIRE(decode(bytes).has_value());
  const auto a = bytes.rfind('A'), b = bytes.rfind('B');
  CHECK_FALSE(decode(with(bytes, a, 'B')).has_value()); // twice the same
  std::swap(bytes[a], bytes[b]);
  CHECK_FALSE(decode(bytes).has_value());
}

TEST_CASE("protocol: many items are cut into frames, which keep their order, heads and numbers") {
  answer_frame answers{{{1, 10}, {2, 20}}, {}};
  user_news_frame news;
  news.first_number = 1'000;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    answers.items.push_back({i, delivery::done, order_view{}});
    account_publication one;
    one.event_number = i;
    one.cancel_name = std::string(i % 100, 'x');
    news.items.push_back(one);
  }
  const auto made = encode(answers);
  CHECK(made.left_out.empty());
  CHECK(made.frames.size() >= 5);
  std::uint64_t token = 0;
  for (const auto& bytes : made.frames) {
    CHECK(bytes.size() <= frame_bytes_full);
    const auto part = read_as<answer_frame>(bytes);
    CHECK(part.heads == answers.heads);
    for (const auto& one : part.items) CHECK(one.token == ++token);
  }
  CHECK(token == 10'000);

  std::uint64_t number = news.first_number, event = 0;
  for (const auto& bytes : encode(news).frames) {
    const auto part = read_as<user_news_frame>(bytes);
    CHECK(part.first_number == number);
    for (const auto& one : part.items)
      CHECK(std::get<account_publication>(one).event_number == ++event);
    number += part.items.size();
  }
  CHECK(event == 10'000);

  receipt_frame receipts; // small ones: by count
  for (std::uint64_t i = 1; i <= items_max + 1; ++i)
    receipts.items.push_back({account_id{1}, market_id{2}, i});
  const auto cut = encode(receipts).frames;
  REQUIRE(cut.size() == 2);
  CHECK(read_as<receipt_frame>(cut[0]).items.size() == items_max);
  CHECK(read_as<receipt_frame>(cut[1]).items.size() == 1);
  CHECK(encode(receipt_frame{}).frames.empty());
}

TEST_CASE("protocol: an item larger than a frame is left out and said so; the others go") {
  orders_view many;
  many.orders.resize(40'000);
  answer_frame answers;
  answers.items.push_back({1, delivery::done, order_view{}});
  answers.items.push_back({2, delivery::done, many});
  answers.items.push_back({3, delivery::done, order_view{}});
  many.orders.resize(4'000); // above what fills a frame, below what one may be
  answers.items.push_back({4, delivery::done, many});
  const auto made = encode(answers);
  CHECK(made.left_out == std::vector<std::size_t>{1});
  std::vector<std::uint64_t> tokens;
  for (const auto& bytes : made.frames)
    for (const auto& one : read_as<answer_frame>(bytes).items) tokens.push_back(one.token);
  CHECK(tokens == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(made.frames.back().size() > frame_bytes_full);

  user_news_frame news{5, {{3, 9}}, {}};
  for (int i = 0; i < 3; ++i) news.items.push_back(user_publication{{7}, 1, {}, {}});
  std::get<user_publication>(news.items[1]).ended_api_key.resize(frame_bytes_max);
  const auto told = encode(news);
  CHECK(told.left_out == std::vector<std::size_t>{1});
  REQUIRE(told.frames.size() == 2);
  CHECK(read_as<user_news_frame>(told.frames[0]).first_number == 5);
  CHECK(read_as<user_news_frame>(told.frames[0]).heads == news.heads);
  CHECK(read_as<user_news_frame>(told.frames[1]).first_number == 7); // who counts misses one

  CHECK_FALSE(decode(std::string(frame_bytes_max + 1, '\1')).has_value());
}

TEST_CASE("protocol: a frame of the smallest things takes no more memory than stated") {
  // While a list grows, three times what is in it is taken: the old half, the new whole.
  const auto growth = 3;
  request_frame claims{{sample_order()}}, addresses, orders;
  claims.items[0].claims.resize(10'000);
  CHECK(growth * 10'000 * sizeof(storage::claim) <= 24 * bytes_of(claims).size());
  addresses.items.push_back({1, user_id{7}, user_command{add_api_key{}}, {}});
  std::get<add_api_key>(std::get<user_command>(addresses.items[0].command))
    .what.ip_allow.resize(10'000);
  const auto bytes = bytes_of(addresses);
  CHECK(growth * 10'000 * sizeof(std::string) <= 24 * bytes.size());
  orders.items.push_back({1, account_id{7}, account_command{place_list{false, {}}, {}}, {}});
  std::get<place_list>(std::get<account_command>(orders.items[0].command).body)
    .orders.resize(1'000);
  CHECK(growth * 1'000 * sizeof(place_order) <= 24 * bytes_of(orders).size());
  answer_frame keys{{}, {{1, delivery::done, api_keys_view{{7}, {}}}}};
  std::get<api_keys_view>(keys.items[0].result).keys.resize(1'000);
  CHECK(growth * 1'000 * sizeof(api_key_record) <= 24 * bytes_of(keys).size());

  // A count promises nothing: only what is there is made.
  auto lie = bytes;
  const auto list_at = bytes.find(std::string("\x10\x27\0\0", 4)); // 10'000
  REQUIRE(list_at != std::string::npos);
  lie.resize(list_at + 4 + 10);
  lie[list_at] = 10;
  lie[list_at + 1] = 0;
  CHECK_FALSE(decode(lie).has_value());
}

TEST_CASE("protocol: the bytes of a version never change") {
  std::string layout;
  layout += "request " + layout_of_items<request_frame>();
  layout += "\nanswer " + layout_of<std::vector<shard_head>>() + layout_of_items<answer_frame>();
  layout += "\nmessage " + layout_of_items<message_frame>();
  layout += "\nreceipt " + layout_of_items<receipt_frame>();
  layout += "\nnews " + layout_of_items<news_frame>();
  layout += "\nuser_news " + layout_of<std::uint64_t>() + layout_of<std::vector<shard_head>>() +
            layout_of_items<user_news_frame>();
  layout += "\nrepublish " + layout_of_items<republish_frame>();
  layout += "\nfeed_beat " + layout_of_items<feed_beat_frame>();
  layout += "\nmirror_wanted " + layout_of_items<mirror_wanted_frame>();
  layout += "\ntape_question " + layout_of_items<tape_question_frame>();
  layout += "\ntape_answer " + layout_of_items<tape_answer_frame>();
  layout += "\nquestion " + layout_of_items<question_frame>();
  layout += "\nreply " + layout_of_items<reply_frame>();
  layout += "\nchild_report " + layout_of_items<child_report_frame>();
  std::string samples;
  for (const auto& one : sample_frames(1)) samples += bytes_of(one);
  if (std::getenv("RIALTO_WRITE_GOLDEN") != nullptr) MESSAGE(layout);
  // Another layout needs another version: raise it in frames.hpp, then say here what the new one is.
  CHECK(version == 2);
  CHECK(hash64(layout) == 11441609445098961604u);
  CHECK(hash64(samples) == 4438514387555743183u);
}
