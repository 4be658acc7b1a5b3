#include "runtime/cluster_routes.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace rialto::runtime;

TEST_CASE(
  "cluster_routes: a shard is nobody's before the table is made, and one beyond it always") {
  cluster_routes routes;
  CHECK(routes.count() == 0);
  CHECK(routes.at(0).owner == cluster::nobody);
  routes.open(2);
  routes.set(1, {7, 3, true, true});
  CHECK(routes.count() == 2);
  CHECK(routes.at(0).owner == cluster::nobody);
  CHECK(routes.at(1).owner == 7);
  CHECK(routes.at(1).at_epoch == 3);
  CHECK(routes.at(1).is_moving);
  CHECK(routes.at(1).is_here);
  CHECK(routes.at(2).owner == cluster::nobody);
}

TEST_CASE("cluster_routes: a reader never sees half of a change") {
  constexpr std::uint64_t changes = 200'000;
  cluster_routes routes;
  routes.open(1);
  std::uint64_t torn = 0, went_back = 0;
  std::thread reader([&] {
    for (std::uint64_t last = 0; last < changes;) {
      const auto seen = routes.at(0);
      if (seen.at_epoch != seen.owner || seen.is_here != (seen.owner % 2 == 1)) ++torn;
      if (seen.owner < last) ++went_back;
      last = seen.owner;
    }
  });
  for (std::uint64_t i = 1; i <= changes; ++i) routes.set(0, {i, i, false, i % 2 == 1});
  reader.join();
  CHECK(torn == 0);
  CHECK(went_back == 0);
}
