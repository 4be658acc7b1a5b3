#include "storage/event_codec.hpp"
#include "storage/event_tags.hpp"
#include "storage/json_fields.hpp"

#include <variant>

namespace rialto::storage {

namespace {

template <class... Event>
std::string json_of(const std::variant<Event...>& event) {
  std::string out = "{\"event\":";
  json_writer writer(out);
  std::visit(
    [&]<class Held>(const Held& held) {
      writer.put(tag_of<Held>.name);
      writer.put_fields(held, false);
    },
    event);
  return out += '}';
}

} // namespace

std::string event_to_json(const market_event& event) {
  return json_of(event);
}
std::string event_to_json(const account_event& event) {
  return json_of(event);
}
std::string event_to_json(const user_event& event) {
  return json_of(event);
}

} // namespace rialto::storage
