// tests/actors/protocol_samples.hpp: frames made from a seed, by walking field lists: every alternative of everything
// that crosses nodes.
#pragma once

#include "actors/protocol/known_words.hpp"

#include <random>

namespace rialto::actors::protocol {

using random_source = std::mt19937_64;

template <class T>
void fill(T& x, random_source& from);

template <class Variant>
void fill_alternative(Variant& x, std::size_t index, random_source& from) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((I == index ? fill(x.template emplace<I>(), from) : void()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

template <class T>
void fill(T& x, random_source& from) {
  const auto all = [&](auto&... field) { (fill(field, from), ...); };
  if constexpr (std::is_same_v<T, bool>) {
    x = (from() & 1) != 0;
  } else if constexpr (std::is_enum_v<T>) {
    constexpr auto range = words_of(T{});
    const auto first = static_cast<unsigned>(range.first), last = static_cast<unsigned>(range.last);
    x = static_cast<T>(first + from() % (last - first + 1));
  } else if constexpr (std::is_integral_v<T>) {
    x = static_cast<T>(from() >> (from() % 64)); // small numbers as likely as large ones
  } else if constexpr (std::is_same_v<T, std::string>) {
    x.clear();
    for (auto n = from() % 20; n > 0; --n) x += static_cast<char>(from());
  } else if constexpr (requires { x.valueless_by_exception(); }) {
    fill_alternative(x, from() % std::variant_size_v<T>, from);
  } else if constexpr (requires { x.has_value(); }) {
    x.reset();
    if (from() % 2 == 0) fill(x.emplace(), from);
  } else if constexpr (requires { x.emplace_back(); }) {
    x.clear();
    for (auto n = from() % 4; n > 0; --n) fill(x.emplace_back(), from);
  } else if constexpr (requires { typename T::mapped_type; }) {
    x.clear();
    for (auto n = from() % 4; n > 0; --n) {
      typename T::key_type key;
      fill(key, from);
      fill(x[key], from);
    }
  } else if constexpr (requires { x.fields(); }) {
    if constexpr (std::tuple_size_v < decltype(x.fields()) >> 0) std::apply(all, x.fields());
    if constexpr (requires { x.passing_fields(); }) std::apply(all, x.passing_fields());
  } else {
    fill(x.value, from);
  }
}

[[nodiscard]] inline entity_id sample_entity(entity_kind kind, random_source& from) {
  return {kind, 1 + from() % 1'000'000};
}

/// Command number `index` of all, counted through accounts', markets' and users'.
[[nodiscard]] inline request sample_request(std::size_t index, random_source& from) {
  constexpr auto of_accounts = std::variant_size_v<decltype(account_command::body)>;
  constexpr auto of_markets = std::variant_size_v<market_command>;
  request one;
  fill(one.token, from);
  fill(one.claims, from);
  if (index < of_accounts) {
    auto& command = one.command.emplace<account_command>();
    fill(command, from);
    fill_alternative(command.body, index, from);
    one.to = sample_entity(entity_kind::account, from);
  } else if (index < of_accounts + of_markets) {
    fill_alternative(one.command.emplace<market_command>(), index - of_accounts, from);
    one.to = sample_entity(entity_kind::market, from);
  } else {
    fill_alternative(one.command.emplace<user_command>(), index - of_accounts - of_markets, from);
    one.to = sample_entity(entity_kind::user, from);
  }
  return one;
}
inline constexpr std::size_t commands_count = std::variant_size_v<decltype(account_command::body)> +
                                              std::variant_size_v<market_command> +
                                              std::variant_size_v<user_command>;

[[nodiscard]] inline answer sample_answer(std::size_t index, random_source& from) {
  answer one;
  fill(one, from);
  fill_alternative(one.result, index, from);
  return one;
}

[[nodiscard]] inline link_envelope sample_message(std::size_t index, random_source& from) {
  const auto to_market = from() % 2 == 0;
  link_envelope one;
  one.from = sample_entity(to_market ? entity_kind::account : entity_kind::market, from);
  one.to = sample_entity(to_market ? entity_kind::market : entity_kind::account, from);
  one.number = 1 + from() % 1'000;
  fill_alternative(one.body, index, from);
  if (from() % 2 == 0) {
    fill(one.token, from);
    fill(one.context, from);
  }
  one.is_durable = true;
  return one;
}

[[nodiscard]] inline market_news sample_news(random_source& from) {
  market_news one;
  fill(one, from);
  one.number = 1 + one.number % 1'000'000;
  one.what.market = {1 + from() % 100};
  return one;
}

[[nodiscard]] inline tape_page sample_page(random_source& from) {
  tape_page one;
  fill(one, from);
  one.market = {1 + from() % 100};
  one.number = 1 + from() % 1'000;
  std::uint64_t id = from() % 1'000;
  for (auto& trade : one.trades) trade.trade = {id += 1 + from() % 5};
  std::int64_t minute = static_cast<std::int64_t>(from() % 1'000);
  for (auto& each : one.candles)
    each.open_time = {minute += 1 + static_cast<std::int64_t>(from() % 5)};
  return one;
}

/// One frame of each kind: every command, outcome, message and publication is in them once at least.
[[nodiscard]] inline std::vector<frame> sample_frames(std::uint64_t seed) {
  random_source from(seed);
  request_frame requests;
  for (std::size_t i = 0; i < commands_count; ++i)
    requests.items.push_back(sample_request(i, from));
  answer_frame answers;
  fill(answers.heads, from);
  for (std::size_t i = 0; i < std::variant_size_v<outcome>; ++i)
    answers.items.push_back(sample_answer(i, from));
  message_frame messages;
  for (std::size_t i = 0; i < std::variant_size_v<link_message>; ++i)
    messages.items.push_back(sample_message(i, from));
  receipt_frame receipts;
  for (int i = 0; i < 3; ++i)
    receipts.items.push_back({sample_entity(entity_kind::account, from),
                              sample_entity(entity_kind::market, from), 1 + from() % 1'000});
  news_frame news;
  for (int i = 0; i < 3; ++i) news.items.push_back(sample_news(from));
  user_news_frame user_news;
  user_news.first_number = 1 + from() % 1'000;
  fill(user_news.heads, from);
  for (std::size_t i = 0; i < 4; ++i) fill_alternative(user_news.items.emplace_back(), i % 2, from);
  republish_frame republish;
  for (int i = 0; i < 3; ++i) republish.items.push_back({1 + from() % 100});
  feed_beat_frame beat;
  mirror_wanted_frame wanted;
  tape_question_frame tape_questions;
  tape_answer_frame pages;
  for (int i = 0; i < 3; ++i) {
    beat.items.push_back({{1 + from() % 100}, from() % 50, from() % 2 == 0});
    wanted.items.push_back({1 + from() % 100});
    tape_questions.items.push_back({{1 + from() % 100},
                                    1 + from() % 50,
                                    from() % 1'000,
                                    {static_cast<std::int64_t>(from() >> 1)}});
    pages.items.push_back(sample_page(from));
  }
  question_frame questions;
  reply_frame replies;
  child_report_frame reports;
  for (int i = 0; i < 3; ++i) {
    fill(questions.items.emplace_back(), from);
    questions.items.back().number = 1 + from() % 1'000;
    fill(replies.items.emplace_back(), from);
    replies.items.back().number = 1 + from() % 1'000;
    auto& report = reports.items.emplace_back();
    fill(report, from);
    report.child = sample_entity(entity_kind::account, from);
    report.parent = sample_entity(entity_kind::user, from);
    report.number = 1 + from() % 1'000;
  }
  return {requests, answers, messages,       receipts, news,      user_news, republish,
          beat,     wanted,  tape_questions, pages,    questions, replies,   reports};
}

[[nodiscard]] inline encoded encode(const frame& one) {
  return std::visit([](const auto& held) { return encode(held); }, one);
}

} // namespace rialto::actors::protocol
