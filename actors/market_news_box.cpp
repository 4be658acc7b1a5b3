#include "actors/market_news_box.hpp"

#include <algorithm>
#include <iterator>

namespace rialto::actors {

namespace {

constexpr std::size_t levels_loose_max = 2'048; // before doubled ones are dropped

/// Of changes to one level only the last counts; in a whole book an empty level is none.
void drop_doubled(market_publication& news) {
  auto& all = news.levels;
  std::stable_sort(all.begin(), all.end(), [](const level_change& a, const level_change& b) {
    return a.way != b.way ? a.way < b.way : a.price < b.price;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_last =
      i + 1 == all.size() || all[i + 1].way != all[i].way || all[i + 1].price != all[i].price;
    if (is_last && !(news.is_snapshot && all[i].size.value == 0)) all[kept++] = all[i];
  }
  all.resize(kept);
}

} // namespace

bool merge_news(market_publication& pending, market_publication& next) {
  const bool changes_book = next.last_update != 0;
  if (changes_book && !next.is_snapshot && pending.last_update != 0 &&
      next.first_update != pending.last_update + 1)
    return false;
  if (changes_book) {
    if (next.is_snapshot) {
      pending.levels = std::move(next.levels);
      pending.is_snapshot = true;
      pending.first_update = next.first_update;
    } else {
      pending.levels.insert(pending.levels.end(), next.levels.begin(), next.levels.end());
      if (pending.last_update == 0) pending.first_update = next.first_update;
    }
    pending.last_update = next.last_update;
    if (pending.levels.size() > levels_loose_max) drop_doubled(pending);
  }
  auto& trades = pending.trades;
  std::move(next.trades.begin(), next.trades.end(), std::back_inserter(trades));
  if (trades.size() > market_news_box::trades_max)
    trades.erase(trades.begin(), trades.end() - market_news_box::trades_max);
  if (next.spec) pending.spec = std::move(next.spec);
  pending.at = std::max(pending.at, next.at);
  return true;
}

void market_news_box::set_merging(bool merges) {
  const std::lock_guard hold(lock_);
  merges_ = merges;
}

bool market_news_box::put(std::vector<market_publication>& news) {
  if (news.empty()) return false;
  const std::lock_guard hold(lock_);
  const bool was_empty = waiting_.empty();
  for (auto& one : news) {
    if (!merges_ && waiting_.size() < apart_max) {
      waiting_.push_back(std::move(one));
      continue;
    }
    const auto last = std::find_if(waiting_.rbegin(), waiting_.rend(),
                                   [&](const auto& known) { return known.market == one.market; });
    if (last == waiting_.rend() || !merge_news(*last, one)) waiting_.push_back(std::move(one));
  }
  return was_empty;
}

std::vector<market_publication> market_news_box::take() {
  std::vector<market_publication> taken;
  {
    const std::lock_guard hold(lock_);
    taken.swap(waiting_);
  }
  for (auto& one : taken)
    if (one.last_update != 0) drop_doubled(one);
  return taken;
}

} // namespace rialto::actors
