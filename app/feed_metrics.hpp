// app/feed_metrics.hpp: what /metrics shows of a feed's symbols and connections, read from its report.
//
// The room: symbols come and go while the node runs, so look() is called now and then and makes the series of those it has not seen; a
// symbol that is gone reads as 0. The registry bounds the series of a name.
#pragma once

#include "actors/feed/feed_report.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"

#include <set>

namespace rialto::app {

class feed_metrics {
public:
  /// All outlive it, and the registry's series outlive neither board nor clock.
  feed_metrics(runtime::metrics_registry& metrics, const actors::feed_board& board,
               runtime::node_clock& clock);
  /// One thread.
  void look();

private:
  void add_symbol(const std::string& symbol);

  runtime::metrics_registry& metrics_;
  const actors::feed_board& board_;
  runtime::node_clock& clock_;
  std::set<std::string> seen_;
};

} // namespace rialto::app
