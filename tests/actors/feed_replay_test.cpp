#include "actors/feed/replay_source.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <map>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::string depth_line(std::int64_t at_ns, int first, int last,
                       std::string_view symbol = "BTCUSDT") {
  return std::to_string(at_ns) + R"( {"e":"depthUpdate","E":1723161255208,"s":")" +
         std::string(symbol) + R"(","U":)" + std::to_string(first) + R"(,"u":)" +
         std::to_string(last) + R"(,"b":[["99","1"]],"a":[]})" + "\n";
}
std::string snapshot_line(std::int64_t at_ns, int last) {
  return std::to_string(at_ns) + R"( {"lastUpdateId":)" + std::to_string(last) +
         R"(,"bids":[["98","5"]],"asks":[["101","5"]]})" + "\n";
}
std::string trade_line(std::int64_t at_ns, int id) {
  return std::to_string(at_ns) + R"( {"e":"trade","s":"BTCUSDT","t":)" + std::to_string(id) +
         R"(,"p":"100","q":"1","T":1723161255208,"m":true})" + "\n";
}

std::unique_ptr<replay_source> replay(const std::string& text) {
  std::string why;
  auto spec = parse_replay_spec(text, why);
  CAPTURE(why);
  REQUIRE(spec);
  auto source = replay_source::open(*spec, why);
  CAPTURE(why);
  REQUIRE(source);
  return source;
}

std::vector<feed_news> play_all(replay_source& source) {
  std::vector<feed_news> news;
  for (int calls = 0; calls < 10'000 && !source.status().is_finished; ++calls)
    source.next({calls * second}, news);
  CHECK(source.status().is_finished);
  return news;
}

template <class Message>
std::size_t count_of(const std::vector<feed_news>& news) {
  std::size_t count = 0;
  for (const auto& one : news) count += std::holds_alternative<Message>(one);
  return count;
}

} // namespace

TEST_CASE("replay_source: the text of a replay is read strictly") {
  std::string why;
  CHECK(*parse_replay_spec("replay:a.gz", why) == replay_spec{{"a.gz"}, 1'000});
  CHECK(*parse_replay_spec("a.gz,dir/b.jsonl@max", why) == replay_spec{{"a.gz", "dir/b.jsonl"}, 0});
  CHECK(*parse_replay_spec("replay:a@b@2.5", why) == replay_spec{{"a@b"}, 2'500});
  CHECK(*parse_replay_spec("a@1000", why) == replay_spec{{"a"}, 1'000'000});
  CHECK(*parse_replay_spec("a@0.001", why) == replay_spec{{"a"}, 1});
  for (const char* text : {"a@", "a@0", "a@-1", "a@1001", "a@0.0001", "a@1e3", "a@fast", "a@nan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_replay_spec(text, why));
    CHECK(why == "must have a speed after @: max, or times the recorded speed from 0.001 to 1000");
  }
  CHECK_FALSE(parse_replay_spec("replay:", why));
  CHECK(why == "must name a file after replay:");
  CHECK_FALSE(parse_replay_spec("replay:a,,b", why));
  CHECK(why == "has an empty name between commas");
  CHECK_FALSE(parse_replay_spec("a,@max", why));
}

TEST_CASE("replay_source: a file that is not there is told by its name") {
  tests::scratch scratch;
  std::string why;
  const auto there = scratch.write("there", trade_line(1, 1));
  CHECK_FALSE(replay_source::open({{there, scratch.path("absent")}, 0}, why));
  CHECK(why == scratch.path("absent") + ": No such file or directory");
  CHECK_FALSE(replay_source::open({{scratch.path("")}, 0}, why));
  CHECK(why.starts_with(scratch.path("") + ": "));
  CHECK_FALSE(replay_source::open({}, why));
}

TEST_CASE("replay_source: lines are due at the recorded pace times the speed") {
  tests::scratch scratch;
  const auto file =
    scratch.write("r", trade_line(50 * second, 1) + trade_line(51 * second, 2) +
                         trade_line(51 * second - 5, 3) + trade_line(54 * second, 4));
  auto source = replay("replay:" + file + "@2");
  std::vector<feed_news> news;
  const timestamp_ns start{1'000 * second};
  source->next(start, news);
  CHECK(news.size() == 1);
  CHECK(source->next_due()->value == start.value + second / 2);
  source->next({start.value + second / 2 - 1}, news);
  CHECK(news.size() == 1);
  source->next({start.value + second}, news); // late: the time said is when it was due
  REQUIRE(news.size() == 3);
  CHECK(std::get<feed_trade>(news[1]).at.value == start.value + second / 2);
  CHECK(std::get<feed_trade>(news[2]).at.value == start.value + second / 2);
  CHECK(source->next_due()->value == start.value + 2 * second);
  CHECK_FALSE(source->status().is_finished);
  source->next({start.value + 2 * second}, news);
  CHECK(news.size() == 4);
  CHECK(source->status().is_finished);
  CHECK(source->status().messages == 4);
  CHECK(source->status().last_message_at.value == start.value + 2 * second);
  CHECK_FALSE(source->next_due());
}

TEST_CASE("replay_source: the time of the recording can be kept") {
  tests::scratch scratch;
  std::string why;
  auto source =
    replay_source::open({{scratch.write("r", trade_line(1, 1))}, 0}, why, feed_intake::times::keep);
  std::vector<feed_news> news;
  source->next({77}, news);
  CHECK(std::get<feed_trade>(news.at(0)).at.value == 1'723'161'255'208'000'000);
}

TEST_CASE("replay_source: a long pause between files, and a broken receive time, do not stall") {
  tests::scratch scratch;
  const auto one =
    scratch.write("a", trade_line(10 * second, 1) + trade_line(9'000'000'000'000'000'000, 2) +
                         trade_line(11 * second, 3) + trade_line(12 * second, 4));
  const auto two = scratch.write("b", trade_line(90'000 * second, 5));
  auto source = replay(one + "," + two + "@1");
  std::vector<feed_news> news;
  for (std::int64_t at = 0; at < 10 && !source->status().is_finished; ++at)
    source->next({at * second}, news);
  CHECK(news.size() == 5);
  CHECK(source->status().is_finished);
}

TEST_CASE("replay_source: one call plays a bounded number of lines") {
  tests::scratch scratch;
  std::string lines;
  for (int id = 1; id <= 5'000; ++id) lines += trade_line(1, id);
  auto source = replay(scratch.write_gz("r.gz", lines) + "@max");
  std::vector<feed_news> news;
  source->next({5}, news);
  CHECK(news.size() == replay_lines_per_call_max);
  CHECK(source->next_due()->value == 5);
  source->next({5}, news);
  source->next({5}, news);
  CHECK(news.size() == 5'000);
  CHECK(source->status().is_finished);
}

TEST_CASE("replay_source: a broken line is told with its file and number, the others are played") {
  tests::scratch scratch;
  std::string lines = "\n";
  lines += trade_line(1, 1);
  lines += "hello\n12\n-5 {}\n";
  lines += R"(3 {"e":"trade","s":"BTCUSDT","t":2,"p":"1e400","q":"1","T":1,"m":true})";
  lines += "\r\n4 ";
  lines.append(feed_text_bytes_max + 200'000, 'x');
  lines += "\n";
  lines += trade_line(5, 3);
  const auto file = scratch.write("r", lines);
  auto source = replay(file + "@max");
  const auto news = play_all(*source);
  CHECK(news.size() == 2);
  CHECK(source->status().parse_errors == 5);
  CHECK(source->status().last_problem == file + ":7: the line is longer than 1 MiB");
}

TEST_CASE("replay_source: a refused text is told by field, rule, file and line") {
  tests::scratch scratch;
  const auto file =
    scratch.write("r", trade_line(1, 1) + "2 {\"e\":\"trade\",\"s\":\"BTCUSDT\"}\n");
  auto source = replay(file + "@max");
  play_all(*source);
  CHECK(source->status().last_problem == file + ":2: t: is missing");
}

TEST_CASE("replay_source: a last line that is cut off is told; a whole one needs no newline") {
  tests::scratch scratch;
  auto whole = trade_line(1, 1) + trade_line(2, 2);
  whole.pop_back();
  auto good = replay(scratch.write("good", whole) + "@max");
  CHECK(play_all(*good).size() == 2);
  CHECK(good->status().parse_errors == 0);
  const auto file = scratch.write("cut", whole.substr(0, whole.size() - 10));
  auto cut = replay(file + "@max");
  CHECK(play_all(*cut).size() == 1);
  CHECK(cut->status().parse_errors == 1);
  CHECK(cut->status().last_problem.starts_with(file + ":2: the file ends within this line"));
}

TEST_CASE("replay_source: gz files cut short or damaged are read as far as they go, and told") {
  tests::scratch scratch;
  std::string lines;
  tests::chance chance(7);
  for (int id = 1; id <= 20'000; ++id) // varied, so that it compresses little
    lines += trade_line(static_cast<std::int64_t>(chance.below(1'000'000)), id);
  const auto whole = scratch.write_gz("whole.gz", lines);
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});

  const auto next_file = scratch.write("next", trade_line(1, 30'000));
  const auto cut_file = scratch.write("cut.gz", bytes.substr(0, bytes.size() / 2));
  auto cut = replay(cut_file + "," + next_file + "@max");
  const auto some = play_all(*cut);
  CHECK(some.size() > 5'000);
  CHECK(some.size() < 20'000);
  CHECK(std::get<feed_trade>(some.back()).id == 30'000); // the next file was played too
  CHECK(cut->status().problems == 1);
  CHECK(cut->status().last_problem.starts_with(cut_file + ":"));
  CHECK(cut->status().last_problem.ends_with("the compressed file ends early"));

  auto damaged_bytes = bytes;
  for (std::size_t i = 0; i < 64; ++i) damaged_bytes[bytes.size() / 2 + i] ^= 0x5a;
  auto damaged = replay(scratch.write("damaged.gz", damaged_bytes) + "@max");
  CHECK(play_all(*damaged).size() < 20'000);
  CHECK(damaged->status().problems + damaged->status().parse_errors > 0);
}

TEST_CASE("replay_source: a snapshot line without a symbol finds the book it belongs to") {
  tests::scratch scratch;
  constexpr int far = 50'000'000; // ETHUSDT's ids are elsewhere
  const auto file =
    scratch.write("r", snapshot_line(1, far + 2) + // nobody known yet
                         depth_line(2, 1, 3) + depth_line(3, far + 1, far + 3, "ETHUSDT") +
                         snapshot_line(4, 2) + depth_line(5, 4, 5));
  auto source = replay(file + "@max");
  const auto news = play_all(*source);
  REQUIRE(count_of<feed_snapshot>(news) == 2);
  CHECK(std::get<feed_snapshot>(news[0]).symbol == "ETHUSDT");
  CHECK(std::get<feed_snapshot>(news[2]).symbol == "BTCUSDT");
  CHECK(source->is_synchronised("BTCUSDT"));
  CHECK(source->is_synchronised("ETHUSDT"));
  CHECK(source->status().resyncs == 2);
  CHECK(source->status().gaps == 0);
}

TEST_CASE("replay_source: a market can ask for the whole book at any time") {
  tests::scratch scratch;
  const auto file =
    scratch.write("r", depth_line(2, 1, 3) + snapshot_line(4, 2) + depth_line(5, 4, 5));
  auto source = replay(file + "@max");
  source->request_snapshot("BTCUSDT"); // nothing known yet: nothing said
  const auto news = play_all(*source);
  CHECK(count_of<feed_snapshot>(news) == 1);
  CHECK_FALSE(source->next_due());
  source->request_snapshot("BTCUSDT");
  source->request_snapshot("NOSUCH");
  CHECK(source->next_due());
  std::vector<feed_news> again;
  source->next({20'000 * second}, again);
  REQUIRE(again.size() == 1);
  CHECK(std::get<feed_snapshot>(again[0]).last_update == 5);
  CHECK(std::get<feed_snapshot>(again[0]).levels.size() == 3);
  CHECK_FALSE(source->next_due());
}

TEST_CASE("replay_source: trades told twice are said once; a book that crosses itself is dropped") {
  tests::scratch scratch;
  const auto file = scratch.write(
    "r", trade_line(1, 7) + trade_line(2, 7) + trade_line(3, 6) + depth_line(4, 1, 3) +
           snapshot_line(5, 3) +
           R"(6 {"e":"depthUpdate","E":1,"s":"BTCUSDT","U":4,"u":4,"b":[["101","1"]],"a":[]})" +
           "\n" + depth_line(7, 5, 5) + snapshot_line(8, 5) + depth_line(9, 6, 6));
  auto source = replay(file + "@max");
  const auto news = play_all(*source);
  CHECK(count_of<feed_trade>(news) == 1);
  CHECK(count_of<feed_reset>(news) == 1);
  CHECK(count_of<feed_snapshot>(news) == 2);
  CHECK(source->status().gaps == 1);
  CHECK(source->is_synchronised("BTCUSDT"));
  CHECK_FALSE(source->book("BTCUSDT")->is_crossed());
}
