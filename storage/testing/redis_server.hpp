// storage/testing/redis_server.hpp: a real redis-server for tests: a free port on loopback, nothing on the disk.
//
// Owned by one test; ends with it, and with the process should that be killed.
#pragma once

#include "storage/redis.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace rialto::storage {

class redis_server {
public:
  /// Starts it with further words of redis-server's command line; throws std::runtime_error when it does not come up in 20 s.
  explicit redis_server(std::vector<std::string> options = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// kill -9. It forgets everything.
  void kill();
  /// Again, on the same port.
  void start();
  /// Stands still with its sockets open (SIGSTOP), and goes on.
  void set_frozen(bool is_frozen);
  [[nodiscard]] redis_address address() const;

private:
  [[nodiscard]] bool is_up() const;

  std::vector<std::string> options_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

} // namespace rialto::storage
