// WebSocket frames, UTF-8 and the outgoing queue as units: bytes in, words out.
#include "net/server/utf8.hpp"
#include "net/server/web_socket_frames.hpp"
#include "net/server/web_socket_queue.hpp"
#include "tests/net/support/client.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

using namespace rialto::net;
using rialto::net::testing::masked_frame;
using namespace std::string_literals;

namespace {

/// Writes down what it hears: "text:hello", "binary:..", "ping:..", "close:1000:bye", "violation:1002".
struct listener final : frame_listener {
  std::vector<std::string> heard;
  void on_frame_message(std::string_view bytes, bool is_binary) override {
    heard.push_back((is_binary ? "binary:" : "text:") + std::string(bytes));
  }
  void on_ping_frame(std::string_view payload) override {
    heard.push_back("ping:" + std::string(payload));
  }
  void on_close_frame(std::uint16_t code, std::string_view reason) override {
    heard.push_back("close:" + std::to_string(code) + ":" + std::string(reason));
  }
  void on_violation(std::uint16_t code, std::string_view why) override {
    CHECK(!why.empty());
    CHECK(why.size() <= 123);
    heard.push_back("violation:" + std::to_string(code));
  }
};

using words = std::vector<std::string>;

/// Feeds `bytes` in pieces of `piece` bytes.
words heard_in(std::string bytes, std::size_t piece, std::size_t message_bytes_max = 100'000) {
  listener to;
  frame_reader reader(message_bytes_max);
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    reader.feed(bytes.data() + at, std::min(piece, bytes.size() - at), to);
  return to.heard;
}
words heard(const std::string& bytes, std::size_t message_bytes_max = 100'000) {
  const auto whole = heard_in(bytes, bytes.size(), message_bytes_max);
  CHECK(heard_in(bytes, 1, message_bytes_max) == whole);
  CHECK(heard_in(bytes, 7, message_bytes_max) == whole);
  return whole;
}

std::string close_frame(unsigned code, const std::string& reason = "") {
  return masked_frame(
    0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)} + reason);
}

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t i = 0; i < count; ++i) all[i] = i + 1;
  return all;
}

} // namespace

TEST_CASE("web_socket_frames: messages of every length form come through unmasked") {
  for (const std::size_t size :
       {0, 1, 3, 4, 7, 8, 9, 125, 126, 127, 128, 65'535, 65'536, 65'537, 99'999}) {
    CAPTURE(size);
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    CHECK(heard(masked_frame(0x81, text)) == words{"text:" + text});
    CHECK(heard_in(masked_frame(0x82, std::string(size, '\xff')), 1'000) ==
          words{"binary:" + std::string(size, '\xff')});
  }
}

TEST_CASE("web_socket_frames: parts make one message, control frames may come between them") {
  CHECK(heard(masked_frame(0x01, "Hel") + masked_frame(0x80, "lo")) == words{"text:Hello"});
  CHECK(heard(masked_frame(0x01, "a") + masked_frame(0x89, "p") + masked_frame(0x00, "b") +
              masked_frame(0x8a, "q") + masked_frame(0x80, "c") + masked_frame(0x81, "next")) ==
        words{"ping:p", "text:abc", "text:next"});
  CHECK(heard(masked_frame(0x01, "") + masked_frame(0x00, "") + masked_frame(0x80, "")) ==
        words{"text:"});
  CHECK(heard(masked_frame(0x02, "\xff") + masked_frame(0x80, "\xfe")) == words{"binary:\xff\xfe"});
  // A character over two frames and four.
  CHECK(heard(masked_frame(0x01, "\xc3") + masked_frame(0x80, "\xa9")) == words{"text:\xc3\xa9"});
  CHECK(heard(masked_frame(0x01, "\xf0") + masked_frame(0x00, "\x9f") + masked_frame(0x00, "\x98") +
              masked_frame(0x80, "\x80")) == words{"text:\xf0\x9f\x98\x80"});
  CHECK(heard(masked_frame(0x89, std::string(125, 'p'))) == words{"ping:" + std::string(125, 'p')});
}

TEST_CASE("web_socket_frames: what the protocol forbids ends the reading") {
  const std::vector<std::pair<std::string, std::string>> vectors{
    {"first reserved bit", masked_frame(0xc1, "x")},
    {"second reserved bit", masked_frame(0xa1, "x")},
    {"third reserved bit", masked_frame(0x91, "x")},
    {"reserved bit on a ping", masked_frame(0xc9, "x")},
    {"reserved bit on a continuation", masked_frame(0x01, "x") + masked_frame(0xc0, "y")},
    {"not masked", "\x81\x01x"},
    {"not masked, long", "\x81\x7e\x01"},
    {"not masked close", "\x88\x00"s},
    {"ping of 126 bytes", masked_frame(0x89, std::string(126, 'p'))},
    {"close of 126 bytes", close_frame(1000, std::string(124, 'p'))},
    {"ping in parts", masked_frame(0x09, "p")},
    {"close in parts", masked_frame(0x08, "\x03\xe8")},
    {"continuation of nothing", masked_frame(0x80, "x")},
    {"unfinished continuation of nothing", masked_frame(0x00, "x")},
    {"text within a message", masked_frame(0x01, "x") + masked_frame(0x81, "y")},
    {"parts within a message", masked_frame(0x01, "x") + masked_frame(0x02, "y")},
    {"continuation behind a whole message", masked_frame(0x81, "") + masked_frame(0x80, "x")},
    {"length 5 in 16 bits", "\x81\xfe\x00\x05mask....."s},
    {"length 5 in 64 bits", "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x05mask....."s},
    {"length 65535 in 64 bits", "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xffmask"s},
    {"length of 2^63", "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask"s},
    {"close with half a code", masked_frame(0x88, "\x03")},
  };
  for (const auto& [name, bytes] : vectors) {
    CAPTURE(name);
    const auto all = heard(bytes + masked_frame(0x81, "later"));
    REQUIRE(!all.empty());
    CHECK(all.back() == "violation:1002");
  }
  for (unsigned opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    CAPTURE(opcode);
    CHECK(heard(masked_frame(0x80 | opcode, "")) == words{"violation:1002"});
    CHECK(heard(masked_frame(0x80 | opcode, "x")) == words{"violation:1002"});
  }
}

TEST_CASE("web_socket_frames: close codes") {
  for (const unsigned code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
                              1014, 3000, 3999, 4000, 4999}) {
    CAPTURE(code);
    CHECK(heard(close_frame(code, "why") + masked_frame(0x81, "later")) ==
          words{"close:" + std::to_string(code) + ":why"});
  }
  for (const unsigned code :
       {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
    CAPTURE(code);
    CHECK(heard(close_frame(code)) == words{"violation:1002"});
  }
  CHECK(heard(masked_frame(0x88, "")) == words{"close:1005:"});
  CHECK(heard(close_frame(1000, std::string(123, 'r'))) ==
        words{"close:1000:" + std::string(123, 'r')});
  CHECK(heard(close_frame(1000, "\xc3\x28")) == words{"violation:1007"});
  CHECK(heard(close_frame(1000, "\xc3")) == words{"violation:1007"});
  CHECK(heard(masked_frame(0x01, "half") + close_frame(1001)) ==
        words{"close:1001:"}); // within a message
}

TEST_CASE("web_socket_frames: text that is not UTF-8 is refused, at its first wrong byte") {
  const std::vector<std::string> wrong{"\x80",
                                       "\xbf",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x80\x80",
                                       "\xe0\x9f\xbf",
                                       "\xf0\x80\x80\x80",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xed\xa0\x80",
                                       "\xed\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xf8\x88\x80\x80\x80",
                                       "\xfe",
                                       "\xff",
                                       "\xc3\x28",
                                       "\xe2\x28\xa1",
                                       "\xe2\x82\x28",
                                       "\xf0\x28\x8c\xbc",
                                       "\xf0\x90\x28\xbc",
                                       "\xf0\x90\x8c\x28"};
  for (const auto& part : wrong) {
    CAPTURE(part);
    CHECK(heard(masked_frame(0x81, "plain ascii before " + part + " and after")) ==
          words{"violation:1007"});
    CHECK(heard(masked_frame(0x01, "x" + part)) == words{"violation:1007"});
    CHECK(heard_in(masked_frame(0x82, part), 1) == words{"binary:" + part});
  }
  for (const std::string part : {"\xc3", "\xe2\x82", "\xf0\x90\x8c"}) // ends too early
    CHECK(heard(masked_frame(0x81, part)) == words{"violation:1007"});
  // Within a frame that is not there yet: 100 bytes announced, two come.
  CHECK(heard_in(masked_frame(0x81, "\xc3\x28" + std::string(98, 'x')).substr(0, 8), 8) ==
        words{"violation:1007"});
  const std::string right =
    "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"s +
    "\0"s;
  CHECK(heard(masked_frame(0x81, right)) == words{"text:" + right});
}

TEST_CASE("utf8: agrees with a slow obvious decoder on every code point and on random bytes") {
  const auto is_utf8 = [](std::string_view bytes) {
    utf8_check check;
    return check.take(bytes) && check.is_whole();
  };
  const auto encoded = [](std::uint32_t c, int length) {
    const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
    if (length == 1) return std::string{static_cast<char>(c)};
    if (length == 2) return std::string{static_cast<char>(0xc0 | c >> 6), tail(c)};
    if (length == 3) return std::string{static_cast<char>(0xe0 | c >> 12), tail(c >> 6), tail(c)};
    return std::string{static_cast<char>(0xf0 | c >> 18), tail(c >> 12), tail(c >> 6), tail(c)};
  };
  int wrong = 0;
  for (std::uint32_t c = 0; c < 0x1fffff; ++c) {
    const int shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    const bool is_scalar = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
    wrong += is_utf8(encoded(c, shortest)) == is_scalar ? 0 : 1;
    for (int length = shortest + 1; length <= 4; ++length)
      wrong += is_utf8(encoded(c, length)) ? 1 : 0;
  }
  CHECK(wrong == 0);
  for (const auto seed : seeds(200)) { // in any pieces the same as whole
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string bytes;
    for (int i = 0; i < 40; ++i)
      bytes +=
        encoded(static_cast<std::uint32_t>(random() % (i % 2 ? 0x110000 : 0x80)), i % 2 ? 4 : 1);
    if (random() % 2) bytes[random() % bytes.size()] = static_cast<char>(random());
    utf8_check pieces;
    bool good = true;
    for (std::size_t at = 0; at < bytes.size() && good;) {
      const auto size = std::min<std::size_t>(random() % 12, bytes.size() - at);
      good = pieces.take(std::string_view(bytes).substr(at, size));
      at += size;
    }
    CHECK((good && pieces.is_whole()) == is_utf8(bytes));
  }
}

TEST_CASE("web_socket_frames: a message over the limit is refused before it is there") {
  CHECK(heard(masked_frame(0x81, std::string(1'000, 'x')), 1'000) ==
        words{"text:" + std::string(1'000, 'x')});
  CHECK(heard_in(masked_frame(0x81, std::string(1'001, 'x')).substr(0, 8), 8, 1'000) ==
        words{"violation:1009"});
  CHECK(heard(masked_frame(0x01, std::string(600, 'x')) + masked_frame(0x80, std::string(401, 'x')),
              1'000) == words{"violation:1009"});
  CHECK(heard("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s + "mask", 1'000) ==
        words{"violation:1009"});
  CHECK(heard(masked_frame(0x01, "x") + "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s + "mask",
              1'000) == words{"violation:1009"});
  listener to;
  frame_reader reader(10);
  auto large = masked_frame(0x81, std::string(11, 'x'));
  reader.set_message_limit(11);
  reader.feed(large.data(), large.size(), to);
  CHECK(to.heard == words{"text:" + std::string(11, 'x')});
}

TEST_CASE("web_socket_frames: any conversation in any pieces reads the same") {
  for (const auto seed : seeds(300)) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
      const std::string payload(random() % 300, static_cast<char>('a' + random() % 26));
      const unsigned first[] = {0x81, 0x82, 0x01, 0x80, 0x00, 0x89, 0x8a, 0x88, 0xc1, 0x83};
      const auto pick = random() % 100;
      bytes += masked_frame(first[pick < 95 ? pick % 7 : pick % 10],
                            pick % 7 >= 5 ? payload.substr(0, 50) : payload);
    }
    if (random() % 3 == 0) bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    const auto whole = heard_in(bytes, bytes.size());
    for (const std::size_t piece : {1, 2, 3, 5, 64, 1'000}) CHECK(heard_in(bytes, piece) == whole);
    int ends = 0;
    for (std::size_t i = 0; i < whole.size(); ++i)
      if (whole[i].starts_with("violation") || whole[i].starts_with("close"))
        ends += i + 1 == whole.size() ? 1 : 2;
    CHECK(ends <= 1); // W2
  }
}

TEST_CASE("web_socket_frames: our own frames") {
  std::string out;
  append_frame_head(out, opcode::text, 5);
  CHECK(out == "\x81\x05");
  out.clear();
  append_frame_head(out, opcode::binary, 126);
  CHECK(out == "\x82\x7e\x00\x7e"s);
  out.clear();
  append_frame_head(out, opcode::text, 65'536);
  CHECK(out == "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
  out.clear();
  append_close_frame(out, 1013, "slow");
  CHECK(out == "\x88\x06\x03\xf5slow");
  out.clear();
  append_close_frame(out, 1005, "x");
  CHECK(out == "\x88\x00"s);
  for (const auto& [reason, kept] : std::vector<std::pair<std::string, std::size_t>>{
         {std::string(123, 'x'), 123},
         {std::string(124, 'x'), 123},
         {std::string(122, 'x') + "\xc3\xa9", 122},
         {std::string(121, 'x') + "\xc3\xa9z", 123},
         {std::string(120, 'x') + "\xf0\x9f\x98\x80", 120}}) {
    out.clear();
    append_close_frame(out, 1000, reason);
    CHECK(out.size() == kept + 4);
    utf8_check check;
    CHECK((check.take(std::string_view(out).substr(4)) && check.is_whole()));
  }
}

TEST_CASE("web_socket_queue: bounds, order, conflation") {
  const auto text = [](std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
  };
  web_socket_queue queue(4, 20);
  CHECK(queue.push(text("a1"), 1));
  CHECK(queue.push(text("x"), 0));
  CHECK(queue.push(text("b1"), 2));
  CHECK(queue.push(text("a2"), 1)); // takes the place of a1
  CHECK(queue.push(text("x"), 0));  // not conflated: two of them
  CHECK(!queue.push(text("y"), 0)); // frames
  CHECK(queue.push(text("b2"), 2)); // still fits, in its old place
  CHECK(queue.frames() == 4);
  CHECK(queue.bytes() == 6);
  CHECK(!queue.push(text(std::string(17, 'z')), 1)); // bytes; a2 stays
  CHECK(queue.push(text(std::string(16, 'z')), 1));
  std::string out;
  CHECK(queue.move_to(out, 1) == 1);
  CHECK(out == "\x81\x10" + std::string(16, 'z'));
  CHECK(queue.push(text("a3"), 1)); // the older one has gone: a new place
  out.clear();
  CHECK(queue.move_to(out, 1'000) == 4);
  CHECK(out == "\x81\x01x\x81\x02"
               "b2\x81\x01x\x81\x02"
               "a3");
  CHECK(queue.bytes() == 0);
}

TEST_CASE("web_socket_queue: agrees with a slow obvious queue") {
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    web_socket_queue queue(60, 400);
    std::vector<std::pair<std::uint64_t, std::string>> model;
    for (int step = 0; step < 600; ++step) {
      if (random() % 40 == 0) {
        std::string out, expected;
        const auto moved = queue.move_to(out, random() % 200);
        REQUIRE(moved <= model.size());
        for (std::size_t i = 0; i < moved; ++i) {
          append_frame_head(expected, opcode::text, model[i].second.size());
          expected += model[i].second;
        }
        CHECK(out == expected);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(moved));
      } else if (random() % 200 == 0) {
        queue.clear();
        model.clear();
      } else {
        const std::uint64_t key = random() % 3 == 0 ? 0 : random() % 40 + 1;
        const std::string bytes = std::to_string(step) + std::string(random() % 8, '.');
        const auto at = key == 0 ? model.end()
                                 : std::find_if(model.begin(), model.end(),
                                                [&](auto& one) { return one.first == key; });
        std::size_t held = bytes.size();
        for (auto one = model.begin(); one != model.end(); ++one)
          held += one == at ? 0 : one->second.size();
        const bool fits = held <= 400 && (at != model.end() || model.size() < 60);
        CHECK(queue.push(std::make_shared<const std::string>(bytes), key) == fits);
        if (fits && at != model.end())
          at->second = bytes;
        else if (fits)
          model.emplace_back(key, bytes);
      }
      CHECK(queue.frames() == model.size());
    }
  }
}
