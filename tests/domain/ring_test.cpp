#include "domain/bytes.hpp"
#include "domain/ring.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <string>

using rialto::ring;

TEST_CASE("ring: does what a deque does") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 from(seed);
    ring<std::string> ours;
    std::deque<std::string> theirs;
    for (int step = 0; step < 400; ++step) {
      if (from() % 3 != 0 || theirs.empty()) {
        const auto text = std::string(1 + from() % 30, static_cast<char>('a' + step % 26));
        CHECK(ours.push_back(text) == text);
        theirs.push_back(text);
      } else {
        REQUIRE(ours.front() == theirs.front());
        ours.pop_front();
        theirs.pop_front();
      }
      REQUIRE(ours.size() == theirs.size());
      CHECK(ours.empty() == theirs.empty());
    }
    for (std::size_t i = 0; i < theirs.size(); ++i) CHECK(ours[i] == theirs[i]);
    // The bytes are those of a deque, so snapshots made before stay readable.
    CHECK(rialto::to_bytes(ours) == rialto::to_bytes(theirs));
    ring<std::string> back;
    const auto bytes = rialto::to_bytes(ours);
    rialto::byte_reader in(bytes);
    in.get(back);
    CHECK(in.done());
    CHECK(rialto::to_bytes(back) == bytes);
    back.clear();
    CHECK(back.empty());
  }
}
