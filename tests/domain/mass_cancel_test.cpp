// Mass cancels, as a table: which of an account's orders are asked about, and which are left alone.
#include "tests/domain/account_table.hpp"

using rialto::testing::account_table;

namespace {

const std::string some_of_all = R"(
    deposit 1000 BBB                => BBB 1000+0
    deposit 100 AAA                 => AAA 100+0, BBB 1000+0
    buy 1 10x1                      => AAA 100+0, BBB 990+10
    sell 2 110x1                    => AAA 99+1, BBB 990+10
    buy 3 10x1 in 8                 => AAA 99+1, BBB 980+20
    sell 4 110x1 in 8               => AAA 98+2, BBB 980+20
  )";

} // namespace

TEST_CASE("cancel_all: by market and by side") {
  const std::pair<const char*, const char*> lines[] = {
    {"cancel_all", "asks 1 2 3 4 of 4"},  {"cancel_all 7", "asks 1 2 of 2"},
    {"cancel_all 8", "asks 3 4 of 2"},    {"cancel_all buy", "asks 1 3 of 2"},
    {"cancel_all sell", "asks 2 4 of 2"}, {"cancel_all 7 buy", "asks 1 of 1"},
    {"cancel_all 8 sell", "asks 4 of 1"}, {"cancel_all 9", "asks of 0"},
    {"cancel_all 9 buy", "asks of 0"},
  };
  for (const auto& [action, outcome] : lines) {
    CAPTURE(action);
    account_table table;
    table.run(some_of_all);
    table.run(std::string(action) + " => " + outcome);
  }
}

TEST_CASE("cancel_all: what comes later is left alone, what has ended is not asked for") {
  account_table table;
  table.run(some_of_all);
  table.run(R"(
    ends 1 cancelled                => AAA 98+2, BBB 990+10
    cancel_all                      => asks 2 3 4 of 3
    buy 5 10x1                      => AAA 98+2, BBB 980+20
    wait 60                         => asks
    # asked again by whoever asks again; what is amended or half filled is as any other
    amend 5 12x1                    => AAA 98+2, BBB 978+22
    fill 2 110x1 last               => AAA 98+1, BBB 1088+22
    cancel_all 7                    => asks 5 of 1
    cancel_all buy                  => asks 3 5 of 2
  )");
}

TEST_CASE("cancel_all: orders that wait, linked ones and pending exits are asked for as any") {
  account_table().run(R"(
    deposit 1000 BBB                => BBB 1000+0
    deposit 100 AAA                 => AAA 100+0, BBB 1000+0
    sell 1 market 2 stop 90         => AAA 98+2, BBB 1000+0
    oco sell 2 120x3 / sell 3 market 3 stop 80 => AAA 95+5, BBB 1000+0
    bracket buy 4 100x5 / sell 5 120x5 / sell 6 market 5 stop 80 => AAA 95+5, BBB 500+500
    buy 7 10x1                      => AAA 95+5, BBB 490+510
    cancel_all buy                  => asks 4 7 of 2
    ends 4 cancelled                => AAA 95+5, BBB 990+10
    ends 5 cancelled linked         => AAA 95+5, BBB 990+10
    ends 6 cancelled linked         => AAA 95+5, BBB 990+10
    cancel_all sell                 => asks 1 2 3 of 3
    ends 2 cancelled                => AAA 95+5, BBB 990+10
    ends 3 cancelled linked         => AAA 98+2, BBB 990+10
    ends 1 cancelled                => AAA 100+0, BBB 990+10
    ends 7 cancelled                => AAA 100+0, BBB 1000+0
    cancel_all                      => asks of 0
  )");
}

// The whole of a sliced order is in no market: it ends in its account, at once or after its slice.
TEST_CASE("cancel_all: orders that go in slices") {
  SUBCASE("none is on its way: it ends at once") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      buy 10 100x8 slices 4 over 40 => AAA 0+0, BBB 200+800
      buy 20 10x1                   => AAA 0+0, BBB 190+810
      cancel_all                    => asks 20 of 2
      ends 20 cancelled             => AAA 0+0, BBB 1000+0
    )");
  }
  SUBCASE("a slice is: it is asked for, and the whole ends with it") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      buy 10 100x8 slices 4 over 40 => AAA 0+0, BBB 200+800
      wait 1                        => asks
      cancel_all buy                => asks 11 of 2
      fill 11 100x1                 => AAA 1+0, BBB 200+700
      ends 11 expired               => AAA 1+0, BBB 900+0
      wait 60                       => asks
    )");
  }
  SUBCASE("of another side or market: it goes on") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      buy 10 100x8 slices 4 over 40 => AAA 0+0, BBB 200+800
      cancel_all sell               => asks of 0
      cancel_all 8                  => asks of 0
      wait 1                        => asks
      fill 11 100x2 last            => AAA 2+0, BBB 200+600
    )");
  }
}
