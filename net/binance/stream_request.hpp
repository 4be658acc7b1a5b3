// net/binance/stream_request.hpp: what a client says on a stream connection: {"method":"SUBSCRIBE","params":[..],"id":1}.
//
// The room: pure; a text in, a request or an error out, the error's number and text as Binance has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::net::binance {

enum class stream_method : std::uint8_t {
  subscribe,
  unsubscribe,
  list_subscriptions,
  set_property,
  get_property
};

struct stream_error {
  int code = 0; // 0: unknown property, 1: a value's type, 2: the request, 3: JSON
  std::string text;
};

struct stream_request {
  std::string id = "null"; // JSON text
  stream_method method = stream_method::subscribe;
  std::vector<std::string> names;  // streams, or one property
  bool value = false;              // to set a property to
  std::optional<stream_error> why; // it is none
};

inline constexpr std::size_t stream_request_bytes_max = 131'072;
inline constexpr std::string_view combined_property = "combined";

[[nodiscard]] stream_request parse_stream_request(std::string_view text);
/// {"result":..,"id":..}
[[nodiscard]] std::string stream_answer(const stream_request& to, std::string_view result);
/// {"error":{"code":..,"msg":..},"id":..}
[[nodiscard]] std::string stream_refusal(const stream_request& to, const stream_error& why);

} // namespace rialto::net::binance
