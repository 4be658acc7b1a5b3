#include "net/server/transport.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace rialto::net {

namespace {

class plain final : public transport {
public:
  explicit plain(int descriptor) : descriptor_(descriptor) {}
  ~plain() override { ::close(descriptor_); }
  plain(const plain&) = delete;
  plain& operator=(const plain&) = delete;

  io_result read(char* into, std::size_t size) override {
    return result_of([&] { return ::recv(descriptor_, into, size, 0); });
  }
  io_result write(const char* from, std::size_t size) override {
    return result_of([&] { return ::send(descriptor_, from, size, MSG_NOSIGNAL); });
  }
  void end_writing() override { ::shutdown(descriptor_, SHUT_WR); }
  [[nodiscard]] int descriptor() const override { return descriptor_; }

private:
  template <class Call>
  static io_result result_of(const Call& call) {
    for (;;) {
      const auto count = call();
      if (count > 0) return {io_state::moved, static_cast<std::size_t>(count)};
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return {io_state::blocked, 0};
      return {};
    }
  }
  int descriptor_;
};

} // namespace

std::unique_ptr<transport> plain_transport(int descriptor) {
  return std::make_unique<plain>(descriptor);
}

} // namespace rialto::net
