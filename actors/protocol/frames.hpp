// actors/protocol/frames.hpp: what nodes say to each other about entities, as values and as bytes. No CAF.
//
// The room: who sends a frame to whom, waits, counts and asks again is elsewhere; here is only what one says. Nodes
// trust each other (mutual TLS), yet a decoder takes foreign bytes: it refuses what it does not know whole.
//
//   F1  a frame is: u8 version, u8 kind, the kind's head, u32 count, the items (domain/bytes.hpp). All of one
//       version or nothing: another version, an unknown kind, alternative or enumerator, a short, an empty or a longer
//       frame is no frame
//   F2  the bytes of a version never change; protocol_test keeps a hash of every layout
//   F3  decoding takes at most items_max x item_bytes_max and 24 times the frame's bytes of memory, growth included
//   F4  what is decoded encodes to the same bytes
#pragma once

#include "actors/gate.hpp"
#include "actors/world.hpp"
#include "domain/candle.hpp"
#include "runtime/cluster/rows.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rialto::actors::protocol {

inline constexpr std::uint8_t version = 2;

inline constexpr std::size_t frame_bytes_max = 4u << 20;    // a larger one is refused unread
inline constexpr std::size_t frame_bytes_full = 256u << 10; // an encoder begins another then
inline constexpr std::size_t items_max = 4'096;             // of one frame
inline constexpr std::size_t heads_max = 4'096;             // shards that one answer_frame names
inline constexpr std::size_t item_bytes_max = 1'024; // of an item in memory, without what it owns

enum class frame_kind : std::uint8_t {
  request = 1,
  answer = 2,
  message = 3,
  receipt = 4,
  news = 5,
  user_news = 6,
  republish = 7,
  feed_beat = 8,
  mirror_wanted = 9,
  tape_question = 10,
  tape_answer = 11,
  question = 12,
  reply = 13,
  child_report = 14
};

/// Edge to owner: commands. `to` is of the kind that the command is for, or an order of such an account.
struct request_frame {
  static constexpr auto kind = frame_kind::request;
  std::vector<request> items;
};

/// "The journal of this shard holds rows up to `last`."
struct shard_head {
  storage::shard_id shard = 0;
  storage::position last = 0;
  RIALTO_FIELDS(shard, last)
  friend bool operator==(const shard_head&, const shard_head&) = default;
};
/// Owner to edge: answers, and what they rest on.
struct answer_frame {
  static constexpr auto kind = frame_kind::answer;
  std::vector<shard_head> heads; // at most heads_max; of every frame that the answers are cut into
  std::vector<answer> items;
};

/// Owner to owner: link messages. Only durable ones leave a node, so `is_durable` does not travel: it is true.
using link_envelope = runtime::envelope<trading_world>;
struct message_frame {
  static constexpr auto kind = frame_kind::message;
  std::vector<link_envelope> items;
};

/// "All that `sender` said to `receiver`, up to `number`, is durably received."
struct receipt {
  entity_id sender, receiver;
  std::uint64_t number = 0;
  RIALTO_FIELDS(sender, receiver, number)
  friend bool operator==(const receipt&, const receipt&) = default;
};
/// Owner to owner: acknowledgements of link messages.
struct receipt_frame {
  static constexpr auto kind = frame_kind::receipt;
  std::vector<receipt> items;
};

/// `number` goes 1, 2, 3... per publisher and market; a publisher of a lower epoch is an old one.
struct market_news {
  storage::epoch at_epoch = 0; // of the market's shard, as its publisher has it
  std::uint64_t number = 0;
  market_publication what;
  RIALTO_FIELDS(at_epoch, number, what)
};
/// Publisher to relay.
struct news_frame {
  static constexpr auto kind = frame_kind::news;
  std::vector<market_news> items;
};

using user_news = std::variant<account_publication, user_publication>;
/// Owner to edge: what users' streams and sessions are told, and the rows it rests on. Items are numbered on from
/// `first_number`, per owner node and edge.
struct user_news_frame {
  static constexpr auto kind = frame_kind::user_news;
  std::uint64_t first_number = 1;
  std::vector<shard_head> heads; // at most heads_max
  std::vector<user_news> items;
};

/// Relay to publisher: markets whose next publication must be the whole book.
struct republish_frame {
  static constexpr auto kind = frame_kind::republish;
  std::vector<market_id> items;
};

/// A mirrored market as the feed's node has it. `at_epoch`: of the shard whose owner follows the feed; one of a lower epoch is a former one.
struct feed_state {
  market_id market;
  storage::epoch at_epoch = 0;
  bool is_live = false;
  RIALTO_FIELDS(market, at_epoch, is_live)
  friend bool operator==(const feed_state&, const feed_state&) = default;
};
/// The feed's node to all others, twice a second.
struct feed_beat_frame {
  static constexpr auto kind = frame_kind::feed_beat;
  std::vector<feed_state> items;
};

/// Owner of markets to the feed's node: these need the whole mirror.
struct mirror_wanted_frame {
  static constexpr auto kind = frame_kind::mirror_wanted;
  std::vector<market_id> items;
};

/// Trades above `after`; `since`: when the last one known was made, 0 if none is. `number` comes back with the answer.
struct tape_question {
  market_id market;
  std::uint64_t number = 0, after = 0;
  timestamp_ns since;
  RIALTO_FIELDS(market, number, after, since)
  friend bool operator==(const tape_question&, const tape_question&) = default;
};
/// Relay to every node with a tape.
struct tape_question_frame {
  static constexpr auto kind = frame_kind::tape_question;
  std::vector<tape_question> items;
};

/// A part of an answer. Trades in the order of their ids; all above `reaches` that its sender has are in the answer's parts. Where that is above
/// what was asked for, `candles` are the closed ones of one minute before those trades. Number 0: nobody asked, they are of the feed's past.
struct tape_page {
  market_id market;
  std::uint64_t number = 0, reaches = 0;
  std::vector<tape_entry> trades;
  std::vector<candle> candles;
  bool is_last = false;
  RIALTO_FIELDS(market, number, reaches, trades, candles, is_last)
};
struct tape_answer_frame {
  static constexpr auto kind = frame_kind::tape_answer;
  std::vector<tape_page> items;
};

/// A question to another node's inspector (actors/inspector.hpp), answered for that node alone.
struct question {
  std::uint64_t number = 0; // its reply's
  std::string text, who;
  RIALTO_FIELDS(number, text, who)
};
struct question_frame {
  static constexpr auto kind = frame_kind::question;
  std::vector<question> items;
};
/// Back to who asked.
struct reply {
  std::uint64_t number = 0;
  std::string text;
  RIALTO_FIELDS(number, text)
};
struct reply_frame {
  static constexpr auto kind = frame_kind::reply;
  std::vector<reply> items;
};

/// failed: waits for its restart.
enum class child_condition : std::uint8_t { running = 1, failed = 2, given_up = 3 };
/// How an entity is, as the owner of its shard says to its parent's. The whole state: a later one (epoch, then number) replaces an earlier one.
struct child_report {
  entity_id child, parent;
  storage::epoch at_epoch = 0; // of the child's shard
  std::uint64_t number = 0;    // rises within the epoch
  child_condition condition = child_condition::running;
  std::uint32_t restarts = 0;
  timestamp_ns changed_at;
  std::string last_failure; // at most failure_bytes_max
  RIALTO_FIELDS(child, parent, at_epoch, number, condition, restarts, changed_at, last_failure)
  friend bool operator==(const child_report&, const child_report&) = default;
};
inline constexpr std::size_t failure_bytes_max = 500;
struct child_report_frame {
  static constexpr auto kind = frame_kind::child_report;
  std::vector<child_report> items;
};

using frame = std::variant<request_frame, answer_frame, message_frame, receipt_frame, news_frame,
                           user_news_frame, republish_frame, feed_beat_frame, mirror_wanted_frame,
                           tape_question_frame, tape_answer_frame, question_frame, reply_frame,
                           child_report_frame>;

struct encoded {
  std::vector<std::string> frames; // in order; none if there was no item
  /// Items that fit no frame by themselves (a list of many thousand orders): nothing of them is in `frames`. Items
  /// keep their numbers: who counts user_news misses those.
  std::vector<std::size_t> left_out;
};

[[nodiscard]] encoded encode(const request_frame& what);
[[nodiscard]] encoded encode(const answer_frame& what);
[[nodiscard]] encoded encode(const message_frame& what);
[[nodiscard]] encoded encode(const receipt_frame& what);
[[nodiscard]] encoded encode(const news_frame& what);
[[nodiscard]] encoded encode(const user_news_frame& what);
[[nodiscard]] encoded encode(const republish_frame& what);
[[nodiscard]] encoded encode(const feed_beat_frame& what);
[[nodiscard]] encoded encode(const mirror_wanted_frame& what);
[[nodiscard]] encoded encode(const tape_question_frame& what);
[[nodiscard]] encoded encode(const tape_answer_frame& what);
[[nodiscard]] encoded encode(const question_frame& what);
[[nodiscard]] encoded encode(const reply_frame& what);
[[nodiscard]] encoded encode(const child_report_frame& what);

/// Empty if the bytes are no frame of this version (F1), or say what no sound node says: a command to an entity of
/// another kind, a number 0.
[[nodiscard]] std::optional<frame> decode(std::string_view bytes);

} // namespace rialto::actors::protocol
