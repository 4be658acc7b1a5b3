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
    : spec_(spec), dice_(spec.seed), node_(dice_, spec.faults, spec.lie) {}

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
  submit({account, order});
}

void trading_session::submit(const asked& order) {
  auto sent = order;
  sent.order.id = {node_.next_id()};
  const auto token = next_token_++;
  asked_[token] = sent;
  attempts_.push_back(sent);
  node_.submit({{token, sent.account, with_limits(sent.order), {}}});
}

/// A client whose answer did not come, or was not "done", sends the same order again.
void trading_session::retry() {
  if (unanswered_.empty()) return;
  ++retries_;
  const auto again = unanswered_.back();
  unanswered_.pop_back();
  submit(again);
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
  if (what < 8) return retry();
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
    if (one.how != actors::delivery::done) {
      if (one.how != actors::delivery::unknown) refused_.insert(order.id);
      if (!order.client_order_id.empty()) unanswered_.push_back({account, order});
      continue;
    }
    const auto* view = std::get_if<order_view>(&one.result);
    if (view == nullptr) continue;
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

/// New rows, and no old one changed.
std::string trading_session::read_rows() {
  const auto& rows = node_.rows();
  if (rows.size() < row_hashes_.size())
    return "P4 row " + std::to_string(row_hashes_.size()) + " was durable and is gone";
  if (!row_hashes_.empty() && hash64(rows[row_hashes_.size() - 1]) != row_hashes_.back())
    return "P4 row " + std::to_string(row_hashes_.size()) + " was durable and is another one";
  while (row_hashes_.size() < rows.size()) {
    const auto& row = rows[row_hashes_.size()];
    row_hashes_.push_back(hash64(row));
    checker_.take(row_hashes_.size(), row);
    if (!checker_.violations().empty()) return checker_.violations().front();
    auto found = storage::read_blob(row);
    for (auto& one : *found) records_[one.stream].push_back(std::move(one));
  }
  return {};
}

std::string trading_session::check() {
  if (auto wrong = read_rows(); !wrong.empty()) return wrong;
  if (!broken_.empty()) return broken_;
  for (const auto& [id, account] : acknowledged_)
    if (!checker_.has_order(id))
      return "P4 order " + std::to_string(id.value) + " was acknowledged and is not in the journal";
  for (const auto id : refused_)
    if (checker_.has_order(id))
      return "P4 order " + std::to_string(id.value) + " was refused and is in the journal";
  for (; checked_snapshots_ < node_.saved().size(); ++checked_snapshots_)
    if (auto wrong = check_rebuilt(node_.saved()[checked_snapshots_]); !wrong.empty()) return wrong;
  if (crashes_seen_ != node_.crashes()) {
    crashes_seen_ = node_.crashes();
    if (auto wrong = check_snapshots(); !wrong.empty()) return wrong;
  }
  return check_live();
}

/// What is in memory is what the journal says from its first row on, wherever nothing is in flight.
std::string trading_session::check_live() const {
  std::string wrong;
  node_.shard().for_each_active([&](const auto& live) {
    const auto* durable = checker_.find(live.self());
    if (durable == nullptr || durable->event_number() != live.event_number()) return;
    if (durable->state_hash() != live.state_hash())
      wrong = "P7 " + to_string(live.self()) + " differs from its replay";
  });
  return wrong;
}

/// The snapshot and the records behind it lead to what all records lead to.
std::string trading_session::check_rebuilt(const storage::snapshot& made) {
  ++rebuilt_;
  const auto what = "P7 the snapshot of " + to_string(made.entity) + " at event " +
                    std::to_string(made.event_number);
  const auto* durable = checker_.find(made.entity);
  if (durable == nullptr || durable->event_number() < made.event_number)
    return what + " is ahead of the journal";
  auto copy = actors::trading_world().make(made.entity);
  if (!copy->restore(made)) return what + " does not restore";
  for (const auto& one : records_[made.entity])
    if (one.first_event > made.event_number && !copy->replay(one))
      return what + " does not lead to event " + std::to_string(one.first_event);
  if (copy->state_hash() != durable->state_hash()) return what + " leads to another state";
  return {};
}

/// Whatever was found on the disk after a crash.
std::string trading_session::check_snapshots() {
  for (const auto& [id, records] : records_)
    if (const auto* made = node_.snapshot_of(id))
      if (auto wrong = check_rebuilt(*made); !wrong.empty()) return wrong;
  return {};
}

/// One step and what may break in it.
void trading_session::live_through() {
  act();
  node_.now.value += 1'000'000;
  if (dice_.chance(0.6)) take(node_.commit(1 + dice_.below(5)));
  if (dice_.chance(0.7)) node_.load_all();
  if (dice_.chance(spec_.crash_in_call)) node_.die_in(1 + dice_.below(10));
  if (dice_.chance(spec_.crash)) node_.crash();
  for (const auto& one : node_.published)
    if (const auto* news = std::get_if<market_publication>(&one)) trades_ += news->trades.size();
  node_.published.clear();
  if (crashes_seen_ == node_.crashes()) return;
  for (auto& [token, order] : asked_) // nobody is there any more to answer
    if (!order.order.client_order_id.empty()) unanswered_.push_back(order);
  asked_.clear();
}

std::string trading_session::run() try {
  set_up();
  node_.die_in(spec_.die_in);
  for (int step = 0; step < spec_.steps; ++step) {
    live_through();
    if (auto wrong = check(); !wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
  }
  auto wrong = check_end();
  return wrong.empty() ? wrong : "end: " + wrong;
} catch (const std::exception& problem) {
  return std::string("the node does not recover: ") + problem.what();
}

std::string trading_session::check_end() {
  std::vector<actors::answer> answers;
  if (!node_.drain(answers)) return "the links do not drain";
  take(answers);
  if (auto wrong = check(); !wrong.empty()) return wrong;
  if (!checker_.is_drained()) return "the journal shows messages on their way";
  checker_.finish();
  if (!checker_.violations().empty()) return checker_.violations().front();
  if (!node_.failures().empty()) return "an entity failed: " + node_.failures().front();
  std::map<std::pair<account_id, std::string>, order_id> taken;
  for (const auto& [account, order] : attempts_) {
    if (order.client_order_id.empty() || !checker_.has_order(order.id)) continue;
    const auto [first, is_new] = taken.try_emplace({account, order.client_order_id}, order.id);
    if (!is_new)
      return "P4 client id " + order.client_order_id + " was taken twice, by orders " +
             std::to_string(first->second.value) + " and " + std::to_string(order.id.value);
  }
  // P7 from every snapshot: a second reading of the whole journal meets each of them.
  actors::journal_checker again;
  for (const auto& made : node_.saved()) again.expect(made);
  for (std::size_t i = 0; i < node_.rows().size(); ++i) again.take(i + 1, node_.rows()[i]);
  again.finish();
  return again.violations().empty() ? "" : again.violations().front();
}

} // namespace rialto::simulation
