// net/server/http_head.hpp: what must hold of a request's head before the parser sees it. Pure functions on bytes.
//
// Beast's parser is strict, but it accepts some things that two servers in a row may read differently; those are refused here, so that
// one message boundary is the only one (request smuggling).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rialto::net {

struct head_verdict {
  unsigned status = 0; // 0: fine, else the status to refuse with
  std::string_view code, detail;
};

/// Checks a head: everything up to and with the empty line.
[[nodiscard]] head_verdict check_head(std::string_view head, std::size_t target_bytes_max);
/// True as soon as an unfinished head cannot become a good one (a bare LF, a NUL, no HTTP at all), so that nobody waits for its time-out.
/// The first `checked` bytes have been looked at before.
[[nodiscard]] bool is_hopeless(std::string_view partial_head, std::size_t checked = 0);

/// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
/// A client's own request id is taken when it is 1 to 64 characters of A-Z a-z 0-9 . _ -
[[nodiscard]] bool is_request_id(std::string_view text);
[[nodiscard]] std::string_view reason_phrase(unsigned status);
/// A path as the log has it: of a part longer than 40 bytes, which may be a key, the first 8 and "...".
[[nodiscard]] std::string loggable_path(std::string_view path);

} // namespace rialto::net
