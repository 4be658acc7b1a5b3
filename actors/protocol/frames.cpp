#include "actors/protocol/frames.hpp"

#include "actors/protocol/known_words.hpp"
#include "domain/assert.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace rialto::actors::protocol {

namespace {

// ---- items that are not coded by their field list alone

template <class Item>
void put_item(byte_writer& out, const Item& item) {
  out.put(item);
}
/// Most messages have no context, which is long.
void put_item(byte_writer& out, const link_envelope& one) {
  static const order_view none;
  RIALTO_ASSERT(one.is_durable);
  out.put(one.from);
  out.put(one.to);
  out.put(one.number);
  out.put(one.body);
  out.put(one.token);
  const bool has_context = one.context != none;
  out.put(has_context);
  if (has_context) out.put(one.context);
}

template <class Item>
void get_item(byte_reader& in, Item& item) {
  in.get(item);
}
void get_item(byte_reader& in, link_envelope& one) {
  in.get(one.from);
  in.get(one.to);
  in.get(one.number);
  in.get(one.body);
  in.get(one.token);
  if (in.get<bool>()) {
    in.get(one.context);
    if (one.context == order_view{}) in.fail(); // none is said in one way only
  }
  one.is_durable = true;
}

// ---- heads

template <class Frame>
void put_head(byte_writer&, const Frame&, std::size_t) {}
void put_head(byte_writer& out, const answer_frame& what, std::size_t) {
  out.put(what.heads);
}
void put_head(byte_writer& out, const user_news_frame& what, std::size_t first) {
  out.put(what.first_number + first);
  out.put(what.heads);
}

template <class Frame>
void get_head(byte_reader&, Frame&) {}
void get_heads(byte_reader& in, std::vector<shard_head>& into) {
  const auto count = in.get<std::uint32_t>();
  if (count > heads_max) return in.fail();
  for (auto left = count; left > 0 && !in.failed(); --left) in.get(into.emplace_back());
}
void get_head(byte_reader& in, answer_frame& into) {
  get_heads(in, into.heads);
}
void get_head(byte_reader& in, user_news_frame& into) {
  in.get(into.first_number);
  if (into.first_number == 0 ||
      into.first_number > std::numeric_limits<std::uint64_t>::max() - items_max)
    return in.fail();
  get_heads(in, into.heads);
}

// ---- what a sound node says

/// Messages go from users to accounts, and between accounts and markets.
bool are_linked(entity_id from, entity_id to, std::uint64_t number) {
  const auto may_send = from.kind() == entity_kind::user || from.kind() == entity_kind::account ||
                        from.kind() == entity_kind::market;
  const auto may_hear = to.kind() == entity_kind::account || to.kind() == entity_kind::market;
  return may_send && may_hear && from.kind() != to.kind() && number != 0;
}
constexpr entity_kind kind_for(const account_command&) {
  return entity_kind::account;
}
constexpr entity_kind kind_for(const market_command&) {
  return entity_kind::market;
}
constexpr entity_kind kind_for(const user_command&) {
  return entity_kind::user;
}

/// A command that is for another kind of entity would end its process; an order takes those of its account.
bool is_sound(const request& one) {
  const auto kind = std::visit([](const auto& command) { return kind_for(command); }, one.command);
  const auto to = one.to.kind() == entity_kind::order ? entity_kind::account : one.to.kind();
  return to == kind && has_known_words(one.command);
}
bool is_sound(const answer& one) {
  return has_known_words(one);
}
bool is_sound(const link_envelope& one) {
  return are_linked(one.from, one.to, one.number) && has_known_words(one.body) &&
         has_known_words(one.context);
}
bool is_sound(const receipt& one) {
  return are_linked(one.sender, one.receiver, one.number);
}
bool is_sound(const market_news& one) {
  return one.number != 0 && one.what.market && has_known_words(one.what);
}
bool is_sound(const user_news& one) {
  return has_known_words(one);
}
bool is_sound(market_id one) {
  return static_cast<bool>(one);
}
bool is_sound(const feed_state& one) {
  return static_cast<bool>(one.market);
}
bool is_sound(const tape_question& one) {
  return one.market && one.number != 0 && one.since.value >= 0;
}
/// Ids rise, so do times of candles. What comes unasked has candles alone.
bool is_sound(const tape_page& one) {
  const auto rise = [](const auto& all, auto name) {
    return std::adjacent_find(all.begin(), all.end(), [&](const auto& a, const auto& b) {
             return name(a) >= name(b);
           }) == all.end();
  };
  return one.market && (one.number != 0 || (one.trades.empty() && !one.is_last)) &&
         rise(one.trades, [](const tape_entry& trade) { return trade.trade.value; }) &&
         rise(one.candles, [](const candle& minute) { return minute.open_time.value; });
}
bool is_sound(const question& one) {
  return one.number != 0;
}
bool is_sound(const reply& one) {
  return one.number != 0;
}
bool is_sound(const child_report& one) {
  return one.child.kind() == entity_kind::account && one.parent.kind() == entity_kind::user &&
         one.number != 0 && one.last_failure.size() <= failure_bytes_max && has_known_words(one);
}

// ---- frames

template <class Frame>
using item_of = typename decltype(Frame::items)::value_type;

template <class Frame>
encoded encode_frame(const Frame& what) {
  encoded out;
  std::string bytes;
  byte_writer writer(bytes, byte_use::passing);
  std::size_t count_at = 0;
  std::uint32_t count = 0;
  const auto open = [&](std::size_t first) {
    bytes.clear();
    writer.put(version);
    writer.put(Frame::kind);
    put_head(writer, what, first);
    count_at = bytes.size();
    writer.put(std::uint32_t{0});
  };
  const auto close = [&] {
    std::memcpy(bytes.data() + count_at, &count, sizeof count);
    out.frames.push_back(std::move(bytes));
    bytes = {};
    count = 0;
  };
  for (std::size_t i = 0; i < what.items.size(); ++i) {
    if (count == 0) open(i);
    const auto begin = bytes.size();
    put_item(writer, what.items[i]);
    if (count > 0 && bytes.size() > frame_bytes_full) { // it is the next frame's first
      const auto item = bytes.substr(begin);
      bytes.resize(begin);
      close();
      open(i);
      bytes += item;
    }
    if (bytes.size() > frame_bytes_max) { // alone in it
      out.left_out.push_back(i);
      continue;
    }
    if (++count == items_max || bytes.size() >= frame_bytes_full) close();
  }
  if (count > 0) close();
  return out;
}

template <class Frame>
std::optional<frame> decode_frame(byte_reader& in) {
  static_assert(sizeof(item_of<Frame>) <= item_bytes_max);
  Frame into;
  get_head(in, into);
  const auto count = in.get<std::uint32_t>();
  if (count == 0 || count > items_max || count > in.left()) return {};
  into.items.reserve(count);
  for (auto left = count; left > 0; --left) {
    auto& item = into.items.emplace_back();
    get_item(in, item);
    if (in.failed() || !is_sound(item)) return {};
  }
  if (!in.done()) return {};
  return frame(std::move(into));
}

} // namespace

encoded encode(const request_frame& what) {
  return encode_frame(what);
}
encoded encode(const answer_frame& what) {
  RIALTO_ASSERT(what.heads.size() <= heads_max);
  return encode_frame(what);
}
encoded encode(const message_frame& what) {
  return encode_frame(what);
}
encoded encode(const receipt_frame& what) {
  return encode_frame(what);
}
encoded encode(const news_frame& what) {
  return encode_frame(what);
}
encoded encode(const user_news_frame& what) {
  RIALTO_ASSERT(what.heads.size() <= heads_max);
  return encode_frame(what);
}
encoded encode(const republish_frame& what) {
  return encode_frame(what);
}
encoded encode(const feed_beat_frame& what) {
  return encode_frame(what);
}
encoded encode(const mirror_wanted_frame& what) {
  return encode_frame(what);
}
encoded encode(const tape_question_frame& what) {
  return encode_frame(what);
}
encoded encode(const tape_answer_frame& what) {
  return encode_frame(what);
}
encoded encode(const question_frame& what) {
  return encode_frame(what);
}
encoded encode(const reply_frame& what) {
  return encode_frame(what);
}
encoded encode(const child_report_frame& what) {
  return encode_frame(what);
}

std::optional<frame> decode(std::string_view bytes) {
  if (bytes.size() > frame_bytes_max) return {};
  byte_reader in(bytes, byte_use::passing);
  if (in.get<std::uint8_t>() != version) return {};
  switch (in.get<frame_kind>()) {
  case frame_kind::request: return decode_frame<request_frame>(in);
  case frame_kind::answer: return decode_frame<answer_frame>(in);
  case frame_kind::message: return decode_frame<message_frame>(in);
  case frame_kind::receipt: return decode_frame<receipt_frame>(in);
  case frame_kind::news: return decode_frame<news_frame>(in);
  case frame_kind::user_news: return decode_frame<user_news_frame>(in);
  case frame_kind::republish: return decode_frame<republish_frame>(in);
  case frame_kind::feed_beat: return decode_frame<feed_beat_frame>(in);
  case frame_kind::mirror_wanted: return decode_frame<mirror_wanted_frame>(in);
  case frame_kind::tape_question: return decode_frame<tape_question_frame>(in);
  case frame_kind::tape_answer: return decode_frame<tape_answer_frame>(in);
  case frame_kind::question: return decode_frame<question_frame>(in);
  case frame_kind::reply: return decode_frame<reply_frame>(in);
  case frame_kind::child_report: return decode_frame<child_report_frame>(in);
  }
  return {};
}

} // namespace rialto::actors::protocol
