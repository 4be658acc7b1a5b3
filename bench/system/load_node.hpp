// bench/system/load_node.hpp: the node under a load: started in a directory of its own, and its users with money; or nodes that run already.
//
// The room: plain POSIX, for the programs of this folder.
#pragma once

#include "bench/system/load_client.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace rialto::bench {

struct options {
  std::string rialto, mode = "all", keep; // keep: the new directory that takes the last run's data
  int connections = 64, runs = 5, server_core = 0, client_core = 1;
  double seconds = 10;
  bool polls = false, streams = false, all_markets = false;
  // Nodes that run already: none is started. The administrator's password is then in RIALTO_ADMIN_PASSWORD.
  std::vector<std::uint16_t> ports;
  std::vector<pid_t> pids;
  pid_t database = 0; // a PostgreSQL server's first process
  [[nodiscard]] std::size_t nodes() const { return ports.empty() ? 1 : ports.size(); }
};

/// What nodes have counted together since they started.
struct counters {
  double commits = 0, journal_bytes = 0, link_messages = 0,
         frames = 0; // frames: what travelled between nodes, news included
};

[[noreturn]] void give_up(const std::string& why);
void pin(int core);

/// Started when made and ended when destroyed, unless the options name nodes that run.
class node {
public:
  node(const options& wanted, int flush_milliseconds);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// CPU seconds of all its threads; of all nodes, if there are several.
  [[nodiscard]] double cpu_seconds() const;
  /// Of the database's processes.
  [[nodiscard]] double database_cpu_seconds() const;
  [[nodiscard]] counters counted() const;
  [[nodiscard]] bool is_started_here() const { return pid_ > 0; }
  /// Where the connection with this index goes.
  [[nodiscard]] std::uint16_t port_of(std::size_t index) const {
    return ports_[index % ports_.size()];
  }
  /// How long the oldest row that the lists do not show has waited.
  [[nodiscard]] double lag_ms() const;
  [[nodiscard]] std::string admin_password() const;
  std::uint16_t port;

private:
  std::string directory_, keep_;
  pid_t pid_ = -1, database_ = 0;
  std::vector<std::uint16_t> ports_;
  std::vector<pid_t> pids_;
};

/// The value of a field of a good answer; gives up on another.
std::string must(const http_answer& answer, const char* field, const char* what);
/// One user a connection, each with money, with `all_assets` of every market; returns their tokens.
std::vector<std::string> users(node& at, int count, int& next, bool all_assets = false);

} // namespace rialto::bench
