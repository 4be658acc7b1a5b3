// tests/domain/market_fixture.hpp: a market under test that remembers all it said, and the table
// texts that drive one: an action per line, "=>", and what must follow.
#pragma once

#include "domain/market.hpp"
#include "domain/words.hpp"
#include "tests/simulation/seeds.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

namespace rialto::testing {

/// Whole ticks and lots: 1 lot at 1 tick costs one whole quote unit.
inline instrument whole_units(market_mode mode) {
  instrument spec;
  spec.market = {7};
  spec.symbol = "AAABBB";
  spec.base = "AAA";
  spec.quote = "BBB";
  spec.tick_size = {units_per_whole};
  spec.lot_size = {units_per_whole};
  spec.quantity_max = {1'000'000};
  spec.mode = mode;
  return spec;
}

class market_under_test {
public:
  explicit market_under_test(const instrument& spec) : machine(entity_id{spec.market}) {
    REQUIRE(std::holds_alternative<done>(run(list_instrument{spec})));
  }

  template <class Command>
  outcome run(const Command& cmd) {
    if constexpr (std::is_constructible_v<market_command, Command>)
      return step([&] { return machine.execute(cmd, now, events, posts); });
    else
      return step(
        [&] { return machine.handle(cmd, entity_id{account_id{1}}, context, now, events, posts); });
  }
  /// The time comes, and with it what is due.
  void wake(timestamp_ns at) {
    now = std::max(now, at);
    static_cast<void>(step([&]() -> outcome {
      machine.wake(now, events, posts);
      return done{};
    }));
  }
  market_publication published() {
    std::vector<publication> out;
    machine.publish(now, out);
    REQUIRE(out.size() <= 1);
    return out.empty() ? market_publication{} : std::get<market_publication>(out.front());
  }
  market_view view() {
    auto result = machine.execute(get_market{}, now, events, posts);
    return std::get<market_view>(result);
  }
  /// A market made of the events, and one made of the snapshot, are this one.
  void check_replay() const {
    const entity_id self{machine.spec().market};
    market replayed(self), restored(self);
    std::vector<addressed_message> reposted;
    for (std::size_t i = 0; i < events.size(); ++i) replayed.apply(events[i], times[i], reposted);
    CHECK(replayed.state_hash() == machine.state_hash());
    CHECK(reposted.size() == posts.size());
    std::string bytes;
    byte_writer out(bytes);
    machine.encode(out);
    byte_reader in(bytes);
    restored.decode(in);
    CHECK(in.done());
    CHECK(restored.state_hash() == machine.state_hash());
    restored.check_invariants();
  }
  /// The events of the last step, ids_reserved left out.
  [[nodiscard]] std::vector<market_event> last() const {
    std::vector<market_event> out;
    for (auto i = first; i < events.size(); ++i)
      if (!std::holds_alternative<ids_reserved>(events[i])) out.push_back(events[i]);
    return out;
  }

  market machine;
  static constexpr timestamp_ns start{1'700'000'000'000'000'000};
  timestamp_ns now = start;
  order_view context;               // what the next message's sender forwards
  std::vector<market_event> events; // all, and when each happened
  std::vector<timestamp_ns> times;
  std::vector<addressed_message> posts;
  std::size_t first = 0, first_post = 0;

private:
  template <class Call>
  outcome step(Call call) {
    now.value += 1'000;
    first = events.size();
    first_post = posts.size();
    auto result = call();
    times.resize(events.size(), now);
    machine.check_invariants();
    return result;
  }
};

// ---- table texts

inline std::string name_of(reject_reason why) {
  switch (why) {
  case reject_reason::none: return "";
  case reject_reason::unknown_order: return "unknown_order";
  case reject_reason::unknown_market: return "unknown_market";
  case reject_reason::price_invalid: return "price_invalid";
  case reject_reason::quantity_invalid: return "quantity_invalid";
  case reject_reason::notional_too_small: return "notional_too_small";
  case reject_reason::notional_too_large: return "notional_too_large";
  case reject_reason::market_halted: return "market_halted";
  case reject_reason::market_cancel_only: return "market_cancel_only";
  case reject_reason::market_post_only: return "market_post_only";
  case reject_reason::would_take: return "would_take";
  case reject_reason::no_liquidity: return "no_liquidity";
  case reject_reason::fok_unfillable: return "fok_unfillable";
  case reject_reason::amend_not_allowed: return "amend_not_allowed";
  case reject_reason::already_exists: return "already_exists";
  case reject_reason::amount_invalid: return "amount_invalid";
  case reject_reason::self_trade: return "self_trade";
  case reject_reason::min_quantity_unfillable: return "min_quantity_unfillable";
  case reject_reason::expiry_invalid: return "expiry_invalid";
  case reject_reason::display_invalid: return "display_invalid";
  case reject_reason::min_quantity_invalid: return "min_quantity_invalid";
  case reject_reason::trigger_invalid: return "trigger_invalid";
  case reject_reason::would_trigger: return "would_trigger";
  case reject_reason::too_many_triggers: return "too_many_triggers";
  case reject_reason::list_invalid: return "list_invalid";
  case reject_reason::linked: return "linked";
  case reject_reason::price_outside_band: return "price_outside_band";
  case reject_reason::market_auction: return "market_auction";
  case reject_reason::auction_running: return "auction_running";
  case reject_reason::peg_invalid: return "peg_invalid";
  case reject_reason::too_many_pegs: return "too_many_pegs";
  default: return "reason " + std::to_string(static_cast<int>(why));
  }
}

/// "buy A 100x5", "sell B market 3", "buy C market quote 250 spend 200", "buy D 100x5 fok",
/// "amend A 101x4", "cancel A", "snapshot bid 100x5 ask 102x1", "depth ask 102x0", "reset",
/// "trade sell 100x2" (a seller took), "status halted", "status auction 60", "book" (answers "100x5 | 102x1"),
/// "auction" (answers "100x5 left -2").
/// "oco sell A 105x5 / sell B market 5 stop 95", "bracket buy A 100x5 / sell B 105x5 / sell C market 5 stop 95".
/// An order is a letter; its account is 1, or that of "by N"; its owner has the account's number, or that
/// of "owner N". Further words of an order: "stp decrement", "show 3" (iceberg), "min 4", "until 10" (GTD,
/// seconds after the start), "stop 95", "take 110" (triggers), "trail 5 ticks", "trail 5
/// percent", "trail 50 bps", "peg mid 2" (its reference and offset; its price is the limit). "at 10" moves the clock there and wakes the market. Sizes 0 in `depth` drop a
/// level.
class table {
public:
  explicit table(const instrument& spec) : market_(spec) {}

  /// Runs the lines and checks each one's outcome.
  void run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto arrow = line.find("=>");
      const auto action = trimmed(line.substr(0, arrow));
      if (action.empty() || action[0] == '#') continue;
      const auto expected = arrow == std::string::npos ? "" : trimmed(line.substr(arrow + 2));
      CAPTURE(line);
      CHECK(act(action) == expected);
    }
    market_.check_replay();
  }
  market_under_test& market() { return market_; }

private:
  static std::string trimmed(const std::string& text) {
    const auto from = text.find_first_not_of(' ');
    return from == std::string::npos ? ""
                                     : text.substr(from, text.find_last_not_of(' ') + 1 - from);
  }
  static std::pair<price_ticks, quantity_lots> at(const std::string& text) { // "100x5"
    const auto x = text.find('x');
    REQUIRE(x != std::string::npos);
    return {{std::stoll(text.substr(0, x))}, {std::stoll(text.substr(x + 1))}};
  }
  static order_id id_of(const std::string& name) {
    return {static_cast<std::uint64_t>(name.at(0) - 'A' + 1)};
  }
  static std::string name_of(order_id id) {
    return id ? std::string(1, static_cast<char>('A' + id.value - 1)) : "house";
  }

  static order_rules& rules_of(submit_order& order) {
    if (!order.rules) order.rules.emplace();
    return *order.rules;
  }
  static timestamp_ns second(std::int64_t n) {
    return {market_under_test::start.value + n * 1'000'000'000};
  }

  /// After its side: "A 100x5 stop 95".
  submit_order parse_order(side way, std::istringstream& words) {
    std::string word;
    submit_order order;
    words >> word;
    order.id = id_of(word);
    order.account = {1};
    order.owner = {1};
    order.way = way;
    while (words >> word) {
      std::int64_t n = 0;
      if (word == "market") {
        order.type = order_type::market;
      } else if (word == "post") {
        order.type = order_type::post_only;
      } else if (word == "ioc") {
        order.tif = time_in_force::ioc;
      } else if (word == "fok") {
        order.tif = time_in_force::fok;
      } else if (word == "quote") {
        words >> n;
        order.quote_target = {n * units_per_whole};
      } else if (word == "spend") {
        words >> n;
        order.spend_max = {n * units_per_whole};
      } else if (word == "by") {
        words >> order.account.value;
        order.owner = {order.account.value};
      } else if (word == "owner") {
        words >> order.owner.value;
      } else if (word == "stp") {
        words >> word;
        for (const auto mode : {stp_mode::none, stp_mode::expire_taker, stp_mode::expire_maker,
                                stp_mode::expire_both, stp_mode::decrement})
          if (word == to_text(mode)) order.stp = mode;
      } else if (word == "show") {
        words >> rules_of(order).display.value;
      } else if (word == "min") {
        words >> rules_of(order).size_min.value;
      } else if (word == "until") {
        words >> n;
        order.tif = time_in_force::gtd;
        rules_of(order).expires_at = second(n);
      } else if (word == "stop" || word == "take") {
        rules_of(order).trigger.kind =
          word == "stop" ? trigger_kind::stop : trigger_kind::take_profit;
        if (std::isdigit((words >> std::ws).peek()) != 0)
          words >> rules_of(order).trigger.price.value;
      } else if (word == "peg") {
        auto& peg = rules_of(order).peg;
        words >> word >> peg.offset.value;
        for (const auto kind : {peg_kind::primary, peg_kind::market, peg_kind::mid})
          if (word == to_text(kind)) peg.kind = kind;
      } else if (word == "trail") {
        words >> n >> word;
        auto& trigger = rules_of(order).trigger;
        if (word == "percent")
          trigger.trail_rate = {n * 10'000};
        else if (word == "bps")
          trigger.trail_rate = {n * 100};
        else
          trigger.trail = {n};
      } else if (word.find('x') != std::string::npos) {
        std::tie(order.price, order.size) = at(word);
      } else {
        order.size = {std::stoll(word)};
      }
    }
    return order;
  }
  /// "sell A 105x5 / sell B market 5 stop 95".
  submit_list parse_list(bool has_entry, const std::string& text) {
    submit_list list;
    list.has_entry = has_entry;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, '/');) {
      std::istringstream words(part);
      std::string verb;
      words >> verb;
      list.orders.push_back(parse_order(verb == "buy" ? side::buy : side::sell, words));
      auto& order = list.orders.back();
      if (order.type == order_type::market) order.tif = time_in_force::ioc;
    }
    list.list = list.orders.at(0).id;
    list.account = list.orders[0].account;
    return list;
  }

  std::string act(const std::string& action) {
    std::istringstream words(action);
    std::string verb, word;
    words >> verb;
    outcome result;
    if (verb == "buy" || verb == "sell") {
      result = market_.run(parse_order(verb == "buy" ? side::buy : side::sell, words));
    } else if (verb == "oco" || verb == "bracket") {
      result = market_.run(parse_list(verb == "bracket", action.substr(verb.size() + 1)));
    } else if (verb == "amend") {
      amend_order wish;
      words >> word;
      wish.id = id_of(word);
      wish.account = {1};
      words >> word;
      std::tie(wish.price, wish.size) = at(word);
      while (words >> word) words >> wish.account.value; // "by N"
      result = market_.run(wish);
    } else if (verb == "cancel") {
      cancel_order wish;
      words >> word;
      wish.id = id_of(word);
      wish.account = {1};
      while (words >> word) words >> wish.account.value;
      result = market_.run(wish);
    } else if (verb == "snapshot" || verb == "depth") {
      mirror_depth news;
      news.is_snapshot = verb == "snapshot";
      auto way = side::buy;
      while (words >> word) {
        if (word == "bid" || word == "ask") {
          way = word == "bid" ? side::buy : side::sell;
          continue;
        }
        const auto [price, size] = at(word);
        news.levels.push_back({way, price, size});
      }
      result = market_.run(news);
    } else if (verb == "trade") {
      mirror_trade news;
      words >> word;
      news.buyer_is_maker = word == "sell";
      words >> word;
      std::tie(news.price, news.size) = at(word);
      result = market_.run(news);
    } else if (verb == "at") {
      std::int64_t n = 0;
      words >> n;
      market_.wake(second(n));
    } else if (verb == "reset") {
      result = market_.run(mirror_reset{});
    } else if (verb == "status") {
      auto spec = market_.machine.spec();
      words >> word;
      spec.status = word == "open"          ? market_status::open
                    : word == "post_only"   ? market_status::post_only
                    : word == "cancel_only" ? market_status::cancel_only
                    : word == "auction"     ? market_status::auction
                                            : market_status::halted;
      std::int64_t seconds = 0;
      words >> seconds;
      result = market_.run(change_instrument{spec, seconds});
    } else if (verb == "book") {
      return book();
    } else if (verb == "auction") {
      return auction();
    } else {
      FAIL("no such action: " << verb);
    }
    return told(result);
  }

  std::string book() {
    std::string text;
    auto way = side::buy;
    for (const auto& level : market_.view().levels) {
      if (level.way != way)
        text += text.empty() ? "| " : " | ";
      else if (!text.empty())
        text += ' ';
      way = level.way;
      text += std::to_string(level.price.value) + "x" + std::to_string(level.size.value);
    }
    return way == side::buy ? text + (text.empty() ? "|" : " |") : text;
  }

  /// "100x5 left -2", "nothing", or "none" if none runs.
  std::string auction() {
    const auto view = market_.view();
    if (!view.auction) return "none";
    const auto& quote = view.auction->quote;
    if (quote.volume.value == 0) return "nothing";
    return sized(quote.volume, quote.price) + " left " + std::to_string(quote.imbalance.value);
  }

  /// The step's events in words; a "no" without an event as "no: REASON".
  std::string told(const outcome& result) const {
    std::string text;
    for (const auto& happened : market_.last()) {
      const auto words = std::visit([](const auto& one) { return said(one); }, happened);
      if (!words.empty()) text += (text.empty() ? "" : "; ") + words;
    }
    const auto* no = std::get_if<rejection>(&result);
    return no != nullptr && text.empty() ? "no: " + testing::name_of(no->reason) : text;
  }
  static std::string sized(quantity_lots size, price_ticks price) {
    return std::to_string(price.value) + "x" + std::to_string(size.value);
  }
  static std::string said(const trade_executed& one) { // a star: that order is done
    return name_of(one.taker) + (one.taker_is_last ? "* takes " : " takes ") + name_of(one.maker) +
           (one.maker_is_last ? "* " : " ") + sized(one.size, one.price);
  }
  static std::string said(const order_rested& one) {
    return name_of(one.id) + " rests " + sized(one.open, one.price);
  }
  static std::string said(const order_closed& one) {
    const auto how = one.status == order_status::expired    ? " expired"
                     : one.status == order_status::rejected ? " rejected"
                                                            : " cancelled";
    const auto why = testing::name_of(one.reason);
    return name_of(one.id) + how + (why.empty() ? "" : " " + why);
  }
  static std::string said(const order_changed& one) {
    return name_of(one.id) + (one.keeps_priority ? " keeps " : " moves ") +
           sized(one.open, one.price);
  }
  static std::string said(const amend_refused& one) {
    return name_of(one.id) + " stays " + testing::name_of(one.reason);
  }
  static std::string said(const trade_prevented& one) {
    return name_of(one.taker) + " meets " + name_of(one.maker) + " " + sized(one.size, one.price);
  }
  static std::string said(const order_armed& one) {
    return name_of(one.order.id) + (one.extreme.value == 0
                                      ? " waits"
                                      : " follows from " + std::to_string(one.extreme.value));
  }
  static std::string said(const trail_begun& one) {
    return name_of(one.id) + " follows from " + std::to_string(one.extreme.value);
  }
  static std::string said(const list_linked& one) {
    std::string text;
    for (const auto& order : one.orders) text += (text.empty() ? "" : "+") + name_of(order.id);
    return text + " linked";
  }
  static std::string said(const exits_sized& one) {
    return "exits x" + std::to_string(one.size.value);
  }
  static std::string said(const order_triggered& one) { return name_of(one.id) + " goes"; }
  static std::string said(const extremes_noted& one) {
    return "noted " + std::to_string(one.low.value) + " to " + std::to_string(one.high.value);
  }
  static std::string said(const auction_started& one) {
    return (one.why == auction_cause::volatility ? "halts until " : "auction until ") +
           std::to_string((one.until.value - market_under_test::start.value) / 1'000'000'000);
  }
  static std::string said(const auction_uncrossed& one) {
    return "uncrosses " + sized(one.volume, one.price);
  }
  static std::string said(const auction_ended&) { return "opens"; }
  static std::string said(const order_pegged& one) {
    return name_of(one.id) + " pegged within " + std::to_string(one.limit.value);
  }
  static std::string said(const order_repegged& one) {
    return name_of(one.id) + " to " + std::to_string(one.price.value);
  }
  static std::string said(const instrument_listed&) { return ""; }
  static std::string said(const instrument_changed&) { return ""; }
  static std::string said(const ids_reserved&) { return ""; }

  market_under_test market_;
};

} // namespace rialto::testing
