#include "domain/link_message.hpp"
#include "runtime/links.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::runtime;

namespace {
const entity_id alice{account_id{1}}, bob{account_id{2}};

link_message cancel_of(std::uint64_t id) {
  return cancel_order{{id}, {1}};
}

std::vector<std::uint64_t> waiting(const outbox<link_message>& box, entity_id to) {
  std::vector<std::uint64_t> numbers;
  box.for_each_waiting([&](entity_id peer, const auto& one) {
    if (peer == to) numbers.push_back(one.number);
  });
  return numbers;
}
} // namespace

TEST_CASE("outbox: numbers each peer's messages from one") {
  outbox<link_message> box;
  CHECK(box.post(alice, cancel_of(1)) == 1);
  CHECK(box.post(alice, cancel_of(2)) == 2);
  CHECK(box.post(bob, cancel_of(3)) == 1);
  CHECK(waiting(box, alice) == std::vector<std::uint64_t>{1, 2});
  CHECK_FALSE(box.is_drained());
}

TEST_CASE("outbox: an acknowledged message is not sent again, and goes with the next record") {
  outbox<link_message> box;
  for (std::uint64_t i = 1; i <= 3; ++i) box.post(alice, cancel_of(i));
  box.acknowledge(alice, 2);
  CHECK(waiting(box, alice) == std::vector<std::uint64_t>{3});
  CHECK(box.kept() == 3);
  const auto riding = box.take_riding();
  REQUIRE(riding.size() == 1);
  CHECK(riding[0] == link_cursor{alice, 2});
  box.settle(riding[0]);
  CHECK(box.kept() == 1);
  CHECK(box.take_riding().empty());
  box.acknowledge(alice, 3);
  CHECK(box.is_drained());
}

TEST_CASE("outbox: acknowledgements from nowhere change nothing") {
  outbox<link_message> box;
  box.post(alice, cancel_of(1));
  box.acknowledge(bob, 1);
  box.acknowledge(alice, 7);
  CHECK(waiting(box, alice) == std::vector<std::uint64_t>{1});
}

TEST_CASE("outbox: a replayed record removes what it says, without an acknowledgement before") {
  outbox<link_message> box;
  for (std::uint64_t i = 1; i <= 3; ++i) box.post(alice, cancel_of(i));
  box.settle({alice, 2});
  CHECK(waiting(box, alice) == std::vector<std::uint64_t>{3});
  CHECK_FALSE(box.is_drained());
  box.settle({alice, 3});
  CHECK(box.is_drained());
  CHECK(box.post(alice, cancel_of(4)) == 4);
  CHECK(waiting(box, alice) == std::vector<std::uint64_t>{4});
}

TEST_CASE("outbox: encode and decode keep numbers and what waits") {
  outbox<link_message> box;
  for (std::uint64_t i = 1; i <= 3; ++i) box.post(alice, cancel_of(i));
  box.post(bob, cancel_of(9));
  box.settle({alice, 1});
  std::string bytes;
  byte_writer out(bytes);
  box.encode(out);
  outbox<link_message> copy;
  byte_reader in(bytes);
  copy.decode(in);
  REQUIRE(in.done());
  CHECK(waiting(copy, alice) == std::vector<std::uint64_t>{2, 3});
  CHECK(waiting(copy, bob) == std::vector<std::uint64_t>{1});
  CHECK(copy.cursors() == box.cursors());
  for (std::size_t cut = 0; cut < bytes.size();
       ++cut) { // a damaged snapshot fails, it does not invent messages
    outbox<link_message> broken;
    byte_reader part(std::string_view(bytes).substr(0, cut));
    broken.decode(part);
    CHECK(part.failed());
  }
}

TEST_CASE("inbox: takes every number once and in order") {
  inbox box;
  CHECK(box.look(alice, 1) == inbox::verdict::next);
  CHECK(box.look(alice, 2) == inbox::verdict::early);
  box.take({alice, 1});
  CHECK(box.look(alice, 1) == inbox::verdict::repeat);
  CHECK(box.look(alice, 2) == inbox::verdict::next);
  CHECK(box.look(bob, 1) == inbox::verdict::next);
  inbox copy;
  copy.restore(box.cursors());
  CHECK(copy.look(alice, 1) == inbox::verdict::repeat);
}
