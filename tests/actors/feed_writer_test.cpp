// What is written is what the reader reads; a file that is there stays; a full disk is said.
#include "actors/feed/binance_parser.hpp"
#include "actors/feed/recording_reader.hpp"
#include "actors/feed/recording_writer.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace rialto;
using namespace rialto::actors;
using existing = recording_writer::existing;
using result = recording_writer::result;

namespace {

std::unique_ptr<recording_writer> begin(const std::string& path, existing how = existing::refuse) {
  std::string why;
  auto made = recording_writer::open(path, how, why);
  REQUIRE_MESSAGE(made, why);
  return made;
}

/// Lines as "TIME TEXT"; fails the case when the file is not whole.
std::vector<std::string> read_back(const std::string& path) {
  std::string why;
  const auto reader = recording_reader::open(path, why);
  REQUIRE_MESSAGE(reader, why);
  std::vector<std::string> lines;
  recording_reader::line line;
  auto got = reader->next(line);
  for (; got == recording_reader::result::line; got = reader->next(line)) {
    CHECK_FALSE(line.is_cut);
    lines.push_back(std::to_string(line.received.value) + " " + std::string(line.text));
  }
  CHECK(got == recording_reader::result::end);
  return lines;
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("recording_writer: a recording reads back as it was written, plain and gz") {
  const tests::scratch place;
  for (const auto* name : {"made.jsonl", "made.jsonl.gz"}) {
    CAPTURE(name);
    const auto path = place.path(name);
    const auto out = begin(path);
    std::vector<std::string> expected;
    for (std::int64_t i = 0; i < 20'000; ++i) {
      const auto text = R"({"stream":"x@trade","data":{"n":)" + std::to_string(i * 7'919) + "}}";
      REQUIRE(out->write({1'700'000'000'000'000'000 + i}, text) == result::written);
      expected.push_back(std::to_string(1'700'000'000'000'000'000 + i) + " " + text);
    }
    CHECK(out->lines() == 20'000);
    REQUIRE(out->close());
    REQUIRE(out->close()); // again: nothing
    CHECK(out->write({1}, "{}") == result::failed);
    CHECK(read_back(path) == expected);
    const bool is_gz = bytes_of(path).starts_with("\x1f\x8b");
    CHECK(is_gz == std::string(name).ends_with(".gz"));
    CHECK((bytes_of(path).size() == out->bytes()) == !is_gz);
  }
}

TEST_CASE("recording_writer: what was flushed can be read before the end, or after none") {
  const tests::scratch place;
  for (const auto* name : {"made.jsonl", "made.jsonl.gz"}) {
    CAPTURE(name);
    const auto out = begin(place.path(name));
    REQUIRE(out->write({5}, R"({"a":1})") == result::written);
    REQUIRE(out->flush());
    const auto copy = place.write(std::string("copy-") + name, bytes_of(place.path(name)));
    std::string why;
    const auto reader = recording_reader::open(copy, why);
    REQUIRE(reader);
    recording_reader::line line;
    REQUIRE(reader->next(line) == recording_reader::result::line);
    CHECK(line.text == R"({"a":1})");
  }
}

TEST_CASE("recording_writer: a file that is there is kept, unless it is to be overwritten") {
  const tests::scratch place;
  const auto path = place.write("there.jsonl", "precious\n");
  std::string why;
  CHECK_FALSE(recording_writer::open(path, existing::refuse, why));
  CHECK(why == path + ": the file exists");
  CHECK(bytes_of(path) == "precious\n");
  const auto out = begin(path, existing::overwrite);
  REQUIRE(out->write({7}, "{}") == result::written);
  REQUIRE(out->close());
  CHECK(bytes_of(path) == "7 {}\n");
  CHECK_FALSE(recording_writer::open(place.path("no/such/folder.gz"), existing::refuse, why));
  CHECK(why.find("No such file") != std::string::npos);
}

TEST_CASE("recording_writer: a text that is no line is refused and leaves nothing behind") {
  const tests::scratch place;
  const auto path = place.path("made.jsonl");
  const auto out = begin(path);
  CHECK(out->write({1}, "") == result::refused);
  CHECK(out->write({1}, "{\n}") == result::refused);
  CHECK(out->write({1}, "{}\r") == result::refused);
  CHECK(out->write({1}, std::string(feed_text_bytes_max + 1, 'x')) == result::refused);
  CHECK(out->write({1}, std::string(feed_text_bytes_max, 'x')) == result::written);
  CHECK(out->lines() == 1);
  REQUIRE(out->close());
  CHECK(read_back(path).size() == 1);
}

TEST_CASE("recording_writer: a full disk is said and stays said") {
  if (access("/dev/full", W_OK) != 0) {
    MESSAGE("skipped: there is no /dev/full");
    return;
  }
  const auto out = begin("/dev/full", existing::overwrite);
  REQUIRE(out->write({1}, "{}") == result::written); // it waits in the buffer
  CHECK_FALSE(out->flush());
  CHECK(out->why() == "/dev/full: No space left on device");
  CHECK(out->write({2}, "{}") == result::failed);
  CHECK_FALSE(out->close());
  CHECK(out->why() == "/dev/full: No space left on device");
}
