// actors/cluster/mail_frames.cpp: what a frame of another node leads to.
#include "actors/cluster/mail.hpp"

namespace rialto::actors {

void cluster_mail::frame_came(incarnation from, std::string_view bytes) {
  auto frame = protocol::decode(bytes);
  if (!frame) {
    ++statistics_.frames_refused;
    return;
  }
  std::visit([&](auto& what) { take(from, what); }, *frame);
}

void cluster_mail::take(incarnation from, protocol::request_frame& frame) {
  statistics_.requests_received += frame.items.size();
  if (around_.feed != nullptr)
    std::erase_if(frame.items, [&](const request& one) {
      return !around_.feed->admit(from, one, around_.route_of(shard_of(one.to)).at_epoch);
    });
  pass_on(std::move(frame.items)); // its shard may have moved on meanwhile
}

void cluster_mail::take(incarnation from, protocol::answer_frame& frame) {
  statistics_.answers_received += frame.items.size();
  for (const auto& [shard, last] : frame.heads)
    if (shard < shard_count_) around_.head_moved(shard, last);
  auto out = std::make_shared<release>();
  {
    const std::lock_guard hold(lock_);
    heard_of(from);
    std::erase_if(frame.items, [this](const answer& one) { return !note_answered(one); });
  }
  const auto mine = my_origin();
  for (auto& one : frame.items) {
    if ((one.token & ~token_mask) != mine) continue;
    one.token &= token_mask;
    out->answers.push_back(std::move(one));
  }
  if (!out->answers.empty()) around_.answer(std::move(out));
}

void cluster_mail::take(incarnation, protocol::message_frame& frame) {
  statistics_.messages_received += frame.items.size();
  send(std::move(frame.items));
}

void cluster_mail::take(incarnation, protocol::receipt_frame& frame) {
  around_.acknowledged(std::move(frame.items));
}

void cluster_mail::take(incarnation from, protocol::news_frame& frame) {
  statistics_.news_received += frame.items.size();
  std::vector<market_publication> fresh;
  protocol::republish_frame missed;
  std::vector<market_id> gaps;
  std::vector<incarnation> with_tapes;
  {
    const std::lock_guard hold(lock_);
    for (auto& one : frame.items) {
      auto& newest = publishers_[one.what.market];
      if (one.at_epoch < newest.at_epoch) continue; // a former publisher that does not know it yet
      const bool follows = newest.who == from && newest.number + 1 == one.number;
      newest = {one.at_epoch, from, one.number};
      if (!follows && !one.what.is_snapshot) missed.items.push_back(one.what.market);
      if (!follows) gaps.push_back(one.what.market);
      fresh.push_back(std::move(one.what));
    }
    if (!gaps.empty()) with_tapes = tapes();
  }
  if (around_.tape != nullptr) {
    for (const auto market : gaps) around_.tape->open(market, with_tapes);
    around_.tape->pass(fresh);
  }
  if (!missed.items.empty())
    for (const auto& bytes : protocol::encode(missed).frames)
      static_cast<void>(around_.send(from, bytes)); // or the next gap asks again
  if (!fresh.empty()) around_.show(std::move(fresh));
}

void cluster_mail::take(incarnation, protocol::republish_frame& frame) {
  std::vector<request> asked;
  for (const auto id : frame.items) asked.push_back({0, id, market_command{republish{}}, {}});
  pass_on(std::move(asked));
}

void cluster_mail::take(incarnation from, protocol::feed_beat_frame& frame) {
  if (around_.feed != nullptr) around_.feed->heard(from, frame.items, around_.monotonic_ns());
}

void cluster_mail::take(incarnation, protocol::mirror_wanted_frame& frame) {
  if (around_.mirror_wanted) around_.mirror_wanted(std::move(frame.items));
}

void cluster_mail::take(incarnation from, protocol::tape_question_frame& frame) {
  if (around_.tape != nullptr) around_.tape->take(from, frame);
}

void cluster_mail::take(incarnation from, protocol::tape_answer_frame& frame) {
  if (around_.tape != nullptr) around_.tape->take(from, frame);
}

void cluster_mail::take(incarnation from, protocol::question_frame& frame) {
  if (around_.asked) around_.asked(from, std::move(frame));
}

void cluster_mail::take(incarnation from, protocol::reply_frame& frame) {
  if (around_.replied) around_.replied(from, frame);
}

void cluster_mail::take(incarnation, protocol::child_report_frame& frame) {
  if (around_.reported) around_.reported(frame);
}

void cluster_mail::take(incarnation from, protocol::user_news_frame& frame) {
  for (const auto& [shard, last] : frame.heads)
    if (shard < shard_count_) around_.head_moved(shard, last);
  bool is_gap = false;
  {
    const std::lock_guard hold(lock_);
    auto& expected = peers_[from].news_expected;
    is_gap = frame.first_number != expected;
    expected = frame.first_number + frame.items.size();
  }
  if (is_gap) {
    ++statistics_.news_lost;
    around_.news_lost();
  }
  auto out = std::make_shared<release>();
  for (auto& one : frame.items)
    std::visit([&](auto& what) { out->publications.emplace_back(std::move(what)); }, one);
  around_.answer(std::move(out));
}

} // namespace rialto::actors
