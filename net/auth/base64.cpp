#include "net/auth/base64.hpp"

#include "net/auth/base64url.hpp"

#include <algorithm>

namespace rialto::net {

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return {};
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  // The two alphabets differ in these characters only.
  if (text.find_first_of("-_") != std::string_view::npos) return {};
  std::string other(text);
  std::replace(other.begin(), other.end(), '+', '-');
  std::replace(other.begin(), other.end(), '/', '_');
  return from_base64url(other);
}

} // namespace rialto::net
