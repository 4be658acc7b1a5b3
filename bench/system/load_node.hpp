// bench/system/load_node.hpp: the node under a load: started in a directory of its own, and its users with money.
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
  bool polls = false, streams = false;
};

[[noreturn]] void give_up(const std::string& why);
void pin(int core);

/// Started when made, ended when destroyed.
class node {
public:
  node(const options& wanted, int flush_milliseconds);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// CPU seconds of all its threads.
  [[nodiscard]] double cpu_seconds() const;
  /// How long the oldest row that the lists do not show has waited.
  [[nodiscard]] double lag_ms() const;
  [[nodiscard]] std::string admin_password() const;
  std::uint16_t port;

private:
  std::string directory_, keep_;
  pid_t pid_ = -1;
};

/// The value of a field of a good answer; gives up on another.
std::string must(const http_answer& answer, const char* field, const char* what);
/// One user a connection, each with money; returns their tokens.
std::vector<std::string> users(node& at, int count, int& next);

} // namespace rialto::bench
