#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

std::vector<target>& all() {
  static std::vector<target> known; // filled before main() by the targets' files
  return known;
}

} // namespace

const std::vector<target>& targets() {
  return all();
}

bool add_target(const target& one) {
  auto& known = all();
  const auto before = [](const target& a, const target& b) { return a.name < b.name; };
  known.insert(std::upper_bound(known.begin(), known.end(), one, before), one);
  return true;
}

const target* find_target(std::string_view name) {
  const auto at =
    std::find_if(all().begin(), all().end(), [&](const target& one) { return one.name == name; });
  return at == all().end() ? nullptr : &*at;
}

} // namespace rialto::fuzz
