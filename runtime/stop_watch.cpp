#include "runtime/stop_watch.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <fmt/format.h>

namespace rialto::runtime {

stop_watch::stop_watch(std::chrono::milliseconds patience)
    : stop_watch(patience, [](const std::string& line) { log_warning("node", "{}", line); }) {}

stop_watch::stop_watch(std::chrono::milliseconds patience, listener tell)
    : patience_(patience), tell_(std::move(tell)) {}

stop_watch::~stop_watch() {
  {
    const std::lock_guard hold(lock_);
    is_over_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void stop_watch::step(const char* what, std::function<std::string()> more) {
  const std::lock_guard hold(lock_);
  what_ = what;
  more_ = std::move(more);
  since_ = std::chrono::steady_clock::now();
  ++steps_;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake_.notify_all();
}

void stop_watch::run() {
  storage::name_thread("stop_watch");
  std::unique_lock hold(lock_);
  while (!is_over_) {
    const auto step = steps_;
    if (wake_.wait_for(hold, patience_, [&] { return is_over_ || steps_ != step; })) continue;
    const auto waited =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - since_);
    const auto more = more_ ? more_() : std::string(); // under the lock: step() waits for it
    tell_(fmt::format("the stop has waited {} s for {}{}{}", waited.count(), what_,
                      more.empty() ? "" : ": ", more));
  }
}

} // namespace rialto::runtime
