#include "tests/simulation/trading_session.hpp"

namespace rialto::simulation {

using actors::request;

namespace {

instrument spec_of(std::uint64_t number) {
  instrument spec;
  spec.market = {number};
  spec.base = number == 1 ? "BTC" : "ETH";
  spec.quote = number == 1 ? "USDT" : "BTC";
  spec.symbol = spec.base + spec.quote;
  spec.tick_size = {number == 1 ? 1'000'000 : 1'000};
  spec.lot_size = {number == 1 ? 1'000 : 100'000};
  spec.notional_min = {number == 1 ? 100'000'000 : 1'000};
  return spec;
}

std::int64_t middle_of(const instrument& spec) {
  return spec.base == "BTC" ? 6'000'000 : 5'000;
}

} // namespace

trading_session::trading_session(const session_spec& spec)
    : spec_(spec), dice_(spec.seed), node_(dice_, spec.faults) {}

market_terms trading_session::terms_of(const instrument& spec) const {
  return {spec.market,      spec.base,         spec.quote,        spec.units_per_tick_lot(),
          spec.lot_size,    spec.notional_min, spec.quantity_min, spec.quantity_max,
          spec.maker_fee,   spec.taker_fee,    spec.collar,       spec.status,
          {middle_of(spec)}};
}

account_command
trading_session::with_limits(std::variant<place_order, amend, cancel, cancel_all, transfer,
                                          get_balances, get_order, get_orders>
                               body) const {
  return {std::move(body), {}};
}

void trading_session::set_up() {
  std::vector<request> requests;
  for (int i = 1; i <= spec_.markets; ++i) {
    instruments_.push_back(spec_of(static_cast<std::uint64_t>(i)));
    const auto& spec = instruments_.back();
    requests.push_back({0,
                        spec.market,
                        market_command{list_instrument{spec}},
                        {{"symbol:" + spec.symbol, spec.market}}});
  }
  for (int i = 1; i <= spec_.users; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    accounts_.push_back({number});
    const auto email = "u" + std::to_string(i) + "@example.org";
    requests.push_back(
      {0,
       user_id{number},
       user_command{register_user{{number}, email, "hash", user_role::trader, {number}}},
       {{"email:" + email, user_id{number}}}});
  }
  node_.submit(std::move(requests));
  std::vector<actors::answer> answers;
  if (!node_.drain(answers)) broken_ = "the set-up does not drain";
}

void trading_session::place() {
  const auto account = accounts_[dice_.below(accounts_.size())];
  const auto& spec = instruments_[dice_.below(instruments_.size())];
  place_order order;
  order.id = {next_order_++};
  order.client_order_id = dice_.chance(0.7) ? "c" + std::to_string(dice_.below(200)) : "";
  order.way = dice_.chance(0.5) ? side::buy : side::sell;
  order.type = dice_.chance(0.1)   ? order_type::market
               : dice_.chance(0.1) ? order_type::post_only
                                   : order_type::limit;
  order.terms = terms_of(spec);
  const auto kind = dice_.below(10);
  if (order.type == order_type::limit)
    order.tif = kind == 0   ? time_in_force::ioc
                : kind == 1 ? time_in_force::fok
                            : time_in_force::gtc;
  if (order.type != order_type::market) order.price = {middle_of(spec) + dice_.between(-8, 8)};
  if (order.type == order_type::market && dice_.chance(0.4))
    order.quote_quantity = {dice_.between(1, 50) * spec.notional_min.value * 3};
  else
    order.size = {dice_.between(1, 40) * 100};
  // The same client id means the same body here, half of the time: a retry.
  order.body_hash = dice_.chance(0.5) ? hash64(order.client_order_id) : dice_.next();
  const auto token = next_token_++;
  asked_[token] = {account, order};
  node_.submit({{token, account, with_limits(order), {}}});
}

void trading_session::change() {
  const auto token = next_token_++;
  if (known_.empty() || dice_.chance(0.05)) {
    node_.submit({{token,
                   accounts_[dice_.below(accounts_.size())],
                   with_limits(cancel_all{{dice_.below(3)}}),
                   {}}});
    return;
  }
  const auto& [account, id] =
    known_[known_.size() - 1 - dice_.below(std::min<std::uint64_t>(known_.size(), 20))];
  if (dice_.chance(0.6)) {
    node_.submit({{token, account, with_limits(cancel{id}), {}}});
    return;
  }
  const auto& spec = instruments_[dice_.below(instruments_.size())];
  amend wish{id, {}, {}, terms_of(spec)};
  if (dice_.chance(0.5)) wish.price = {middle_of(spec) + dice_.between(-8, 8)};
  if (wish.price.value == 0 || dice_.chance(0.5)) wish.size = {dice_.between(1, 50) * 100};
  node_.submit({{token, account, with_limits(wish), {}}});
}

void trading_session::act() {
  const auto what = dice_.below(100);
  if (what < 60) return place();
  if (what < 80) return change();
  if (what < 95) {
    const auto account = accounts_[dice_.below(accounts_.size())];
    const auto& spec = instruments_[dice_.below(instruments_.size())];
    const auto kind = dice_.chance(0.8) ? transfer_kind::deposit : transfer_kind::withdrawal;
    const auto reference =
      "r" + std::to_string(dice_.chance(0.2) ? dice_.below(next_reference_) : next_reference_++);
    node_.submit({{0,
                   account,
                   with_limits(transfer{kind,
                                        dice_.chance(0.5) ? spec.base : spec.quote,
                                        {dice_.between(1, 500) * units_per_whole},
                                        reference}),
                   {}}});
    return;
  }
  node_.now.value +=
    dice_.between(0, 10'000) *
    1'000'000; // up to ten seconds pass, or none; back is for the shell to stamp away
  if (dice_.chance(0.2)) node_.now.value -= 3'000'000'000;
  node_.tick();
}

void trading_session::take(const std::vector<actors::answer>& answers) {
  for (const auto& one : answers) {
    const auto at = asked_.find(one.token);
    if (at == asked_.end()) continue;
    const auto [account, order] = at->second;
    asked_.erase(at);
    const auto* view = std::get_if<order_view>(&one.result);
    if (one.how != actors::delivery::done || view == nullptr) continue;
    if (view->account != account) broken_ = "an answer names another account";
    acknowledged_[view->id] = account;
    known_.emplace_back(account, view->id);
    if (order.client_order_id.empty()) continue;
    const auto [first, is_new] =
      client_ids_.try_emplace({account, order.client_order_id}, view->id);
    // A later, different order may reuse the id only after 24 h, which a session does not last.
    if (!is_new && first->second != view->id)
      broken_ = "P4 client id " + order.client_order_id + " gave orders " +
                std::to_string(first->second.value) + " and " + std::to_string(view->id.value);
  }
}

std::string trading_session::check() {
  for (; checked_rows_ < node_.rows().size(); ++checked_rows_)
    checker_.take(checked_rows_ + 1, node_.rows()[checked_rows_]);
  if (!checker_.violations().empty()) return checker_.violations().front();
  if (!broken_.empty()) return broken_;
  for (const auto& [id, account] : acknowledged_)
    if (!checker_.has_order(id))
      return "P4 order " + std::to_string(id.value) + " was acknowledged and is not in the journal";
  return check_live();
}

/// What is in memory is what the journal says, wherever nothing is in flight.
std::string trading_session::check_live() {
  std::string wrong;
  node_.shard().for_each_active([&](const auto& live) {
    const auto* durable = checker_.find(live.self());
    if (durable == nullptr || durable->event_number() != live.event_number()) return;
    if (durable->state_hash() != live.state_hash())
      wrong = "P7 " + to_string(live.self()) + " differs from its replay";
  });
  return wrong;
}

std::string trading_session::run() {
  set_up();
  for (int step = 0; step < spec_.steps; ++step) {
    act();
    node_.now.value += 1'000'000;
    if (dice_.chance(0.6)) take(node_.commit(1 + dice_.below(5)));
    if (dice_.chance(spec_.crash)) {
      asked_.clear(); // nobody waits any more
      node_.crash();
    }
    for (const auto& one : node_.published)
      if (const auto* news = std::get_if<market_publication>(&one)) trades_ += news->trades.size();
    node_.published.clear();
    if (auto wrong = check(); !wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
  }
  std::vector<actors::answer> answers;
  if (!node_.drain(answers)) return "the links do not drain";
  take(answers);
  if (auto wrong = check(); !wrong.empty()) return "drained: " + wrong;
  if (!checker_.is_drained()) return "drained: the journal shows messages on their way";
  checker_.finish();
  if (!checker_.violations().empty()) return checker_.violations().front();
  if (!node_.failures().empty()) return "an entity failed: " + node_.failures().front();
  // P7 from every snapshot: a second reading of the whole journal meets each of them.
  actors::journal_checker again;
  for (const auto& [id, made] : node_.snapshots()) again.expect(made);
  for (std::size_t i = 0; i < node_.rows().size(); ++i) again.take(i + 1, node_.rows()[i]);
  again.finish();
  return again.violations().empty() ? "" : again.violations().front();
}

} // namespace rialto::simulation
