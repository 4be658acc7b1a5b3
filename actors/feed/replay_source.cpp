#include "actors/feed/replay_source.hpp"

namespace rialto::actors {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t pause_between_files_ns_max = 60 * second_ns;
constexpr std::int64_t pause_ns_max = 3'600 * second_ns;

/// A decimal from 0.001 to 1000 in thousandths, or max.
std::optional<std::int64_t> read_speed(std::string_view text) {
  if (text == "max") return 0;
  const auto units = parse_decimal8(text);
  constexpr std::int64_t permille = units_per_whole / 1'000;
  if (!units || *units % permille != 0) return {};
  const auto speed = *units / permille;
  if (speed < 1 || speed > 1'000'000) return {};
  return speed;
}

} // namespace

std::optional<std::vector<std::string>> parse_replay_files(std::string_view text,
                                                           std::string& why) {
  std::vector<std::string> files;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(',', from), text.size());
    const auto file = text.substr(from, to - from);
    if (file.empty()) {
      why = text.empty() ? "must name a file after replay:" : "has an empty name between commas";
      return {};
    }
    if (files.size() == replay_files_max) {
      why = "names more than 1000 files";
      return {};
    }
    files.emplace_back(file);
    from = to + 1;
  }
  return files;
}

std::optional<replay_spec> parse_replay_spec(std::string_view text, std::string& why) {
  constexpr std::string_view prefix = "replay:";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  replay_spec made;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto speed = read_speed(text.substr(at + 1));
    if (!speed) {
      why = "must have a speed after @: max, or times the recorded speed from 0.001 to 1000";
      return {};
    }
    made.speed_permille = *speed;
    text = text.substr(0, at);
  }
  auto files = parse_replay_files(text, why);
  if (!files) return {};
  made.files = std::move(*files);
  return made;
}

std::unique_ptr<replay_source> replay_source::open(replay_spec spec, std::string& why,
                                                   feed_intake::times times) {
  if (spec.files.empty()) {
    why = "replay: no file is named";
    return nullptr;
  }
  for (const auto& file : spec.files)
    if (!recording_reader::open(file, why)) return nullptr;
  std::unique_ptr<replay_source> made(new replay_source(std::move(spec), times));
  made->read_ahead();
  return made;
}

void replay_source::next(timestamp_ns now, std::vector<feed_news>& out) {
  if (!start_) start_ = now;
  now_ = std::max(now_, now);
  for (const auto& symbol : requests_.take()) static_cast<void>(intake_.hand_out_book(symbol, out));
  for (std::size_t lines = 0; ahead_ && lines < replay_lines_per_call_max; ++lines) {
    const auto due = timestamp_ns{start_->value + ahead_due_};
    if (spec_.speed_permille != 0 && due > now_) break;
    const auto at = spec_.speed_permille == 0 ? now_ : due;
    if (intake_.take(ahead_->text, {}, at, out) == parse_result::refused)
      tell(reader_->here(ahead_->is_cut ? "the file ends within this line: " + intake_.why()
                                        : intake_.why()));
    read_ahead();
  }
  status_ = intake_.status();
  status_.parse_errors += broken_lines_;
  status_.problems = problems_;
  status_.last_problem = last_problem_;
  status_.is_finished = !ahead_;
}

std::optional<timestamp_ns> replay_source::next_due() const {
  if (!start_ || !requests_.empty()) return now_;
  if (!ahead_) return {};
  if (spec_.speed_permille == 0) return now_;
  return std::max(now_, timestamp_ns{start_->value + ahead_due_});
}

feed_report replay_source::report(timestamp_ns) const {
  auto made = report_of("replay", "recording", status_);
  made.streams = intake_.symbol_reports();
  for (auto& one : made.streams)
    if (status_.is_finished && one.state == stream_state::live) one.reason = "the recording ended";
  return made;
}

void replay_source::request_snapshot(std::string_view symbol) {
  requests_.add(symbol);
}

/// Finds the next line that can be played, through the ends of files; empty at the end of all.
void replay_source::read_ahead() {
  ahead_.reset();
  while (reader_ || open_next_file()) {
    recording_reader::line line;
    switch (reader_->next(line)) {
    case recording_reader::result::line:
      ahead_due_ = due_of(line.received);
      ahead_ = line;
      return;
    case recording_reader::result::broken:
      ++broken_lines_;
      tell(reader_->why());
      break;
    case recording_reader::result::ended_early:
      ++problems_;
      tell(reader_->why());
      break;
    case recording_reader::result::end: reader_.reset(); break;
    }
  }
}

bool replay_source::open_next_file() {
  while (files_begun_ < spec_.files.size()) {
    std::string why;
    reader_ = recording_reader::open(spec_.files[files_begun_++], why);
    is_first_of_file_ = true;
    if (reader_) return true;
    ++problems_; // it was there at the start
    tell(std::move(why));
  }
  return false;
}

void replay_source::tell(std::string problem) {
  last_problem_ = std::move(problem);
}

/// Nanoseconds after the start at which a line is played. A receive time that goes back a little
/// waits for nothing; a jump (another file, a broken time) moves the origin instead.
std::int64_t replay_source::due_of(timestamp_ns received) {
  if (!has_first_) origin_ = newest_ = received.value;
  has_first_ = true;
  const auto pause = received.value - newest_;
  const auto pause_max = is_first_of_file_ ? pause_between_files_ns_max : pause_ns_max;
  is_first_of_file_ = false;
  if (pause > pause_max) origin_ += pause - second_ns;
  if (pause < -pause_max) origin_ += pause;
  newest_ = pause < -pause_max ? received.value : std::max(newest_, received.value);
  if (spec_.speed_permille == 0) return 0;
  const auto due = static_cast<__int128>(newest_ - origin_) * 1'000 / spec_.speed_permille;
  return static_cast<std::int64_t>(std::min<__int128>(due, INT64_MAX / 4));
}

} // namespace rialto::actors
