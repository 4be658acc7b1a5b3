#include "net/server/server.hpp"

#include "net/server/server_loop.hpp"

namespace rialto::net {

struct server::impl : server_loop {
  using server_loop::server_loop;
};

server::server(server_options options, server_handler& handler)
    : impl_(std::make_unique<impl>(*this, std::move(options), handler)) {}

server::~server() = default;

void server::start() {
  impl_->start();
}
void server::stop() {
  impl_->stop();
}
std::uint16_t server::port() const {
  return impl_->port();
}
void server::post(std::function<void()> job) {
  impl_->post(std::move(job));
}
const server_statistics& server::statistics() const {
  return impl_->statistics();
}

bool server::send(web_socket_id id, const std::shared_ptr<const std::string>& text,
                  std::uint64_t conflate, bool may_wait) {
  auto* const one = impl_->find(id);
  return one != nullptr && one->send(text, conflate, may_wait);
}

void server::close(web_socket_id id, std::uint16_t code, std::string_view reason) {
  if (auto* const one = impl_->find(id)) one->close_web_socket(code, reason);
}

void server::set_message_limit(web_socket_id id, std::size_t bytes_max) {
  if (auto* const one = impl_->find(id)) one->set_message_limit(bytes_max);
}

std::size_t server::queued_bytes(web_socket_id id) const {
  const auto* const one = impl_->find(id);
  return one == nullptr ? 0 : one->queued_bytes();
}

void responder::respond(http_response answer) const {
  if (owner_ == nullptr) return;
  if (auto* const one = owner_->impl_->find(connection_))
    one->respond(sequence_, std::move(answer));
}

bool responder::is_open() const {
  if (owner_ == nullptr) return false;
  const auto* const one = owner_->impl_->find(connection_);
  return one != nullptr && one->waits_for(sequence_);
}

} // namespace rialto::net
