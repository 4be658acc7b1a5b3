// actors/local_gate.hpp: the gate of an embedded node: one shard, everything in this process.
#pragma once

#include "actors/messages.hpp"
#include "actors/public_faces.hpp"
#include "runtime/clock.hpp"
#include "runtime/projection_thread.hpp"
#include "storage/journal.hpp"

#include <atomic>
#include <mutex>

namespace rialto::actors {

/// Hands out ids from blocks drawn from storage: unique across restarts, at the price of skipping
/// the rest of a block.
class id_blocks {
public:
  explicit id_blocks(storage::journal& store) : store_(store) {}
  /// The first of `count` numbers in a row. What a block has left is skipped when it is not enough.
  [[nodiscard]] std::uint64_t next(std::string_view sequence, std::uint32_t count = 1);

private:
  struct block {
    std::uint64_t next = 0, end = 0;
  };
  std::mutex lock_;
  storage::journal& store_;
  std::map<std::string, block, std::less<>> blocks_;
};

class local_gate final : public gate {
public:
  local_gate(storage::journal& store, public_faces& faces, runtime::node_clock& clock);

  /// The shard's actor; requests submitted before are answered "unavailable" by the edge's
  /// deadline.
  void connect(caf::actor shard);
  void disconnect();
  /// Invalid before connect() and after disconnect().
  [[nodiscard]] caf::actor shard() const;
  void set_ready(bool ready, std::string why);
  /// Where requests go instead of the shards' actor; before any request.
  void forward(std::function<void(std::vector<request>)> to) { forward_ = std::move(to); }
  /// What keeps the lists; before any request, and outliving them.
  void follow(runtime::projection_thread& lists) { lists_ = &lists; }

  void submit(std::vector<request> requests) override;
  [[nodiscard]] std::shared_ptr<const directory> markets() const override {
    return faces_.markets();
  }
  using gate::next_order_id;
  [[nodiscard]] order_id next_order_id(std::uint32_t count) override {
    return {ids_.next("order", count)};
  }
  [[nodiscard]] std::uint64_t next_id(std::string_view sequence) override;
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key) override {
    return store_.find_claim(key);
  }
  [[nodiscard]] std::optional<channel_message>
  channel_snapshot(std::string_view channel) const override;
  [[nodiscard]] std::optional<market_look> look(std::string_view symbol,
                                                std::size_t levels_max) const override {
    return faces_.look(symbol, levels_max, clock_.now());
  }
  [[nodiscard]] std::optional<candle> running_candle(market_id market,
                                                     candle_interval interval) const override {
    const auto face = faces_.find(market);
    return face ? face->candles.current(interval) : std::nullopt;
  }
  [[nodiscard]] std::optional<live_candle> live_candle_of(market_id market,
                                                          candle_interval interval) const override {
    const auto face = faces_.find(market);
    return face ? face->candles.live(interval) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::vector<channel_message>>
  channel_since(std::string_view channel, std::uint64_t sequence) const override;
  [[nodiscard]] bool wait_for_lists(std::function<void()> then) override {
    return lists_ != nullptr && lists_->wait(std::move(then));
  }
  [[nodiscard]] bool is_ready(std::string& why) const override;

private:
  storage::journal& store_;
  public_faces& faces_;
  runtime::node_clock& clock_;
  id_blocks ids_;
  std::function<void(std::vector<request>)> forward_;
  runtime::projection_thread* lists_ = nullptr;
  mutable std::mutex lock_;
  caf::actor shard_;
  bool ready_ = false;
  std::string why_not_ = "starting";
};

} // namespace rialto::actors
