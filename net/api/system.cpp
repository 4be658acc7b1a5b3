// Who answers here, is it alive, is it ready, what does it count, what can it do.
#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "net/api/openapi.hpp"

#include <fmt/format.h>

namespace rialto::net {

void get_platform(desk& at, const call_ptr& from, json_object&) {
  const auto& settings = at.settings();
  from->done(
    200, fmt::format(
           R"({{"name":"Rialto","version":{},"demo":{},"feed":{},"registration":{},"time":"{}"}})",
           json_text(RIALTO_VERSION), settings.is_demo, json_text(settings.feed),
           settings.takes_registrations, format_time(at.now())));
}

void get_healthz(desk&, const call_ptr& from, json_object&) {
  from->done(200, R"({"status":"ok"})");
}

void get_readyz(desk& at, const call_ptr& from, json_object&) {
  std::string why;
  if (!at.gate().is_ready(why)) return from->fail({request_error::not_ready, why});
  from->done(200, R"({"status":"ready"})");
}

void get_metrics(desk& at, const call_ptr& from, json_object&) {
  const auto& text = at.settings().metrics_text;
  from->finish(
    {200, text ? text() : std::string{}, "text/plain; version=0.0.4; charset=utf-8", {}});
}

void get_openapi(desk&, const call_ptr& from, json_object&) {
  static const std::string document = openapi_json();
  from->done(200, document);
}

} // namespace rialto::net
