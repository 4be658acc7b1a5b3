// What a market answers, posts, charges and numbers. The matching rules are in
// order_book_rules_test.cpp and order_book_house_test.cpp.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::market_under_test;

namespace {

/// As BTCUSDT: tick 0.01, lot 0.00001, ten quote units a tick and lot.
instrument btcusdt() {
  instrument spec;
  spec.market = {7};
  spec.symbol = "BTCUSDT";
  spec.base = "BTC";
  spec.quote = "USDT";
  spec.tick_size = {1'000'000};
  spec.lot_size = {1'000};
  return spec;
}

submit_order limit(std::uint64_t id, std::uint64_t account, side way, std::int64_t price,
                   std::int64_t size) {
  submit_order order;
  order.id = {id};
  order.account = {account};
  order.owner = {account};
  order.way = way;
  order.price = {price};
  order.size = {size};
  order.maker_fee = {1'000};
  order.taker_fee = {2'000};
  return order;
}

template <class Message>
std::vector<Message> posted(const market_under_test& of, std::uint64_t account) {
  std::vector<Message> out;
  for (auto i = of.first_post; i < of.posts.size(); ++i)
    if (const auto* one = std::get_if<Message>(&of.posts[i].body);
        one != nullptr && of.posts[i].to == entity_id{account_id{account}})
      out.push_back(*one);
  return out;
}

} // namespace

TEST_CASE("market: both sides of a trade are told, with fees to the last unit") {
  market_under_test it(btcusdt());
  it.run(limit(1, 11, side::sell, 6'183'760, 333));
  it.run(limit(2, 22, side::buy, 6'183'761, 1'000));
  const auto taker = posted<order_filled>(it, 22), maker = posted<order_filled>(it, 11);
  REQUIRE(taker.size() == 1);
  REQUIRE(maker.size() == 1);
  // 0.00333 BTC at 61837.60: 205.919208 USDT. The buyer pays 0.2 % of 333'000 = 666 BTC units, the
  // seller 0.1 % of 20'591'920'800 rounded up.
  CHECK(taker[0].fill ==
        fill_view{{1}, {6'183'760}, {333}, {20'591'920'800}, {666}, false, it.now});
  CHECK(maker[0].fill ==
        fill_view{{1}, {6'183'760}, {333}, {20'591'920'800}, {20'591'921}, true, it.now});
  CHECK_FALSE(taker[0].is_last);
  CHECK(maker[0].is_last);
  // The seller takes what rests: fees change sides.
  it.run(limit(3, 11, side::sell, 6'183'761, 1));
  CHECK(posted<order_filled>(it, 11)[0].fill.fee == amount_units{123'676}); // 0.2 % of 61'837'610
  CHECK(posted<order_filled>(it, 22)[0].fill.fee == amount_units{1});       // 0.1 % of 1'000
}

TEST_CASE("market: a rebate goes to the maker, rounded down") {
  market_under_test it(btcusdt());
  auto order = limit(1, 11, side::sell, 6'183'760, 333);
  order.maker_fee = {-500};
  it.run(order);
  it.run(limit(2, 22, side::buy, 6'183'760, 333));
  CHECK(posted<order_filled>(it, 11)[0].fill.fee == amount_units{-10'295'960}); // 10'295'960.4
}

TEST_CASE("market: an amended order that takes pays the taker's rate it was placed with") {
  market_under_test it(btcusdt());
  it.run(limit(1, 11, side::sell, 1'000, 1'000));
  it.run(limit(2, 22, side::buy, 900, 1'000));
  it.run(amend_order{{2}, {22}, {1'000}, {1'000}});
  CHECK(posted<order_amended>(it, 22)[0].price == price_ticks{1'000});
  CHECK(posted<order_filled>(it, 22)[0].fill.fee == amount_units{2'000});  // 0.2 % of 10^6
  CHECK(posted<order_filled>(it, 11)[0].fill.fee == amount_units{10'000}); // 0.1 % of 10^7
  CHECK(posted<order_filled>(it, 22)[0].is_last);
}

TEST_CASE("market: an answer is the sender's view and what the market knows") {
  market_under_test it(btcusdt());
  it.context.id = {1};
  it.context.client_order_id = "mine";
  it.context.created_at = {5};
  auto placed = std::get<order_view>(it.run(limit(1, 11, side::buy, 1'000, 500)));
  CHECK(placed.client_order_id == "mine");
  CHECK(placed.created_at == timestamp_ns{5});
  CHECK(placed.updated_at == it.now);
  CHECK(placed.market == market_id{7});
  CHECK(placed.status == order_status::new_order);
  CHECK(placed.fills.empty());

  it.context = {};
  const auto sold = std::get<order_view>(it.run(limit(2, 22, side::sell, 1'000, 200)));
  CHECK(sold.status == order_status::filled);
  CHECK(sold.executed == quantity_lots{200});
  CHECK(sold.executed_quote == amount_units{2'000'000});
  REQUIRE(sold.fills.size() == 1);
  CHECK_FALSE(sold.fills[0].is_maker);
  CHECK(sold.size == quantity_lots{200}); // nothing forwarded: as submitted

  const auto amended = std::get<order_view>(it.run(amend_order{{1}, {11}, {1'000}, {400}}));
  CHECK(amended.status == order_status::partially_filled);
  CHECK(amended.executed == quantity_lots{200});
  CHECK(amended.size == quantity_lots{400});
  const auto gone = std::get<order_view>(it.run(cancel_order{{1}, {11}}));
  CHECK(gone.status == order_status::cancelled);
  CHECK(gone.executed == quantity_lots{200});
  CHECK(gone.executed_quote == amount_units{2'000'000});

  const auto none = std::get<rejection>(it.run(cancel_order{{1}, {11}}));
  CHECK(none.reason == reject_reason::unknown_order);
  auto market_order = limit(3, 11, side::buy, 0, 5);
  market_order.type = order_type::market;
  const auto expired = std::get<order_view>(it.run(market_order));
  CHECK(expired.status == order_status::expired);
  CHECK(expired.reason == reject_reason::no_liquidity);
  auto post = limit(4, 11, side::buy, 1'000, 5);
  it.run(limit(5, 22, side::sell, 1'000, 5));
  post.type = order_type::post_only;
  const auto refused = std::get<rejection>(it.run(post));
  CHECK(refused.reason == reject_reason::would_take);
  CHECK(refused.order.status == order_status::rejected);
}

TEST_CASE("market: every end and every amend is posted to the account") {
  market_under_test it(btcusdt());
  it.run(limit(1, 11, side::buy, 1'000, 500));
  CHECK(it.posts.empty()); // that it rests, the account may assume
  it.run(amend_order{{1}, {11}, {990}, {400}});
  auto amended = posted<order_amended>(it, 11);
  REQUIRE(amended.size() == 1);
  CHECK(amended[0].price == price_ticks{990});
  CHECK(amended[0].size == quantity_lots{400});
  CHECK(amended[0].reason == reject_reason::none);
  it.run(amend_order{{9}, {33}, {990}, {400}});
  amended = posted<order_amended>(it, 33);
  REQUIRE(amended.size() == 1);
  CHECK(amended[0].reason == reject_reason::unknown_order);
  it.run(cancel_order{{1}, {11}});
  REQUIRE(posted<order_ended>(it, 11).size() == 1);
  CHECK(posted<order_ended>(it, 11)[0].status == order_status::cancelled);
  it.run(cancel_order{{1}, {11}});
  CHECK(posted<order_ended>(it, 11).empty());
  CHECK(it.last().empty());
}

TEST_CASE("market: before it is listed it rejects, and says so to the account") {
  market blank(entity_id{market_id{7}});
  CHECK(blank.is_blank());
  std::vector<market_event> events;
  std::vector<addressed_message> posts;
  const auto answer =
    blank.handle(limit(1, 11, side::buy, 10, 1), entity_id{account_id{11}}, {}, {1}, events, posts);
  CHECK(std::get<rejection>(answer).reason == reject_reason::unknown_market);
  REQUIRE(posts.size() == 1);
  CHECK(std::get<order_ended>(posts[0].body).status == order_status::rejected);
  CHECK(std::get<rejection>(blank.execute(get_market{}, {1}, events, posts)).reason ==
        reject_reason::unknown_market);
  CHECK(std::get<rejection>(blank.execute(mirror_depth{}, {1}, events, posts)).reason ==
        reject_reason::unknown_market);
  std::vector<publication> news;
  blank.publish({1}, news);
  CHECK(news.empty());
}

TEST_CASE("market: an instrument is listed once, and its units never change") {
  market_under_test it(btcusdt());
  const auto reason = [&](const market_command& cmd) {
    const auto answer = it.run(cmd);
    const auto* no = std::get_if<rejection>(&answer);
    return no == nullptr ? reject_reason::none : no->reason;
  };
  CHECK(reason(list_instrument{btcusdt()}) == reject_reason::already_exists);
  for (int i = 0; i < 7; ++i) {
    CAPTURE(i);
    auto spec = btcusdt();
    if (i == 0) spec.tick_size = {2'000'000};
    if (i == 1) spec.lot_size = {10'000};
    if (i == 2) spec.symbol = "BTCUSDC";
    if (i == 3) spec.base = "XBT";
    if (i == 4) spec.quote = "USDC";
    if (i == 5) spec.market = {8};
    if (i == 6) spec.notional_min = {-1};
    CHECK(reason(change_instrument{spec}) == reject_reason::instrument_invalid);
  }
  auto spec = btcusdt();
  spec.notional_min = {77};
  CHECK(reason(change_instrument{spec}) == reject_reason::none);
  CHECK(it.last().size() == 1);
  CHECK(reason(change_instrument{spec}) == reject_reason::none); // nothing to change: no event
  CHECK(it.last().empty());
  CHECK(it.machine.spec().notional_min == amount_units{77});

  market other(entity_id{market_id{9}});
  std::vector<market_event> events;
  std::vector<addressed_message> posts;
  CHECK(std::holds_alternative<rejection>(
    other.execute(list_instrument{btcusdt()}, {1}, events, posts)));
  CHECK(other.is_blank());
}
