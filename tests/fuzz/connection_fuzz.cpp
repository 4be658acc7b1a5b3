// All bytes of one peer, through the real connection: heads, bodies, pipelining, upgrade and frames together. The same bytes mean the
// same requests and messages however they were cut, and what goes out is a sound sequence of answers.
#include "net/server/connection.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rialto::fuzz {

namespace {

using namespace rialto::net;

/// A peer in memory: gives what it was given, takes everything. epoll gets a descriptor that nobody waits for.
class memory_peer final : public transport {
public:
  memory_peer(std::string_view& offered, std::string& written)
      : offered_(offered), written_(written), descriptor_(::eventfd(0, 0)) {}
  ~memory_peer() override { ::close(descriptor_); }
  io_result read(char* into, std::size_t size) override {
    const auto count = std::min(size, offered_.size());
    offered_.copy(into, count);
    offered_.remove_prefix(count);
    return count == 0 ? io_result{} : io_result{io_state::moved, count};
  }
  io_result write(const char* from, std::size_t size) override {
    written_.append(from, size);
    return {io_state::moved, size};
  }
  void end_writing() override {}
  [[nodiscard]] int descriptor() const override { return descriptor_; }

private:
  std::string_view& offered_;
  std::string& written_;
  int descriptor_;
};

/// Writes down what it is asked. A prompt one answers at once, another one when the tick is over.
struct scribe final : server_handler {
  connection* peer = nullptr;
  bool is_prompt = true;
  std::vector<std::string> heard;
  std::size_t requests = 0, answered = 0;

  static std::string text_of(const http_request& request) {
    auto text = std::string(request.method) + " " + std::string(request.target) + "\n";
    for (const auto& header : request.headers)
      text.append(header.name).append(":").append(header.value).append("\n");
    return text.append(request.body);
  }
  void answer_all() {
    while (answered < requests) peer->respond(++answered, {}); // requests are numbered from 1
  }
  void on_request(const http_request& request, responder) override {
    ++requests;
    heard.push_back(text_of(request));
    if (is_prompt) answer_all();
  }
  std::optional<http_response> on_upgrade(const http_request& request) override {
    heard.push_back("upgrade " + text_of(request));
    return {};
  }
  void on_open(web_socket_id, const http_request&) override { heard.emplace_back("open"); }
  void on_message(web_socket_id, std::string_view text, bool is_binary) override {
    heard.push_back((is_binary ? "binary " : "text ") + std::string(text));
  }
  void on_close(web_socket_id) override {}
};

struct conversation {
  std::vector<std::string> heard;
  std::string written;
  std::uint64_t errors = 0;
};

/// What lives as long as the process: an unstarted server and an epoll nobody waits for.
struct surroundings {
  server_options options;
  scribe nobody;
  server owner{options, nobody};
  int epoll = ::epoll_create1(0);
  surroundings() {
    options.header_bytes_max = 1'024;
    options.body_bytes_max = options.message_bytes_max = 2'048;
    options.target_bytes_max = 256;
    options.pipelined_max = 4;
  }
};

conversation talk(std::string_view bytes, const std::vector<std::size_t>& pieces, bool is_prompt) {
  static surroundings world;
  server_statistics statistics;
  scribe handler;
  connection_host host{world.owner, world.options, handler, statistics, world.epoll};
  host.date_line = "Date: Mon, 23 Nov 2026 03:00:00 GMT\r\n";
  host.scratch.resize(65'536);
  conversation result;
  std::string_view offered;
  connection peer(host, 1, std::make_unique<memory_peer>(offered, result.written), "192.0.2.1",
                  false);
  handler.peer = &peer;
  handler.is_prompt = is_prompt;
  const auto end_tick = [&] {
    handler.answer_all();
    for (peer.flush(); !host.resumed.empty(); peer.flush()) {
      host.resumed.clear();
      peer.resume();
      handler.answer_all();
    }
  };
  for (const auto size : pieces) {
    offered = bytes.substr(0, size);
    bytes.remove_prefix(size);
    while (!offered.empty() && !peer.is_dead()) {
      peer.on_readable();
      end_tick();
    }
  }
  peer.on_readable(); // the end
  end_tick();
  result.heard = std::move(handler.heard);
  result.errors = statistics.parse_errors;
  return result;
}

} // namespace

RIALTO_FUZZ_TARGET(connection) {
  const auto pieces = pieces_of(input.size(), seed_of(input));
  const auto whole = talk(input, {input.size()}, true);
  const auto cut = talk(input, pieces, true);
  RIALTO_ASSERT_VALUES(whole.heard == cut.heard, whole.heard.size(), cut.heard.size());
  RIALTO_ASSERT_VALUES(whole.errors == cut.errors, whole.errors, cut.errors);
  RIALTO_ASSERT(whole.errors <= 1); // after the first nothing more is read
  RIALTO_ASSERT(whole.written.empty() || whole.written.starts_with("HTTP/1.1 "));
  // Answers that come late change nothing but this: an upgrade behind unanswered requests is refused.
  for (const auto& late : {talk(input, {input.size()}, false), talk(input, pieces, false)}) {
    RIALTO_ASSERT(late.heard.size() <= whole.heard.size());
    RIALTO_ASSERT(std::equal(late.heard.begin(), late.heard.end(), whole.heard.begin()));
  }
}

} // namespace rialto::fuzz
