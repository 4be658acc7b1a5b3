// tests/actors/post_office.hpp: the mail of three nodes in memory; links are function calls.
#pragma once

#include "actors/cluster/mail.hpp"

#include <doctest/doctest.h>

#include <set>

namespace rialto::actors {

using envelope = runtime::envelope<trading_world>;

constexpr storage::shard_id shard_count = 8;
constexpr std::int64_t second_ns = 1'000'000'000;

/// The nodes 1, 2, 3 and who owns each shard; what leaves the mail is kept.
struct post_office {
  struct node {
    std::unique_ptr<cluster_mail> mail;
    std::vector<request> run;
    std::vector<envelope> delivered;
    std::vector<link_receipt> receipts;
    std::vector<answer> answers;
    std::vector<publication> told;
    std::vector<market_publication> shown;
    std::map<storage::shard_id, storage::position> heads;
    int lost = 0;
    feed_watch watch{0};
    std::vector<market_id> wanted; // of its feed
  };
  std::map<incarnation, node> nodes;
  std::map<storage::shard_id, runtime::cluster::shard_route> owners;
  std::set<std::pair<incarnation, incarnation>> cut;
  std::int64_t now = second_ns;

  explicit post_office(mail_limits limits = {}) {
    for (incarnation id = 1; id <= 3; ++id) make(id, limits);
    for (auto& [id, one] : nodes) {
      std::vector<cluster_mail::peer> peers;
      for (incarnation other = 1; other <= 3; ++other)
        if (other != id) peers.push_back({other, true});
      one.mail->peers_changed(peers);
      for (const auto& peer : peers) one.mail->peer_connected(peer.id);
    }
  }
  void make(incarnation id, const mail_limits& limits) {
    auto& one = nodes[id];
    mail_surroundings around;
    around.monotonic_ns = [this] { return now; };
    around.me = [id] { return id; };
    around.route_of = [this, id](storage::shard_id shard) {
      auto route = owners[shard];
      route.is_here = route.owner == id && !route.is_moving;
      return route;
    };
    around.send = [this, id](incarnation to, std::string_view frame) {
      if (cut.contains({id, to})) return false;
      under_way.push_back({id, to, std::string(frame)});
      return true;
    };
    around.run = [&one](std::vector<request> all) {
      for (auto& each : all) one.run.push_back(std::move(each));
    };
    around.deliver = [&one](std::vector<envelope> all) {
      for (auto& each : all) one.delivered.push_back(std::move(each));
    };
    around.acknowledged = [&one](std::vector<link_receipt> all) {
      one.receipts.insert(one.receipts.end(), all.begin(), all.end());
    };
    around.answer = [&one](std::shared_ptr<release> what) {
      for (auto& each : what->answers) one.answers.push_back(std::move(each));
      for (auto& each : what->publications) one.told.push_back(std::move(each));
    };
    around.show = [&one](std::vector<market_publication> news) {
      for (auto& each : news) one.shown.push_back(std::move(each));
    };
    around.head_moved = [&one](storage::shard_id shard, storage::position head) {
      one.heads[shard] = head;
    };
    around.news_lost = [&one] { ++one.lost; };
    around.feed = &one.watch;
    around.mirror_wanted = [&one](std::vector<market_id> markets) {
      one.wanted.insert(one.wanted.end(), markets.begin(), markets.end());
    };
    one.mail = std::make_unique<cluster_mail>(shard_count, std::move(around), limits);
  }
  void carry() {
    while (!under_way.empty()) {
      const auto one = std::move(under_way.front());
      under_way.pop_front();
      nodes[one.to].mail->frame_came(one.from, one.bytes);
    }
  }
  void own(account_id account, incarnation owner, storage::epoch at_epoch = 1) {
    owners[storage::shard_of(account, shard_count)] = {owner, at_epoch, false, false};
  }
  struct letter {
    incarnation from, to;
    std::string bytes;
  };
  std::deque<letter> under_way;
};

inline const account_id alice{1};
inline std::vector<market_publication> no_news;

inline request read_of(std::uint64_t token) {
  return {token, alice, account_command{get_balances{}, {}}, {}};
}
inline request order_of(std::uint64_t token, std::string client_id) {
  place_order order;
  order.id = {token};
  order.client_order_id = std::move(client_id);
  return {token, alice, account_command{order, {}}, {}};
}
inline std::vector<request> batch(request one) {
  std::vector<request> all;
  all.push_back(std::move(one));
  return all;
}
/// What the owner's lane lets out once a request has run.
inline void answer_all(post_office& post, incarnation owner) {
  release out;
  for (const auto& one : std::exchange(post.nodes[owner].run, {}))
    out.answers.push_back({one.token, delivery::done, done{}});
  post.nodes[owner].mail->release_far(out, no_news, {{storage::shard_of(alice, shard_count), 7}});
  for (auto& one : out.answers) post.nodes[owner].answers.push_back(std::move(one));
}

} // namespace rialto::actors
