// Mail between nodes: who gets what, what may be sent again.
#include "tests/actors/post_office.hpp"

using namespace rialto;
using namespace rialto::actors;

TEST_CASE("cluster_mail: a request goes to the owner, its answer to the edge that asked, with the "
          "rows it rests on") {
  post_office post;
  post.own(alice, 2);
  post.nodes[1].mail->submit(batch(read_of(5)));
  post.carry();
  REQUIRE(post.nodes[2].run.size() == 1);
  answer_all(post, 2);
  post.carry();
  REQUIRE(post.nodes[1].answers.size() == 1);
  CHECK(post.nodes[1].answers[0].token == 5);
  CHECK(post.nodes[1].heads.at(storage::shard_of(alice, shard_count)) == 7);
  CHECK(post.nodes[2].answers.empty());
}

TEST_CASE(
  "cluster_mail: a request for a shard of this node goes nowhere else, and its answer stays") {
  post_office post;
  post.own(alice, 1);
  post.nodes[1].mail->submit(batch(read_of(5)));
  CHECK(post.under_way.empty());
  answer_all(post, 1);
  CHECK(post.under_way.empty());
  REQUIRE(post.nodes[1].answers.size() == 1);
  CHECK(post.nodes[1].answers[0].token == 5);
}

TEST_CASE("cluster_mail: what came to a former owner is sent on, and answered to who asked") {
  post_office post;
  post.own(alice, 2);
  post.nodes[1].mail->submit(batch(read_of(5)));
  post.own(alice, 3, 2); // moved while it was on its way
  post.carry();
  REQUIRE(post.nodes[3].run.size() == 1);
  answer_all(post, 3);
  post.carry();
  REQUIRE(post.nodes[1].answers.size() == 1);
}

TEST_CASE("cluster_mail: when an owner is gone, reads and orders with a client id are asked of the "
          "next one, others are not") {
  post_office post;
  post.own(alice, 2);
  auto& edge = post.nodes[1];
  edge.mail->submit(batch(read_of(1)));
  edge.mail->submit(batch(order_of(2, "mine")));
  edge.mail->submit(batch(order_of(3, "")));
  post.under_way.clear(); // it died with them
  post.own(alice, 3, 2);
  edge.mail->peer_closed(2);
  CHECK(edge.lost == 1);
  edge.mail->tick();
  post.carry();
  REQUIRE(post.nodes[3].run.size() == 2);
  CHECK((post.nodes[3].run[0].token & cluster_mail::token_mask) <= 2);
  CHECK(edge.answers.empty()); // the third one's fate is not known here
}

TEST_CASE("cluster_mail: an order whose market is gone is asked about again, though its account's "
          "node lives") {
  post_office post;
  post.own(alice, 1);
  auto& edge = post.nodes[1];
  edge.mail->submit(batch(order_of(2, "mine")));
  edge.mail->submit(batch(order_of(3, "")));
  CHECK(std::exchange(edge.run, {}).size() == 2);
  post.now += mail_limits{}.repeat_ns + 1;
  edge.mail->tick();
  REQUIRE(edge.run.size() == 1);
  CHECK((edge.run[0].token & cluster_mail::token_mask) == 2);
  answer_all(post, 1);
  post.now += mail_limits{}.repeat_ns + 1;
  edge.mail->tick();
  CHECK(edge.run.empty());
}

TEST_CASE("cluster_mail: of a request that was asked twice nobody says that nothing was done") {
  post_office post;
  post.own(alice, 2);
  auto& edge = post.nodes[1];
  const auto answer_with = [&](delivery how) {
    post.carry();
    release out;
    for (const auto& one : std::exchange(post.nodes[2].run, {}))
      out.answers.push_back({one.token, how, done{}});
    post.nodes[2].mail->release_far(out, no_news, {});
    post.carry();
  };
  edge.mail->submit(batch(order_of(1, "once")));
  answer_with(delivery::unavailable);
  REQUIRE(edge.answers.size() == 1);
  edge.answers.clear();
  edge.mail->submit(batch(order_of(2, "twice")));
  answer_with(delivery::unknown); // asked again
  CHECK(edge.answers.empty());
  post.now += mail_limits{}.repeat_ns + 1;
  edge.mail->tick();
  answer_with(delivery::unavailable); // and again
  CHECK(edge.answers.empty());
  post.now += mail_limits{}.repeat_ns + 1;
  edge.mail->tick();
  answer_with(delivery::done);
  REQUIRE(edge.answers.size() == 1);
  CHECK(edge.answers[0].how == delivery::done);
}

TEST_CASE("cluster_mail: an owner that is silent is left alone but for a try now and then, until "
          "it is heard") {
  post_office post;
  post.own(alice, 2);
  auto& edge = post.nodes[1];
  for (std::uint64_t token = 1; token <= 3; ++token) edge.mail->submit(batch(read_of(token)));
  post.now += 2 * second_ns;
  edge.mail->submit(batch(read_of(4))); // the try
  edge.mail->submit(batch(read_of(5)));
  REQUIRE(edge.answers.size() == 1);
  CHECK(edge.answers[0].token == 5);
  CHECK(edge.answers[0].how == delivery::unavailable);
  post.carry();
  answer_all(post, 2);
  post.carry();
  edge.answers.clear();
  edge.mail->submit(batch(read_of(6)));
  post.carry();
  CHECK(edge.answers.empty());
  CHECK(post.nodes[2].run.size() == 1);
}

TEST_CASE("cluster_mail: an owner whose answers come from elsewhere is not thought silent") {
  post_office post;
  post.own(alice, 2);
  auto& edge = post.nodes[1];
  for (std::uint64_t token = 1; token <= 5; ++token) {
    edge.mail->submit(batch(read_of(token)));
    post.carry();
    release out; // the market that answers is on the edge's own node
    out.answers.push_back({post.nodes[2].run.back().token, delivery::done, done{}});
    edge.mail->release_far(out, no_news, {});
    CHECK(out.answers.size() == 1);
    post.now += second_ns;
  }
  CHECK(edge.answers.empty());
  CHECK(post.nodes[2].run.size() == 5);
}

TEST_CASE("cluster_mail: link messages and receipts cross nodes with their numbers and tokens") {
  post_office post;
  const market_id btc{1};
  post.owners[storage::shard_of(btc, shard_count)] = {3, 1, false, false};
  post.own(alice, 2);
  std::vector<envelope> sent;
  sent.push_back({alice, btc, 4, cancel_order{{9}, alice}, 77, {}, true});
  post.nodes[2].mail->send(std::move(sent));
  post.carry();
  REQUIRE(post.nodes[3].delivered.size() == 1);
  CHECK(post.nodes[3].delivered[0].number == 4);
  CHECK(post.nodes[3].delivered[0].token == 77);
  post.nodes[3].mail->acknowledge({{alice, btc, 4}});
  post.carry();
  REQUIRE(post.nodes[2].receipts.size() == 1);
  CHECK(post.nodes[2].receipts[0] == link_receipt{alice, btc, 4});
}

TEST_CASE(
  "cluster_mail: every edge hears of users and markets, and a gap in what it hears is told") {
  post_office post;
  release out;
  account_publication news;
  news.account = alice;
  out.publications.emplace_back(news);
  post.nodes[2].mail->release_far(out, no_news, {});
  CHECK(out.publications.size() == 1); // this node's edge hears it, too
  post.carry();
  CHECK(post.nodes[1].told.size() == 1);
  CHECK(post.nodes[3].told.size() == 1);
  CHECK(post.nodes[1].lost == 0);
  post.cut.insert({2, 1});
  post.nodes[2].mail->release_far(out, no_news, {});
  post.cut.clear();
  post.nodes[2].mail->release_far(out, no_news, {});
  post.carry();
  CHECK(post.nodes[1].lost == 1);
  CHECK(post.nodes[3].lost == 0);
}

TEST_CASE("cluster_mail: an edge whose link broke and came back hears news again") {
  post_office post;
  auto& owner = *post.nodes[2].mail;
  owner.peer_closed(1);
  owner.peer_connected(1);
  post.nodes[1].mail->peer_connected(2);
  release out;
  account_publication news;
  news.account = alice;
  out.publications.emplace_back(news);
  owner.release_far(out, no_news, {});
  post.carry();
  CHECK(post.nodes[1].told.size() == 1);
  CHECK(post.nodes[1].lost == 0);
}

TEST_CASE("cluster_mail: a market's former publisher is not believed") {
  post_office post;
  const market_id btc{1};
  const auto shard = storage::shard_of(btc, shard_count);
  market_publication news;
  news.market = btc;
  std::vector<market_publication> all{news};
  release none;
  post.owners[shard] = {3, 2, false, false};
  post.nodes[3].mail->release_far(none, all, {});
  post.carry();
  CHECK(post.nodes[1].shown.size() == 1);
  post.owners[shard] = {2, 1, false, false}; // as node 2 still has it
  post.nodes[2].mail->release_far(none, all, {});
  post.carry();
  CHECK(post.nodes[1].shown.size() == 1);
}

TEST_CASE("cluster_mail: what a feed says is lost rather than parked or sent twice, and the whole "
          "mirror is wanted") {
  post_office post;
  const market_id btc{1};
  const auto shard = storage::shard_of(btc, shard_count);
  auto& feed = post.nodes[1];
  const auto say = [&](bool is_whole) {
    feed.mail->pass_on(batch({0, btc, market_command{mirror_depth{{}, is_whole}}, {}}));
  };
  say(true); // nobody owns it
  CHECK(feed.mail->statistics().parked == 0);
  CHECK(std::exchange(feed.wanted, {}) == std::vector<market_id>{btc});
  post.owners[shard] = {2, 1, false, false};
  post.cut.insert({1, 2});
  say(true);
  CHECK(std::exchange(feed.wanted, {}) == std::vector<market_id>{btc});
  post.cut.clear();
  feed.mail->tick();
  post.carry();
  CHECK(post.nodes[2].run.empty());

  feed.mail->beat({{btc, 7, true}});
  say(false); // continues nothing that the owner knows
  post.carry();
  CHECK(post.nodes[2].run.empty());
  const auto seen = post.nodes[2].watch.tick(2, {btc}, second_ns);
  CHECK(seen.wanted == std::vector<market_id>{btc});
  post.nodes[2].mail->want_mirror(seen.feed, seen.wanted);
  post.carry();
  CHECK(feed.wanted == std::vector<market_id>{btc});
  say(true);
  say(false);
  post.carry();
  CHECK(post.nodes[2].run.size() == 2);
}

TEST_CASE("cluster_mail: bytes that are no frame change nothing and are counted") {
  post_office post;
  post.nodes[1].mail->frame_came(2, "nonsense");
  CHECK(post.nodes[1].mail->statistics().frames_refused == 1);
}
