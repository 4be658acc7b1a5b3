#include "app/node_inspection.hpp"

#include <nlohmann/json.hpp>

#include <ctime>
#include <unistd.h>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t process_cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return at.tv_sec * second_ns + at.tv_nsec;
}

} // namespace

node_inspection::node_inspection(node_core& core)
    : core_(core), started_ns_(core.clock().monotonic_ns()), looked_at_ns_(started_ns_),
      inspector_({"local", core.registry(), core.clock(), [&core] { return core.shards(); },
                  [&core] { return core.root(); },
                  [this](nlohmann::ordered_json& row) { put_node(row); },
                  [this](nlohmann::ordered_json& row) { put_journal(row); }}) {}

double node_inspection::cpu_percent() {
  const std::lock_guard hold(lock_);
  const auto now = core_.clock().monotonic_ns();
  const auto passed = now - looked_at_ns_;
  if (passed < second_ns / 2) return cpu_percent_;
  const auto cpu = process_cpu_ns();
  cpu_percent_ = static_cast<double>(cpu - cpu_seen_ns_) * 100 / static_cast<double>(passed);
  looked_at_ns_ = now;
  cpu_seen_ns_ = cpu;
  return cpu_percent_;
}

void node_inspection::put_node(nlohmann::ordered_json& row) {
  net::node_health is;
  core_.put_health(is);
  std::string why;
  const bool is_ready = core_.gate().is_ready(why);
  row["version"] = RIALTO_VERSION;
  row["process"] = getpid();
  row["uptime_seconds"] = (core_.clock().monotonic_ns() - started_ns_) / second_ns;
  row["ready"] = is_ready;
  row["not_ready_because"] =
    is_ready ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(why);
  row["entities"] = is.entities_in_memory;
  row["resident_bytes"] = runtime::resident_bytes();
  row["cpu_percent"] = cpu_percent();
}

void node_inspection::put_journal(nlohmann::ordered_json& row) const {
  net::node_health is;
  core_.put_health(is);
  row["suspended"] = is.is_suspended;
  row["waiting_appends"] = is.journal_waiting;
  row["commits"] = is.journal_commits;
  row["last_commit_us"] = is.commit_ns_last / 1'000;
  row["longest_commit_us"] = is.commit_ns_max / 1'000;
  row["log_bytes"] = is.journal_log_bytes;
  row["failures"] = is.journal_failures;
  row["lists_lag_rows"] = is.lists_lag_rows;
  row["lists_lag_ms"] = is.lists_lag_ns / 1'000'000;
  auto& heads = row["heads"] = nlohmann::ordered_json::array();
  for (const auto& [shard, head] : core_.heads())
    heads.push_back({{"shard", shard}, {"position", head.last}, {"epoch", head.at_epoch}});
}

} // namespace rialto::app
