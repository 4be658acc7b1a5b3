#include "app/node_inspection.hpp"

#include "app/cluster_members.hpp"
#include "app/node_cluster.hpp"
#include "domain/time_text.hpp"

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

nlohmann::ordered_json time_or_null(timestamp_ns at) {
  return at.value == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(format_time(at));
}

nlohmann::ordered_json child_row(const actors::child_view& one, const std::string& node) {
  using actors::protocol::child_condition;
  const bool is_away = one.away_since.value != 0;
  const char* const status = is_away                                      ? "away"
                             : one.condition == child_condition::given_up ? "failed"
                             : one.condition == child_condition::failed   ? "restarting"
                                                                          : "running";
  const auto maybe = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
  };
  return {{"node", maybe(node)},
          {"name", to_string(one.child)},
          {"status", status},
          {"restarts", one.restarts},
          {"last_failure", maybe(one.last_failure)},
          {"changed_at", time_or_null(one.changed_at)},
          {"away_since", time_or_null(one.away_since)}};
}

} // namespace

node_inspection::node_inspection(node_core& core, const std::string& node)
    : core_(core), started_ns_(core.clock().monotonic_ns()), looked_at_ns_(started_ns_),
      inspector_(surroundings(node.empty() ? "local" : node)) {
  auto* const cluster = core.cluster();
  if (cluster == nullptr) return;
  actors::inspection_surroundings around;
  around.node = node;
  around.local = [this](std::string_view question, std::string_view who) {
    return inspector_.answer(question, who);
  };
  around.members = [cluster] {
    return cluster_member_rows(cluster->driver().status(), cluster->links().statistics());
  };
  around.link_trouble = [cluster](const std::string& of) {
    return link_trouble_of(cluster->links().statistics(), of);
  };
  cluster_.emplace(std::move(around), cluster->questions());
}

actors::inspector_surroundings node_inspection::surroundings(const std::string& name) {
  actors::inspector_surroundings around{name,
                                        core_.registry(),
                                        core_.clock(),
                                        [this] { return core_.shards(); },
                                        [this] { return core_.root(); },
                                        [this](nlohmann::ordered_json& row) { put_node(row); },
                                        [this](nlohmann::ordered_json& row) { put_journal(row); }};
  if (core_.cluster() == nullptr) return around;
  around.children_elsewhere = [this, name](entity_id parent, const std::vector<entity_id>& known) {
    auto rows = nlohmann::ordered_json::array();
    auto& cluster = *core_.cluster();
    if (const auto* const children = cluster.children())
      for (const auto& one : children->children_of(parent, known)) {
        const bool is_here = one.owner == cluster.driver().me();
        rows.push_back(child_row(one, is_here ? name : cluster.name_of(one.owner)));
      }
    return rows;
  };
  around.degraded = [this] {
    const auto* const children = core_.cluster()->children();
    return children == nullptr ? std::set<entity_id>{} : children->degraded();
  };
  return around;
}

std::string node_inspection::answer(std::string_view question, std::string_view who) {
  return cluster_ ? cluster_->answer(question, who) : inspector_.answer(question, who);
}

void node_inspection::ask(std::string question, std::string who,
                          std::function<void(std::string)> then) {
  const bool is_taken = asked_.post([this, question = std::move(question), who = std::move(who),
                                     then] { then(answer(question, who)); });
  if (!is_taken) then(R"({"error":{"field":null,"rule":"too many questions wait: ask again"}})");
}

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
