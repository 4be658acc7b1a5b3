// storage/candle_table.hpp: the candles of tape.sqlite through one connection.
//
// The room: SQL of one table. Belongs to whoever owns the connection; no transaction is begun here.
#pragma once

#include "domain/candle_series.hpp"
#include "storage/sqlite.hpp"
#include "storage/tape_store.hpp"

#include <functional>
#include <optional>

namespace rialto::storage {

class candle_table {
public:
  candle_table() = default;
  /// A read-only connection may only call newest().
  explicit candle_table(database& on);

  /// Of those with open time in [from, to) the newest `limit`, newest first.
  void newest(market_id market, candle_interval interval, timestamp_ns from, timestamp_ns to,
              std::uint32_t limit, const std::function<void(const candle&)>& take);
  /// Writes what take_candle() makes of what is there and `next`. Empty: it is a new one.
  std::optional<candle_change> put(market_id market, candle_interval interval, candle& next);
  /// tape_store::import_candles, within a transaction.
  [[nodiscard]] candle_import import_all(market_id market, candle_interval interval,
                                         const std::vector<candle>& closed, timestamp_ns closed_by);

private:
  void roll_up_into(market_id market, candle_interval shorter, candle_interval longer,
                    const std::vector<candle>& closed, timestamp_ns closed_by, candle_import& done);
  void put_counted(market_id market, candle_interval interval, candle next, bool is_counted,
                   candle_import& done);

  statement newest_, known_, put_;
};

} // namespace rialto::storage
