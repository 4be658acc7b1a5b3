// The market's public face: level changes since the last publication, the tape, the instrument.
#include "domain/market.hpp"

namespace rialto {

void market::print(const trade_executed& trade, timestamp_ns now) {
  print({trade.trade, trade.price, trade.size, trade.taker_side == side::sell, now});
}

void market::print(const tape_entry& line) {
  if (tape_.size() >= tape_max) tape_.erase(tape_.begin(), tape_.begin() + tape_max / 2);
  tape_.push_back(line);
  shown_price_ = line.price;
}

void market::publish(timestamp_ns now, std::vector<publication>& out) {
  if (is_blank() || must_match_house_ || !ids_.has_update()) return;
  market_publication news;
  if (!book_.take_touched(touched_)) publishes_whole_ = true;
  if (publishes_whole_) {
    news.is_snapshot = true;
    constexpr auto all = static_cast<std::size_t>(-1);
    book_.read_levels(side::buy, all, news.levels);
    book_.read_levels(side::sell, all, news.levels);
  } else {
    // A level that went and came back was touched twice.
    std::sort(touched_.begin(), touched_.end(), [](const level_name& a, const level_name& b) {
      return a.way != b.way ? a.way < b.way : a.price < b.price;
    });
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    news.levels.reserve(touched_.size());
    for (const auto& name : touched_)
      news.levels.push_back({name.way, name.price, book_.total(name)});
  }
  if (publishes_spec_ || news.is_snapshot) news.spec = spec_;
  if (news.is_snapshot) news.last_price = last_price();
  if (auction_.until.value == 0) {
    shown_auction_.reset();
  } else if (const auto now_shown = view_auction();
             news.is_snapshot || shown_auction_ != now_shown) {
    news.auction = shown_auction_ = now_shown;
  }
  if (news.is_snapshot || !news.levels.empty())
    news.first_update = news.last_update = ids_.take_update();
  else if (tape_.empty() && !news.spec && !news.auction)
    return;
  publishes_whole_ = publishes_spec_ = false;
  news.market = self_;
  news.at = now;
  news.trades.swap(tape_);
  out.push_back(std::move(news));
}

} // namespace rialto
