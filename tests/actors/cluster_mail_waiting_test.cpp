// Mail between nodes: what waits for an owner or a link, how long, and how much of it.
#include "tests/actors/post_office.hpp"

using namespace rialto;
using namespace rialto::actors;

TEST_CASE("cluster_mail: without an owner a request waits in its order, and not for ever") {
  post_office post;
  auto& edge = post.nodes[1];
  edge.mail->submit(batch(order_of(1, "a")));
  edge.mail->submit(batch(order_of(2, "b")));
  edge.mail->tick();
  CHECK(post.under_way.empty());
  post.own(alice, 2);
  edge.mail->submit(batch(order_of(3, "c"))); // behind those that wait
  edge.mail->tick();
  post.carry();
  REQUIRE(post.nodes[2].run.size() == 3);
  for (std::uint64_t token = 1; token <= 3; ++token)
    CHECK((post.nodes[2].run[token - 1].token & cluster_mail::token_mask) == token);
  post.own(alice, runtime::cluster::nobody);
  edge.mail->submit(batch(read_of(4)));
  post.now += mail_limits{}.park_ns + 1;
  edge.mail->tick();
  REQUIRE(edge.answers.size() == 1);
  CHECK(edge.answers[0].how == delivery::unavailable);
}

TEST_CASE("cluster_mail: what waits is bounded, and who comes then is told at once") {
  post_office post({.parked_max = 2});
  for (std::uint64_t token = 1; token <= 3; ++token)
    post.nodes[1].mail->submit(batch(read_of(token)));
  REQUIRE(post.nodes[1].answers.size() == 1);
  CHECK(post.nodes[1].answers[0].token == 3);
  CHECK(post.nodes[1].answers[0].how == delivery::busy);
}

TEST_CASE("cluster_mail: a link message whose receiver's owner has just died comes to the next "
          "owner without "
          "its sender, and not later than its sender would send it again") {
  const market_id btc{1};
  const auto shard = storage::shard_of(btc, shard_count);
  for (const bool is_closed : {false, true}) { // the link says so, or just takes nothing
    post_office post;
    auto& sender = *post.nodes[2].mail;
    const auto send = [&](std::uint64_t number) {
      std::vector<envelope> sent;
      sent.push_back({alice, btc, number, cancel_order{{9}, alice}, 77, {}, true});
      sender.send(std::move(sent));
      post.carry();
    };
    post.owners[shard] = {3, 1, false, false};
    post.cut.insert({2, 3});
    if (is_closed) sender.peer_closed(3);
    send(4);
    post.now += second_ns / 2;
    send(5);
    for (int i = 0; i < 3; ++i) sender.tick(); // as often as it looks in vain
    post.owners[shard] = {1, 2, false, false};
    sender.tick();
    post.carry();
    REQUIRE(post.nodes[1].delivered.size() == 2);
    CHECK(post.nodes[1].delivered[0].number == 4); // in their order
    post.owners[shard] = {3, 3, false, false};
    send(6);
    for (int i = 0; i < 6; ++i) post.now += second_ns / 5, sender.tick();
    post.owners[shard] = {1, 4, false, false};
    sender.tick();
    post.carry();
    CHECK(post.nodes[1].delivered.size() == 2); // a second is over: what is sent again will do
    CHECK(sender.statistics().parked == 0);
  }
}

TEST_CASE("cluster_mail: a request whose owner takes nothing waits no longer than another") {
  post_office post;
  post.own(alice, 2);
  post.cut.insert({1, 2});
  post.nodes[1].mail->submit(batch(order_of(5, "")));
  for (int i = 0; i < 50; ++i) post.now += second_ns / 10, post.nodes[1].mail->tick();
  REQUIRE(post.nodes[1].answers.size() == 1);
  CHECK(post.nodes[1].answers[0].how == delivery::unavailable);
}

TEST_CASE("cluster_mail: answers and news for a node that lives and is not linked yet wait for the "
          "link, in order; "
          "who was apart for long is told to come again") {
  post_office post;
  post.own(alice, 2);
  post.nodes[1].mail->submit(batch(read_of(5)));
  post.carry();
  REQUIRE(post.nodes[2].run.size() == 1);
  for (const incarnation id : {1, 2}) post.nodes[id].mail->peer_closed(3 - id);
  const auto lost = post.nodes[1].lost;
  answer_all(post, 2);
  release news;
  news.publications.emplace_back(user_publication{});
  std::vector<market_publication> none;
  post.nodes[2].mail->release_far(news, none, {});
  for (const auto& one : post.under_way) CHECK(one.to == 3);
  CHECK(post.nodes[2].mail->statistics().kept == 2);

  SUBCASE("for a moment") {
    post.now += 2 * second_ns;
    for (const incarnation id : {1, 2}) post.nodes[id].mail->peer_connected(3 - id);
    post.carry();
    REQUIRE(post.nodes[1].answers.size() == 1);
    CHECK(post.nodes[1].answers[0].token == 5);
    CHECK(post.nodes[1].told.size() == 1);
    CHECK(post.nodes[1].lost == lost);
  }
  SUBCASE("for long") {
    post.now += 5 * second_ns;
    for (const incarnation id : {1, 2}) post.nodes[id].mail->peer_connected(3 - id);
    post.carry();
    CHECK(post.nodes[1].answers.empty());
    CHECK(post.nodes[1].told.empty());
    CHECK(post.nodes[1].lost == lost + 1);
  }
}
