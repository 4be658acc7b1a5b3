#include "domain/trailing_orders.hpp"

#include "domain/assert.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

namespace {

constexpr std::int64_t ppm = 1'000'000;

void drop_one(std::map<std::int64_t, std::size_t>& counts, std::int64_t key) {
  const auto at = counts.find(key);
  if (--at->second == 0) counts.erase(at);
}

} // namespace

/// Down, in the side's sign: a sell's floor, a buy's ceiling.
std::int64_t trailing_orders::level_by_rate(std::int64_t extreme, std::int64_t rate) const {
  const auto product = static_cast<__int128>(extreme) * (ppm - sign_ * rate);
  auto level = product / ppm;
  if (product < 0 && product % ppm != 0) --level;
  return static_cast<std::int64_t>(
    std::max<__int128>(level, std::numeric_limits<std::int64_t>::min()));
}

std::int64_t trailing_orders::nearest(const group& of) const {
  auto level = std::numeric_limits<std::int64_t>::min();
  if (!of.by_ticks.empty()) level = of.extreme - of.by_ticks.begin()->first.first;
  if (!of.by_rate.empty())
    level = std::max(level, level_by_rate(of.extreme, of.by_rate.begin()->first.first));
  return level;
}

void trailing_orders::add(follower& one, price_ticks extreme) {
  RIALTO_ASSERT(one.in == nullptr && extreme.value > 0);
  auto& place = groups_[sign_ * extreme.value];
  if (place == nullptr) {
    place = std::make_unique<group>();
    place->extreme = sign_ * extreme.value;
  } else {
    unindex(*place);
  }
  one.in = place.get();
  list_of(one).emplace(key_of(one), &one);
  index(*place);
  ++(one.trigger.trail.value != 0 ? ticks_ : rates_)[key_of(one).first];
}

void trailing_orders::remove(follower& one) {
  auto& of = *one.in;
  unindex(of);
  list_of(one).erase(key_of(one));
  drop_one(one.trigger.trail.value != 0 ? ticks_ : rates_, key_of(one).first);
  one.in = nullptr;
  if (of.size() == 0)
    groups_.erase(of.extreme);
  else
    index(of);
}

price_ticks trailing_orders::extreme_of(const follower& one) const {
  return {sign_ * one.in->extreme};
}

void trailing_orders::join(group& to, group& from) {
  for (auto* list : {&from.by_ticks, &from.by_rate})
    for (auto& [key, one] : *list) one->in = &to;
  to.by_ticks.merge(from.by_ticks);
  to.by_rate.merge(from.by_rate);
}

void trailing_orders::follow(price_ticks price) {
  if (!would_follow(price)) return;
  const auto here = sign_ * price.value;
  std::unique_ptr<group> joined;
  while (!groups_.empty() && groups_.begin()->first <= here) {
    auto next = std::move(groups_.begin()->second);
    groups_.erase(groups_.begin());
    unindex(*next);
    if (joined == nullptr) {
      joined = std::move(next);
      continue;
    }
    if (joined->size() < next->size()) std::swap(joined, next);
    join(*joined, *next);
  }
  joined->extreme = here;
  index(*joined);
  groups_.emplace(here, std::move(joined));
}

bool trailing_orders::might_go(price_ticks extreme, price_ticks last) const {
  const auto from = sign_ * extreme.value, to = sign_ * last.value;
  return (!ticks_.empty() && to <= from - ticks_.begin()->first) ||
         (!rates_.empty() && to <= level_by_rate(from, rates_.begin()->first));
}

void trailing_orders::take_due(price_ticks last, std::vector<due>& out) {
  const auto here = sign_ * last.value;
  while (!nearest_.empty() && nearest_.rbegin()->first >= here) {
    const auto level = nearest_.rbegin()->first;
    const auto& first = *groups_.at(nearest_.rbegin()->second);
    const bool by_ticks =
      !first.by_ticks.empty() && first.extreme - first.by_ticks.begin()->first.first == level;
    auto& one = *(by_ticks ? first.by_ticks : first.by_rate).begin()->second;
    out.push_back({{sign_ * level}, one.number, one.id});
    remove(one);
  }
}

} // namespace rialto
