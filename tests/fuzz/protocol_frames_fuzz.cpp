// What nodes say to each other: a frame is refused, or says in bytes what those bytes said.
#include "tests/actors/protocol_samples.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::actors;

std::vector<std::string> make_frames() {
  std::vector<std::string> all;
  for (const std::uint64_t seed : {1, 2, 3})
    for (const auto& one : protocol::sample_frames(seed))
      for (auto& bytes : protocol::encode(one).frames) all.push_back(std::move(bytes));
  return all;
}

void check_frame(std::string_view bytes) {
  const auto what = protocol::decode(bytes);
  if (!what) return;
  const auto again = protocol::encode(*what);
  RIALTO_ASSERT(again.left_out.empty());
  std::string joined;
  std::size_t items = 0;
  for (const auto& part : again.frames) {
    const auto same = protocol::decode(part);
    RIALTO_ASSERT(same.has_value() && same->index() == what->index());
    items += std::visit([](const auto& held) { return held.items.size(); }, *same);
  }
  RIALTO_ASSERT(items == std::visit([](const auto& held) { return held.items.size(); }, *what));
  if (again.frames.size() == 1) RIALTO_ASSERT(again.frames.front() == bytes);
}

} // namespace

/// As it is, and with the version of today before it.
RIALTO_FUZZ_TARGET(protocol_frames, make_frames) {
  check_frame(input);
  check_frame(static_cast<char>(protocol::version) + std::string(input));
}

} // namespace rialto::fuzz
