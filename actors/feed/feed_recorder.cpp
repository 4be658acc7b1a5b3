#include "actors/feed/feed_recorder.hpp"

namespace rialto::actors {

namespace {

/// False only for what says at its beginning that it is of another stream.
bool may_be_depth(std::string_view text) {
  constexpr std::string_view head = R"({"stream":")";
  if (!text.starts_with(head)) return true;
  text.remove_prefix(head.size());
  return text.substr(0, text.find('"')).find("@depth") != std::string_view::npos;
}

} // namespace

bool feed_recorder::take(timestamp_ns received, std::string_view text) {
  switch (out_.write(received, text)) {
  case recording_writer::result::failed: return false;
  case recording_writer::result::refused: ++left_out_; return true;
  case recording_writer::result::written: break;
  }
  ++texts_;
  if (!may_be_depth(text)) return true;
  news_.clear();
  static_cast<void>(intake_.take(text, {}, received, news_));
  return true;
}

bool feed_recorder::take_snapshot(timestamp_ns received, std::string_view body) {
  binance_parser parser; // looks before it is written: what replays must be what was taken in here
  feed_message message;
  if (parser.parse(body, {}, message) != parse_result::message ||
      !std::holds_alternative<feed_snapshot>(message)) {
    ++left_out_;
    return true;
  }
  switch (out_.write(received, body)) {
  case recording_writer::result::failed: return false;
  case recording_writer::result::refused: ++left_out_; return true;
  case recording_writer::result::written: break;
  }
  ++snapshots_;
  news_.clear();
  static_cast<void>(intake_.take(body, {}, received, news_));
  return true;
}

} // namespace rialto::actors
