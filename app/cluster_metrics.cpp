#include "app/cluster_metrics.hpp"

#include <algorithm>

namespace rialto::app {

void add_cluster_metrics(runtime::metrics_registry& metrics, node_cluster& cluster) {
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& from) {
    metrics.add_read_counter(name, help, [&from] { return from.load(std::memory_order_relaxed); });
  };
  const auto& mail = cluster.mail();
  count("rialto_mail_requests_sent_total", "Requests sent to other nodes.", mail.requests_sent);
  count("rialto_mail_requests_received_total", "Requests that came from other nodes.",
        mail.requests_received);
  count("rialto_mail_messages_sent_total", "Link messages sent to other nodes.",
        mail.messages_sent);
  count("rialto_mail_messages_received_total", "Link messages that came from other nodes.",
        mail.messages_received);
  count("rialto_mail_answers_sent_total", "Answers sent to the edges of other nodes.",
        mail.answers_sent);
  count("rialto_mail_answers_received_total", "Answers that came from other nodes.",
        mail.answers_received);
  count("rialto_mail_news_sent_total", "Publications of markets sent to other nodes.",
        mail.news_sent);
  count("rialto_mail_news_received_total", "Publications of markets that came from other nodes.",
        mail.news_received);
  count("rialto_mail_news_lost_total", "How often news of users may have been missed.",
        mail.news_lost);
  count("rialto_mail_sent_again_total", "Requests asked of the next owner.", mail.sent_again);
  count("rialto_mail_expired_total", "Requests that found no owner in time.", mail.expired);
  count("rialto_mail_shed_total", "Requests refused because too many waited for an owner.",
        mail.shed);
  count("rialto_mail_broken_total", "Requests refused because their owner is silent.", mail.broken);
  count("rialto_mail_frames_refused_total", "Frames of other nodes that were none.",
        mail.frames_refused);
  count("rialto_mail_mirror_lost_total", "News of the feed that found no way to their market.",
        mail.mirror_lost);
  const auto& tape = cluster.tape();
  count("rialto_tape_gaps_total",
        "How often trades of a market may have been missed; other nodes were asked for them.",
        tape.gaps);
  count("rialto_tape_healed_trades_total", "Missed trades that other nodes had.", tape.healed);
  count("rialto_tape_broken_total", "Gaps of which something stays missing on this node's tape.",
        tape.broken);
  count("rialto_tape_unanswered_total", "Questions of other nodes about trades, too many at once.",
        tape.unanswered);
  count("rialto_tape_refused_pages_total", "Pages of past candles from the feed, too many at once.",
        tape.refused);
  metrics.add_read_gauge("rialto_mail_parked", "Requests and messages that wait for an owner.",
                         [&mail] { return static_cast<std::int64_t>(mail.parked.load()); });

  metrics.add_read_gauge("rialto_cluster_nodes", "Nodes alive, this one included.", [&cluster] {
    const auto now = cluster.driver().status();
    return std::count_if(now.nodes.begin(), now.nodes.end(), [](const auto& one) {
      return one.state != runtime::cluster::node_state::gone;
    });
  });
  metrics.add_read_gauge("rialto_cluster_shards_here", "Shards that this node serves.", [&cluster] {
    return static_cast<std::int64_t>(cluster.driver().status().serving.size());
  });
  metrics.add_read_gauge("rialto_cluster_leads", "1 while this node leads.",
                         [&cluster] { return cluster.leads() ? 1 : 0; });
  metrics.add_read_gauge("rialto_cluster_lease_confirmed", "1 while reads may leave this node.",
                         [&cluster] { return cluster.driver().may_read() ? 1 : 0; });
  metrics.add_read_gauge("rialto_cluster_links", "Links to other nodes.", [&cluster] {
    const auto now = cluster.links().statistics();
    return std::count_if(now.links.begin(), now.links.end(),
                         [](const auto& one) { return one.is_connected; });
  });
}

} // namespace rialto::app
