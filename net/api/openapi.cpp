#include "net/api/openapi.hpp"

#include "net/api/routes.hpp"

#include <nlohmann/json.hpp>

namespace rialto::net {

namespace {

using json = nlohmann::ordered_json;

json reference(std::string_view schema) {
  return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

json type_of(const field_spec& field) {
  json type;
  if (field.type == "decimal") {
    type = {{"type", "string"}, {"pattern", R"(^-?\d+(\.\d{1,8})?$)"}};
  } else if (field.type == "time") {
    type = {{"type", "string"}, {"format", "date-time"}};
  } else if (field.type == "[]level") {
    const json text = {{"type", "string"}};
    type = {{"type", "array"},
            {"items", {{"type", "array"}, {"prefixItems", json::array({text, text})}}}};
  } else if (field.type == "[]string") {
    type = {{"type", "array"}, {"items", {{"type", "string"}}}};
  } else if (field.type.starts_with("[]")) {
    type = {{"type", "array"}, {"items", reference(field.type.substr(2))}};
  } else if (find_schema(field.type) != nullptr) {
    type = reference(field.type);
  } else {
    type = {{"type", field.type}};
  }
  if (field.can_be_null && type.contains("$ref"))
    type = {{"oneOf", json::array({type, {{"type", "null"}}})}};
  else if (field.can_be_null)
    type["type"] = json::array({type["type"], "null"});
  if (!field.about.empty()) type["description"] = field.about;
  return type;
}

json schema_of(field_list fields, bool is_closed) {
  json required = json::array(), properties = json::object();
  for (const auto& field : fields) {
    properties[std::string(field.name)] = type_of(field);
    if (field.is_required) required.push_back(field.name);
  }
  json out = {{"type", "object"}, {"properties", properties}};
  if (!required.empty()) out["required"] = required;
  if (is_closed) out["additionalProperties"] = false;
  return out;
}

json answer_schema(const route& one) {
  if (one.answer == "document") return {{"type", "object"}};
  if (one.answer == "metrics") return {{"type", "string"}};
  if (one.answer.starts_with("[]"))
    return {{"type", "array"}, {"items", reference(one.answer.substr(2))}};
  if (!one.answer.starts_with("{}")) return reference(one.answer);
  const json items = {{"type", "array"}, {"items", reference(one.answer.substr(2))}};
  const json next = {{"type", json::array({"string", "null"})}};
  return {{"type", "object"},
          {"properties", {{"items", items}, {"next_cursor", next}}},
          {"required", json::array({"items", "next_cursor"})}};
}

json parameter(std::string_view name, std::string_view in, bool is_required, json schema,
               std::string_view about) {
  json out = {{"name", name}, {"in", in}, {"required", is_required}, {"schema", std::move(schema)}};
  if (!about.empty()) out["description"] = about;
  return out;
}

json parameters_of(const route& one) {
  json out = json::array();
  for (auto rest = one.pattern; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    const auto name = rest.substr(0, rest.find('}'));
    const auto* type = name.ends_with("_id") ? "integer" : "string";
    out.push_back(parameter(name, "path", true, {{"type", type}}, ""));
  }
  for (const auto& field : one.query)
    out.push_back(parameter(field.name, "query", false, {{"type", field.type}}, field.about));
  if (one.who == access::account)
    out.push_back(parameter("X-Account-Id", "header", false, {{"type", "integer"}},
                            "One of the caller's accounts; the first is the default."));
  return out;
}

json operation_of(const route& one) {
  json out = {{"summary", one.summary}};
  const auto parameters = parameters_of(one);
  if (!parameters.empty()) out["parameters"] = parameters;
  if (!one.body.empty())
    out["requestBody"] = {{"required", true},
                          {"content", {{"application/json", {{"schema", reference(one.body)}}}}}};
  json done = {{"description", "Done."}};
  if (!one.answer.empty())
    done["content"][std::string(one.media)] = {{"schema", answer_schema(one)}};
  out["responses"][std::to_string(one.status)] = done;
  out["responses"]["default"] = {
    {"description", "A problem (RFC 9457)."},
    {"content", {{"application/problem+json", {{"schema", reference("problem")}}}}}};
  if (one.who == access::everybody)
    out["security"] = json::array();
  else
    out["security"] = json::array({{{"bearer", json::array()}}});
  if (one.who == access::admin) out["x-role"] = "admin";
  return out;
}

bool is_a_body(std::string_view schema) {
  for (const auto& one : route_table())
    if (one.body == schema) return true;
  return false;
}

std::string lower(std::string_view method) {
  std::string out(method);
  for (auto& c : out) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

} // namespace

std::string openapi_json() {
  json document;
  document["openapi"] = "3.1.0";
  document["info"] = {{"title", "Rialto"},
                      {"version", RIALTO_VERSION},
                      {"description",
                       "Native API. Decimals are strings, times RFC 3339 in UTC, names snake_case. "
                       "Unknown members of a body and unknown query parameters are refused. The "
                       "WebSocket at /api/v1/stream is described in net/api/STREAM.md."}};
  for (const auto& one : route_table())
    document["paths"][std::string(one.pattern)][lower(one.method)] = operation_of(one);
  auto& components = document["components"];
  for (const auto& one : schema_table())
    components["schemas"][std::string(one.name)] = schema_of(one.fields, is_a_body(one.name));
  components["securitySchemes"]["bearer"] = {
    {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}};
  return document.dump();
}

} // namespace rialto::net
