#include "actors/feed/mirror_commands.hpp"

namespace rialto::actors {

namespace {

mirror_depth depth_of(const std::vector<feed_level>& levels, bool is_snapshot,
                      const instrument& spec, std::uint64_t& off_grid) {
  mirror_depth depth;
  depth.is_snapshot = is_snapshot;
  depth.levels.reserve(levels.size());
  for (const auto& level : levels) {
    if (level.price8 % spec.tick_size.value != 0) {
      ++off_grid;
      continue;
    }
    depth.levels.push_back(
      {level.way, {level.price8 / spec.tick_size.value}, {level.size8 / spec.lot_size.value}});
  }
  return depth;
}

} // namespace

const std::string& symbol_of(const feed_news& news) {
  return std::visit([](const auto& one) -> const std::string& { return one.symbol; }, news);
}

std::optional<market_command> mirror_command(const feed_news& news, const instrument& spec,
                                             std::uint64_t& off_grid) {
  if (const auto* whole = std::get_if<feed_snapshot>(&news))
    return market_command{depth_of(whole->levels, true, spec, off_grid)};
  if (const auto* change = std::get_if<feed_depth>(&news))
    return market_command{depth_of(change->levels, false, spec, off_grid)};
  // Rather no house liquidity than a wrong one.
  if (std::holds_alternative<feed_reset>(news)) return market_command{mirror_reset{}};
  const auto* trade = std::get_if<feed_trade>(&news);
  if (trade == nullptr) return {};
  const auto lots = trade->size8 / spec.lot_size.value;
  if (trade->price8 % spec.tick_size.value != 0 || lots == 0) {
    ++off_grid;
    return {};
  }
  return market_command{
    mirror_trade{{trade->price8 / spec.tick_size.value}, {lots}, trade->buyer_is_maker, trade->at}};
}

} // namespace rialto::actors
