// runtime/worker_thread.hpp: a pool of one: its jobs run one after the other, in their order, and
// those that wait are run before it stops (reading a history, saving a snapshot).
#pragma once

#include "runtime/worker_pool.hpp"

namespace rialto::runtime {

class worker_thread : public worker_pool {
public:
  worker_thread(const char* name, std::size_t capacity)
      : worker_pool(name, 1, capacity, when_stopped::run_waiting) {}
};

} // namespace rialto::runtime
