// The server against a client that nobody here wrote: Beast's.
#include "tests/net/support/test_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <doctest/doctest.h>

#include <random>

using namespace rialto::net;
using rialto::net::testing::test_server;
namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

asio::ip::tcp::socket connected(asio::io_context& context, std::uint16_t port) {
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  return socket;
}

} // namespace

TEST_CASE("server: Beast's WebSocket client hears what it says, in frames of any size") {
  test_server running;
  running.message = [&](web_socket_id id, std::string_view bytes, bool is_binary) {
    auto echo = std::string(bytes);
    if (is_binary) echo = std::to_string(bytes.size()) + " bytes";
    running->send(id, std::make_shared<const std::string>(std::move(echo)));
  };
  running.start();
  asio::io_context context;
  beast::websocket::stream<asio::ip::tcp::socket> peer(connected(context, running.port()));
  peer.handshake("test", "/stream");
  peer.auto_fragment(true);
  std::mt19937 random(1);
  beast::flat_buffer buffer;
  const auto read = [&] {
    buffer.clear();
    peer.read(buffer);
    return beast::buffers_to_string(buffer.data());
  };
  for (const std::size_t size : {0, 1, 100, 125, 126, 4'000, 65'535, 65'536, 500'000}) {
    CAPTURE(size);
    peer.write_buffer_bytes(8 + random() % 5'000); // frames of that size
    std::string text;
    while (text.size() < size) text += random() % 7 == 0 ? "\xe2\x82\xac" : "x";
    peer.text(true);
    peer.write(asio::buffer(text));
    CHECK(read() == text);
    CHECK(peer.got_text());
    peer.ping("are you there?");
    peer.binary(true);
    peer.write(asio::buffer(std::string(size, '\xff')));
    CHECK(read() == std::to_string(size) + " bytes");
  }
  peer.close(
    {beast::websocket::close_code::normal, "bye"}); // returns once the server has said it too
  CHECK(peer.reason().code == beast::websocket::close_code::normal);
  CHECK(!peer.is_open());
}

TEST_CASE("server: Beast's HTTP client reads our answers, plain and chunked bodies alike") {
  test_server running;
  running.start();
  asio::io_context context;
  auto socket = connected(context, running.port());
  beast::flat_buffer buffer;
  for (int i = 0; i < 20; ++i) {
    beast::http::request<beast::http::string_body> request(beast::http::verb::post, "/x", 11);
    request.set(beast::http::field::host, "test");
    request.body() = std::string(static_cast<std::size_t>(i) * 1'000, 'b');
    if (i % 2 == 0)
      request.prepare_payload();
    else
      request.chunked(true);
    beast::http::write(socket, request);
    beast::http::response<beast::http::string_body> response;
    beast::http::read(socket, buffer, response);
    CHECK(response.result_int() == 200);
    CHECK(response.body() == "POST /x " + request.body());
    CHECK(response.keep_alive());
  }
}
