#include "domain/request_marks.hpp"

namespace rialto {

const request_executed* request_marks::find(std::uint64_t hash) const {
  const auto number = numbers_.find(hash);
  return number == hash_index::none ? nullptr : &kept_[number - first_];
}

reject_reason request_marks::refusal_of(const request_mark& mark, timestamp_ns now) const {
  // A late one may have run before, and be forgotten already.
  if (mark.until <= now || mark.until.value - now.value > ahead_ns_max)
    return reject_reason::request_late;
  if (find(mark.hash) != nullptr) return reject_reason::request_repeated;
  if (kept_.size() >= marks_max && kept_.front().mark.until > now)
    return reject_reason::too_many_marks;
  return reject_reason::none;
}

void request_marks::add(const request_executed& one, timestamp_ns now) {
  for (int dropped = 0; dropped < forget_max && !kept_.empty(); ++dropped) {
    const auto& oldest = kept_.front().mark;
    if (oldest.until > now) break;
    if (numbers_.find(oldest.hash) == first_) numbers_.erase(oldest.hash);
    kept_.pop_front();
    ++first_;
  }
  numbers_.set(one.mark.hash, first_ + kept_.size());
  kept_.push_back(one);
}

void request_marks::decode(byte_reader& in) {
  in.get(kept_);
  first_ = 0;
  numbers_.clear();
  for (std::uint64_t i = 0; i < kept_.size(); ++i) numbers_.set(kept_[i].mark.hash, i);
}

} // namespace rialto
