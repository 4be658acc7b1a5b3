#include "domain/assert.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

namespace rialto {

namespace {
std::atomic<bool> throws{false};
}

bool assert_throws(bool on) {
  return throws.exchange(on);
}

void assert_failed(const char* condition, const char* file, int line, long long left,
                   long long right) {
  const auto text = std::string("assertion failed: ") + condition + " (" + std::to_string(left) +
                    ", " + std::to_string(right) + ") at " + file + ":" + std::to_string(line);
  if (throws) throw std::logic_error(text);
  std::fputs((text + "\n").c_str(), stderr);
  std::abort();
}

} // namespace rialto
