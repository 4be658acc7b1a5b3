// runtime/stop_watch.hpp: says what a stop waits for, so that one that hangs is read in the log and not guessed at.
//
// The room: no CAF. One thread from the first step to the end of the watch.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace rialto::runtime {

class stop_watch {
public:
  using listener = std::function<void(const std::string& line)>;

  /// A warning in the log for every `patience` that one step takes.
  explicit stop_watch(std::chrono::milliseconds patience = std::chrono::seconds(10));
  stop_watch(std::chrono::milliseconds patience, listener tell);
  ~stop_watch();
  stop_watch(const stop_watch&) = delete;
  stop_watch& operator=(const stop_watch&) = delete;

  /// The step that begins now. `more` is asked, on the watch's thread, when the step takes long; it must not outlive what it looks at,
  /// so it is forgotten with the next step.
  void step(const char* what, std::function<std::string()> more = {});

private:
  void run();

  const std::chrono::milliseconds patience_;
  const listener tell_;
  std::mutex lock_;
  std::condition_variable wake_;
  const char* what_ = "";
  std::function<std::string()> more_;
  std::chrono::steady_clock::time_point since_;
  std::uint64_t steps_ = 0;
  bool is_over_ = false;
  std::thread thread_;
};

} // namespace rialto::runtime
