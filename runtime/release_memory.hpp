// runtime/release_memory.hpp: gives memory that was freed back to the system.
//
// The room: for after a wave (thousands of entities left). What one thread freed of another's memory waits until that other thread
// collects it, so whoever allocated has to call this, on its own thread.
#pragma once

#include <malloc.h>

extern "C" void mi_collect(bool force)
  __attribute__((weak)); // of the allocator the program is linked with, if it is that one

namespace rialto::runtime {

inline void release_memory() {
  if (mi_collect != nullptr)
    mi_collect(true);
  else
    malloc_trim(0);
}

} // namespace rialto::runtime
