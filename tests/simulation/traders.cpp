#include "tests/simulation/traders.hpp"

namespace rialto::simulation {

namespace {

constexpr std::int64_t patience_ns =
  2'000'000'000; // what is not answered by then has an unknown fate

std::int64_t middle_of(const instrument& spec) {
  return spec.base == "BTC" ? 6'000'000 : 5'000;
}

} // namespace

instrument instrument_of(std::uint64_t number) {
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

traders::traders(stage& on, simulated_cluster& cluster, promise_checker& promises, int users,
                 std::vector<instrument> instruments)
    : stage_(on), cluster_(cluster), promises_(promises), instruments_(std::move(instruments)) {
  for (int i = 1; i <= users; ++i) accounts_.push_back({static_cast<std::uint64_t>(i)});
}

void traders::set_up() {
  for (auto& spec : instruments_) { // prices move by 8 ticks at most: these are about 5
    const rate_ppm few_ticks{std::max<std::int64_t>(1, 5'000'000 / middle_of(spec))};
    if (stage_.dice.chance(0.2)) spec.band = few_ticks;
    if (stage_.dice.chance(0.3)) spec.halt_move = few_ticks;
    spec.halt_window_seconds = stage_.dice.between(1, 60);
    spec.halt_seconds = stage_.dice.between(1, 10);
  }
  for (const auto& spec : instruments_)
    cluster_.submit({0,
                     spec.market,
                     market_command{list_instrument{spec}},
                     {{"symbol:" + spec.symbol, spec.market}}});
  for (const auto account : accounts_) {
    const user_id user{account.value};
    const auto email = "u" + std::to_string(user.value) + "@example.org";
    cluster_.submit({0,
                     user,
                     user_command{register_user{user, email, "hash", user_role::trader, account}},
                     {{"email:" + email, user}}});
  }
}

market_terms traders::terms_of(const instrument& spec) const {
  return {spec.market,      spec.base,         spec.quote,        spec.units_per_tick_lot(),
          spec.lot_size,    spec.notional_min, spec.quantity_min, spec.quantity_max,
          spec.maker_fee,   spec.taker_fee,    spec.collar,       spec.status,
          {middle_of(spec)}};
}

void traders::ask(account_id account, decltype(account_command::body) body, std::uint64_t token) {
  cluster_.submit({token, account, account_command{std::move(body), {}}, {}});
}

/// Mostly a burst, sometimes a pause, now and then a quiet minute.
std::int64_t traders::thinking_ns() {
  const auto mood = stage_.dice.below(100);
  if (mood < 70) return stage_.dice.between(100'000, 20'000'000);
  if (mood < 96) return stage_.dice.between(20'000'000, 1'500'000'000);
  return stage_.dice.between(2'000'000'000, 60'000'000'000);
}

void traders::act() {
  const auto what = stage_.dice.below(100);
  if (what < 10) return retry();
  if (what < 16) return place_linked();
  if (what < 60) return place();
  if (what < 64) return place_sliced();
  if (what < 84) return change();
  if (what < 96) return move_money();
  if (what < 98) return guard_orders();
  if (stage_.dice.chance(0.5)) return call_auction();
  register_again();
}

void traders::place() {
  auto& dice = stage_.dice;
  const auto account = accounts_[dice.below(accounts_.size())];
  const auto& spec = instruments_[dice.below(instruments_.size())];
  place_order order;
  order.client_order_id = dice.chance(0.7) ? "c" + std::to_string(dice.below(200)) : "";
  order.way = dice.chance(0.5) ? side::buy : side::sell;
  order.type = dice.chance(0.1)   ? order_type::market
               : dice.chance(0.1) ? order_type::post_only
                                  : order_type::limit;
  order.terms = terms_of(spec);
  const auto kind = dice.below(10);
  if (order.type == order_type::limit)
    order.tif = kind == 0   ? time_in_force::ioc
                : kind == 1 ? time_in_force::fok
                            : time_in_force::gtc;
  if (order.type != order_type::market) order.price = {middle_of(spec) + dice.between(-8, 8)};
  if (order.type == order_type::market && dice.chance(0.4))
    order.quote_quantity = {dice.between(1, 50) * spec.notional_min.value * 3};
  else
    order.size = {dice.between(1, 40) * 100};
  add_rules(order);
  // The same client id means the same body here, half of the time: a retry.
  order.body_hash = dice.chance(0.5) ? hash64(order.client_order_id) : dice.next();
  submit({account, order});
}

/// Two of which one goes, or an entry and its exits.
void traders::place_linked() {
  auto& dice = stage_.dice;
  const auto account = accounts_[dice.below(accounts_.size())];
  const auto& spec = instruments_[dice.below(instruments_.size())];
  const auto middle = middle_of(spec);
  place_list list;
  list.has_entry = dice.chance(0.5);
  place_order order;
  order.terms = terms_of(spec);
  order.way = dice.chance(0.5) ? side::buy : side::sell;
  order.size = {dice.between(1, 40) * 100};
  order.price = {middle + dice.between(-4, 4)};
  if (dice.chance(0.2)) order.stp = static_cast<stp_mode>(dice.below(5));
  if (list.has_entry) {
    list.orders.push_back(order);
    order.way = opposite(order.way);
  }
  const std::int64_t away = order.way == side::sell ? 1 : -1;
  if (!list.has_entry || dice.chance(0.7)) {
    order.price = {middle + away * dice.between(0, 6)};
    list.orders.push_back(order);
  }
  if (list.orders.size() < 2 || dice.chance(0.8)) {
    order.rules.emplace().trigger = {
      trigger_kind::stop, {middle - away * dice.between(1, 6)}, {}, {}};
    if (dice.chance(0.5)) {
      order.type = order_type::market;
      order.tif = time_in_force::ioc;
      order.price = {};
    }
    list.orders.push_back(order);
  }
  for (auto& one : list.orders) {
    one.id = {cluster_.draw_order_id(account)};
    if (!one.id) return; // its node is down
  }
  auto& first = list.orders.front();
  if (dice.chance(0.7)) first.client_order_id = "l" + std::to_string(dice.below(50));
  first.body_hash = dice.chance(0.5) ? hash64(first.client_order_id) : dice.next();
  ++lists_;
  ask(account, list, next_token_++);
}

/// A larger order in slices of a second or more. Its ids are a row of 16 far above all others.
void traders::place_sliced() {
  auto& dice = stage_.dice;
  const auto account = accounts_[dice.below(accounts_.size())];
  const auto& spec = instruments_[dice.below(instruments_.size())];
  place_order order;
  order.terms = terms_of(spec);
  order.way = dice.chance(0.5) ? side::buy : side::sell;
  order.size = {dice.between(1, 100) * 100};
  order.price = {middle_of(spec) + dice.between(-8, 8)};
  if (dice.chance(0.2)) order.stp = static_cast<stp_mode>(dice.below(5));
  auto& how = order.slicing.emplace();
  how.slices = static_cast<std::uint32_t>(dice.between(2, 10));
  how.duration_ns = how.slices * dice.between(1'000'000'000, 4'000'000'000);
  if (dice.chance(0.3)) {
    how.kind = slicing_kind::vwap;
    for (std::uint32_t i = 0; i < how.slices; ++i)
      how.weights.push_back(static_cast<std::uint32_t>(dice.between(1, 9)));
  }
  const auto drawn = cluster_.draw_order_id(account);
  if (drawn == 0) return; // its node is down
  order.id = {(std::uint64_t{1} << 44) + 16 * drawn};
  known_.emplace_back(account, order.id);
  ask(account, order, next_token_++);
}

/// Self-trade prevention, icebergs, minimum quantities, dates, triggers, pegs.
void traders::add_rules(place_order& order) {
  auto& dice = stage_.dice;
  if (dice.chance(0.3)) order.stp = static_cast<stp_mode>(dice.below(5));
  order_rules rules;
  if (dice.chance(0.15)) {
    auto& trigger = rules.trigger;
    trigger.kind = dice.chance(0.6) ? trigger_kind::stop : trigger_kind::take_profit;
    const auto trails = dice.below(4);
    if (trails == 0) trigger.trail = {dice.between(1, 8)};
    if (trails == 1) trigger.trail_rate = {dice.between(100, 20'000)};
    if (trails > 1 || dice.chance(0.4)) {
      const auto middle = middle_of(instrument_of(order.terms.market));
      trigger.price = {middle + dice.between(-8, 8)};
    }
    order.rules = rules;
  }
  if (order.type == order_type::market || dice.chance(0.7)) return;
  const bool rests = order.tif == time_in_force::gtc;
  if (rests && !order.rules && dice.chance(0.3)) {
    rules.peg = {static_cast<peg_kind>(dice.between(1, 3)), {dice.between(0, 4)}};
    const auto room = dice.between(0, 10); // its limit is on the far side of where it would rest
    order.price.value += order.way == side::buy ? room : -std::min(room, order.price.value - 1);
    order.rules = rules;
    return;
  }
  if (rests && dice.chance(0.5)) rules.display = {dice.between(1, order.size.value)};
  if (order.type == order_type::limit && dice.chance(0.3))
    rules.size_min = {dice.between(1, order.size.value)};
  if (rests && dice.chance(0.5)) {
    order.tif = time_in_force::gtd;
    rules.expires_at = {stage_.queue.now().value + dice.between(1, 120) * 1'000'000'000};
  }
  order.rules = rules;
}

const instrument& traders::instrument_of(market_id market) const {
  return *std::find_if(instruments_.begin(), instruments_.end(),
                       [&](const instrument& one) { return one.market == market; });
}

/// An operator starts one, makes it longer or opens the market early.
void traders::call_auction() {
  auto& dice = stage_.dice;
  auto spec = instruments_[dice.below(instruments_.size())];
  if (dice.chance(0.7)) spec.status = market_status::auction;
  const auto seconds = spec.status == market_status::auction ? dice.between(0, 20) : 0;
  cluster_.submit({0, spec.market, market_command{change_instrument{spec, seconds}}, {}});
}

void traders::submit(const asked& order) {
  auto sent = order;
  sent.order.id = {cluster_.draw_order_id(order.account)};
  if (!sent.order.id) { // its node is down
    if (!order.order.client_order_id.empty()) unanswered_.push_back(order);
    return;
  }
  const auto token = next_token_++;
  stage_.queue.note("an order is sent", sent.order.id.value);
  asked_[token] = sent;
  promises_.attempted(sent.account, sent.order);
  ask(sent.account, sent.order, token);
  stage_.queue.after(patience_ns, "a client has waited", [this, token] {
    const auto at = asked_.find(token);
    if (at == asked_.end()) return;
    ++timeouts_;
    if (!at->second.order.client_order_id.empty()) unanswered_.push_back(at->second);
    asked_.erase(at);
  });
}

/// The same order again.
void traders::retry() {
  if (unanswered_.empty()) return;
  ++retries_;
  const auto again = unanswered_.back();
  unanswered_.pop_back();
  submit(again);
}

void traders::change() {
  auto& dice = stage_.dice;
  const auto token = next_token_++;
  if (known_.empty() || dice.chance(0.05))
    return ask(accounts_[dice.below(accounts_.size())], cancel_all{{dice.below(3)}, {}}, token);
  const auto& [account, id] =
    known_[known_.size() - 1 - dice.below(std::min<std::uint64_t>(known_.size(), 20))];
  if (dice.chance(0.6)) return ask(account, cancel{id}, token);
  const auto& spec = instruments_[dice.below(instruments_.size())];
  amend wish{id, {}, {}, terms_of(spec)};
  if (dice.chance(0.5)) wish.price = {middle_of(spec) + dice.between(-8, 8)};
  if (wish.price.value == 0 || dice.chance(0.5)) wish.size = {dice.between(1, 50) * 100};
  ask(account, wish, token);
}

/// Dead-man timers and connections that end; whatever they cancel, the books must stay right.
void traders::guard_orders() {
  auto& dice = stage_.dice;
  const auto account = accounts_[dice.below(accounts_.size())];
  const auto connection = dice.below(3);
  if (dice.chance(0.2)) return ask(account, close_connection{1, connection}, next_token_++);
  arm_guard arm;
  const bool is_timer = dice.chance(0.5);
  arm.wish.key = {
    is_timer ? guard_kind::timer : guard_kind::connection, dice.below(2), {dice.below(3)}};
  arm.wish.timeout_ns = dice.chance(0.1) ? 0 : dice.between(1, 20) * 1'000'000'000;
  if (!is_timer) {
    arm.wish.grace_ns = dice.between(0, 3) * 1'000'000'000;
    arm.wish.edge = 1;
    arm.wish.connection = connection;
  }
  arm.only_renews = dice.chance(0.3);
  ask(account, arm, next_token_++);
}

void traders::move_money() {
  auto& dice = stage_.dice;
  const auto account = accounts_[dice.below(accounts_.size())];
  const auto& spec = instruments_[dice.below(instruments_.size())];
  const auto kind = dice.chance(0.8) ? transfer_kind::deposit : transfer_kind::withdrawal;
  const auto reference =
    "r" + std::to_string(dice.chance(0.2) ? dice.below(next_reference_) : next_reference_++);
  ask(account,
      transfer{kind,
               dice.chance(0.5) ? spec.base : spec.quote,
               {dice.between(1, 500) * units_per_whole},
               reference},
      0);
}

/// Somebody takes an e-mail address that may be another's; on the same node, for claims are the journal's.
void traders::register_again() {
  user_id user{next_user_++};
  const auto email = "late" + std::to_string(stage_.dice.below(3)) + "@example.org";
  while (cluster_.home_of(user) != cluster_.home_of(user_id{accounts_.front().value}))
    user = {next_user_++};
  const auto token = next_token_++;
  cluster_.submit(
    {token | users_bit,
     user,
     user_command{register_user{user, email, "hash", user_role::trader, {user.value}}},
     {{"email:" + email, user}}});
}

void traders::take(const actors::answer& one) {
  refused_users_ += (one.token & users_bit) != 0 && one.how == actors::delivery::claim_taken;
  const auto at = asked_.find(one.token);
  if (at == asked_.end()) return;
  const auto [account, order] = at->second;
  asked_.erase(at);
  static constexpr const char* told[] = {"done",        "unavailable", "busy",
                                         "claim taken", "no such",     "unknown"};
  stage_.queue.note(told[static_cast<std::size_t>(one.how)], order.id.value);
  if (one.how != actors::delivery::done) {
    if (one.how != actors::delivery::unknown) promises_.refused(order.id);
    if (!order.client_order_id.empty()) unanswered_.push_back({account, order});
    return;
  }
  const auto* view = std::get_if<order_view>(&one.result);
  if (view == nullptr) return;
  promises_.acknowledged(account, order, *view);
  known_.emplace_back(account, view->id);
}

} // namespace rialto::simulation
