// net/api/query.hpp: query parameters and path parts as numbers, symbols and pages; a wrong one
// answers the call with a problem that names it.
#pragma once

#include "net/api/desk.hpp"

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

/// Decodes "a=1&b=%20" strictly: bad escapes and a name given twice are failures.
[[nodiscard]] std::optional<failure>
parse_query(std::string_view raw, std::map<std::string, std::string, std::less<>>& out);
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view raw, bool plus_is_blank);

/// Digits only, no leading zero, from 1 to 2^56 - 1 (an entity's or order's number).
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// Reads a call's parameters; after the first wrong one the call is answered and ok() is false.
class query_reader {
public:
  explicit query_reader(const call_ptr& from) : from_(from) {}

  [[nodiscard]] std::string_view text(std::string_view name) const {
    const auto at = from_->query.find(name);
    return at == from_->query.end() ? std::string_view{} : std::string_view(at->second);
  }
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise,
                                     std::uint64_t max);
  [[nodiscard]] storage::page_request page();
  /// The market that `symbol` names; id 0 when it is absent.
  [[nodiscard]] market_id market(const actors::directory& markets);
  /// The number in the path at `index`.
  [[nodiscard]] std::uint64_t path_number(std::size_t index, std::string_view name,
                                          request_error otherwise);
  void refuse(std::string_view name, std::string_view rule);
  [[nodiscard]] bool ok() const { return ok_; }

private:
  const call_ptr& from_;
  bool ok_ = true;
};

inline constexpr std::uint32_t page_limit_usual = 100, page_limit_max = 500;

/// {"items":[...],"next_cursor":...}
template <class Rows, class Put>
[[nodiscard]] std::string page_json(const Rows& rows, std::string_view next, Put put_one) {
  std::string out = R"({"items":[)";
  bool is_first = true;
  for (const auto& row : rows) {
    if (!is_first) out += ',';
    is_first = false;
    out += put_one(row);
  }
  out += R"(],"next_cursor":)";
  if (next.empty())
    out += "null";
  else
    put_json_text(out, next);
  return out + "}";
}

} // namespace rialto::net
