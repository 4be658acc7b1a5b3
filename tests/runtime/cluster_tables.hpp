// tests/runtime/cluster_tables.hpp: nodes and shards as short texts, so that a case is a line.
//
//   nodes   "a b- c! d? e~"    up, draining, gone, joining, up as an edge alone; "a" is incarnation 1, "b" 2, ...
//           "f^ g* h+ i^!"     of the role users, trading, market data, gone (others have all three)
//   shards  "a . b>c a=b"      owner; nobody; handed over to c; wanted by b. All at epoch 5, "." at 0
#pragma once

#include "runtime/cluster/rows.hpp"

#include <sstream>

namespace rialto::runtime::cluster {

inline constexpr std::int64_t ms = 1'000'000, s = 1'000 * ms;
inline constexpr timestamp_ns database_noon{1'700'000'000'000'000'000};

inline incarnation node_of(char letter) {
  return letter == '.' ? nobody : static_cast<incarnation>(letter - 'a' + 1);
}
inline char letter_of(incarnation node) {
  return node == nobody ? '.' : static_cast<char>('a' + node - 1);
}

inline std::vector<node_row> nodes_of(const std::string& text) {
  std::vector<node_row> made;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    node_row row{.id = node_of(word[0]), .name = word.substr(0, 1), .address = ""};
    const char mark = word.size() > 1 ? word.back() : ' ';
    const char role = word.size() > 1 ? word[1] : ' ';
    row.roles = role == '~'   ? role_edge
                : role == '^' ? role_users
                : role == '*' ? role_trading
                : role == '+' ? role_market_data
                              : role_trading | role_users | role_market_data;
    row.state = mark == '-'   ? node_state::draining
                : mark == '!' ? node_state::gone
                : mark == '?' ? node_state::joining
                              : node_state::up;
    row.renewed_at = database_noon;
    row.renewal = 1;
    made.push_back(row);
  }
  return made;
}

inline std::vector<shard_row> shards_of(const std::string& text) {
  std::vector<shard_row> made;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    shard_row row{.shard = static_cast<shard_id>(made.size())};
    row.owner = node_of(word[0]);
    row.at_epoch = row.owner == nobody ? 0 : 5;
    for (std::size_t i = 1; i + 1 < word.size(); i += 2)
      (word[i] == '>' ? row.next : row.wanted) = node_of(word[i + 1]);
    row.changed_at = {database_noon.value - 5 * s};
    made.push_back(row);
  }
  return made;
}

inline rows_read read_of(const std::string& nodes, const std::string& shards = "",
                         std::uint64_t version = 1) {
  rows_read read;
  read.is_renewed = true;
  read.database_now = database_noon;
  read.version = version;
  read.nodes = nodes_of(nodes);
  read.changed_shards = shards_of(shards);
  return read;
}

inline cluster_rows rows_of(const std::string& nodes, const std::string& shards) {
  cluster_rows rows;
  static_cast<void>(rows.apply(read_of(nodes, shards)));
  return rows;
}

} // namespace rialto::runtime::cluster
