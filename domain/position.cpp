#include "domain/position.hpp"

#include <algorithm>

namespace rialto {

namespace {

/// sum x part / whole, rounded up; 0 <= part <= whole. Never overflows: sum / whole x part is no more than the sum,
/// and the remainder is below whole, which fits in 64 bits.
wide_units share_of(wide_units sum, wide_units part, wide_units whole) {
  const auto rest = sum % whole * part;
  return sum / whole * part + rest / whole + (rest % whole != 0 ? 1 : 0);
}

} // namespace

void position::take(side way, amount_units base, amount_units notional, amount_units fee) {
  if (way == side::buy) {
    quantity_ = capped(quantity_ + base.value - fee.value).value;
    cost_ += notional.value;
    return;
  }
  const auto covered = std::min<wide_units>(base.value, quantity_);
  if (covered == 0) return;
  const auto received = static_cast<wide_units>(notional.value) - fee.value;
  const auto spent = share_of(cost_, covered, quantity_);
  realised_ += received * covered / base.value - spent;
  quantity_ -= covered;
  cost_ -= spent;
}

void position::encode(byte_writer& out) const {
  for (const auto sum : {quantity_, cost_, realised_}) put_wide(sum, out);
}

void position::decode(byte_reader& in) {
  for (auto* sum : {&quantity_, &cost_, &realised_}) *sum = get_wide(in);
  if (!is_sound()) {
    *this = {};
    in.fail();
  }
}

bool position::is_sound() const {
  return quantity_ >= 0 && quantity_ == capped(quantity_).value && cost_ >= 0 &&
         (quantity_ != 0 || cost_ == 0);
}

amount_units worth_of(amount_units quantity, price_ticks price, std::int64_t units_per_tick_lot,
                      amount_units lot_size) {
  // quantity = lots x lot_size + rest: the first product may be wider than 128 bits only beyond every amount.
  const auto per_lot = static_cast<wide_units>(price.value) * units_per_tick_lot;
  const wide_units lots = quantity.value / lot_size.value, rest = quantity.value % lot_size.value;
  wide_units whole = 0, part = 0, sum = 0;
  if (__builtin_mul_overflow(per_lot, lots, &whole) ||
      __builtin_mul_overflow(per_lot, rest, &part) ||
      __builtin_add_overflow(whole, part / lot_size.value, &sum))
    return capped(std::numeric_limits<wide_units>::max());
  return capped(sum);
}

} // namespace rialto
