// tests/actors/running_shard.ipp: the bodies of running_shard.hpp.
#pragma once

#include "tests/actors/running_shard.hpp"

#include <stdexcept>
#include <thread>

namespace rialto::actors {

inline running_shard::running_shard(order_supervision orders, std::int64_t idle_ns,
                                    storage::position tail_rows_max, directory in)
    : directory_(std::move(in)), store_(storage::open_sqlite_journal(directory_->path())),
      tape_(storage::open_tape_store(directory_->path())), gate_(*store_, faces, clock),
      indexes_({{0, storage::load_stream_index(*store_, 0)}}),
      router_([](storage::shard_id, storage::position) {}),
      lane_(*store_, [this](std::vector<storage::notice>& notices) { router_(notices); }),
      system_(config_) {
  runtime::shard_options options;
  options.idle_ns = idle_ns;
  options.restarts.back_off_ns = 1'000'000;
  const auto context = std::make_shared<shard_context>(
    shard_context{*store_, lane_, indexes_, loader_, saver_, gate_, router_, gauges, options,
                  stopping_, 150, orders, tail_rows_max, 1});
  router_.connect_edge(this);
  shard_ =
    system_.spawn<shard_actor>(runtime::actor_surroundings{registry, clock}, "node", context);
  router_.connect_shard(shard_);
  gate_.connect(shard_);
}

inline running_shard::~running_shard() {
  gate_.disconnect();
  stopping_ = true;
  router_.connect_edge(nullptr);
  for (auto* const one : {&feed_, &shard_, &hub_}) {
    if (*one) caf::anon_send_exit(*one, caf::exit_reason::user_shutdown);
    *one = nullptr;
  }
  router_.connect_hub(nullptr);
  system_.await_all_actors_done();
  router_.connect_shard(nullptr);
  loader_.stop();
  saver_.stop();
  storage::save_stream_index(*store_, 0, indexes_[0]);
}

inline void running_shard::show_markets(edge& out) {
  const auto context = std::make_shared<market_data_context>(
    market_data_context{faces, *tape_, out,
                        [this](market_id id) {
                          std::vector<request> asked;
                          asked.push_back({0, id, market_command{republish{}}, {}});
                          gate_.submit(std::move(asked));
                        },
                        router_.news()});
  hub_ =
    system_.spawn<market_data_hub>(runtime::actor_surroundings{registry, clock}, "node", context);
  router_.connect_hub(hub_);
}

inline void running_shard::start_feed(std::function<std::unique_ptr<feed_source>()> open) {
  const auto context = std::make_shared<feed_context>(
    feed_context{std::move(open), nullptr, faces, feed, [this] { return gate_.shard(); },
                 [this] { return !faces.markets()->by_symbol.empty(); }});
  feed_ = system_.spawn<feed_actor>(runtime::actor_surroundings{registry, clock}, "node", context);
}

inline void running_shard::deliver(std::shared_ptr<release> what) {
  std::unique_lock hold(lock_);
  for (auto& one : what->answers) {
    if (on_answer && one.token >= first_own_token)
      on_answer(one);
    else
      answers_[one.token] = std::move(one);
  }
  came_.notify_all();
  hold.unlock();
  std::this_thread::sleep_for(dwell);
}

inline answer running_shard::ask(entity_id to, entity_command command,
                                 std::vector<storage::claim> claims) {
  std::unique_lock hold(lock_);
  const auto token = next_token_++;
  std::vector<request> requests;
  requests.push_back({token, to, std::move(command), std::move(claims)});
  gate_.submit(std::move(requests));
  if (!came_.wait_for(hold, std::chrono::seconds(10), [&] { return answers_.contains(token); }))
    throw std::runtime_error("no answer");
  auto came = std::move(answers_.at(token));
  answers_.erase(token);
  return came;
}

inline bool running_shard::wait_until(const std::function<bool()>& is_so) {
  for (int i = 0; i < 5'000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

inline caf::actor running_shard::find(entity_id id) {
  caf::scoped_actor self{system_};
  caf::actor found;
  self->request(shard_, std::chrono::seconds(10), find_actor{id})
    .receive([&](const caf::actor& one) { found = one; },
             [](const caf::error& problem) { throw std::runtime_error(caf::to_string(problem)); });
  return found;
}

inline void running_shard::fail(entity_id id, const std::string& why) {
  caf::anon_send(find(id), caf::exit_msg{{}, caf::make_error(caf::sec::runtime_error, why)});
}

inline void running_shard::set_up(std::uint64_t users, market_mode mode) {
  spec_.market = {1};
  spec_.symbol = "BTCUSDT";
  spec_.base = "BTC";
  spec_.quote = "USDT";
  spec_.tick_size = {1'000'000};
  spec_.lot_size = {1'000};
  spec_.mode = mode;
  static_cast<void>(
    ask(spec_.market, market_command{list_instrument{spec_}}, {{"symbol:BTCUSDT", spec_.market}}));
  for (std::uint64_t i = 1; i <= users; ++i) {
    const auto email = "user" + std::to_string(i) + "@example.org";
    static_cast<void>(ask(user_id{i},
                          user_command{register_user{{i}, email, "hash", user_role::trader, {i}}},
                          {{"email:" + email, user_id{i}}}));
    for (const std::string asset : {"BTC", "USDT"}) {
      const transfer money{transfer_kind::deposit, asset, {100'000'000'000'000}, asset};
      if (ask(account_id{i}, account_command{money, {}}).how != delivery::done)
        throw std::runtime_error("a new user's account takes no deposit");
    }
  }
}

inline market_terms running_shard::terms() const {
  return {spec_.market,    spec_.base,         spec_.quote,        spec_.units_per_tick_lot(),
          spec_.lot_size,  spec_.notional_min, spec_.quantity_min, spec_.quantity_max,
          spec_.maker_fee, spec_.taker_fee,    spec_.collar,       spec_.status,
          {10'000}};
}

inline order_id running_shard::rest(std::uint64_t account, std::int64_t step) {
  place_order order;
  order.id = {next_order_++};
  order.way = side::buy;
  order.price = {10'000 - step};
  order.size = {1'000};
  order.terms = terms();
  const auto came = ask(account_id{account}, account_command{order, {}});
  const auto* const view = std::get_if<order_view>(&came.result);
  if (view == nullptr || view->status != order_status::new_order)
    throw std::runtime_error("the order does not rest");
  return order.id;
}

} // namespace rialto::actors
