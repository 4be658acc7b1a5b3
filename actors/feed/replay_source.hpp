// actors/feed/replay_source.hpp: plays recordings: the raw texts a client received, at the pace
// they came, at a multiple of it, or as fast as they are asked for.
//
// The room: reads files; no clock, no thread. Several files are played one after the other as one
// stream; at the end it is finished and stays so (no loop). A pause of more than a minute between
// two files, or of more than an hour within one, is shortened to a second.
#pragma once

#include "actors/feed/feed_intake.hpp"
#include "actors/feed/recording_reader.hpp"

namespace rialto::actors {

/// Lines one call of next() plays at most.
inline constexpr std::size_t replay_lines_per_call_max = 2'000;
inline constexpr std::size_t replay_files_max = 1'000;

struct replay_spec {
  std::vector<std::string> files;
  std::int64_t speed_permille = 1'000; // 1000: as recorded; 0: as fast as it is asked for
  friend bool operator==(const replay_spec&, const replay_spec&) = default;
};

/// Reads "FILE[,FILE...][@SPEED]", with or without "replay:" before it. SPEED is max, or times the
/// recorded speed, from 0.001 to 1000. Empty with the broken rule in `why`.
[[nodiscard]] std::optional<replay_spec> parse_replay_spec(std::string_view text, std::string& why);
/// Reads "FILE[,FILE...]".
[[nodiscard]] std::optional<std::vector<std::string>> parse_replay_files(std::string_view text,
                                                                         std::string& why);

class replay_source final : public feed_source {
public:
  /// Opens every file once, so that a wrong name is told at the start. Null with the reason.
  [[nodiscard]] static std::unique_ptr<replay_source>
  open(replay_spec spec, std::string& why, feed_intake::times times = feed_intake::times::restamp);

  void next(timestamp_ns now, std::vector<feed_news>& out) override;
  [[nodiscard]] std::optional<timestamp_ns> next_due() const override;
  void request_snapshot(std::string_view symbol) override;
  [[nodiscard]] bool is_synchronised(std::string_view symbol) const override {
    return intake_.is_synchronised(symbol);
  }
  [[nodiscard]] const feed_status& status() const override { return status_; }
  [[nodiscard]] feed_report report(timestamp_ns now) const override;
  /// Our copy of a symbol's book; null: the recording has not named it yet.
  [[nodiscard]] const feed_book* book(std::string_view symbol) const {
    return intake_.book(symbol);
  }

private:
  replay_source(replay_spec spec, feed_intake::times times)
      : spec_(std::move(spec)), intake_(times) {}
  void read_ahead();
  [[nodiscard]] bool open_next_file();
  void tell(std::string problem);
  [[nodiscard]] std::int64_t due_of(timestamp_ns received);

  replay_spec spec_;
  feed_intake intake_;
  std::unique_ptr<recording_reader> reader_;
  std::size_t files_begun_ = 0;
  std::optional<recording_reader::line> ahead_; // the next line to play
  std::int64_t ahead_due_ = 0;                  // after the start
  bool is_first_of_file_ = true, has_first_ = false;
  std::int64_t origin_ = 0, newest_ = 0; // receive times: of the start, and the newest so far
  std::optional<timestamp_ns> start_;    // when the first call came
  timestamp_ns now_;
  snapshot_requests requests_;
  std::uint64_t broken_lines_ = 0, problems_ = 0;
  std::string last_problem_;
  feed_status status_;
};

} // namespace rialto::actors
