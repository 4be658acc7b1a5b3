#include "tests/fuzz/small_exchange.hpp"

namespace rialto::fuzz {

namespace {

constexpr entity_id user_7{user_id{7}}, account_7{account_id{7}}, account_8{account_id{8}},
  market_7{market_id{7}};

instrument spec() {
  instrument made;
  made.market = {7};
  made.symbol = "BTCUSDT";
  made.base = "BTC";
  made.quote = "USDT";
  made.tick_size = {1'000'000};
  made.lot_size = {1'000};
  return made;
}

market_terms terms() {
  const auto of = spec();
  market_terms made;
  made.market = of.market;
  made.base = of.base;
  made.quote = of.quote;
  made.units_per_tick_lot = of.units_per_tick_lot();
  made.lot_size = of.lot_size;
  made.quantity_min = of.quantity_min;
  made.quantity_max = of.quantity_max;
  made.maker_fee = of.maker_fee;
  made.taker_fee = of.taker_fee;
  made.collar = of.collar;
  made.reference_price = {6'183'760};
  return made;
}

account_command order(std::uint64_t id, side way, std::int64_t price, std::int64_t size) {
  place_order made;
  made.id = {id};
  made.client_order_id = id % 2 == 0 ? "" : "bot-" + std::to_string(id);
  made.body_hash = id;
  made.way = way;
  made.price = {price};
  made.size = {size};
  made.terms = terms();
  return {made, {}};
}

account_command deposit(const std::string& asset, std::int64_t amount) {
  return {transfer{transfer_kind::deposit, asset, {amount}, "first " + asset}, {}};
}

} // namespace

small_exchange::small_exchange() {
  const timestamp_ns later{now_.value + 1'000'000'000'000};
  run(user_7, user_command{register_user{{7}, "a@b.c", "argon2id$...", user_role::trader, {7}}});
  run(user_7, user_command{add_account{{8}, "second"}});
  run(user_7, user_command{start_session{11, "hash 1", "argon2id$...", later}});
  run(user_7, user_command{rotate_session{11, "hash 1", "hash 2", later}});
  run(user_7, user_command{start_session{12, "hash 3", "argon2id$...", later}});
  run(user_7, user_command{note_failed_login{}});
  run(market_7, market_command{list_instrument{spec()}});
  for (const auto account : {account_7, account_8}) {
    run(account, deposit("USDT", 100'000 * units_per_whole));
    run(account, deposit("BTC", 2 * units_per_whole));
  }
  run(account_7, order(101, side::buy, 6'183'000, 25'000));
  run(account_7, order(102, side::buy, 6'182'000, 5'000));
  run(account_8, order(103, side::sell, 6'183'000, 10'000)); // takes part of 101
  run(account_7, order(104, side::sell, 6'200'000, 4'000));
  run(account_8, order(105, side::sell, 6'201'000, 4'000));
  run(account_7, account_command{amend{{102}, {6'182'500}, {6'000}, terms()}, {}});
  run(account_7, account_command{cancel{{104}}, {}});
  run(account_8, order(106, side::buy, 6'202'000, 1'000)); // rests nowhere: it takes or crosses
  run(user_7, user_command{end_session{12}});
}

small_exchange::entity& small_exchange::at(entity_id id) {
  auto& one = entities_[id];
  if (!one) one = world_.make(id);
  return *one;
}

void small_exchange::run(entity_id to, const actors::entity_command& command) {
  now_.value += 1'000'000;
  step made;
  at(to).execute(command, now_, 0, made);
  take(to, made);
  while (!under_way_.empty()) {
    const auto message = std::move(under_way_.front());
    under_way_.pop_front();
    at(message.to).handle(message, now_, made);
    take(message.to, made);
    at(message.from).links_out().acknowledge(message.to, message.number);
  }
}

void small_exchange::take(entity_id by, step& made) {
  at(by).check_invariants();
  if (made.made) records_.push_back(*made.made);
  std::move(made.sent.begin(), made.sent.end(), std::back_inserter(under_way_));
  made.clear();
}

std::vector<std::string> small_exchange::snapshots(entity_id id) const {
  const auto one = world_.make(id);
  std::vector<std::string> all{one->make_snapshot().bytes};
  for (const auto& past : records_) {
    if (past.stream != id) continue;
    RIALTO_ASSERT(one->replay(past));
    all.push_back(one->make_snapshot().bytes);
    RIALTO_ASSERT(world_.make(id)->restore(one->make_snapshot()));
  }
  RIALTO_ASSERT(all.size() > 3); // it has lived
  return all;
}

} // namespace rialto::fuzz
