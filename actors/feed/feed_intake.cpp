#include "actors/feed/feed_intake.hpp"

namespace rialto::actors {

namespace {

/// A snapshot and the updates around it come within seconds of each other: their ids are this near.
constexpr std::uint64_t near_ids = 1'000'000;

bool is_near(std::uint64_t id, std::uint64_t first, std::uint64_t last) {
  return id + near_ids >= first && id <= last + near_ids;
}

/// A skew is told as the mean of about so many messages.
constexpr std::int64_t skew_messages = 16;

touch_check::touch touch_of(const feed_book& book) {
  touch_check::touch made{book.last_update(), 0, 0, 0, 0};
  if (const auto bid = book.best(side::buy)) {
    made.bid8 = bid->price8;
    made.bid_size8 = bid->size8;
  }
  if (const auto ask = book.best(side::sell)) {
    made.ask8 = ask->price8;
    made.ask_size8 = ask->size8;
  }
  return made;
}

template <class Message>
void stamp(Message& message, timestamp_ns now) {
  if constexpr (requires { message.at; }) message.at = now;
}

} // namespace

parse_result feed_intake::take(std::string_view text, std::string_view snapshot_symbol,
                               timestamp_ns now, std::vector<feed_news>& out) {
  feed_message message;
  auto result = parser_.parse(text, snapshot_symbol, message);
  why_ = parser_.why();
  if (result == parse_result::message && who_ == symbols::expected) {
    const auto& symbol =
      std::visit([](const auto& one) -> const std::string& { return one.symbol; }, message);
    if (!places_.contains(symbol)) {
      result = parse_result::refused;
      why_ = symbol.empty() ? "text: is a snapshot that nobody asked for"
                            : "s: is " + symbol + ", which nobody asked for";
    }
  }
  if (result == parse_result::refused) ++status_.parse_errors;
  if (result == parse_result::ignored) ++status_.ignored;
  if (result != parse_result::message) return result;
  ++status_.messages;
  status_.last_message_at = now;
  std::visit(
    [&](auto& one) {
      last_symbol_ = one.symbol;
      timestamp_ns said;
      if constexpr (requires { one.at; }) said = one.at;
      if (times_ == times::restamp) stamp(one, now);
      sort_in(std::move(one), out);
      if (const auto at = places_.find(last_symbol_); at != places_.end())
        note(at->second, last_symbol_, said, now);
    },
    message);
  return result;
}

/// What the health report shows of a symbol.
void feed_intake::note(place& at, const std::string& symbol, timestamp_ns said, timestamp_ns now) {
  auto& report = at.report;
  report.symbol = symbol;
  ++report.messages;
  report.last_message_at = now;
  if (said.value == 0) return;
  const auto skew = said.value - now.value;
  report.clock_skew_ns = report.clock_skew_ns == 0
                           ? skew
                           : report.clock_skew_ns + (skew - report.clock_skew_ns) / skew_messages;
}

void feed_intake::judge(place& at, const std::string& symbol, touch_check::verdict found,
                        std::vector<feed_news>& out) {
  if (found == touch_check::verdict::nothing_to_compare) return;
  ++status_.book_checks;
  ++at.report.book_checks;
  if (found == touch_check::verdict::equal) return;
  ++status_.book_mismatches;
  ++at.report.book_mismatches;
  lose_book(symbol, out);
}

void feed_intake::expect(std::string_view symbol) {
  if (auto* at = place_of(symbol)) at->report.symbol = symbol;
}

void feed_intake::lose_book(std::string_view symbol, std::vector<feed_news>& out) {
  const auto at = places_.find(symbol);
  if (at == places_.end()) return;
  at->second.sync.forget(at->first, out);
  at->second.book.clear();
  at->second.check.clear();
}

void feed_intake::drop(std::string_view symbol, std::vector<feed_news>& out) {
  lose_book(symbol, out);
  if (const auto at = places_.find(symbol); at != places_.end()) places_.erase(at);
}

std::vector<stream_report> feed_intake::symbol_reports() const {
  std::vector<stream_report> made;
  for (const auto& [symbol, at] : places_) {
    made.push_back(at.report);
    made.back().symbol = symbol;
    const bool is_live = at.sync.is_synchronised();
    made.back().state = is_live ? stream_state::live : stream_state::syncing;
    made.back().gaps = at.sync.gaps();
    made.back().resyncs = at.sync.resyncs();
  }
  return made;
}

feed_intake::place* feed_intake::place_of(std::string_view symbol) {
  if (const auto at = places_.find(symbol); at != places_.end()) return &at->second;
  if (places_.size() == feed_symbols_max) {
    ++status_.ignored;
    return nullptr;
  }
  return &places_[std::string(symbol)];
}

/// Lays what the synchroniser lets through into our copy of the book, and counts what it saw.
template <class Message>
void feed_intake::synchronise(place& at, Message message, std::vector<feed_news>& out) {
  auto& sync = at.sync;
  const auto gaps = sync.gaps(), resyncs = sync.resyncs(), overflows = sync.overflows();
  const auto symbol = message.symbol;
  const auto first_new = out.size();
  if constexpr (std::is_same_v<Message, feed_snapshot>)
    sync.on_snapshot(std::move(message), out);
  else
    sync.on_depth(std::move(message), out);
  for (auto i = first_new; i < out.size(); ++i) {
    const auto* change = std::get_if<feed_depth>(&out[i]);
    if (const auto* whole = std::get_if<feed_snapshot>(&out[i])) {
      at.book.apply(*whole);
    } else if (change != nullptr) {
      at.book.apply(*change);
    } else {
      at.book.clear();
      at.check.clear();
    }
    if (at.book.is_crossed()) {
      out.resize(i); // the message that crossed the book, and what came behind it, stays here
      sync.lose(symbol, out);
      at.book.clear();
      at.check.clear();
      break;
    }
    if (change == nullptr) continue;
    const auto found = at.check.on_book(touch_of(at.book));
    if (found == touch_check::verdict::different) out.resize(i); // it stays here as well
    judge(at, symbol, found, out);
    if (found == touch_check::verdict::different) break;
  }
  status_.gaps += sync.gaps() - gaps;
  status_.resyncs += sync.resyncs() - resyncs;
  status_.overflows += sync.overflows() - overflows;
}

void feed_intake::sort_in(feed_snapshot whole, std::vector<feed_news>& out) {
  if (whole.symbol.empty()) whole.symbol = owner_of(whole);
  if (whole.symbol.empty()) {
    if (unclaimed_.size() == feed_unclaimed_snapshots_max) unclaimed_.erase(unclaimed_.begin());
    unclaimed_.push_back(std::move(whole));
    return;
  }
  if (auto* at = place_of(whole.symbol)) synchronise(*at, std::move(whole), out);
}

void feed_intake::sort_in(feed_depth update, std::vector<feed_news>& out) {
  if (auto* at = place_of(update.symbol)) synchronise(*at, std::move(update), out);
  if (!unclaimed_.empty()) claim_snapshots(out);
}

void feed_intake::sort_in(feed_trade trade, std::vector<feed_news>& out) {
  auto* at = place_of(trade.symbol);
  if (at == nullptr) return;
  if (trade.id <= at->last_trade) { // a stream that was opened again tells its last trades twice
    ++status_.ignored;
    return;
  }
  at->last_trade = trade.id;
  out.emplace_back(std::move(trade));
}

void feed_intake::sort_in(feed_ticker ticker, std::vector<feed_news>& out) {
  auto* at = place_of(ticker.symbol);
  if (at == nullptr) return;
  const auto found = at->check.on_ticker(ticker);
  const auto symbol = ticker.symbol;
  out.emplace_back(std::move(ticker));
  judge(*at, symbol, found, out);
}
void feed_intake::sort_in(feed_statistics numbers, std::vector<feed_news>& out) {
  out.emplace_back(std::move(numbers));
}

/// The one symbol whose update ids are near; if several are, the one whose updates enclose it.
/// Empty: cannot be told (yet).
std::string feed_intake::owner_of(const feed_snapshot& whole) const {
  std::string near, enclosing;
  std::size_t nears = 0, enclosings = 0;
  const auto id = whole.last_update;
  for (const auto& [symbol, at] : places_) {
    const auto first = at.sync.first_known(), last = at.sync.last_known();
    if (last == 0 || !is_near(id, first, last)) continue;
    near = symbol;
    ++nears;
    if (first <= id + 1 && id <= last) {
      enclosing = symbol;
      ++enclosings;
    }
  }
  if (nears == 1) return near;
  return enclosings == 1 ? enclosing : std::string();
}

void feed_intake::claim_snapshots(std::vector<feed_news>& out) {
  for (auto& whole : std::exchange(unclaimed_, {})) {
    whole.symbol = owner_of(whole);
    if (whole.symbol.empty())
      unclaimed_.push_back(std::move(whole));
    else
      sort_in(std::move(whole), out);
  }
}

bool feed_intake::hand_out_book(std::string_view symbol, std::vector<feed_news>& out) const {
  const auto at = places_.find(symbol);
  if (at == places_.end() || !at->second.sync.is_synchronised()) return false;
  out.emplace_back(at->second.book.snapshot(at->first));
  return true;
}

std::vector<std::string> feed_intake::wanted_snapshots(timestamp_ns now) {
  std::vector<std::string> wanted;
  for (auto& [symbol, at] : places_)
    if (at.sync.wants_snapshot(now)) wanted.push_back(symbol);
  return wanted;
}

bool feed_intake::wants_snapshot(std::string_view symbol, timestamp_ns now) {
  const auto at = places_.find(symbol);
  return at != places_.end() && at->second.sync.wants_snapshot(now);
}

bool feed_intake::is_synchronised(std::string_view symbol) const {
  const auto at = places_.find(symbol);
  return at != places_.end() && at->second.sync.is_synchronised();
}

const feed_book* feed_intake::book(std::string_view symbol) const {
  const auto at = places_.find(symbol);
  return at == places_.end() ? nullptr : &at->second.book;
}

} // namespace rialto::actors
