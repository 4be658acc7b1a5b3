// net/api/routes.hpp: every route of the native API, declared once: what it is called, who may, what
// it takes and gives, what it costs, who handles it.
//
// The room: /openapi.json, the router, the scope check, the check of query names and the tests'
// matrix of routes and roles are all made from this table, so they cannot disagree.
#pragma once

#include "net/api/handlers.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace rialto::net {

/// everybody: no token. user: a token. account: a token, and X-Account-Id chooses among the user's
/// accounts. admin: a token of an administrator.
enum class access : std::uint8_t { everybody, user, account, admin };

/// A member of a body or answer, a query parameter or a part of a path.
struct field_spec {
  std::string_view name;
  std::string_view type; // "string", "decimal", "integer", "boolean", "time", "[]schema", "schema"
  bool is_required = false;
  std::string_view about;
  bool can_be_null = false;
};
using field_list = std::span<const field_spec>;

/// A named shape in the OpenAPI document.
struct schema_spec {
  std::string_view name;
  field_list fields;
};

struct route {
  std::string_view method;
  std::string_view pattern; // "/api/v1/orders/{order_id}"
  access who = access::everybody;
  route_handler handler = nullptr;
  int cost = 1;                // tokens of the rate limit
  bool is_order_entry = false; // counts against the user's order rate
  std::string_view summary;
  std::string_view body;   // schema of the body; empty: none is taken
  std::string_view answer; // schema of the answer, "[]schema" or a page "{}schema"
  int status = 200;        // of success
  field_list query = {};
  std::string_view media = "application/json"; // of the answer
};

[[nodiscard]] std::span<const route> route_table();
[[nodiscard]] std::span<const schema_spec> schema_table();
[[nodiscard]] const schema_spec* find_schema(std::string_view name);

/// Which route a path and method lead to; the values of the {names} are appended, decoded.
struct route_match {
  const route* found = nullptr;
  bool path_exists = false; // some route has this path
  std::string methods;      // that it takes: "GET, POST"
};
[[nodiscard]] route_match match(std::string_view method, std::string_view path,
                                std::vector<std::string>& values);

} // namespace rialto::net
