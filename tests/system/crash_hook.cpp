// The program as users run it, and a hook: RIALTO_CRASH_AT=NAME[:N] kills it at the N-th passing of that place.
#include "storage/crash_point.hpp"

#include <cstdio>
#include <cstdlib>
#include <signal.h>
#include <string>
#include <unistd.h>

namespace {

using namespace rialto::storage;

std::string wanted;
std::atomic<long> left{1};

void die_there(std::string_view point) {
  if (point == wanted && left.fetch_sub(1) == 1) kill(getpid(), SIGKILL);
}

struct installer {
  installer() {
    const char* const text = std::getenv("RIALTO_CRASH_AT");
    if (text == nullptr) return;
    wanted = text;
    if (const auto colon = wanted.find(':'); colon != std::string::npos) {
      left = std::strtol(wanted.c_str() + colon + 1, nullptr, 10);
      wanted.resize(colon);
    }
    unsetenv("RIALTO_CRASH_AT"); // no setting of the program's
    if (std::find(crash_points.begin(), crash_points.end(), wanted) == crash_points.end() ||
        left < 1) {
      std::fprintf(stderr, "RIALTO_CRASH_AT: no such place, or no number from 1: %s\n", text);
      std::_Exit(2);
    }
    installed_crash_hook = die_there;
  }
};

const installer at_start;

} // namespace
