#include "storage/event_codec.hpp"

#include "storage/event_tags.hpp"

#include <cstring>
#include <variant>

namespace rialto::storage {

namespace {

template <class... Event>
void encode_any(const std::variant<Event...>& event, std::string& out) {
  std::visit(
    [&]<class Held>(const Held& held) {
      constexpr auto row = tag_of<Held>;
      static_assert(row.tag != 0, "an event without a tag in storage/event_tags.hpp");
      byte_writer writer(out);
      writer.put(row.tag);
      writer.put(row.version);
      const auto length_at = out.size();
      writer.put(std::uint32_t{0});
      const auto body_at = out.size();
      writer.put(held);
      const auto length = static_cast<std::uint32_t>(out.size() - body_at);
      std::memcpy(out.data() + length_at, &length, sizeof length);
    },
    event);
}

/// Reads the body as the I-th alternative if `tag` and `version` are its own.
template <class Held, class Variant>
bool take_if(std::uint16_t tag, std::uint8_t version, byte_reader& body, Variant& event) {
  constexpr auto row = tag_of<Held>;
  if (tag != row.tag) return false;
  if (row.grew && version == row.version - 1) { // as today's, without the last field
    body.expect_without_last();
    body.get(event.template emplace<Held>());
    return body.was_without_last();
  }
  if (version != row.version) return false;
  body.get(event.template emplace<Held>());
  return true;
}

template <class... Event>
bool decode_any(byte_reader& in, std::variant<Event...>& event) {
  const auto tag = in.get<std::uint16_t>();
  const auto version = in.get<std::uint8_t>();
  byte_reader body(in.take(in.get<std::uint32_t>()));
  if (in.failed()) return false;
  if ((take_if<Event>(tag, version, body, event) || ...) && body.done()) return true;
  in.fail();
  return false;
}

template <class... Event>
constexpr bool tags_differ(const std::variant<Event...>*) {
  constexpr std::uint16_t tags[] = {tag_of<Event>.tag...};
  for (std::size_t i = 0; i < sizeof...(Event); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (tags[i] == tags[j]) return false;
  return true;
}
static_assert(tags_differ(static_cast<const market_event*>(nullptr)));
static_assert(tags_differ(static_cast<const account_event*>(nullptr)));
static_assert(tags_differ(static_cast<const user_event*>(nullptr)));

} // namespace

void encode_event(const market_event& event, std::string& out) {
  encode_any(event, out);
}
void encode_event(const account_event& event, std::string& out) {
  encode_any(event, out);
}
void encode_event(const user_event& event, std::string& out) {
  encode_any(event, out);
}

bool decode_event(byte_reader& in, market_event& event) {
  return decode_any(in, event);
}
bool decode_event(byte_reader& in, account_event& event) {
  return decode_any(in, event);
}
bool decode_event(byte_reader& in, user_event& event) {
  return decode_any(in, event);
}

} // namespace rialto::storage
