#include "net/api/api.hpp"

#include "domain/assert.hpp"

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

} // namespace

void api::attach(server& out) {
  RIALTO_ASSERT(server_ == nullptr);
  server_ = &out;
  core_.attach([&out](std::function<void()> job) { out.post(std::move(job)); });
}

void api::on_request(const http_request& request, responder answer) {
  core_.handle(request, [answer](reply out) { answer.respond(to_response(std::move(out))); });
}

std::optional<http_response> api::on_upgrade(const http_request& request) {
  auto no = core_.refuse_upgrade(request);
  if (!no) return {};
  return to_response(std::move(*no));
}

void api::on_open(web_socket_id id, const http_request& request) {
  core_.streams().open(id, request.peer_address, request.is_loopback);
}

void api::on_message(web_socket_id id, std::string_view text, bool is_binary) {
  core_.streams().message(id, text, is_binary);
}

void api::on_close(web_socket_id id) {
  core_.streams().closed(id);
}

bool api::send(web_socket_id id, const std::shared_ptr<const std::string>& text,
               std::uint64_t conflate, bool may_wait) {
  return server_->send(id, text, conflate, may_wait);
}

void api::close(web_socket_id id, std::uint16_t code, std::string_view reason) {
  server_->close(id, code, reason);
}

} // namespace rialto::net
