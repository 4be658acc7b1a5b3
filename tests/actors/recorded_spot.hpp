// tests/actors/recorded_spot.hpp: the two recordings of the spot market BTCUSDT, and the first of them with a line of depth missing.
#pragma once

#include "actors/feed/feed_intake.hpp"
#include "actors/feed/recording_reader.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

namespace rialto::actors {

inline constexpr const char* first_file = "spot_btcusdt_20240808.raw.jsonl.gz";
inline constexpr const char* second_file = "spot_btcusdt_20240809.raw.jsonl.gz";

inline bool has_recordings() {
  if (!tests::recorded(first_file).empty() && !tests::recorded(second_file).empty()) return true;
  MESSAGE("skipped: the recordings of the spot market are not on this machine");
  return false;
}

/// Best prices and sizes as the ticker says them; zeros for an empty side.
struct touch {
  std::int64_t bid8 = 0, bid_size8 = 0, ask8 = 0, ask_size8 = 0;
  friend bool operator==(const touch&, const touch&) = default;
};

/// All lines of a recording, each with its newline.
inline std::vector<std::string> lines_of(const std::string& path) {
  std::string why;
  const auto reader = recording_reader::open(path, why);
  REQUIRE(reader);
  std::vector<std::string> lines;
  recording_reader::line line;
  while (reader->next(line) == recording_reader::result::line)
    lines.push_back(std::to_string(line.received.value) + " " + std::string(line.text) + "\n");
  return lines;
}

/// A REST depth body as the exchange would have sent it.
inline std::string rest_body(const feed_snapshot& whole) {
  std::string sides[2];
  for (const auto& level : whole.levels) {
    auto& text = sides[level.way == side::sell];
    text += text.empty() ? "[\"" : ",[\"";
    text += format_decimal8(level.price8, 8) + "\",\"" + format_decimal8(level.size8, 8) + "\"]";
  }
  return "{\"lastUpdateId\":" + std::to_string(whole.last_update) + ",\"bids\":[" + sides[0] +
         "],\"asks\":[" + sides[1] + "]}";
}

/// The first recording without one of its depth lines, and what the exchange would have answered
/// to somebody who then asked for a snapshot.
class broken_recording {
public:
  broken_recording() : lines_(lines_of(tests::recorded(first_file))) {
    REQUIRE(lines_.size() == 41'249);
    std::vector<std::size_t> depth_lines;
    for (std::size_t i = 0; i < lines_.size(); ++i)
      if (lines_[i].find("@depth") != std::string::npos) depth_lines.push_back(i);
    REQUIRE(depth_lines.size() == 3'451);
    removed_ = depth_lines[1'000];
    healed_ = depth_lines[1'500];
    feed_intake reference(feed_intake::times::keep);
    std::vector<feed_news> news;
    for (std::size_t i = 0; i <= healed_; ++i) {
      news.clear();
      reference.take(std::string_view(lines_[i]).substr(lines_[i].find(' ') + 1), {}, {1}, news);
      if (i == removed_) lost_at = reference.book("BTCUSDT")->last_update();
    }
    const auto* const book = reference.book("BTCUSDT");
    snapshot_ = "1723161400000000000 " + rest_body(book->snapshot("BTCUSDT")) + "\n";
    healed_at = book->last_update();
  }
  [[nodiscard]] std::string text(bool with_snapshot) const {
    std::string made;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (i != removed_) made += lines_[i];
      if (with_snapshot && i == healed_ + 200) made += snapshot_; // late, as over the network
    }
    return made;
  }
  std::uint64_t lost_at = 0;   // update id of the line that is missing
  std::uint64_t healed_at = 0; // of the snapshot

private:
  std::vector<std::string> lines_;
  std::size_t removed_ = 0, healed_ = 0;
  std::string snapshot_;
};

} // namespace rialto::actors
