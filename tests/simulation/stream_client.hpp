// tests/simulation/stream_client.hpp: a client of one stream channel: follows a book, an account's open orders or its balances, loses its connection
// and resumes, as net/api/STREAM.md says it should.
#pragma once

#include "actors/journal_checker.hpp"
#include "tests/simulation/simulated_cluster.hpp"

#include <nlohmann/json.hpp>

namespace rialto::simulation {

class stream_client {
public:
  /// `of`: the market or account it follows.
  stream_client(stage& on, simulated_cluster& cluster, std::uint64_t number, entity_id of,
                std::string channel);

  /// Its connection breaks; what is on its way is lost.
  void drop();
  /// Connected, nothing on its way.
  [[nodiscard]] bool is_quiet() const;
  /// What it believes, one line each.
  [[nodiscard]] std::string state() const;
  /// The same of the durable truth.
  [[nodiscard]] std::string truth(const actors::journal_checker& journal) const;
  [[nodiscard]] const std::string& channel() const { return channel_; }
  [[nodiscard]] entity_id of() const { return of_; }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  /// The stream broke its own rules; empty: it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }

private:
  void connect_soon();
  void connect();
  void watch();
  void arrive(const stream_text& text);
  void take_book(const nlohmann::json& data, bool is_snapshot);
  void take_order(const nlohmann::json& order);
  void take_balance(const nlohmann::json& balance);

  stage& stage_;
  simulated_cluster& cluster_;
  std::uint64_t number_;
  entity_id of_;
  std::string channel_;
  bool is_public_;
  std::uint64_t sequence_ = 0, last_update_ = 0, connection_ = 0, on_the_way_ = 0;
  bool is_connected_ = false, is_live_ = false;
  std::shared_ptr<const bool> life_; // of the process it is connected to
  timestamp_ns arrives_at_;          // the last message that is on its way
  std::map<std::string, std::string> lines_;
  std::string problem_;
};

} // namespace rialto::simulation
