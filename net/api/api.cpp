#include "net/api/api.hpp"

#include "domain/assert.hpp"
#include "net/api/routes.hpp"

namespace rialto::net {

namespace {

http_response to_response(reply out) {
  http_response answer;
  answer.status = static_cast<unsigned>(out.status);
  answer.content_type = out.content_type;
  answer.body = std::move(out.body);
  answer.headers = std::move(out.headers);
  return answer;
}

/// Paths of the API stay its own, whatever pages there are.
bool may_be_page(std::string_view path) {
  std::vector<std::string> values;
  return !path.starts_with("/api/") && !binance::is_rest_path(path) &&
         !binance::is_stream_path(path) && !match("GET", path, values).path_exists;
}

} // namespace

void api::attach(server& out) {
  RIALTO_ASSERT(server_ == nullptr);
  server_ = &out;
  core_.attach([&out](std::function<void()> job) { out.post(std::move(job)); });
}

void api::on_request(const http_request& request, responder answer) {
  if (pages_ != nullptr && may_be_page(request.path)) {
    if (auto page = pages_->find(request)) return answer.respond(std::move(*page));
  }
  core_.handle(request, [answer](reply out) { answer.respond(to_response(std::move(out))); });
}

std::optional<http_response> api::on_upgrade(const http_request& request) {
  auto no = core_.refuse_upgrade(request);
  if (!no) return {};
  return to_response(std::move(*no));
}

void api::on_open(web_socket_id id, const http_request& request) {
  core_.open(id, request);
}

void api::on_message(web_socket_id id, std::string_view text, bool is_binary) {
  core_.message(id, text, is_binary);
}

void api::on_close(web_socket_id id) {
  core_.closed(id);
}

bool api::send(web_socket_id id, const std::shared_ptr<const std::string>& text,
               std::uint64_t conflate, bool may_wait) {
  return server_->send(id, text, conflate, may_wait);
}

void api::close(web_socket_id id, std::uint16_t code, std::string_view reason) {
  server_->close(id, code, reason);
}

} // namespace rialto::net
