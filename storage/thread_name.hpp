// storage/thread_name.hpp: names for plain threads, so that top -H, a profile and a debugger can tell them apart.
#pragma once

#include <pthread.h>

namespace rialto::storage {

/// Names the calling thread; at most 15 characters, or nothing happens.
inline void name_thread(const char* name) {
  static_cast<void>(pthread_setname_np(pthread_self(), name));
}

} // namespace rialto::storage
