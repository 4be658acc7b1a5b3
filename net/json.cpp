#include "net/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace rialto::net {

namespace {

/// Length of the UTF-8 sequence at `at`, 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  const auto second = byte(at + 1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return length;
}

/// A name for a problem: cut, so that a body of one huge key does not come back whole.
std::string shown(std::string_view name) {
  if (name.size() <= 64) return std::string(name);
  return std::string(name.substr(0, 64)) + "...";
}

constexpr std::size_t fields_max = 64;   // of an object
constexpr std::size_t items_max = 1'000; // of an array

} // namespace

/// From the parser's values to ours. Objects nest once: the body, and those of its arrays.
struct json_converter {
  static void to_field(simdjson::dom::element from, json_field& to, bool may_nest) {
    using type = simdjson::dom::element_type;
    switch (from.type()) {
    case type::STRING:
      to.kind = json_kind::text;
      to.text = from.get_string().value_unsafe();
      return;
    case type::INT64:
      to.kind = json_kind::integer;
      to.integer = from.get_int64().value_unsafe();
      return;
    case type::BOOL:
      to.kind = json_kind::boolean;
      to.boolean = from.get_bool().value_unsafe();
      return;
    case type::NULL_VALUE: to.kind = json_kind::null; return;
    case type::UINT64:
    case type::DOUBLE: to.kind = json_kind::number; return;
    case type::ARRAY: to_array(from.get_array().value_unsafe(), to, may_nest); return;
    case type::OBJECT: to.kind = json_kind::other; return;
    }
  }

  static void to_array(simdjson::dom::array items, json_field& to, bool may_nest) {
    to.kind = json_kind::texts;
    std::size_t count = 0;
    for (const auto item : items) {
      std::string_view text;
      simdjson::dom::object members;
      if (++count > items_max) {
        to.kind = json_kind::other;
      } else if (item.get(text) == simdjson::SUCCESS) {
        to.texts.push_back(text);
      } else if (may_nest && item.get(members) == simdjson::SUCCESS) {
        to_object(members, to.objects.emplace_back(), false);
      } else {
        to.kind = json_kind::other;
      }
      if (!to.objects.empty() && !to.texts.empty()) to.kind = json_kind::other;
      if (to.kind == json_kind::other) return;
    }
    if (!to.objects.empty()) to.kind = json_kind::objects;
  }

  static void to_object(simdjson::dom::object members, json_object& to, bool may_nest) {
    for (const auto member : members) {
      if (to.has(member.key))
        return to.fail({request_error::duplicate_field,
                        fmt::format("{} is there twice", shown(member.key)), shown(member.key)});
      if (to.fields_.size() == fields_max)
        return to.fail({request_error::unknown_field, "the body has too many fields", "body"});
      json_field field;
      field.name = member.key;
      to_field(member.value, field, may_nest);
      to.fields_.push_back(std::move(field));
    }
  }
};

void put_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x80) {
      const auto length = utf8_length(text, at);
      if (length == 0)
        out += "\xef\xbf\xbd";
      else
        out.append(text.substr(at, length));
      at += std::max<std::size_t>(length, 1);
      continue;
    }
    ++at;
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, static_cast<char>(c));
    else if (c == '\n')
      out += "\\n";
    else if (c < 0x20 || c == 0x7f)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    else
      out += static_cast<char>(c);
  }
  out += '"';
}

std::string json_text(std::string_view text) {
  std::string out;
  put_json_text(out, text);
  return out;
}

const json_field* json_object::take(std::string_view name) {
  for (auto& field : fields_) {
    if (field.name != name) continue;
    field.taken = true;
    return &field;
  }
  return nullptr;
}

bool json_object::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const json_field& field) { return field.name == name; });
}

void json_object::refuse(std::string_view field, std::string_view rule) {
  fail({request_error::invalid_field, fmt::format("{} {}", field, rule), std::string(field)});
}

std::optional<std::string_view> json_object::maybe_text(std::string_view name,
                                                        std::size_t bytes_max) {
  const auto* field = take(name);
  if (field == nullptr || field->kind == json_kind::null) return {};
  if (field->kind != json_kind::text) {
    refuse(name, "must be a string");
    return {};
  }
  if (field->text.empty() || field->text.size() > bytes_max) {
    refuse(name, fmt::format("must be 1 to {} bytes long", bytes_max));
    return {};
  }
  return field->text;
}

std::string_view json_object::text(std::string_view name, std::size_t bytes_max) {
  const auto found = maybe_text(name, bytes_max);
  if (!found)
    fail({request_error::missing_field, fmt::format("{} is required", name), std::string(name)});
  return found.value_or(std::string_view{});
}

std::optional<std::int64_t> json_object::maybe_integer(std::string_view name, std::int64_t min,
                                                       std::int64_t max) {
  const auto* field = take(name);
  if (field == nullptr || field->kind == json_kind::null) return {};
  if (field->kind != json_kind::integer || field->integer < min || field->integer > max) {
    refuse(name, fmt::format("must be a whole number from {} to {}", min, max));
    return {};
  }
  return field->integer;
}

std::vector<std::string_view> json_object::maybe_texts(std::string_view name,
                                                       std::size_t count_max) {
  const auto* field = take(name);
  if (field == nullptr || field->kind == json_kind::null) return {};
  if (field->kind != json_kind::texts || field->texts.size() > count_max) {
    refuse(name, fmt::format("must be an array of at most {} strings", count_max));
    return {};
  }
  return field->texts;
}

bool json_object::take_objects(std::string_view name, std::size_t count_max,
                               const std::function<void(json_object&)>& read) {
  auto* field = const_cast<json_field*>(take(name)); // ours
  if (field == nullptr || field->kind == json_kind::null) return false;
  const bool is_empty = field->kind == json_kind::texts && field->texts.empty();
  if ((field->kind != json_kind::objects && !is_empty) || field->objects.size() > count_max) {
    refuse(name, fmt::format("must be an array of at most {} objects", count_max));
    return true;
  }
  for (std::size_t i = 0; i < field->objects.size() && ok(); ++i) {
    auto& one = field->objects[i];
    read(one);
    if (one.done()) continue;
    auto why = one.why();
    const auto place = fmt::format("{}[{}]", name, i);
    why.detail = fmt::format("{}: {}", place, why.detail);
    why.field = fmt::format("{}.{}", place, why.field);
    fail(std::move(why));
  }
  return true;
}

bool json_object::done() {
  for (const auto& field : fields_) {
    if (field.taken) continue;
    fail({request_error::unknown_field, fmt::format("{} is not a field here", shown(field.name)),
          shown(field.name)});
    break;
  }
  return ok();
}

struct json_reader::impl {
  simdjson::dom::parser parser{4 << 20};
  json_object object;
};

json_reader::json_reader() : impl_(std::make_unique<impl>()) {
  // Deep nesting is refused; nothing we read nests more than two levels. Without memory the parser
  // tries again when it reads.
  static_cast<void>(impl_->parser.allocate(4'096, 32) == simdjson::SUCCESS);
}
json_reader::~json_reader() = default;

json_object& json_reader::read(std::string_view text) {
  auto& object = impl_->object;
  object.fields_.clear();
  object.failure_.reset();
  if (text.empty()) return object;
  simdjson::dom::element root;
  const auto error = impl_->parser.parse(text.data(), text.size()).get(root);
  simdjson::dom::object members;
  if (error != simdjson::SUCCESS) {
    object.fail({request_error::malformed_json,
                 fmt::format("the body is not JSON: {}", simdjson::error_message(error)), "body"});
    return object;
  }
  if (root.get_object().get(members) != simdjson::SUCCESS) {
    object.fail({request_error::malformed_json, "the body must be one JSON object", "body"});
    return object;
  }
  json_converter::to_object(members, object, true);
  return object;
}

} // namespace rialto::net
