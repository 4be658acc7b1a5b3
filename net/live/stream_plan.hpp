// net/live/stream_plan.hpp: which connections there should be, what each is subscribed to, and when one is replaced.
//
// The room: pure: step(now) and what happened go in, what to do comes out; time is monotonic and a parameter. A lane is a connection that
// is to exist; a link is one attempt at it, with a socket number of its own. A lane replaces its link before the exchange's 24 hours are
// over: the next link is opened and subscribed first, its texts are held back, then it takes over.
//   S1  all streams of a symbol are on one lane; a lane has at most streams_max, and there are at most lanes_max
//   S2  a link sends at most one message each message_pause_ns (so 4 a second; the exchange allows 5, pongs included)
//   S3  a symbol is up between symbol_up and symbol_down; it is up only while each of its streams is confirmed on a link that delivers
//   S4  a link that was silent for silence_ns, or that leaves a subscription unanswered for answer_ns, is cut
#pragma once

#include "net/live/connect_pace.hpp"
#include "net/live/web_socket_client.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace rialto::net {

struct stream_plan_options {
  std::size_t streams_max = 200;
  std::int64_t silence_ns = 30'000'000'000;
  std::int64_t age_ns = (24 * 60 - 10) * 60'000'000'000; // 23 h 50 min
  std::int64_t overlap_ns = 2'000'000'000;               // both links deliver so long
  std::uint64_t seed = 1;
  static constexpr std::size_t lanes_max = 50, streams_per_message_max = 40;
  static constexpr std::int64_t message_pause_ns = 250'000'000, answer_ns = 10'000'000'000;
  static constexpr std::int64_t refused_pause_ns = 60'000'000'000;
};

using lane_number = std::uint32_t;

struct open_link {
  socket_number which;
};
/// Say goodbye; nothing it says counts any more.
struct close_link {
  socket_number which;
};
struct cut_link {
  socket_number which;
  std::string why;
};
struct send_text {
  socket_number which;
  std::string text;
};
struct symbol_up {
  std::string symbol;
  lane_number lane;
};
struct symbol_down {
  std::string symbol;
  std::string why;
};
/// What was held back of this link is delivered from now on.
struct release_held {
  socket_number which;
};
using plan_output =
  std::variant<open_link, close_link, cut_link, send_text, symbol_up, symbol_down, release_held>;

/// What is to be done with a text of a link.
enum class text_route : std::uint8_t { deliver, hold, drop };

/// One lane, for those who watch.
struct lane_status {
  lane_number lane = 0;
  enum class link_state : std::uint8_t { waiting, connecting, open } state = link_state::waiting;
  std::int64_t since = 0; // when that began
  std::int64_t last_heard = 0;
  std::size_t symbols = 0, streams = 0; // streams: confirmed ones
  std::uint64_t opened = 0, failed = 0; // links
  std::string last_problem;
};

class stream_plan {
public:
  using outputs = std::vector<plan_output>;

  explicit stream_plan(stream_plan_options options) : options_(options) {}

  /// Wants a symbol's streams ("btcusdt@trade"). False: known already, too many streams, or no lane has room.
  bool add(const std::string& symbol, std::vector<std::string> streams, std::int64_t now);
  void remove(const std::string& symbol, outputs& out);

  void opened(socket_number which, std::int64_t now);
  void closed(socket_number which, const std::string& why, std::int64_t now, outputs& out);
  /// Anything at all came.
  void heard(socket_number which, std::int64_t now);
  /// The answer to the message with this id; `problem` empty: it was confirmed.
  void answered(socket_number which, std::uint64_t id, const std::string& problem, std::int64_t now,
                outputs& out);
  /// The server said that it will close soon: replace the link now.
  void will_close(socket_number which);
  /// More texts are held back than there is room for: take over now.
  void cannot_hold(socket_number which, outputs& out);
  /// What is due. To be called often; a pause makes things late, not wrong.
  void step(std::int64_t now, outputs& out);

  [[nodiscard]] text_route route_of(socket_number which) const;
  [[nodiscard]] lane_number lane_of(socket_number which) const; // 0: of none
  [[nodiscard]] std::vector<lane_status> status() const;
  [[nodiscard]] std::uint64_t refused_subscriptions() const { return refused_; }
  [[nodiscard]] const std::string& last_problem() const { return last_problem_; }

private:
  enum class stream_state : std::uint8_t { asked, confirmed, refused };
  struct question {
    std::vector<std::string> streams;
    bool subscribes = true;
    std::int64_t sent_at = 0;
  };
  struct link {
    socket_number which = 0;
    bool is_open = false;
    std::int64_t begun_at = 0, opened_at = 0, heard_at = 0, send_at = 0, refused_at = 0;
    std::int64_t complete_at = 0; // since when everything wanted is confirmed; 0: it is not
    std::map<std::string, stream_state> streams;
    std::map<std::uint64_t, question> questions; // by id
  };
  struct lane {
    lane_number number = 0;
    std::map<std::string, std::vector<std::string>> symbols; // and their streams
    std::set<std::string> up;
    std::optional<link> current, next;
    connect_backoff backoff{0};
    std::int64_t retry_at = 0, waits_since = 0;
    bool is_to_be_replaced = false;
    std::uint64_t opened = 0, failed = 0;
    std::string last_problem;
    [[nodiscard]] std::size_t stream_count() const;
    [[nodiscard]] std::set<std::string> wanted() const;
  };

  void step_lane(lane& at, std::int64_t now, outputs& out);
  void step_link(lane& at, link& over, std::int64_t now, outputs& out);
  void begin(std::optional<link>& place, std::int64_t now, outputs& out);
  void take_over(lane& at, outputs& out);
  void note_ups(lane& at, outputs& out);
  static void all_down(lane& at, const std::string& why, outputs& out);
  static bool is_confirmed(const link& over, const std::vector<std::string>& streams);
  std::pair<lane*, link*> find(socket_number which);

  stream_plan_options options_;
  std::map<lane_number, lane> lanes_;
  connect_budget budget_;
  socket_number next_socket_ = 1;
  lane_number next_lane_ = 1;
  std::uint64_t next_question_ = 1, refused_ = 0;
  std::string last_problem_;
};

} // namespace rialto::net
