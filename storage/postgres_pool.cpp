#include "storage/postgres_pool.hpp"

#include <chrono>

namespace rialto::storage {

postgres_pool::postgres_pool(std::string address, postgres_options options, limits bounds,
                             std::function<void(postgres_connection&)> prepare)
    : address_(std::move(address)), options_(std::move(options)), limits_(bounds),
      prepare_(std::move(prepare)) {
  idle_.reserve(limits_.connections_max);
}

postgres_connection postgres_pool::take() {
  postgres_connection found;
  {
    std::unique_lock hold(lock_);
    if (!freed_.wait_for(hold, std::chrono::milliseconds(limits_.wait_ms),
                         [this] { return lent_ < limits_.connections_max; }))
      throw postgres_error("all " + std::to_string(limits_.connections_max) +
                             " connections to PostgreSQL are in use for longer than " +
                             std::to_string(limits_.wait_ms) + " ms",
                           {}, false);
    ++lent_;
    while (!idle_.empty() && !found.is_open()) {
      found = std::move(idle_.back());
      idle_.pop_back();
      if (found.is_broken()) found.close();
    }
  }
  if (found.is_open()) return found;
  try {
    postgres_connection made(address_, options_);
    prepare_(made);
    return made;
  } catch (...) {
    give_back({});
    throw;
  }
}

void postgres_pool::give_back(postgres_connection used) {
  if (used.in_transaction()) used.close(); // the work was interrupted
  const std::lock_guard hold(lock_);
  --lent_;
  if (used.is_open()) idle_.push_back(std::move(used));
  freed_.notify_one();
}

} // namespace rialto::storage
