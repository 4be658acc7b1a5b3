// domain/assert.hpp: RIALTO_ASSERT, on in every build. A bug stops the process before it costs
// money.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace rialto {

/// Makes asserts throw instead of abort, so that a test can watch one fire. Returns the former
/// setting.
bool assert_throws(bool on);
[[noreturn]] void assert_failed(const char* condition, const char* file, int line, long long left,
                                long long right);

} // namespace rialto

#define RIALTO_ASSERT(condition)                                                                   \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::rialto::assert_failed(#condition, __FILE__, __LINE__, 0, 0);                               \
  } while (false)

/// The same, printing two integers that explain it.
#define RIALTO_ASSERT_VALUES(condition, left, right)                                               \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::rialto::assert_failed(#condition, __FILE__, __LINE__, static_cast<long long>(left),        \
                              static_cast<long long>(right));                                      \
  } while (false)
