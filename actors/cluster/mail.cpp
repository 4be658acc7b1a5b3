#include "actors/cluster/mail.hpp"

#include "actors/watched_orders.hpp"

#include <algorithm>

namespace rialto::actors {

namespace {

enum class sent : std::uint8_t { nothing, a_part, all };

/// Links take a frame or refuse it whole.
template <class Frame>
sent send_frames(const mail_surroundings& around, incarnation to, const Frame& frame) {
  auto so_far = sent::nothing;
  for (const auto& bytes : protocol::encode(frame).frames) {
    if (!around.send(to, bytes)) return so_far;
    so_far = sent::a_part;
  }
  return sent::all;
}

template <class Frame>
bool send_all(const mail_surroundings& around, incarnation to, const Frame& frame) {
  return send_frames(around, to, frame) == sent::all;
}

/// A request whose second run changes nothing: the account knows a client id for a day, with its body.
bool may_repeat(const trading_world& world, const request& one) {
  if (!one.claims.empty()) return false;
  if (!world.is_write(one.command)) return true;
  const auto* const to_account = std::get_if<account_command>(&one.command);
  if (to_account == nullptr) return false;
  const auto* const order = std::get_if<place_order>(&to_account->body);
  return order != nullptr && !order->client_order_id.empty();
}

} // namespace

// ---- sorting

void cluster_mail::sort(request&& one, std::int64_t until_ns, sorted& into) {
  const auto shard = shard_of(one.to);
  const auto parked = parked_.find(shard);
  const auto route = around_.route_of(shard);
  const auto now = around_.monotonic_ns();
  const bool has_place = has_place_at(route);
  if (!has_place && is_of_feed(one)) return note_lost_mirror(one, into);
  if (!has_place || (parked != parked_.end() && !parked->second.empty() && !is_of_feed(one)))
    return park(shard, {std::move(one), until_ns}, into);
  if (route.is_here) {
    note_open(route.owner, one, now);
    into.here.push_back(std::move(one));
    return;
  }
  if (is_silent(owners_[route.owner], now)) {
    ++statistics_.broken;
    if (is_of_feed(one)) return note_lost_mirror(one, into);
    into.refused.push_back({one.token, delivery::unavailable, {}});
    return;
  }
  into.requests[route.owner].add(std::move(one), until_ns);
}

void cluster_mail::sort(envelope&& one, std::int64_t until_ns, sorted& into) {
  const auto shard = shard_of(one.to);
  const auto parked = parked_.find(shard);
  const auto route = around_.route_of(shard);
  if ((parked != parked_.end() && !parked->second.empty()) || !has_place_at(route))
    return park(shard, {std::move(one), until_ns}, into);
  if (route.is_here)
    into.messages_here.push_back(std::move(one));
  else
    into.messages[route.owner].add(std::move(one), until_ns);
}

bool cluster_mail::has_place_at(const runtime::cluster::shard_route& route) const {
  if (route.is_here) return true;
  const auto peer = peers_.find(route.owner); // nobody and this node are none
  return !route.is_moving && peer != peers_.end() && peer->second.is_connected;
}

void cluster_mail::park(storage::shard_id shard, waiting&& one, sorted& into) {
  if (parked_count_ >= limits_.parked_max) {
    ++statistics_.shed;
    return expire(one, into, delivery::busy);
  }
  ++parked_count_;
  parked_[shard].push_back(std::move(one));
}

/// A link message is kept by its sender; of a request nothing was run.
void cluster_mail::expire(waiting& one, sorted& into, delivery how) {
  if (const auto* const asked = std::get_if<request>(&one.what);
      asked != nullptr && asked->token != 0)
    into.refused.push_back({asked->token, how, {}});
}

void cluster_mail::give_away(sorted& what) {
  if (!what.here.empty()) around_.run(std::move(what.here));
  if (!what.messages_here.empty()) around_.deliver(std::move(what.messages_here));
  const auto now = around_.monotonic_ns();
  for (auto& [owner, requests] : what.requests) {
    const protocol::request_frame frame{std::move(requests.items)};
    const auto how_much = send_frames(around_, owner, frame);
    if (how_much == sent::all) {
      statistics_.requests_sent += frame.items.size();
      for (const auto& one : frame.items) note_sent(owner, one, now);
      continue;
    }
    // The link is down or full. Some of it may have gone out in a frame before: what may not run twice is of unknown fate.
    for (std::size_t i = 0; i < frame.items.size(); ++i) {
      const auto& one = frame.items[i];
      if (is_of_feed(one))
        note_lost_mirror(one, what);
      else if (how_much == sent::nothing || may_repeat(world_, one))
        park(shard_of(one.to), {one, requests.until_ns[i]}, what);
      else if (one.token != 0)
        what.refused.push_back({one.token, delivery::unknown, {}});
    }
  }
  for (auto& [owner, messages] : what.messages) {
    const protocol::message_frame frame{std::move(messages.items)};
    if (send_all(around_, owner, frame)) {
      statistics_.messages_sent += frame.items.size();
      continue;
    }
    // Its owner has mostly just died, and the next one should not have to wait for the re-send.
    for (std::size_t i = 0; i < frame.items.size(); ++i)
      park(shard_of(frame.items[i].to), {frame.items[i], messages.until_ns[i]}, what);
  }
  what.requests.clear();
  what.messages.clear();
  if (!what.lost.empty() && around_.mirror_wanted)
    around_.mirror_wanted(std::exchange(what.lost, {}));
  if (!what.refused.empty()) send_answers(std::exchange(what.refused, {}), {}, nullptr);
}

bool cluster_mail::is_of_feed(const request& one) {
  const auto* const command = std::get_if<market_command>(&one.command);
  return command != nullptr && (std::holds_alternative<mirror_depth>(*command) ||
                                std::holds_alternative<mirror_trade>(*command) ||
                                std::holds_alternative<mirror_reset>(*command));
}

/// C4.
void cluster_mail::note_lost_mirror(const request& one, sorted& into) {
  ++statistics_.mirror_lost;
  const market_id market{one.to.number()};
  if (into.lost.empty() || into.lost.back() != market) into.lost.push_back(market);
}

// ---- from this node

void cluster_mail::submit(std::vector<request> requests) {
  sorted all;
  const std::lock_guard hold(lock_);
  for (auto& one : requests) {
    if (one.token != 0) one.token |= my_origin();
    sort(std::move(one), all);
  }
  give_away(all);
}

void cluster_mail::pass_on(std::vector<request> requests) {
  sorted all;
  const std::lock_guard hold(lock_);
  for (auto& one : requests) sort(std::move(one), all);
  give_away(all);
}

void cluster_mail::send(std::vector<envelope> messages) {
  sorted all;
  const std::lock_guard hold(lock_);
  for (auto& one : messages) sort(std::move(one), all);
  give_away(all);
}

void cluster_mail::acknowledge(std::vector<link_receipt> receipts) {
  std::map<incarnation, protocol::receipt_frame> by_owner;
  std::vector<link_receipt> here;
  for (const auto& one : receipts) {
    const auto route = around_.route_of(shard_of(one.sender));
    if (route.is_here)
      here.push_back(one);
    else if (route.owner != runtime::cluster::nobody)
      by_owner[route.owner].items.push_back(one);
  }
  if (!here.empty()) around_.acknowledged(std::move(here));
  for (const auto& [owner, frame] : by_owner) static_cast<void>(send_all(around_, owner, frame));
}

void cluster_mail::send_answers(std::vector<answer> answers,
                                const std::vector<protocol::shard_head>& heads, release* local) {
  std::map<std::uint64_t, protocol::answer_frame> far;
  auto mine = local == nullptr ? std::make_shared<release>() : nullptr;
  auto& out = local == nullptr ? *mine : *local;
  const auto me = around_.me() & origin_mask;
  for (auto& one : answers) {
    const auto origin = (one.token >> token_bits) & origin_mask;
    if ((one.token & order_token_bit) != 0) continue; // of an order's actor that has gone
    if (origin != 0 && origin != me) {
      far[origin].items.push_back(std::move(one));
      continue;
    }
    if (!note_answered(one)) continue;
    one.token &= token_mask;
    out.answers.push_back(std::move(one));
  }
  for (auto& [origin, frame] : far) {
    frame.heads = heads;
    for (auto& [id, peer] : peers_)
      if ((id & origin_mask) == origin) send_answers_to(id, peer, frame);
  }
  if (mine && !mine->answers.empty()) around_.answer(std::move(mine));
}

/// What fits no frame is said to be too much to say.
void cluster_mail::send_answers_to(incarnation to, peer_state& at, protocol::answer_frame& frame) {
  auto made = protocol::encode(frame);
  protocol::answer_frame short_ones{frame.heads, {}};
  for (const auto index : made.left_out)
    short_ones.items.push_back({frame.items[index].token, delivery::unavailable, {}});
  if (!short_ones.items.empty())
    for (auto& bytes : protocol::encode(short_ones).frames) made.frames.push_back(std::move(bytes));
  for (const auto& bytes : made.frames)
    if (!send_or_keep(to, at, bytes)) return; // whoever waits there hears "unknown"
  statistics_.answers_sent += frame.items.size();
}

/// C6.
bool cluster_mail::send_or_keep(incarnation to, peer_state& at, const std::string& bytes) {
  if (at.is_connected) return around_.send(to, bytes);
  if (!at.is_listed || at.kept_bytes + bytes.size() > limits_.kept_bytes_max) return false;
  ++statistics_.kept;
  at.kept_bytes += bytes.size();
  at.kept.push_back({around_.monotonic_ns() + limits_.keep_ns, bytes});
  return true;
}

void cluster_mail::forget_kept(peer_state& at, std::int64_t now) {
  while (!at.kept.empty() && at.kept.front().until_ns <= now) {
    at.kept_bytes -= at.kept.front().bytes.size();
    at.kept.pop_front();
  }
}

void cluster_mail::release_far(
  release& out, std::vector<market_publication>& news,
  const std::vector<std::pair<storage::shard_id, storage::position>>& heads) {
  std::vector<protocol::shard_head> rest_on;
  for (const auto& [shard, last] : heads) rest_on.push_back({shard, last});
  const std::lock_guard hold(lock_);
  if (!out.answers.empty()) send_answers(std::exchange(out.answers, {}), rest_on, &out);
  protocol::user_news_frame users;
  users.heads = rest_on;
  for (const auto& one : out.publications) {
    if (const auto* const of_account = std::get_if<account_publication>(&one))
      users.items.emplace_back(*of_account);
    else if (const auto* const of_user = std::get_if<user_publication>(&one))
      users.items.emplace_back(*of_user);
  }
  protocol::news_frame markets;
  const auto me = around_.me();
  for (const auto& one : news) {
    const auto at_epoch = around_.route_of(shard_of(one.market)).at_epoch;
    markets.items.push_back({at_epoch, ++numbers_[one.market], one});
    auto& publisher = publishers_[one.market];
    const bool is_new = publisher.who != me;
    publisher = {at_epoch, me, 0}; // no former one is believed
    if (is_new && around_.tape != nullptr) around_.tape->open(one.market, tapes());
  }
  if (around_.tape != nullptr) around_.tape->pass(news);
  const auto market_frames = protocol::encode(markets).frames;
  for (auto& one : peers_) { // not bound by name: clang 14 lets no lambda take such names
    const auto& id = one.first;
    auto& peer = one.second;
    if (!peer.has_edge) continue;
    if (!users.items.empty()) {
      users.first_number = peer.news_sent + 1;
      peer.news_sent += users.items.size(); // also when the link refuses: the gap is seen there
      for (const auto& bytes : protocol::encode(users).frames)
        if (!send_or_keep(id, peer, bytes)) break;
    }
    const bool is_taken =
      std::all_of(market_frames.begin(), market_frames.end(),
                  [&](const std::string& bytes) { return send_or_keep(id, peer, bytes); });
    if (is_taken) statistics_.news_sent += markets.items.size();
  }
}

std::vector<incarnation> cluster_mail::tapes() const {
  std::vector<incarnation> all;
  for (const auto& [id, peer] : peers_)
    if (peer.has_edge && peer.is_connected) all.push_back(id);
  return all;
}

void cluster_mail::beat(std::vector<protocol::feed_state> states) {
  if (around_.feed != nullptr) around_.feed->heard(around_.me(), states, around_.monotonic_ns());
  const protocol::feed_beat_frame frame{std::move(states)};
  const std::lock_guard hold(lock_);
  for (const auto& [id, peer] : peers_)
    if (peer.is_connected) static_cast<void>(send_all(around_, id, frame));
}

void cluster_mail::share_candles(market_id market, const std::vector<candle>& closed) {
  std::vector<incarnation> to;
  {
    const std::lock_guard hold(lock_);
    to = tapes();
  }
  if (around_.tape != nullptr) around_.tape->share(market, closed, to);
}

void cluster_mail::want_mirror(incarnation feed, std::vector<market_id> markets) {
  if (feed == around_.me()) {
    if (around_.mirror_wanted) around_.mirror_wanted(std::move(markets));
    return;
  }
  static_cast<void>(send_all(around_, feed, protocol::mirror_wanted_frame{std::move(markets)}));
}

// ---- owners that say nothing

bool cluster_mail::is_silent(owner_state& at, std::int64_t now) const {
  if (at.silent < limits_.breaker_count || now - at.silent_since_ns <= limits_.breaker_ns)
    return false;
  if (now - at.tried_ns < limits_.breaker_try_ns) return true;
  at.tried_ns = now;
  return false;
}

void cluster_mail::heard_of(incarnation who) {
  const auto at = owners_.find(who);
  if (at != owners_.end()) at->second = {};
}

/// Whoever was sent the request may have handed it to a market elsewhere, which answers: it was heard all the same. That nothing was done is only true of
/// a request that was asked once, and a fate that nobody knows is asked for again.
bool cluster_mail::note_answered(const answer& one) {
  const auto sent = open_.find(one.token);
  if (sent == open_.end()) return true;
  heard_of(sent->second.owner);
  const bool is_no = one.how == delivery::unavailable || one.how == delivery::busy;
  if (sent->second.may_repeat &&
      (one.how == delivery::unknown || (is_no && sent->second.is_repeated)))
    return false; // its time comes again in repeat_open()
  open_.erase(sent);
  return true;
}

void cluster_mail::note_sent(incarnation owner, const request& one, std::int64_t now) {
  if (one.token == 0) return;
  auto& at = owners_[owner];
  if (at.silent++ == 0) at.silent_since_ns = now;
  note_open(owner, one, now);
}

void cluster_mail::note_open(incarnation owner, const request& one, std::int64_t now) {
  if (one.token == 0 || (one.token & ~token_mask) != my_origin() ||
      open_.size() >= limits_.open_max)
    return;
  auto& kept = open_[one.token];
  if (kept.begun_ns == 0) {
    kept.begun_ns = now;
    kept.may_repeat = may_repeat(world_, one);
    if (kept.may_repeat) kept.copy = one;
  }
  kept.owner = owner;
  kept.sent_ns = now;
}

/// An answer may be lost with any node on the way of an order, its market's too. Whoever is asked again answers with how things stand.
void cluster_mail::repeat_open(std::int64_t now, sorted& into) {
  if (now - swept_ns_ < limits_.repeat_ns / 5) return;
  swept_ns_ = now;
  std::vector<request> again;
  for (auto at = open_.begin(); at != open_.end();) {
    auto& one = at->second;
    if (now - one.begun_ns > limits_.open_ns) {
      at = open_.erase(at);
      continue;
    }
    if (one.may_repeat && now - one.sent_ns > limits_.repeat_ns) {
      one.sent_ns = now;
      one.is_repeated = true;
      again.push_back(one.copy);
    }
    ++at;
  }
  statistics_.sent_again += again.size();
  std::sort(again.begin(), again.end(),
            [](const auto& a, const auto& b) { return a.token < b.token; });
  for (auto& one : again) sort(std::move(one), into);
}

void cluster_mail::tick() {
  sorted all;
  const std::lock_guard hold(lock_);
  const auto now = around_.monotonic_ns();
  for (auto& of_shard : std::exchange(parked_, {})) {
    for (auto& one : of_shard.second) {
      --parked_count_;
      if (one.until_ns <= now) {
        ++statistics_.expired;
        expire(one, all, delivery::unavailable);
        continue;
      }
      // It may wait on, no longer than before.
      std::visit([&](auto& what) { sort(std::move(what), one.until_ns, all); }, one.what);
    }
  }
  for (auto& [id, peer] : peers_) forget_kept(peer, now);
  repeat_open(now, all);
  give_away(all);
  statistics_.parked = parked_count_;
}

// ---- peers

void cluster_mail::peers_changed(std::vector<peer> peers) {
  const std::lock_guard hold(lock_);
  std::map<incarnation, peer_state> now;
  const auto time = around_.monotonic_ns();
  for (const auto& one : peers) {
    const auto known = peers_.find(one.id);
    auto& at = now[one.id];
    if (known != peers_.end())
      at = std::move(known->second);
    else
      at.apart_since_ns = time;
    at.is_listed = true;
    at.has_edge = one.has_edge;
  }
  for (const auto& [id, at] : peers_)
    if (at.is_connected && !now.contains(id)) // until its link is closed
      now.emplace(id, at).first->second.is_listed = false;
  peers_ = std::move(now);
}

void cluster_mail::peer_connected(incarnation who) {
  bool was_apart = false;
  {
    const std::lock_guard hold(lock_);
    auto& at = peers_[who];
    const auto now = around_.monotonic_ns();
    was_apart = at.apart_since_ns != 0 && now - at.apart_since_ns > limits_.apart_ns;
    at.is_connected = true;
    at.news_expected = 1;
    owners_.erase(who);
    forget_kept(at, now);
    for (const auto& one : std::exchange(at.kept, {}))
      static_cast<void>(around_.send(who, one.bytes));
    at.kept_bytes = 0;
  }
  if (!was_apart) return;
  ++statistics_.news_lost;
  around_.news_lost();
}

/// Its answers and news may be lost with the link. What may be asked again is, of whoever owns it then.
void cluster_mail::peer_closed(incarnation who) {
  sorted all;
  {
    const std::lock_guard hold(lock_);
    if (const auto at = peers_.find(who); at != peers_.end()) {
      at->second.is_connected = false; // it may come back as the same
      at->second.news_sent = 0;
      at->second.apart_since_ns = around_.monotonic_ns();
      if (!at->second.is_listed) peers_.erase(at);
    }
    owners_.erase(who);
    for (auto at = open_.begin(); at != open_.end();) {
      if (at->second.owner != who) {
        ++at;
        continue;
      }
      if (at->second.may_repeat) {
        ++statistics_.sent_again;
        at->second.is_repeated = true;
        park(shard_of(at->second.copy.to), {at->second.copy, until(at->second.copy)}, all);
        ++at;
        continue;
      }
      at = open_.erase(at);
    }
    give_away(all);
  }
  if (around_.tape != nullptr) around_.tape->closed(who);
  if (around_.feed != nullptr) around_.feed->closed(who);
  ++statistics_.news_lost;
  around_.news_lost();
}

} // namespace rialto::actors
