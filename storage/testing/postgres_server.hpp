// storage/testing/postgres_server.hpp: a private PostgreSQL in a temporary directory, for tests and
// benches: started, restarted, killed as a machine that loses power, stopped.
//
// The room: the server's processes are children of this one and are ended by id; they end with the
// thread that made them, too. It listens on a socket in its own directory and on a free port of the
// loopback. PostgreSQL refuses to run as root, so root becomes the user postgres. Every wait is
// bounded by `wait_s`, generously, since the machine may be starved; a test never measures it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rialto::storage {

struct postgres_server_options {
  bool is_synced = true;                  // fsync; initdb never syncs
  std::string password = {};              // of the user rialto; empty: everybody is trusted
  std::vector<std::string> settings = {}; // "max_connections=20"
  int wait_s = 120;
};

class postgres_server {
public:
  /// Makes a database cluster and starts it. Throws std::runtime_error with the server's log.
  explicit postgres_server(postgres_server_options options = {});
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// postgres://rialto@127.0.0.1:PORT/DATABASE, with the password if there is one.
  [[nodiscard]] std::string address(const std::string& database = "postgres") const;
  /// The same over the socket in home().
  [[nodiscard]] std::string socket_address(const std::string& database = "postgres") const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& home() const { return home_; }

  /// A database without tables; its address.
  [[nodiscard]] std::string make_database();

  void start();
  /// Ends every session and stops, with a checkpoint.
  void stop();
  void restart();
  /// SIGKILL for the server and each of its processes, as if the power went. start() recovers.
  void kill();
  /// SIGSTOP and SIGCONT for all of its processes: connected, and silent.
  void pause();
  void resume();
  [[nodiscard]] bool is_running() const { return pid_ != 0; }

  /// The folder of PostgreSQL's programs; empty: it is not installed.
  [[nodiscard]] static std::string programs();

private:
  [[nodiscard]] int spawn(const std::vector<std::string>& command) const;
  void run(const std::vector<std::string>& command) const;
  void wait_ready();
  void signal_all(int signal) const;
  [[nodiscard]] std::string log_tail() const;

  postgres_server_options options_;
  std::string home_; // holds data/, log and the socket
  int port_ = 0;
  int pid_ = 0;
  int databases_ = 0;
};

} // namespace rialto::storage
