#include "actors/feed/kline_rows.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t minute_ns = 60'000'000'000;
constexpr timestamp_ns far_future{9'000'000'000'000'000'000};

instrument bitcoin(std::int64_t lot8 = 100) {
  instrument made;
  made.symbol = "BTCUSDT";
  made.base = "BTC";
  made.quote = "USDT";
  made.tick_size = {1'000'000}; // 0.01
  made.lot_size = {lot8};
  return made;
}

constexpr const char* csv_header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
  "taker_buy_quote_volume,ignore\n";
constexpr const char* csv_line =
  "1618951320000,56738.76000000,56840.30000000,56733.23000000,56813.98000000,50.97520000,"
  "1618951379999,2894123.12345678,1234,20.50000100,1163000.5,0\n";
constexpr const char* rest_row =
  R"([1618951320000,"56738.76000000","56840.30000000","56733.23000000","56813.98000000","50.97520000",1618951379999,"2894123.12345678",1234,"20.50000100","1163000.5","0"])";
constexpr const char* short_row = "[1618951320000,56738.76,56840.3,56733.23,56813.98,50.9752]";

candle wanted(bool is_long) {
  candle made;
  made.open_time = {1'618'951'320'000'000'000};
  made.open = {5'673'876};
  made.high = {5'684'030};
  made.low = {5'673'323};
  made.close = {5'681'398};
  made.volume = {50'975'200};
  if (!is_long) return made;
  made.quote_volume = {289'412'312'345'678};
  made.trades = 1'234;
  made.taker_buy_volume = {20'500'001};
  return made;
}

struct read_all {
  std::vector<candle> candles;
  kline_counts counts;
  std::vector<std::string> refusals;
  std::string why;
  bool is_sound = false;
};

read_all read(std::string_view text, const instrument& spec = bitcoin(),
              timestamp_ns closed_by = far_future, std::size_t piece = 1'000'000,
              candle_interval interval = candle_interval::m1) {
  kline_reader reader(spec, interval, closed_by);
  read_all made;
  made.is_sound = true;
  for (std::size_t at = 0; at < text.size() && made.is_sound; at += piece)
    made.is_sound = reader.take(text.substr(at, piece), made.candles);
  made.is_sound = made.is_sound && reader.finish(made.candles);
  made.counts = reader.counts();
  made.refusals = reader.refusals();
  made.why = reader.why();
  return made;
}

std::string list(const std::string& rows) {
  return "[" + rows + "]";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_sound(const read_all& got) {
  const auto& all = got.counts;
  CHECK(all.rows == all.taken + all.refused + all.repeated + all.unfinished);
  CHECK(all.taken == got.candles.size());
  CHECK(all.floored <= all.taken);
  CHECK(got.refusals.size() == std::min<std::size_t>(all.refused, kline_reader::refusals_max));
  CHECK(got.is_sound == got.why.empty());
  timestamp_ns last{-1};
  for (const auto& one : got.candles) {
    CHECK(one.open_time > last);
    CHECK(one.open_time.value % minute_ns == 0);
    CHECK(one.low.value > 0);
    CHECK(one.low <= std::min(one.open, one.close));
    CHECK(one.high >= std::max(one.open, one.close));
    CHECK(one.taker_buy_volume <= one.volume);
    CHECK(one.volume.value >= 0);
    CHECK(one.quote_volume.value >= 0);
    last = one.open_time;
  }
}

} // namespace

TEST_CASE("kline_rows: the same candle from CSV, REST and rows of six") {
  for (const auto& text : {std::string(csv_line), std::string(csv_header) + csv_line,
                           replaced(csv_line, "\n", "\r\n"), replaced(csv_line, "\n", "")}) {
    CAPTURE(text);
    const auto got = read(text);
    CHECK(got.why.empty());
    REQUIRE(got.candles.size() == 1);
    CHECK(got.candles[0] == wanted(true));
  }
  const auto rest = read(list(rest_row));
  REQUIRE(rest.candles.size() == 1);
  CHECK(rest.candles[0] == wanted(true));
  const auto six = read(" \n" + list(std::string(" ") + short_row + "\n") + "\n");
  REQUIRE(six.candles.size() == 1);
  CHECK(six.candles[0] == wanted(false));
  CHECK(six.counts.floored == 0);
  CHECK(read("[]").is_sound);
  CHECK(read("").is_sound);
}

TEST_CASE("kline_rows: microseconds are told from milliseconds") {
  const auto text = replaced(replaced(csv_line, "1618951320000", "1618951320000000"),
                             "1618951379999", "1618951379999999");
  const auto got = read(text);
  REQUIRE(got.candles.size() == 1);
  CHECK(got.candles[0] == wanted(true));
  CHECK(read(replaced(text, "1618951379999999", "1618951380000000")).refusals ==
        std::vector<std::string>{"line 1: close_time: is not within the interval"});
}

TEST_CASE("kline_rows: an exponent is read exactly, a volume is floored to the lot") {
  const auto with_volume = [](const std::string& volume) {
    return list(replaced(short_row, "50.9752", volume));
  };
  CHECK(read(with_volume("5.09752e1")).candles.at(0) == wanted(false));
  CHECK(read(with_volume("509752E-4")).candles.at(0) == wanted(false));
  CHECK(read(with_volume("0.509752e+2")).candles.at(0) == wanted(false));
  CHECK(read(with_volume("1e-6")).candles.at(0).volume.value == 1);
  const auto dust = read(with_volume("1.9e-06"));
  CHECK(dust.candles.at(0).volume.value == 1);
  CHECK(dust.counts.floored == 1);
  // 0.1 + 0.2 as a double prints it: finer than our smallest unit, and floored all the same.
  const auto noisy = read(with_volume("0.30000000000000004"));
  CHECK(noisy.candles.at(0).volume.value == 300'000);
  CHECK(noisy.counts.floored == 1);
  CHECK(read(with_volume("0e999")).candles.at(0).volume.value == 0);
  const auto coarse = read(list(rest_row), bitcoin(1'000'000));
  CHECK(coarse.candles.at(0).volume.value == 5'097);
  CHECK(coarse.candles.at(0).taker_buy_volume.value == 2'050);
  CHECK(coarse.counts.floored == 1);
}

TEST_CASE("kline_rows: a row that breaks a rule is refused by line, field and rule") {
  struct vector {
    const char* from;
    const char* to;
    const char* why;
  };
  const vector vectors[] = {
    {"1618951320000,", "1618951320001,", "open_time: is not a start of the interval"},
    {"1618951320000,", "-1618951320000,", "open_time: is not a whole number"},
    {"1618951320000,", "1618951320000.0,", "open_time: is not a whole number"},
    {"1618951320000,", "99999999999999999,", "open_time: is after the year 2261"},
    {"1618951320000,", ",", "open_time: is not a whole number"},
    {"56738.76000000", "56738.76500000", "open: is between two ticks"},
    {"56738.76000000", "56738.760000000000000001", "open: is between two ticks"},
    {"56738.76000000", "0", "open: is not above 0"},
    {"56738.76000000", "-1", "open: is not a plain number"},
    {"56738.76000000", "+1", "open: is not a plain number"},
    {"56738.76000000", "NaN", "open: is not a plain number"},
    {"56738.76000000", "", "open: is not a plain number"},
    {"56738.76000000", "1.", "open: is not a plain number"},
    {"56738.76000000", ".5", "open: is not a plain number"},
    {"56738.76000000", "056738.76", "open: is not a plain number"},
    {"56738.76000000", "1e", "open: is not a plain number"},
    {"56738.76000000", "0x10", "open: is not a plain number"},
    {"56840.30000000", "1e400", "high: is above 92233720368"},
    {"56840.30000000", "56813.97", "high: is below open or close"},
    {"56733.23000000", "56738.77", "low: is above open or close"},
    {"50.97520000", "92233720369", "volume: is above 92233720368"},
    {"50.97520000", "20.5", "taker_buy_volume: is above volume"},
    {"1618951379999", "1618954919999", "close_time: is not within the interval"},
    {"2894123.12345678", "2894123.123456789", "quote_volume: has more than 8 decimals"},
    {",1234,", ",12.5,", "count: is not a whole number"},
    {",1163000.5,0", "", "row: has neither 6 nor 11 to 12 fields"},
    {",0\n", ",0,0\n", "row: has neither 6 nor 11 to 12 fields"},
  };
  for (const auto& one : vectors) {
    CAPTURE(one.to);
    const auto got = read(csv_header + replaced(csv_line, one.from, one.to));
    CHECK(got.is_sound);
    CHECK(got.candles.empty());
    REQUIRE(got.refusals.size() == 1);
    CHECK(got.refusals[0].starts_with(std::string("line 2: ") + one.why));
  }
}

TEST_CASE("kline_rows: rows must rise; a repeated one and one still open are left out") {
  const auto next = replaced(replaced(csv_line, "1618951320000", "1618951380000"), "1618951379999",
                             "1618951439999");
  CHECK(read(std::string(csv_line) + csv_line + next).counts.repeated == 1);
  const auto back = read(next + csv_line);
  CHECK(back.refusals ==
        std::vector<std::string>{"line 2: open_time: is not above that of the row before"});
  CHECK(back.candles.size() == 1);
  const auto twice = read(std::string(csv_line) + replaced(csv_line, "1234", "1235") + next);
  CHECK(twice.counts.refused == 1);
  CHECK(twice.candles.size() == 2);
  const timestamp_ns end{1'618'951'380'000'000'000};
  CHECK(read(csv_line + next, bitcoin(), end).counts.unfinished == 1);
  CHECK(read(csv_line + next, bitcoin(), end).candles.size() == 1);
  CHECK(read(csv_line, bitcoin(), {end.value - 1}).candles.empty());
}

TEST_CASE("kline_rows: a broken form ends the reading and says where") {
  struct vector {
    std::string text;
    const char* why;
  };
  const std::string row = rest_row;
  const vector vectors[] = {
    {"[" + row, "row 1: the file ends before the list does"},
    {"[" + row + ",", "row 1: the file ends before the list does"},
    {"[" + row + ",]", "row 2: does not begin with '['"},
    {"[" + row + row + "]", "row 1: is not followed by ',' or ']'"},
    {"[" + row + "] x", "row 1: something follows the end of the list"},
    {"[17]", "row 1: does not begin with '['"},
    {"[[]]", "row 1: has no fields"},
    {"[[1,]]", "row 1: has a field that is neither a number nor a text"},
    {"[[null]]", "row 1: has a field that is neither a number nor a text"},
    {"[[1,[2]]]", "row 1: has a field that is neither a number nor a text"},
    {"[[\"1\" 2]]", "row 1: has no ',' or ']' after a field"},
    {"[[\"\\u0031\"]]", "row 1: has a text with a character that no number has"},
    {"[[" + std::string(65, '1') + "]]", "row 1: a field is longer than 64 characters"},
    {"[[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]", "row 1: has more than 16 fields"},
    {"1,2\n\n3,4\n", "line 2: is empty"},
    {"\"1\",2\n", "line 1: has a quotation mark"},
    {"1\xc3\xa9\n", "line 1: has a character that is not ASCII"},
    {std::string("1\0\n", 3), "line 1: has a character that is not ASCII"},
    {"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n", "line 1: has more than 16 fields"},
  };
  for (const auto& one : vectors) {
    CAPTURE(one.text);
    const auto got = read(one.text);
    CHECK_FALSE(got.is_sound);
    CHECK(got.why.starts_with(one.why));
    CHECK(read(one.text, bitcoin(), far_future, 1).why == got.why);
  }
}

TEST_CASE("kline_rows: a whole text is read or refused with its first reason") {
  std::string why;
  const auto read_text = [&](const std::string& text) {
    return read_klines(text, bitcoin(), candle_interval::m1, far_future, why);
  };
  CHECK(read_text(list(rest_row))->size() == 1);
  CHECK_FALSE(read_text(list(rest_row) + "x"));
  CHECK(why == "row 1: something follows the end of the list");
  CHECK_FALSE(read_text(list(replaced(rest_row, "56738.76000000", "0"))));
  CHECK(why == "row 1: open: is not above 0");
  CHECK_FALSE(read_text(R"({"code":-1121,"msg":"Invalid symbol."})"));
}

TEST_CASE("kline_rows: damaged bytes, however cut, never give a candle that breaks a rule") {
  std::string csv = csv_header, rest = "[";
  for (int i = 0; i < 5; ++i) {
    const auto opens = std::to_string(1'618'951'320'000 + i * 60'000);
    const auto closes = std::to_string(1'618'951'379'999 + i * 60'000);
    const auto moved = [&](const char* text) {
      return replaced(replaced(text, "1618951320000", opens), "1618951379999", closes);
    };
    csv += moved(csv_line);
    rest += (i > 0 ? "," : "") + moved(rest_row);
  }
  rest += "]";
  constexpr std::string_view bytes = "0123456789.,-+eE[]\" \n\r\tx\\\0\xff";
  for (const auto seed : tests::seeds(400)) {
    CAPTURE(seed);
    tests::chance random(seed);
    auto text = seed % 2 == 0 ? csv : rest;
    for (auto changes = 1 + random.below(4); changes > 0; --changes) {
      const auto at = random.below(text.size());
      switch (random.below(4)) {
      case 0: text[at] = bytes[random.below(bytes.size())]; break;
      case 1: text.erase(at, 1 + random.below(20)); break;
      case 2: text.insert(at, 1, bytes[random.below(bytes.size())]); break;
      default: text.insert(at, text.substr(random.below(text.size()), random.below(200)));
      }
    }
    const auto whole = read(text);
    check_sound(whole);
    const auto pieces = read(text, bitcoin(), far_future, 1 + random.below(50));
    CHECK(pieces.candles == whole.candles);
    CHECK(pieces.why == whole.why);
    CHECK(pieces.refusals == whole.refusals);
  }
}

TEST_CASE("kline_rows: recorded candles are read whole") {
  struct recorded_file {
    const char* name;
    candle_interval interval;
    std::size_t rows;
  };
  constexpr recorded_file files[] = {
    {"BTCUSDT-1m-20210420_20210520.freqtrade.json.gz", candle_interval::m1, 42'915},
    {"BTCUSDT-5m-20191115_20200312.freqtrade.json.gz", candle_interval::m5, 33'959},
    {"BTCUSDT-1h-20210101_20210620.freqtrade.json.gz", candle_interval::h1, 4'090},
    {"BTCUSDT-1h-20200430_20200701.rest.json.gz", candle_interval::h1, 1'468},
    {"BTCUSDT-1d-2019.rest.json.gz", candle_interval::d1, 366},
    {"BTCUSDT-1d-20200901_20210215.rest.json.gz", candle_interval::d1, 168},
    {"BTCUSDT-1h-2023-01.csv.gz", candle_interval::h1, 744},
    {"BTCUSDT-1h-2023-02.csv.gz", candle_interval::h1, 672},
    {"BTCUSDT-1h-2023-03.csv.gz", candle_interval::h1, 743},
    {"BTCUSDT-1h-2023-04.csv.gz", candle_interval::h1, 720},
    {"BTCUSDT-1h-2023-05.csv.gz", candle_interval::h1, 744},
  };
  for (const auto& file : files) {
    CAPTURE(file.name);
    const auto path = tests::recorded(std::string("../klines/") + file.name);
    if (path.empty()) {
      MESSAGE("skipped: the recorded data are not on this machine");
      return;
    }
    auto* const opened = gzopen(path.c_str(), "rb");
    REQUIRE(opened != nullptr);
    std::string text(8 << 20, '\0');
    text.resize(static_cast<std::size_t>(
      std::max(0, gzread(opened, text.data(), static_cast<unsigned>(text.size())))));
    gzclose(opened);
    const auto got = read(text, bitcoin(), far_future, 65'536, file.interval);
    CHECK(got.why == "");
    CHECK(got.refusals == std::vector<std::string>{});
    CHECK(got.candles.size() == file.rows);
    CHECK(got.counts.repeated == 0);
    CHECK(got.counts.floored == 0);
  }
}
