// actors/public_faces.hpp: the public face of every market of this node, and the instrument
// directory made from them. Thread-safe.
#pragma once

#include "actors/candle_face.hpp"
#include "actors/gate.hpp"
#include "actors/market_face.hpp"

#include <shared_mutex>

namespace rialto::actors {

struct market_faces {
  market_face market;
  candle_face candles;
  market_faces(const instrument& spec, std::uint64_t sequence_base)
      : market(spec, sequence_base), candles(spec, sequence_base) {}
};

class public_faces {
public:
  /// The channels of this life number above `sequence_base` (channel_log.hpp).
  explicit public_faces(std::uint64_t sequence_base = 0) : sequence_base_(sequence_base) {}

  /// The faces of a market, made at its first sight.
  std::shared_ptr<market_faces> add(const instrument& spec);
  [[nodiscard]] std::shared_ptr<market_faces> find(market_id id) const;
  [[nodiscard]] std::shared_ptr<market_faces> find(std::string_view symbol) const;
  /// Makes the directory anew: instruments, reference prices, staleness.
  void refresh();
  [[nodiscard]] std::shared_ptr<const directory> markets() const;
  [[nodiscard]] std::optional<channel_message> snapshot(std::string_view channel,
                                                        timestamp_ns now) const;
  [[nodiscard]] std::optional<market_look> look(std::string_view symbol, std::size_t levels_max,
                                                timestamp_ns now) const;
  [[nodiscard]] std::optional<std::vector<channel_message>> since(std::string_view channel,
                                                                  std::uint64_t sequence) const;

private:
  const std::uint64_t sequence_base_;
  mutable std::shared_mutex lock_;
  std::map<market_id, std::shared_ptr<market_faces>> faces_;
  std::map<std::string, market_id, std::less<>> symbols_;
  std::shared_ptr<const directory> directory_ = std::make_shared<directory>();
};

} // namespace rialto::actors
