#include "actors/public_faces.hpp"

#include <mutex>

namespace rialto::actors {

const market_entry* directory::find(std::string_view symbol) const {
  const auto at = by_symbol.find(symbol);
  return at == by_symbol.end() ? nullptr : &at->second;
}

const market_entry* directory::find(market_id id) const {
  const auto at = symbols.find(id);
  return at == symbols.end() ? nullptr : find(at->second);
}

std::shared_ptr<market_faces> public_faces::add(const instrument& spec) {
  {
    const std::unique_lock hold(lock_);
    auto& face = faces_[spec.market];
    if (face) return face;
    face = std::make_shared<market_faces>(spec, sequence_base_);
    symbols_[spec.symbol] = spec.market;
  }
  refresh();
  return find(spec.market);
}

std::shared_ptr<market_faces> public_faces::find(market_id id) const {
  const std::shared_lock hold(lock_);
  const auto at = faces_.find(id);
  return at == faces_.end() ? nullptr : at->second;
}

std::shared_ptr<market_faces> public_faces::find(std::string_view symbol) const {
  const std::shared_lock hold(lock_);
  const auto at = symbols_.find(symbol);
  return at == symbols_.end() ? nullptr : faces_.at(at->second);
}

void public_faces::refresh() {
  auto made = std::make_shared<directory>();
  const std::unique_lock hold(lock_);
  for (const auto& [id, face] : faces_) {
    auto spec = face->market.spec();
    made->symbols[id] = spec.symbol;
    made->by_symbol[spec.symbol] = {spec, face->market.reference_price(), face->market.is_stale()};
  }
  directory_ = std::move(made);
}

std::shared_ptr<const directory> public_faces::markets() const {
  const std::shared_lock hold(lock_);
  return directory_;
}

std::optional<channel_message> public_faces::snapshot(std::string_view channel,
                                                      timestamp_ns now) const {
  const auto face = find(channel.substr(channel.rfind('.') + 1));
  if (!face || channel.find('.') == std::string_view::npos) return {};
  const auto kind = channel.substr(0, channel.find('.'));
  if (kind == "book") return face->market.book_snapshot();
  if (kind == "trades") return face->market.trades_snapshot();
  if (kind == "ticker") return face->market.ticker_snapshot(now);
  if (kind == "candles") return face->candles.snapshot(channel);
  return {};
}

std::optional<market_look> public_faces::look(std::string_view symbol, std::size_t levels_max,
                                              timestamp_ns now) const {
  const auto face = find(symbol);
  if (!face) return {};
  return face->market.look(now, levels_max);
}

std::optional<std::vector<channel_message>> public_faces::since(std::string_view channel,
                                                                std::uint64_t sequence) const {
  const auto face = find(channel.substr(channel.rfind('.') + 1));
  if (!face) return {};
  return channel.starts_with("candles.") ? face->candles.since(channel, sequence)
                                         : face->market.since(channel, sequence);
}

} // namespace rialto::actors
