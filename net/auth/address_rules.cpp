// Where requests with an API key may come from: addresses and networks, IPv4 and IPv6.
#include "net/auth/api_keys.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>

namespace rialto::net {

namespace {

/// 16 bytes; an IPv4 address as ::ffff:a.b.c.d, so that both spellings of one are the same.
struct address {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;
};

constexpr unsigned v4_prefix_bits = 96;

std::optional<address> read_address(std::string_view text) {
  const std::string copy(text); // inet_pton wants its zero
  if (copy.size() != std::char_traits<char>::length(copy.c_str())) return {};
  address out;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data() + 12) == 1) {
    out.bytes[10] = out.bytes[11] = 0xff;
    out.is_v4 = true;
    return out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return {};
}

struct network {
  address first;
  unsigned bits = 128; // that count, of 128
};

bool has_bit(const address& of, unsigned at) {
  return (of.bytes[at / 8] & (0x80u >> (at % 8))) != 0;
}

std::optional<network> read_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = read_address(text.substr(0, slash));
  if (!first) return {};
  network out{*first, 128};
  if (slash == std::string_view::npos) return out;
  const auto length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  const bool is_number = error == std::errc{} && end == length.data() + length.size() &&
                         (length.size() == 1 || length.front() != '0');
  if (!is_number || bits > (first->is_v4 ? 32u : 128u)) return {};
  out.bits = first->is_v4 ? v4_prefix_bits + bits : bits;
  for (auto at = out.bits; at < 128; ++at)
    if (has_bit(*first, at)) return {}; // more likely a slip than a network
  return out;
}

bool contains(const network& all, const address& one) {
  for (unsigned at = 0; at < all.bits; ++at)
    if (has_bit(all.first, at) != has_bit(one, at)) return false;
  return true;
}

} // namespace

bool is_address_rule(std::string_view text) {
  return read_network(text).has_value();
}

bool allows_address(const api_key& key, std::string_view peer_address) {
  if (key.ip_allow.empty()) return true;
  const auto peer = read_address(peer_address);
  if (!peer) return false;
  return std::any_of(key.ip_allow.begin(), key.ip_allow.end(), [&](const std::string& rule) {
    const auto allowed = read_network(rule);
    return allowed && contains(*allowed, *peer);
  });
}

} // namespace rialto::net
