// net/live/rest_client.hpp: GET requests to one exchange, one after the other, on a plain thread of its own.
//
// The room: libcurl stays inside the .cpp. Limits of the exchange are kept by rest_budget; a 429 or 418 makes every request wait and the
// refused one is asked again.
//   R1  certificate and host name are verified; redirects are not followed; nothing but http and https is spoken
//   R2  the proxy's name and password are in no text that comes out of here
//   R3  `then` is called exactly once for each request that get() took, on the client's thread; after stop() began, never
//   R4  bounds: requests that wait requests_max, a body body_bytes_max, one attempt deadline_ns, refusals of one request refusals_max
#pragma once

#include "net/live/rest_budget.hpp"
#include "runtime/web_address.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace rialto::net {

struct rest_client_options {
  runtime::web_address server;
  std::optional<runtime::web_address> proxy; // HTTP CONNECT
  std::string ca_file;                       // certificates trusted besides the system's
  std::int64_t deadline_ns = 10'000'000'000;
  std::size_t body_bytes_max = 8 << 20;
  std::size_t requests_max = 1'000;
  std::int64_t weight_max = 5'000; // a minute
  static constexpr int refusals_max = 3;
};

struct rest_answer {
  int status = 0; // 0: no answer came
  std::string body;
  std::string problem; // why there is no good answer, a sentence; empty with status 200
  [[nodiscard]] bool is_good() const { return problem.empty(); }
};

/// Read from any thread.
struct rest_counters {
  std::atomic<std::uint64_t> requests{0}, failures{0};
  std::atomic<std::uint64_t> refusals{0}; // answers 429 and 418
  std::atomic<std::uint64_t> limit_waits{
    0}; // requests that had to wait for the budget or after a refusal
  std::atomic<std::int64_t> used_weight{0}; // of the current minute, as last told by the server
};

class rest_client {
public:
  enum class urgency : std::uint8_t { urgent, patient }; // urgent ones go before all patient ones

  explicit rest_client(rest_client_options options);
  ~rest_client();
  rest_client(const rest_client&) = delete;
  rest_client& operator=(const rest_client&) = delete;

  void start();
  /// Gives up what is on its way within about a second. Not on the client's thread.
  void stop();
  /// Any thread. `target` as "/api/v3/depth?symbol=BTCUSDT&limit=5000". False: too many wait, or it was stopped.
  bool get(std::string target, std::int64_t weight, urgency how,
           std::function<void(const rest_answer&)> then);
  /// Any thread: `job` runs on the client's thread, between requests.
  bool post(std::function<void()> job);
  [[nodiscard]] const rest_counters& counters() const { return counters_; }

private:
  struct request {
    std::string target; // empty: only `job`
    std::int64_t weight = 0;
    std::function<void(const rest_answer&)> then;
    std::function<void()> job;
    int refusals = 0;
  };
  struct transfer; // libcurl's handle

  void run();
  [[nodiscard]] bool put(request one, urgency how);
  void serve(transfer& over, request one);
  [[nodiscard]] bool wait_until(std::int64_t at);

  rest_client_options options_;
  rest_budget budget_; // the client's thread
  rest_counters counters_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<request> urgent_, patient_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

} // namespace rialto::net
