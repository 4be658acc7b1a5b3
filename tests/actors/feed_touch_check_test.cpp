// Our best prices against the source's own at the same update, whichever comes first.
#include "actors/feed/feed_intake.hpp"
#include "actors/feed/touch_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

using verdict = touch_check::verdict;

feed_ticker ticker(std::uint64_t update, std::int64_t bid8) {
  return {"BTCUSDT", update, bid8, 1, bid8 + 1, 1};
}
touch_check::touch ours(std::uint64_t update, std::int64_t bid8) {
  return {update, bid8, 1, bid8 + 1, 1};
}

} // namespace

TEST_CASE("touch_check: a ticker is compared with the book at its update, before or after it") {
  touch_check check;
  CHECK(check.on_ticker(ticker(5, 100)) == verdict::nothing_to_compare);
  CHECK(check.on_ticker(ticker(6, 101)) == verdict::nothing_to_compare);
  CHECK(check.on_book(ours(5, 100)) == verdict::equal);
  CHECK(check.on_ticker(ticker(5, 100)) == verdict::nothing_to_compare); // once only
  CHECK(check.on_book(ours(8, 103)) == verdict::nothing_to_compare);
  CHECK(check.on_ticker(ticker(7, 999)) == verdict::nothing_to_compare); // between two of ours
  CHECK(check.on_ticker(ticker(8, 104)) == verdict::different);
  CHECK(check.on_ticker(ticker(12, 1)) == verdict::nothing_to_compare);
  CHECK(check.on_book(ours(12, 2)) == verdict::different);
}

TEST_CASE("touch_check: what comes out of order or without end is bounded and harmless") {
  touch_check check;
  CHECK(check.on_ticker(ticker(30, 3)) == verdict::nothing_to_compare);
  CHECK(check.on_ticker(ticker(10, 1)) == verdict::nothing_to_compare);
  CHECK(check.on_ticker(ticker(20, 2)) == verdict::nothing_to_compare);
  CHECK(check.on_ticker(ticker(20, 9)) == verdict::nothing_to_compare); // the first one counts
  CHECK(check.on_book(ours(20, 2)) == verdict::equal);
  CHECK(check.on_book(ours(30, 3)) == verdict::equal);
  for (std::uint64_t update = 100; update < 100'000; ++update)
    static_cast<void>(check.on_ticker(ticker(update, 1)));
  CHECK(check.on_book(ours(100, 2)) == verdict::nothing_to_compare); // given up
  CHECK(check.on_book(ours(99'999, 1)) == verdict::equal);
  check.clear();
  CHECK(check.on_ticker(ticker(99'999, 7)) == verdict::nothing_to_compare);
}

TEST_CASE("feed_intake: a book that differs from the source's own best prices is lost") {
  feed_intake intake(feed_intake::times::keep, feed_intake::symbols::expected);
  intake.expect("BTCUSDT");
  std::vector<feed_news> news;
  const auto take = [&](const std::string& text, std::string_view symbol = {}) {
    news.clear();
    return intake.take(text, symbol, {1'000'000'000}, news);
  };
  const auto snapshot = R"({"lastUpdateId":10,"bids":[["1.0","2"]],"asks":[["3.0","4"]]})";
  CHECK(take(snapshot) == parse_result::refused); // nobody asked for it
  CHECK(take(snapshot, "BTCUSDT") == parse_result::message);
  CHECK(intake.is_synchronised("BTCUSDT"));
  const auto depth = [](int first, int last, const char* bid) {
    return fmt::format(R"({{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1,)"
                       R"("s":"BTCUSDT","U":{},"u":{},"b":[["{}","5"]],"a":[]}}}})",
                       first, last, bid);
  };
  const auto best = [](int update, const char* bid) {
    return fmt::format(R"({{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT",)"
                       R"("b":"{}","B":"5","a":"3.0","A":"4"}}}})",
                       update, bid);
  };
  CHECK(take(depth(11, 12, "1.5")) == parse_result::message);
  CHECK(take(best(12, "1.5")) == parse_result::message);
  CHECK(intake.status().book_checks == 1);
  CHECK(intake.status().book_mismatches == 0);
  CHECK(take(best(14, "2.0")) == parse_result::message);
  CHECK(take(depth(13, 14, "1.9")) == parse_result::message); // the source says 2.0
  CHECK(intake.status().book_checks == 2);
  CHECK(intake.status().book_mismatches == 1);
  REQUIRE(news.size() == 1); // the wrong update is not handed out
  CHECK(std::holds_alternative<feed_reset>(news[0]));
  CHECK_FALSE(intake.is_synchronised("BTCUSDT"));
  CHECK(intake.wants_snapshot("BTCUSDT", {2'000'000'000}));
  const auto foreign = R"({"stream":"ethusdt@trade","data":{"e":"trade","E":1,"s":"ETHUSDT","t":1,)"
                       R"("p":"1","q":"1","T":1,"m":true}})";
  CHECK(take(foreign) == parse_result::refused);
  CHECK(news.empty());
}
