// tests/domain/account_table.hpp: table texts that drive one account: an action per line, "=>", and what it has then,
// as "AAA 10+0, BBB 500+500": available and on hold, in whole coins ("." and decimals if there are any).
//
//   "deposit 1000 BBB"
//   "buy 1 100x10", "sell 2 market 5", "buy 3 100x5 post", "sell 4 90x5 stop 95", "buy 5 100x4 in 8" (market 8)
//   "buy 10 100x8 slices 4 over 40" (TWAP, seconds)
//   "oco sell 1 120x10 / sell 2 market 10 stop 80", "bracket buy 1 100x10 / sell 2 120x10"
//   "amend 1 90x20", "cancel 1"             what the owner asks
//   "cancel_all", "cancel_all 7 buy"        outcome: "asks 1 2 of 2" (the orders asked for now, and all that are meant)
//   "wait 10"                               seconds later the account wakes; outcome: "asks 1 2"
//   "fill 1 99x4", "... last", "... fee 0.5"  what markets answer
//   "amended 1 90x20", "reduced 1 3", "goes 2", "exits 1 9", "ends 1 cancelled linked"
// A "no" is "no: REASON".
#pragma once

#include "tests/domain/account_fixture.hpp"

#include <sstream>

namespace rialto::testing {

class account_table {
public:
  void run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto arrow = line.find("=>");
      const auto action = trimmed(line.substr(0, arrow));
      if (action.empty() || action[0] == '#') continue;
      CAPTURE(line);
      const auto expected = arrow == std::string::npos ? "" : trimmed(line.substr(arrow + 2));
      CHECK(act(action) == expected);
      it_.pass_through_snapshot();
    }
    it_.check_replay();
  }
  account_under_test& account() { return it_; }

private:
  using words_type = std::istringstream;

  static std::string trimmed(const std::string& text) {
    const auto from = text.find_first_not_of(' ');
    return from == std::string::npos ? ""
                                     : text.substr(from, text.find_last_not_of(' ') + 1 - from);
  }
  static std::pair<std::int64_t, std::int64_t> pair_of(const std::string& text) { // "100x5"
    const auto x = text.find('x');
    REQUIRE(x != std::string::npos);
    return {std::stoll(text.substr(0, x)), std::stoll(text.substr(x + 1))};
  }

  /// After its side: "1 100x10 stop 95".
  static place_order order_of(side way, words_type& words) {
    std::uint64_t id = 0;
    std::int64_t n = 0;
    std::string word;
    words >> id;
    auto order = limit_order(id, way, 0, 0);
    while (words >> word) {
      if (word == "market") {
        order.type = order_type::market;
        words >> order.size.value;
      } else if (word == "post") {
        order.type = order_type::post_only;
      } else if (word == "stop") {
        words >> n;
        order.rules.emplace().trigger = {trigger_kind::stop, {n}, {}, {}};
      } else if (word == "in") {
        words >> order.terms.market.value;
      } else if (word == "slices") {
        words >> n;
        order.slicing.emplace().slices = static_cast<std::uint32_t>(n);
      } else if (word == "over") {
        words >> n;
        order.slicing->duration_ns = n * 1'000'000'000;
      } else {
        std::tie(order.price.value, order.size.value) = pair_of(word);
      }
    }
    return order;
  }
  static side side_of(const std::string& word) { return word == "buy" ? side::buy : side::sell; }
  static place_list list_of(bool has_entry, const std::string& text) {
    place_list list{has_entry, {}};
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, '/');) {
      words_type words(part);
      std::string way;
      words >> way;
      list.orders.push_back(order_of(side_of(way), words));
      auto& order = list.orders.back();
      if (order.type == order_type::market) order.tif = time_in_force::ioc;
    }
    return list;
  }

  std::string act(const std::string& action) {
    words_type words(action);
    std::string what;
    words >> what;
    if (what == "buy" || what == "sell") return told(it_.ask(order_of(side_of(what), words)));
    if (what == "oco" || what == "bracket")
      return told(it_.ask(list_of(what == "bracket", action.substr(what.size() + 1))));
    if (what == "cancel_all") return cancel_all_of(words);
    if (what == "wait") {
      std::int64_t seconds = 0;
      words >> seconds;
      it_.now.value += seconds * 1'000'000'000;
      it_.wake();
      return asked();
    }
    if (what == "deposit") {
      std::int64_t count = 0;
      std::string asset;
      words >> count >> asset;
      it_.deposit(asset, coins(count));
      return told(done{});
    }
    return told(answer(what, words));
  }
  outcome answer(const std::string& what, words_type& words) {
    std::uint64_t id = 0;
    std::string word;
    words >> id;
    if (what == "cancel") return it_.ask(cancel{{id}});
    if (what == "goes") return it_.hear(order_activated{{id}, it_.id}, it_.market);
    words >> word;
    if (what == "exits")
      return it_.hear(exits_opened{{id}, it_.id, {std::stoll(word)}}, it_.market);
    if (what == "reduced")
      return it_.hear(order_reduced{{id}, it_.id, {std::stoll(word)}}, it_.market);
    if (what == "ends") {
      std::string why;
      words >> why;
      return it_.end(id, word == "expired" ? order_status::expired : order_status::cancelled,
                     why == "linked"       ? reject_reason::linked
                     : why == "self_trade" ? reject_reason::self_trade
                                           : reject_reason::none);
    }
    const auto [price, size] = pair_of(word);
    if (what == "amend") return it_.ask(amend{{id}, {price}, {size}, whole_terms()});
    if (what == "amended") return it_.amended(id, price, size);
    REQUIRE(what == "fill");
    bool is_last = false;
    amount_units fee;
    while (words >> word) {
      if (word == "last") is_last = true;
      if (word == "fee" && words >> word)
        fee = word[0] == '-' ? -parse_amount(word.substr(1)).value() : parse_amount(word).value();
    }
    return it_.fill(id, price, size, is_last, fee);
  }
  std::string cancel_all_of(words_type& words) {
    cancel_all wish;
    for (std::string word; words >> word;)
      if (word == "buy" || word == "sell")
        wish.way = side_of(word);
      else
        wish.market = {std::stoull(word)};
    const auto result = it_.ask(wish);
    REQUIRE(std::holds_alternative<orders_view>(result));
    const auto meant = std::to_string(std::get<orders_view>(result).asked);
    return asked() + " of " + meant;
  }
  /// The cancels that this step posted.
  [[nodiscard]] std::string asked() const {
    std::string text = "asks";
    for (auto i = it_.first_post; i < it_.posts.size(); ++i)
      if (const auto* one = std::get_if<cancel_order>(&it_.posts[i].body))
        text += " " + std::to_string(one->id.value);
    return text;
  }
  [[nodiscard]] std::string told(const outcome& result) const {
    if (const auto reason = why(result); reason != reject_reason::none)
      return "no: " + name_of(reason);
    std::string text;
    for (const auto& one : it_.machine.balances().views())
      text += (text.empty() ? "" : ", ") + one.asset + " " + format_amount(one.available) + "+" +
              format_amount(one.hold);
    return text;
  }

  account_under_test it_;
};

} // namespace rialto::testing
