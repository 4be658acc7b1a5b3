// storage/postgres_pool.hpp: a few connections for whoever needs one for a moment.
//
// The room: at most `connections_max` are open; who finds all of them in use waits, at most
// `wait_ms`. An idle one that the server has closed is noticed before it is lent and replaced. Work
// whose connection is lost is done again, once, on a new one: it must be such that twice is as good as
// once. Thread-safe.
#pragma once

#include "storage/postgres.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>

namespace rialto::storage {

class postgres_pool {
public:
  struct limits {
    std::size_t connections_max = 4;
    int wait_ms = 10'000;
  };
  /// `prepare` is called with each new connection. Opens none yet.
  postgres_pool(std::string address, postgres_options options, limits bounds,
                std::function<void(postgres_connection&)> prepare);

  /// Returns what work(connection) returns. Throws postgres_error.
  template <class Work>
  auto with(Work&& work) {
    for (bool is_retry = false;; is_retry = true) {
      lease one(*this);
      try {
        return work(one.connection);
      } catch (const postgres_error& problem) {
        if (!problem.is_lost || is_retry) throw;
      }
    }
  }

private:
  struct lease {
    explicit lease(postgres_pool& from) : pool(from), connection(from.take()) {}
    ~lease() { pool.give_back(std::move(connection)); }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    postgres_pool& pool;
    postgres_connection connection;
  };
  [[nodiscard]] postgres_connection take();
  void give_back(postgres_connection used);

  const std::string address_;
  const postgres_options options_;
  const limits limits_;
  const std::function<void(postgres_connection&)> prepare_;
  std::mutex lock_;
  std::condition_variable freed_;
  std::vector<postgres_connection> idle_;
  std::size_t lent_ = 0;
};

} // namespace rialto::storage
