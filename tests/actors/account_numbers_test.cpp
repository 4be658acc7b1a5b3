// The numbers that an owner's stream tells are those of the journal, whatever an account took in between.
#include "actors/world.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

using entity_type = trading_entity<account>;
using step_type = runtime::step<trading_world>;

constexpr account_id me{7};
constexpr user_id owner{3};
constexpr market_id btc_usdt{5};

runtime::envelope<trading_world> envelope_of(entity_id from, std::uint64_t number,
                                             link_message body) {
  runtime::envelope<trading_world> one;
  one.from = from;
  one.to = me;
  one.number = number;
  one.body = std::move(body);
  return one;
}

/// Steps of one account, their records kept.
struct history {
  entity_type account{me};
  step_type step;
  std::vector<storage::record> records;

  void take(std::uint64_t number, entity_id from, link_message body) {
    account.handle(envelope_of(from, number, std::move(body)), {1'000}, step);
    keep();
  }
  void deposit(const std::string& reference) {
    const transfer body{transfer_kind::deposit, "USDT", {100}, reference};
    account.execute(account_command{body, {}}, {1'000}, 0, step);
    keep();
  }
  void keep() {
    REQUIRE(step.made.has_value());
    records.push_back(*step.made);
  }
  std::uint64_t told() {
    std::vector<publication> out;
    account.publish({1'000}, out);
    REQUIRE(out.size() == 1);
    return std::get<account_publication>(out.front()).event_number;
  }
};

} // namespace

TEST_CASE(
  "account: a message that changes nothing takes a number in the stream as in the journal") {
  history past;
  past.take(1, entity_id{owner}, open_account{me, owner, "main"});
  past.deposit("first");
  CHECK(past.told() == 2);
  past.take(1, entity_id{btc_usdt}, order_activated{order_id{99}, me}); // of an order it has not
  REQUIRE(past.records.back().event_count == 0);
  past.deposit("second");
  CHECK(past.account.event_number() == 4);
  CHECK(past.told() == 4);

  entity_type again{me};
  for (const auto& one : past.records) REQUIRE(again.replay(one));
  CHECK(again.state_hash() == past.account.state_hash());
  entity_type restored{me};
  REQUIRE(restored.restore(past.account.make_snapshot()));
  CHECK(restored.state_hash() == past.account.state_hash());
}
