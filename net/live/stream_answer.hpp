// net/live/stream_answer.hpp: what an exchange says on a stream connection besides market data.
//
// The room: pure; every byte is foreign. Answers to SUBSCRIBE and UNSUBSCRIBE, and the notice that the server is about to close.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

/// An answer is shorter; market data has an envelope.
inline constexpr std::size_t stream_answer_bytes_max = 1'024;

struct stream_answer {
  std::uint64_t id = 0;
  std::string problem; // empty: done; else the server's words, cut to 200 printable characters
};

/// It looks like one: no market data, to be read further.
[[nodiscard]] inline bool is_stream_answer(std::string_view text) {
  return text.size() <= stream_answer_bytes_max && text.find("\"stream\"") == text.npos &&
         text.find("\"id\"") != text.npos;
}
/// The server closes soon.
[[nodiscard]] inline bool says_shutdown(std::string_view text) {
  return text.size() <= stream_answer_bytes_max &&
         text.find("\"serverShutdown\"") != std::string_view::npos;
}
/// Empty: malformed, or the id is none of ours.
[[nodiscard]] std::optional<stream_answer> read_stream_answer(std::string_view text);

/// Foreign words for a log or a report: what is not printable ASCII becomes '?', cut to `bytes_max`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = 200);

} // namespace rialto::net
