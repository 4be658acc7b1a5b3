// net/api/openapi.hpp: the OpenAPI 3.1 document, made from the route table.
#pragma once

#include <string>

namespace rialto::net {

[[nodiscard]] std::string openapi_json();

} // namespace rialto::net
