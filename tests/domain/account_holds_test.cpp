// What an account holds, step by step, as tables: self-trade prevention that cuts an order, linked orders, brackets.
#include "tests/domain/account_table.hpp"

using rialto::testing::account_table;

TEST_CASE("holds: self-trade prevention takes a part off an order, and its hold is released") {
  SUBCASE("a buy that rests, cut in two parts") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      buy 1 100x10                  => AAA 0+0, BBB 0+1000
      reduced 1 4                   => AAA 0+0, BBB 400+600
      fill 1 100x5                  => AAA 5+0, BBB 400+100
      reduced 1 1                   => AAA 5+0, BBB 500+0
      ends 1 expired self_trade     => AAA 5+0, BBB 500+0
    )");
  }
  SUBCASE("a sell") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      sell 1 100x10                 => AAA 0+10, BBB 0+0
      reduced 1 3                   => AAA 3+7, BBB 0+0
      fill 1 101x7 last             => AAA 3+0, BBB 707+0
    )");
  }
  SUBCASE("after a cheaper fill: the part is worth the limit") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      buy 1 100x10                  => AAA 0+0, BBB 0+1000
      fill 1 80x4                   => AAA 4+0, BBB 80+600
      reduced 1 2                   => AAA 4+0, BBB 280+400
      fill 1 90x4 last              => AAA 8+0, BBB 320+0
    )");
  }
  SUBCASE("a market order keeps its hold until it ends") {
    account_table().run(R"(
      deposit 2000 BBB              => BBB 2000+0
      buy 1 market 10               => AAA 0+0, BBB 950+1050
      reduced 1 4                   => AAA 0+0, BBB 950+1050
      fill 1 100x6                  => AAA 6+0, BBB 950+450
      ends 1 expired self_trade     => AAA 6+0, BBB 1400+0
    )");
  }
}

// The price goes down and the quantity up: until the market answers, what is open may be taken at either.
TEST_CASE("holds: cut while an amend is on its way") {
  SUBCASE("the amend is taken") {
    account_table().run(R"(
      deposit 3000 BBB              => BBB 3000+0
      buy 1 100x10                  => AAA 0+0, BBB 2000+1000
      amend 1 90x20                 => AAA 0+0, BBB 1100+1900
      reduced 1 4                   => AAA 0+0, BBB 1500+1500
      amended 1 90x20               => AAA 0+0, BBB 1560+1440
      ends 1 cancelled              => AAA 0+0, BBB 3000+0
    )");
  }
  SUBCASE("and cut again as the amended order") {
    account_table().run(R"(
      deposit 3000 BBB              => BBB 3000+0
      buy 1 100x10                  => AAA 0+0, BBB 2000+1000
      amend 1 90x20                 => AAA 0+0, BBB 1100+1900
      fill 1 99x2                   => AAA 2+0, BBB 1102+1700
      reduced 1 3                   => AAA 2+0, BBB 1402+1400
      amended 1 90x20               => AAA 2+0, BBB 1452+1350
      reduced 1 5                   => AAA 2+0, BBB 1902+900
      fill 1 90x10 last             => AAA 12+0, BBB 1902+0
    )");
  }
  SUBCASE("up, and fewer") {
    account_table().run(R"(
      deposit 3000 BBB              => BBB 3000+0
      buy 1 100x10                  => AAA 0+0, BBB 2000+1000
      amend 1 120x8                 => AAA 0+0, BBB 2000+1000
      reduced 1 2                   => AAA 0+0, BBB 2200+800
      amended 1 120x8               => AAA 0+0, BBB 2280+720
    )");
  }
}

TEST_CASE("holds: two of which one goes") {
  SUBCASE("one that is cut holds what it held, as long as the other may need it") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      oco sell 1 120x10 / sell 2 market 10 stop 80 => AAA 0+10, BBB 0+0
      reduced 1 4                   => AAA 0+10, BBB 0+0
      fill 1 120x2                  => AAA 0+8, BBB 240+0
      ends 2 cancelled linked       => AAA 4+4, BBB 240+0
      fill 1 120x4 last             => AAA 4+0, BBB 720+0
    )");
  }
  SUBCASE("both are cut before the other ends") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      oco sell 1 120x10 / sell 2 79x10 stop 80 => AAA 0+10, BBB 0+0
      reduced 1 4                   => AAA 0+10, BBB 0+0
      ends 2 expired                => AAA 4+6, BBB 0+0
      reduced 1 1                   => AAA 5+5, BBB 0+0
      ends 1 cancelled              => AAA 10+0, BBB 0+0
    )");
  }
  SUBCASE("to buy: the dearer of the two") {
    account_table().run(R"(
      deposit 2000 BBB              => BBB 2000+0
      oco buy 1 90x10 / buy 2 market 10 stop 120 => AAA 0+0, BBB 740+1260
      goes 2                        => AAA 0+0, BBB 740+1260
      fill 2 121x10 last            => AAA 10+0, BBB 740+50
      ends 1 cancelled linked       => AAA 10+0, BBB 790+0
    )");
  }
}

TEST_CASE("holds: an entry that buys, and exits that sell what it brought") {
  SUBCASE("the take-profit") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      bracket buy 1 100x10 / sell 2 120x10 / sell 3 market 10 stop 80 => AAA 0+0, BBB 0+1000
      fill 1 100x6 fee 0.5          => AAA 0+5.5, BBB 0+400
      fill 1 99x4 last fee 0.25     => AAA 0+9.25, BBB 4+0
      exits 1 9                     => AAA 0.25+9, BBB 4+0
      fill 2 120x9 last             => AAA 0.25+0, BBB 1084+0
      ends 3 cancelled linked       => AAA 0.25+0, BBB 1084+0
    )");
  }
  SUBCASE("the entry is cut, and cancelled in part") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      bracket buy 1 100x10 / sell 2 120x10 / sell 3 market 10 stop 80 => AAA 0+0, BBB 0+1000
      fill 1 100x3                  => AAA 0+3, BBB 0+700
      reduced 1 2                   => AAA 0+3, BBB 200+500
      ends 1 cancelled              => AAA 0+3, BBB 700+0
      exits 1 3                     => AAA 0+3, BBB 700+0
      goes 3                        => AAA 0+3, BBB 700+0
      fill 3 79x3 last              => AAA 0+0, BBB 937+0
      ends 2 cancelled linked       => AAA 0+0, BBB 937+0
    )");
  }
  SUBCASE("a rebate is kept for them too") {
    account_table().run(R"(
      deposit 1000 BBB              => BBB 1000+0
      bracket buy 1 100x10 / sell 2 120x10 => AAA 0+0, BBB 0+1000
      fill 1 100x10 last fee -0.5   => AAA 0+10.5, BBB 0+0
      exits 1 10                    => AAA 0.5+10, BBB 0+0
      fill 2 120x10 last            => AAA 0.5+0, BBB 1200+0
    )");
  }
}

TEST_CASE("holds: an entry that sells, and exits that buy with what it brought") {
  SUBCASE("a market buy spends all of it") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      bracket sell 1 100x10 / buy 2 market 10 stop 120 => AAA 0+10, BBB 0+0
      fill 1 100x10 last fee 10     => AAA 0+0, BBB 0+990
      exits 1 10                    => AAA 0+0, BBB 0+990
      goes 2                        => AAA 0+0, BBB 0+990
      fill 2 121x8                  => AAA 8+0, BBB 0+22
      ends 2 expired                => AAA 8+0, BBB 22+0
    )");
  }
  SUBCASE("a limit buy: the lots that can be paid, the rest is released") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      bracket sell 1 100x10 / buy 2 90x10 => AAA 0+10, BBB 0+0
      fill 1 100x4 fee 4            => AAA 0+6, BBB 0+396
      ends 1 cancelled              => AAA 6+0, BBB 0+396
      exits 1 4                     => AAA 6+0, BBB 36+360
      fill 2 88x4 last              => AAA 10+0, BBB 44+0
    )");
  }
  SUBCASE("both: the dearer is held until the other ends, then what the limit can cost") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      bracket sell 1 100x10 / buy 2 90x10 / buy 3 market 10 stop 120 => AAA 0+10, BBB 0+0
      fill 1 100x10 last            => AAA 0+0, BBB 0+1000
      exits 1 10                    => AAA 0+0, BBB 0+1000
      fill 2 90x3                   => AAA 3+0, BBB 0+730
      ends 3 cancelled linked       => AAA 3+0, BBB 100+630
      fill 2 90x7 last              => AAA 10+0, BBB 100+0
    )");
  }
  SUBCASE("a dearer stop-limit decides how many") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      bracket sell 1 100x10 / buy 2 90x10 / buy 3 125x10 stop 120 => AAA 0+10, BBB 0+0
      fill 1 100x10 last            => AAA 0+0, BBB 0+1000
      exits 1 8                     => AAA 0+0, BBB 0+1000
      ends 3 expired                => AAA 0+0, BBB 280+720
      fill 2 90x8 last              => AAA 8+0, BBB 280+0
    )");
  }
  SUBCASE("fees ate all of it: the exits are cancelled") {
    account_table().run(R"(
      deposit 10 AAA                => AAA 10+0
      bracket sell 1 100x1 / buy 2 market 1 stop 120 => AAA 9+1, BBB 0+0
      fill 1 100x1 last fee 100     => AAA 9+0, BBB 0+0
      ends 2 cancelled linked       => AAA 9+0, BBB 0+0
    )");
  }
}
