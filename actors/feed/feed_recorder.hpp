// actors/feed/feed_recorder.hpp: keeps what an exchange says in a recording that replays to the same books.
//
// The room: pure but for the file behind recording_writer; time is a parameter. It follows the depth streams with the same feed_intake
// that will replay the file, told no more than the file tells, so it knows when a book would be out of step and wants a snapshot.
//   C1  every text is written as it came and when it came, snapshots among the updates where they arrived
//   C2  a snapshot is wanted for a symbol whose updates have begun and whose book, replayed up to here, would not be in step
//   C3  what is no answer to a question for a snapshot is not written as one
#pragma once

#include "actors/feed/feed_intake.hpp"
#include "actors/feed/recording_writer.hpp"

namespace rialto::actors {

class feed_recorder {
public:
  /// `out` outlives it.
  explicit feed_recorder(recording_writer& out) : out_(out), intake_(feed_intake::times::keep) {}

  /// One text of the streams. False: the file failed; the writer says why.
  [[nodiscard]] bool take(timestamp_ns received, std::string_view text);
  /// The body that REST answered. False: the file failed.
  [[nodiscard]] bool take_snapshot(timestamp_ns received, std::string_view body);
  /// C2; each symbol counts as asked for, and comes again after a growing pause.
  [[nodiscard]] std::vector<std::string> wanted_snapshots(timestamp_ns now) {
    return intake_.wanted_snapshots(now);
  }

  /// Null: no update of it came yet.
  [[nodiscard]] const feed_book* book(std::string_view symbol) const {
    return intake_.book(symbol);
  }
  [[nodiscard]] bool is_in_step(std::string_view symbol) const {
    return intake_.is_synchronised(symbol);
  }
  /// Of the depth streams.
  [[nodiscard]] const feed_status& status() const { return intake_.status(); }
  [[nodiscard]] std::uint64_t texts() const { return texts_; }
  [[nodiscard]] std::uint64_t snapshots() const { return snapshots_; }
  /// Texts that can be no line of a recording, and answers that are no snapshot.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

private:
  recording_writer& out_;
  feed_intake intake_;
  std::vector<feed_news> news_; // of no use here
  std::uint64_t texts_ = 0, snapshots_ = 0, left_out_ = 0;
};

} // namespace rialto::actors
