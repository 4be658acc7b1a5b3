// bench/storage/projector_bench.cpp: how fast the read models follow the journal.
//
// One taking order meets one resting order of another account: two orders, one trade, five records.
// Reported per order, for few and for many accounts, small and large transactions.
#include "storage/event_codec.hpp"
#include "storage/read_models.hpp"
#include "storage/record.hpp"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <stdlib.h>
#include <string>
#include <time.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr market_id market{1};

class journal_maker {
public:
  /// `pairs` pairs of orders, `pairs_per_row` in a row. Every `resting_every`-th pair is apart by
  /// 2,000 pairs, so that its maker rests over several transactions.
  std::vector<std::string> make(std::uint64_t accounts, std::uint64_t pairs,
                                std::uint64_t pairs_per_row, std::uint64_t resting_every) {
    instrument spec;
    spec.market = market;
    spec.base = "BTC";
    spec.quote = "USDT";
    add(entity_id(market), market_event{instrument_listed{spec}});
    for (std::uint64_t id = 1; id <= accounts; ++id) {
      add(account_id{id}, account_event{account_opened{{id}, {id}, "main"}});
      for (const auto* asset : {"BTC", "USDT"})
        add(account_id{id}, account_event{transferred{
                              transfer_kind::deposit, asset, {1'000'000'000'000'000}, "d"}});
    }
    end_row();
    std::mt19937_64 from(7);
    std::map<std::uint64_t, std::pair<account_id, order_id>> resting; // until pair
    for (std::uint64_t pair = 1; pair <= pairs; ++pair) {
      const account_id maker{1 + from() % accounts}, taker{1 + from() % accounts};
      const auto made = place(maker, side::sell);
      const bool waits = resting_every != 0 && pair % resting_every == 0;
      const auto due = resting.find(pair);
      if (waits && pair + 2'000 <= pairs)
        resting[pair + 2'000] = {maker, made};
      else
        trade(maker, made, taker);
      if (due != resting.end()) trade(due->second.first, due->second.second, taker);
      if (pair % pairs_per_row == 0) end_row();
    }
    end_row();
    return std::move(rows_);
  }
  [[nodiscard]] std::uint64_t orders() const { return orders_; }

private:
  order_id place(account_id account, side way) {
    order_placed placed;
    placed.order.id = {1'000'000 + ++orders_};
    placed.order.account = account;
    placed.order.way = way;
    placed.order.price = {6'183'760};
    placed.order.size = {1'250};
    placed.order.created_at = now_;
    placed.market = market;
    placed.client_order_id = "x-" + std::to_string(1'000'000'000'000 + orders_);
    placed.base = "BTC";
    placed.quote = "USDT";
    placed.hold = {way == side::sell ? 1'250'000 : 7'729'700'000};
    add(account, account_event{placed});
    return placed.order.id;
  }
  void trade(account_id maker, order_id made, account_id taker) {
    const auto taken = place(taker, side::buy);
    trade_executed one;
    one.trade = {++trades_};
    one.maker = made;
    one.taker = taken;
    add(entity_id(market), market_event{one});
    settle(taker, taken, side::buy);
    settle(maker, made, side::sell);
  }
  void settle(account_id account, order_id id, side way) {
    fill_settled one;
    one.id = id;
    one.market = market;
    one.way = way;
    one.fill = {{trades_}, {6'183'760}, {1'250}, {7'729'700'000}, {1'250}, way == side::sell, now_};
    one.base = {1'250'000};
    one.is_last = true;
    one.base_asset = "BTC";
    one.quote_asset = "USDT";
    add(account, account_event{one});
  }
  template <class Event>
  void add(entity_id stream, const Event& event) {
    record made;
    made.stream = stream;
    made.first_event = ++events_[stream];
    made.at = now_;
    made.event_count = 1;
    now_.value += 10'000;
    encode_event(event, made.events);
    row_.add(made);
  }
  void end_row() {
    if (!row_.empty()) rows_.push_back(row_.finish());
  }

  std::uint64_t orders_ = 0, trades_ = 0;
  std::map<entity_id, std::uint64_t> events_;
  timestamp_ns now_{1'700'000'000'000'000'000};
  blob_writer row_;
  std::vector<std::string> rows_;
};

double now_in(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct duration {
  double wall = 0, cpu = 0; // seconds; cpu is what it takes from other threads
};

duration time_of(const std::vector<std::string>& rows, std::size_t batch,
                 const std::string& directory) {
  auto into = open_projector(directory);
  const auto wall = now_in(CLOCK_MONOTONIC), cpu = now_in(CLOCK_THREAD_CPUTIME_ID);
  for (std::size_t at = 0; at < rows.size(); at += batch) {
    const auto end = std::min(rows.size(), at + batch);
    into->project(0, at + 1,
                  {rows.begin() + static_cast<std::ptrdiff_t>(at),
                   rows.begin() + static_cast<std::ptrdiff_t>(end)});
  }
  return {now_in(CLOCK_MONOTONIC) - wall, now_in(CLOCK_THREAD_CPUTIME_ID) - cpu};
}

} // namespace

int main(int count, char** arguments) {
  const bool is_small = count > 1 && std::strcmp(arguments[1], "--small") == 0;
  const std::uint64_t pairs = is_small ? 3'000 : 200'000;
  std::printf("%9s %14s %8s %11s %11s %12s %12s %9s\n", "accounts", "orders/commit", "resting",
              "cpu us/ord", "us/order", "orders/s", "rows/s", "bytes");
  for (const std::uint64_t accounts : {64u, 5'000u})
    for (const std::size_t batch : {10u, 250u})
      for (const std::uint64_t resting_every : {0u, 2u}) {
        auto name = (std::filesystem::temp_directory_path() / "rialto-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) return 1;
        journal_maker maker;
        const auto rows = maker.make(accounts, pairs, 10, resting_every);
        const auto took = time_of(rows, batch, name);
        const auto orders = static_cast<double>(maker.orders());
        const auto bytes = static_cast<double>(std::filesystem::file_size(name + "/read.sqlite"));
        std::printf("%9llu %14zu %8s %11.2f %11.2f %12.0f %12.0f %9.0f\n",
                    static_cast<unsigned long long>(accounts), batch * 20,
                    resting_every == 0 ? "none" : "half", took.cpu / orders * 1e6,
                    took.wall / orders * 1e6, orders / took.wall, 2 * orders / took.wall,
                    bytes / orders);
        std::filesystem::remove_all(name);
      }
  return 0;
}
