#include "runtime/mesh/frame_queue.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace rialto::runtime;
using put_result = frame_queue::put_result;

namespace {

std::vector<std::string> frames_of(const frame_batch& batch) {
  std::vector<std::string> all;
  std::string_view rest = batch.bytes;
  while (!rest.empty()) {
    const auto frame = next_frame(rest);
    REQUIRE(frame);
    all.emplace_back(*frame);
  }
  return all;
}

} // namespace

TEST_CASE("frame_queue: a burst leaves as one batch, in order, numbered from zero") {
  frame_queue queue({.queue_bytes = 1'000, .window_bytes = 500, .message_bytes = 100});
  queue.open();
  CHECK(queue.put("a") == put_result::taken_wake);
  CHECK(queue.put("") == put_result::taken);
  CHECK(queue.put("ccc") == put_result::taken);
  const auto batch = queue.take();
  REQUIRE(batch);
  CHECK(batch->first == 0);
  CHECK(batch->count == 3);
  CHECK(frames_of(*batch) == std::vector<std::string>{"a", "", "ccc"});
  CHECK_FALSE(queue.take());
  CHECK(queue.put("d") == put_result::taken_wake);
  CHECK(queue.take()->first == 3);
}

TEST_CASE("frame_queue: a batch holds message_bytes at most, a longer frame goes alone") {
  frame_queue queue({.queue_bytes = 1'000, .window_bytes = 500, .message_bytes = 20});
  queue.open();
  for (const auto* text : {"12345", "12345", "12345"})
    CHECK(queue.put(text) != put_result::refused);
  CHECK(queue.put(std::string(50, 'x')) == put_result::taken);
  CHECK(queue.take()->count == 2);
  CHECK(queue.take()->count == 1);
  const auto longer = queue.take();
  CHECK(longer->count == 1);
  CHECK(longer->first == 3);
  CHECK(longer->bytes.size() == 54);
}

TEST_CASE("frame_queue: no more than the window is under way, no more than the queue waits") {
  frame_queue queue({.queue_bytes = 100, .window_bytes = 40, .message_bytes = 20});
  queue.open();
  const std::string frame(16, 'x'); // 20 bytes with its head
  for (int i = 0; i < 5; ++i) CHECK(queue.put(frame) != put_result::refused);
  CHECK(queue.put("") == put_result::refused);
  CHECK(queue.queued_bytes() == 100);
  CHECK(queue.take());
  CHECK(queue.take());
  CHECK_FALSE(queue.take());
  CHECK(queue.unacknowledged_bytes() == 40);
  CHECK(queue.put("") == put_result::taken); // whoever acknowledges wakes the taker
  CHECK(queue.acknowledge(20));
  CHECK(queue.take());
  CHECK_FALSE(queue.take());
  CHECK(queue.acknowledge(10)); // an older acknowledgement changes nothing
  CHECK(queue.unacknowledged_bytes() == 40);
  CHECK_FALSE(queue.acknowledge(61));
}

TEST_CASE("frame_queue: a frame longer than the window is refused for ever, one as long is not") {
  frame_queue queue({.queue_bytes = 1'000, .window_bytes = 40, .message_bytes = 20});
  queue.open();
  CHECK(queue.put(std::string(37, 'x')) == put_result::refused);
  CHECK(queue.put(std::string(36, 'x')) == put_result::taken_wake);
  CHECK(queue.take()->bytes.size() == 40);
}

TEST_CASE("frame_queue: a closed queue takes and holds nothing") {
  frame_queue queue({});
  CHECK(queue.put("early") == put_result::refused);
  queue.open();
  CHECK(queue.put("one") == put_result::taken_wake);
  CHECK(queue.take());
  CHECK(queue.put("two") == put_result::taken);
  queue.close();
  CHECK(queue.put("late") == put_result::refused);
  CHECK(queue.queued_bytes() == 0);
  CHECK(queue.unacknowledged_bytes() == 0);
  CHECK_FALSE(queue.take());
  queue.open();
  CHECK(queue.put("three") == put_result::taken_wake);
  const auto batch = queue.take();
  CHECK(batch->first == 0);
  CHECK(frames_of(*batch) == std::vector<std::string>{"three"});
}

TEST_CASE("frame_queue: half a frame in a message is noticed") {
  std::string bytes;
  put_frame(bytes, "whole");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    std::string_view part(bytes.data(), cut);
    CHECK_FALSE(next_frame(part));
  }
  std::string_view huge("\xff\xff\xff\xffx", 5);
  CHECK_FALSE(next_frame(huge));
}
