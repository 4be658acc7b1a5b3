// domain/account_step.hpp: how a decided event enters the account; for account*.cpp only.
#pragma once

#include "domain/account.hpp"

namespace rialto {

/// Applies an event that was decided just now and appends it. Only these are told to the public.
template <class Event>
void account::settle(Event happened, const step& at) {
  const auto& kept =
    std::get<Event>(at.out.emplace_back(std::in_place_type<Event>, std::move(happened)));
  is_live_ = true;
  ++events_;
  take(kept, at.now, at.posts);
  is_live_ = false;
}

} // namespace rialto
