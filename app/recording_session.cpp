#include "app/recording_session.hpp"

#include "actors/feed/feed_recorder.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "net/live/rest_client.hpp"
#include "net/live/stream_client.hpp"
#include "runtime/log.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <mutex>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr int look_milliseconds = 200; // between two looks when nothing comes
constexpr std::int64_t snapshot_weight = 250;
constexpr std::size_t progress_columns = 96;

std::vector<std::string> streams_of(std::string symbol) {
  for (auto& c : symbol) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  std::vector<std::string> names;
  for (const auto* kind : {"@depth@100ms", "@trade", "@bookTicker", "@ticker"})
    names.push_back(symbol + kind);
  return names;
}

/// Signals and wake-ups of other threads, waited for together.
class doorbell {
public:
  doorbell() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, one);
    pthread_sigmask(SIG_BLOCK, &ours, nullptr); // before the first thread starts
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &ours, SFD_CLOEXEC);
    rings_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals_ < 0 || rings_ < 0) throw std::runtime_error("no descriptor is left");
  }
  ~doorbell() {
    ::close(signals_);
    ::close(rings_);
  }
  doorbell(const doorbell&) = delete;
  doorbell& operator=(const doorbell&) = delete;

  void ring() const { // any thread
    const std::uint64_t one = 1;
    static_cast<void>(!write(rings_, &one, sizeof(one)));
  }
  /// True: a signal came.
  [[nodiscard]] bool wait() const {
    pollfd both[] = {{signals_, POLLIN, 0}, {rings_, POLLIN, 0}};
    static_cast<void>(poll(both, 2, look_milliseconds));
    std::uint64_t count = 0;
    static_cast<void>(!read(rings_, &count, sizeof(count)));
    return (both[0].revents & POLLIN) != 0;
  }

private:
  int signals_ = -1, rings_ = -1;
};

class session {
public:
  session(const recording_wish& wish, actors::recording_writer& file)
      : wish_(wish), file_(file), recorder_(file),
        rest_({.server = wish.rest, .proxy = wish.proxy, .ca_file = wish.ca_file}),
        streams_({.sockets = {.server = wish.streams, .proxy = wish.proxy, .ca_file = wish.ca_file},
                  .plan = {}},
                 clock_, [this] { bell_.ring(); }) {}

  int run() {
    begun_ns_ = clock_.monotonic_ns();
    rest_.start();
    streams_.start();
    for (const auto& symbol : wish_.symbols) streams_.add(symbol, streams_of(symbol));
    bool is_whole = true;
    while (is_whole && !is_done()) {
      const bool is_told_to_stop = bell_.wait();
      is_whole = take_in() && look_after_file();
      show_progress();
      if (is_told_to_stop) break;
    }
    streams_.stop();
    rest_.stop();
    is_whole = is_whole && take_in();
    is_whole = file_.close() && is_whole;
    return tell_end(is_whole);
  }

private:
  struct answer {
    std::string symbol;
    net::rest_answer what;
    timestamp_ns received;
  };

  [[nodiscard]] bool is_done() const {
    return (wish_.messages_max != 0 && recorder_.texts() >= wish_.messages_max) ||
           (wish_.seconds_max != 0 &&
            clock_.monotonic_ns() - begun_ns_ >= wish_.seconds_max * second_ns);
  }

  /// Everything that came since, into the file. False: it failed.
  bool take_in() {
    news_.clear();
    streams_.take(news_);
    std::vector<answer> answers;
    {
      const std::lock_guard held(lock_);
      answers.swap(answers_);
    }
    // In the order of their arrival, as a replay will read them.
    auto next_answer = answers.begin();
    for (const auto& one : news_) {
      if (const auto* text = std::get_if<net::stream_text>(&one)) {
        for (; next_answer != answers.end() && next_answer->received < text->received;
             ++next_answer)
          if (!take_answer(*next_answer)) return false;
        if (is_done()) continue;
        if (!recorder_.take(text->received, text->text)) return false;
      } else if (const auto* over = std::get_if<net::stream_overflow>(&one)) {
        dropped_ += over->dropped;
      } else if (std::holds_alternative<net::symbol_down>(one)) {
        ++downs_;
      }
    }
    for (; next_answer != answers.end(); ++next_answer)
      if (!take_answer(*next_answer)) return false;
    ask_for_snapshots();
    return true;
  }

  bool take_answer(const answer& one) {
    asked_.erase(one.symbol);
    if (one.what.is_good()) return recorder_.take_snapshot(one.received, one.what.body);
    last_problem_ = one.symbol + ": " + one.what.problem;
    return true;
  }

  void ask_for_snapshots() {
    for (auto& symbol : recorder_.wanted_snapshots(clock_.now())) {
      if (!asked_.insert(symbol).second) continue; // its answer is on the way
      const auto target = "/api/v3/depth?symbol=" + symbol + "&limit=5000";
      const bool is_taken = rest_.get(target, snapshot_weight, net::rest_client::urgency::urgent,
                                      [this, symbol](const net::rest_answer& what) {
                                        const std::lock_guard held(lock_);
                                        answers_.push_back({symbol, what, clock_.now()});
                                        bell_.ring();
                                      });
      if (!is_taken) asked_.erase(symbol);
    }
  }

  /// Once a second: what is written so far is in the file whatever happens to this program.
  bool look_after_file() {
    const auto now = clock_.monotonic_ns();
    if (now - flushed_ns_ < second_ns) return true;
    flushed_ns_ = now;
    return file_.flush();
  }

  [[nodiscard]] std::string sums() const {
    std::size_t in_step = 0;
    for (const auto& symbol : wish_.symbols) in_step += recorder_.is_in_step(symbol);
    auto text =
      fmt::format("{}, {}, {} of {} in step, {}", counted(recorder_.texts(), "message"),
                  counted(recorder_.snapshots(), "snapshot"), in_step,
                  counted(wish_.symbols.size(), "book"), counted(recorder_.status().gaps, "gap"));
    if (recorder_.left_out() != 0) text += fmt::format(", {} left out", recorder_.left_out());
    if (dropped_ != 0) text += fmt::format(", {} dropped: too slow", dropped_);
    return text;
  }

  void show_progress() {
    const auto now = clock_.monotonic_ns();
    if (isatty(STDERR_FILENO) != 1 || now - shown_ns_ < second_ns) return;
    shown_ns_ = now;
    auto text = sums();
    text.resize(std::max(text.size(), progress_columns), ' '); // over what stood there
    fmt::print(stderr, "\r{}", text);
    std::fflush(stderr);
  }

  int tell_end(bool is_whole) {
    if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r{:{}}\r", "", progress_columns);
    if (last_problem_.empty()) last_problem_ = streams_.last_problem();
    const auto took = static_cast<std::uint64_t>((clock_.monotonic_ns() - begun_ns_) / second_ns);
    fmt::print("{}: {} in {}\n", wish_.file, sums(), counted(took, "second"));
    if (!is_whole) {
      complain(file_.why() + "; the recording ends early");
      return exit_failed;
    }
    for (const auto& symbol : wish_.symbols)
      if (!recorder_.is_in_step(symbol))
        complain(symbol + (recorder_.book(symbol) == nullptr
                             ? ": no update of its book came"
                             : ": its book is not in step at the end of the recording"));
    if (recorder_.texts() != 0) return 0;
    complain("nothing was received" + (last_problem_.empty() ? "" : "; " + last_problem_));
    return exit_failed;
  }

  const recording_wish& wish_;
  actors::recording_writer& file_;
  actors::feed_recorder recorder_;
  doorbell bell_; // before the clients: their threads inherit the blocked signals, and ring
  runtime::system_clock clock_;
  std::mutex lock_;
  std::vector<answer> answers_; // at most one per symbol
  std::set<std::string> asked_;
  std::vector<net::stream_news> news_;
  std::int64_t begun_ns_ = 0, flushed_ns_ = 0, shown_ns_ = 0;
  std::uint64_t dropped_ = 0, downs_ = 0;
  std::string last_problem_;
  net::rest_client rest_;
  net::stream_client streams_;
};

} // namespace

int record(const recording_wish& wish) {
  using existing = actors::recording_writer::existing;
  std::string why;
  const auto file = actors::recording_writer::open(
    wish.file, wish.overwrites ? existing::overwrite : existing::refuse, why);
  if (!file) {
    complain(why + (why.ends_with("exists") ? "; --force overwrites it" : ""));
    return exit_misused;
  }
  session one(wish, *file);
  return one.run();
}

} // namespace rialto::app
