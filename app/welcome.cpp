#include "app/welcome.hpp"

#include <fmt/format.h>

namespace rialto::app {

std::string web_address(const runtime::listen_address& at, bool is_tls) {
  auto shown = at;
  if (shown.host == "0.0.0.0") shown.host = "127.0.0.1";
  if (shown.host == "::") shown.host = "::1";
  return (is_tls ? "https://" : "http://") + text_of(shown);
}

std::string welcome_text(const runtime::listen_address& at,
                         const runtime::node_settings& settings) {
  const auto web = web_address(at, !settings.tls_certificate->empty());
  const auto& data = *settings.data_directory;
  return fmt::format(R"(
  Address          {0}
  Log in as        admin@rialto.local
  Password         in {1}/admin-password (made at the first start)
  Stop             Ctrl-C; users, orders and balances stay in {1}

Three commands to try in another terminal, in this directory:

  curl -s {0}/api/v1/markets/BTCUSDT/book

  curl -s {0}/api/v1/auth/login -H 'Content-Type: application/json' \
    -d "{{\"email\":\"admin@rialto.local\",\"password\":\"$(cat {1}/admin-password)\"}}"

  curl -s {0}/api/v1/auth/register -H 'Content-Type: application/json' \
    -d '{{"email":"you@example.org","password":"a long sentence of yours"}}'

)",
                     web, data);
}

} // namespace rialto::app
