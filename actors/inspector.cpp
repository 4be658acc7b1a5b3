#include "actors/inspector.hpp"

#include "actors/entity_words.hpp"
#include "actors/inspector_merge.hpp"
#include "actors/inspector_question.hpp"
#include "actors/shard_question.hpp"
#include "domain/time_text.hpp"

#include <algorithm>
#include <set>

namespace rialto::actors {

namespace {

using json = nlohmann::ordered_json;
using runtime::actor_info;

constexpr std::size_t children_shown = 50;

json maybe(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

/// For a line of the log.
std::string printable(std::string text) {
  std::replace_if(
    text.begin(), text.end(),
    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

bool is_entity(entity_id id) {
  return id && id.kind() != entity_kind::order;
}

json shard_row(const shard_inside& inside) {
  const auto& is = inside.entities.statistics();
  const auto commits = inside.lane.statistics();
  auto shards = json::array();
  for (const auto& [id, index] : inside.indexes)
    shards.push_back({{"shard", id}, {"journal_position", index->covers()}});
  return {{"name", inside.name},
          {"state", inside.entities.is_degraded() ? "suspended" : "serving"},
          {"entities", inside.entities.active()},
          {"requests", is.requests},
          {"messages", is.messages},
          {"records", is.records},
          {"batches", is.batches},
          {"resends", is.resends},
          {"entity_failures", is.failures},
          {"lane_failures", is.lane_failures},
          {"shards", std::move(shards)},
          {"events_without_snapshot", inside.entities.tail_events()},
          {"waiting_appends", inside.lane.waiting()},
          {"commits", commits.commits},
          {"last_commit_us", commits.commit_ns_last / 1'000},
          {"longest_commit_us", commits.commit_ns_max / 1'000}};
}

} // namespace

std::string inspector::answer(std::string_view question, std::string_view who) {
  json made;
  try {
    inspector_question asked(question);
    made = run(asked, who);
  } catch (const inspector_refusal& no) {
    made = {{"error", {{"field", maybe(no.field)}, {"rule", no.what()}}}};
  } catch (const std::exception& problem) {
    made = {{"error", {{"field", nullptr}, {"rule", problem.what()}}}};
  }
  // What a message said may not be UTF-8; an answer is.
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

inspector::json inspector::run(inspector_question& asked, std::string_view who) {
  const auto query = asked.needed_text("query");
  if (const auto scope = asked.text("scope");
      !scope.empty() && scope != "cluster" && scope != "node")
    throw inspector_refusal("scope", "must be cluster or node");
  if (const auto node = asked.text("node"); !node.empty() && node != around_.node)
    throw inspector_refusal("node", "must be " + around_.node + ", which is asked");
  json made;
  if (query == "tree") {
    made = tree(asked);
  } else if (query == "actors") {
    made = actors(asked);
  } else if (query == "actor") {
    made = actor(asked);
  } else if (query == "where") {
    made = where(asked);
  } else if (query == "trace") {
    made = trace(asked);
  } else if (query == "slow") {
    made = slow(asked);
  } else if (query == "kill" || query == "restart") {
    const auto name = asked.needed_text("name");
    auto by = std::string(who);
    if (const auto said = asked.text("who"); !said.empty()) by += ": " + printable(said);
    asked.done();
    made = query == "kill" ? kill(name, by) : restart(name, by);
  } else {
    asked.done();
    if (query == "nodes")
      made = nodes();
    else if (query == "shards")
      made = shards();
    else if (query == "journal")
      made = journal();
    else
      throw inspector_refusal("query", "must be one of nodes, tree, actors, actor, where, trace, "
                                       "slow, shards, journal, kill, restart");
  }
  made["node"] = around_.node;
  made["query"] = query;
  return made;
}

inspector::json inspector::row_of(const actor_info& one) const {
  return {
    {"node", around_.node},
    {"name", one.name},
    {"kind", one.kind},
    {"parent", maybe(one.parent)},
    {"status", one.is_failed ? "failed" : "running"},
    {"mailbox", one.mailbox},
    {"messages", one.handled},
    {"messages_per_second", one.rate},
    {"cpu_percent", one.cpu_ppm / 1e4},
    {"cpu_ms", one.cpu_ns / 1'000'000},
    {"longest_us", one.longest_ns / 1'000},
    {"longest_message", maybe(one.longest_what)},
    {"memory_bytes", one.memory_bytes},
    {"restarts", one.restarts},
    {"last_failure", maybe(one.last_failure)},
    {"started_at", one.started_at.value == 0 ? json(nullptr) : json(format_time(one.started_at))}};
}

inspector::json inspector::nodes() {
  json row{{"node", around_.node}};
  auto kinds = json::object();
  std::size_t running = 0;
  for (const auto& [kind, count] : around_.registry.counts()) {
    kinds[kind] = count;
    running += count;
  }
  row["state"] = "up";
  row["time"] = format_time(around_.clock.now());
  row["actors"] = running;
  row["failed_actors"] = around_.registry.failed_count();
  row["shards"] = around_.shards().size();
  if (around_.put_node) around_.put_node(row);
  row["actors_by_kind"] = std::move(kinds);
  return {{"rows", json::array({std::move(row)})}};
}

inspector::json inspector::tree(inspector_question& asked) {
  runtime::tree_query query;
  query.root = asked.text("root");
  query.depth_max = static_cast<std::uint32_t>(asked.count("depth", 8, 1, 32));
  query.children_max = static_cast<std::size_t>(asked.count("children", 20, 1, rows_max));
  query.limit = static_cast<std::size_t>(asked.count("limit", inspector_limits::tree, 1, rows_max));
  asked.done();
  auto rows = json::array();
  for (const auto& one : around_.registry.tree(query)) {
    auto row = row_of(one.actor);
    row["depth"] = one.depth;
    row["children"] = one.children;
    rows.push_back(std::move(row));
  }
  mark_degraded(rows);
  if (rows.empty() && !query.root.empty()) throw inspector_refusal("root", "no such actor runs");
  return {{"rows", std::move(rows)}};
}

inspector::json inspector::actors(inspector_question& asked) {
  runtime::actor_query query;
  query.kind = asked.text("kind");
  query.contains = asked.text("name");
  const auto sort = asked.text("sort");
  query.limit =
    static_cast<std::size_t>(asked.count("limit", inspector_limits::actors, 1, rows_max));
  asked.done();
  if (!sort.empty()) {
    const auto order = runtime::parse_actor_order(sort);
    if (!order)
      throw inspector_refusal(
        "sort", "must be one of name, mailbox, rate, cpu, longest, memory, restarts, messages");
    query.order = *order;
  }
  around_.registry.watch(lease_seconds);
  if (query.order == runtime::actor_order::memory) weigh(query.limit);
  auto found = around_.registry.list(query);
  count_runs(found);
  auto rows = json::array();
  for (const auto& one : found) rows.push_back(row_of(one));
  return {{"rows", std::move(rows)}, {"actors", around_.registry.size()}};
}

/// Marks the largest entities with what they hold: they say so themselves only while they run something.
void inspector::weigh(std::size_t limit) {
  struct weight {
    std::uint64_t bytes = 0;
    entity_id id;
  };
  constexpr std::size_t buckets = 2'000; // at a time, so that no request waits long
  const auto is_heavier = [](const weight& a, const weight& b) { return a.bytes > b.bytes; };
  for (const auto& shard : around_.shards()) {
    std::vector<weight> heaviest;
    std::size_t from = 0;
    do {
      const auto part = ask_shard(shard, [from](const shard_inside& inside) {
        std::pair<std::size_t, std::vector<weight>> found;
        found.first = inside.entities.look_at_some(from, buckets, [&](const auto& at) {
          found.second.push_back({memory_of(at), at.id});
        });
        return found;
      });
      if (!part) break;
      heaviest.insert(heaviest.end(), part->second.begin(), part->second.end());
      const auto kept = std::min(limit, heaviest.size());
      std::partial_sort(heaviest.begin(), heaviest.begin() + static_cast<std::ptrdiff_t>(kept),
                        heaviest.end(), is_heavier);
      heaviest.resize(kept);
      from = part->first;
    } while (from != 0);
    for (const auto& one : heaviest)
      if (const auto entry = around_.registry.entry(to_string(one.id)))
        entry->state_bytes.store(one.bytes, std::memory_order_relaxed);
  }
}

/// What an entity ran before somebody looked its shard knows.
void inspector::count_runs(std::vector<actor_info>& rows) {
  std::vector<entity_id> ids;
  for (const auto& row : rows)
    if (const auto id = parse_entity_id(row.name); is_entity(id)) ids.push_back(id);
  if (ids.empty()) return;
  for (const auto& shard : around_.shards()) {
    const auto counts = ask_shard(shard, [ids](const shard_inside& inside) {
      std::vector<std::pair<entity_id, std::uint64_t>> found;
      for (const auto id : ids)
        if (const auto at = inside.entities.look(id))
          found.emplace_back(id, at->requests + at->messages);
      return found;
    });
    if (!counts) continue;
    for (const auto& [id, runs] : *counts)
      if (const auto entry = around_.registry.entry(to_string(id)))
        entry->runs.store(runs, std::memory_order_relaxed);
  }
  for (auto& row : rows)
    if (const auto entry = around_.registry.entry(row.name)) row.handled = entry->messages();
}

inspector::json inspector::actor(inspector_question& asked) {
  const auto name = asked.needed_text("name");
  asked.done();
  around_.registry.watch(lease_seconds);
  const auto found = around_.registry.find(name);
  if (!found) throw inspector_refusal("name", "no such actor runs");
  std::vector<actor_info> one{*found};
  count_runs(one);
  json made{{"actor", row_of(one.front())}};
  const auto id = parse_entity_id(name);
  if (is_entity(id)) {
    put_entity(made, *found);
  } else if (id) {
    put_order(made, *found);
  } else if (found->kind == "shard") {
    const auto all = shards();
    for (const auto& row : all["rows"])
      if (row["name"] == name) made["shard"] = row;
  }
  put_children(made, *found);
  return made;
}

/// Those of this node, then those of others.
void inspector::put_children(json& into, const actor_info& actor) {
  auto children = json::array();
  std::set<std::string> here;
  for (const auto& child : around_.registry.list({.parent = actor.name, .limit = children_shown})) {
    here.insert(child.name);
    children.push_back({{"node", around_.node},
                        {"name", child.name},
                        {"status", child.is_failed ? "failed" : "running"},
                        {"restarts", child.restarts},
                        {"last_failure", maybe(child.last_failure)}});
  }
  const auto id = parse_entity_id(actor.name);
  const bool is_live = into.contains("entity") && into["entity"].is_object();
  if (id.kind() == entity_kind::user && is_live && around_.children_elsewhere) {
    std::vector<entity_id> known;
    const auto state = into["entity"].find("state");
    if (state != into["entity"].end() && state->contains("accounts"))
      for (const auto& one : (*state)["accounts"])
        known.push_back(parse_entity_id(one.at("account").get<std::string>()));
    for (auto& row : around_.children_elsewhere(id, known))
      if (!here.contains(row.at("name").get<std::string>())) children.push_back(std::move(row));
  }
  into["children"] = std::move(children);
}

/// A parent of one that was given up trades on with the rest.
void inspector::mark_degraded(json& rows) const {
  const auto elsewhere = around_.degraded ? around_.degraded() : std::set<entity_id>{};
  std::vector<std::size_t> above; // by depth, the row that stands there
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    const auto depth = row["depth"].get<std::size_t>();
    above.resize(std::min(above.size(), depth));
    above.push_back(i);
    row["degraded"] = elsewhere.contains(parse_entity_id(row["name"].get<std::string>()));
    if (row["status"] == "failed" && above.size() >= 2)
      rows[above[above.size() - 2]]["degraded"] = true;
  }
}

inspector::json inspector::where(inspector_question& asked) {
  const auto name = asked.needed_text("name");
  asked.done();
  auto rows = json::array();
  const auto found = around_.registry.find(name);
  if (!found) return {{"rows", std::move(rows)}};
  const auto id = parse_entity_id(name);
  bool holds = !is_entity(id); // an entity's actor may only watch over its children here
  for (const auto& shard : around_.shards()) {
    if (holds) break;
    const auto is_here = ask_shard(
      shard, [id](const shard_inside& inside) { return inside.entities.look(id).has_value(); });
    holds = is_here && *is_here;
  }
  rows.push_back({{"node", around_.node},
                  {"name", name},
                  {"kind", found->kind},
                  {"status", found->is_failed ? "failed" : "running"},
                  {"holds", holds}});
  return {{"rows", std::move(rows)}};
}

void inspector::put_entity(json& into, const actor_info& actor) {
  const auto id = parse_entity_id(actor.name);
  bool is_found = false;
  for (const auto& shard : around_.shards()) {
    auto made = ask_shard(shard, [id](const shard_inside& inside) {
      json found;
      const auto at = inside.entities.look(id);
      if (!at) return found;
      found["shard"] = inside.name;
      found["requests"] = at->requests;
      found["link_messages"] = at->messages;
      found["waiting_requests"] = at->waiting_requests;
      found["waiting_messages"] = at->waiting_messages;
      found["condition"] = at->is_given_up       ? "given up"
                           : at->is_loading      ? "recovering"
                           : at->live == nullptr ? "waits for its restart"
                                                 : "live";
      json stream{{"records_in_flight", at->in_flight},
                  {"snapshot_event", at->snapshot_at},
                  {"snapshot_bytes", at->snapshot_bytes}};
      if (const auto* const index = inside.index_of(id)) {
        stream["last_journal_position"] = index->last_position_of(id);
        stream["first_journal_position_needed"] = index->first_of(id);
      }
      if (at->live == nullptr) {
        found["stream"] = std::move(stream);
        return found;
      }
      stream["event_number"] = at->live->event_number();
      stream["last_time"] = format_time(at->live->last_time());
      found["stream"] = std::move(stream);
      found["unacknowledged"] = at->live->links_out().kept();
      found["links"] = links_of(*at->live);
      found["state"] = state_of(*at->live);
      return found;
    });
    if (!made) throw inspector_refusal("", "its shard does not answer within 1.5 s");
    if (made->is_null()) continue;
    into["entity"] = std::move(*made);
    is_found = true;
  }
  if (!is_found) into["entity"] = nullptr;
}

/// An order's state is in its account's.
void inspector::put_order(json& into, const actor_info& actor) {
  const order_id order{parse_entity_id(actor.name).number()};
  auto above = actor;
  for (int steps = 0; steps < 4 && above.kind == "order"; ++steps) {
    const auto next = around_.registry.find(above.parent);
    if (!next) return;
    above = *next;
  }
  const auto account_of = parse_entity_id(above.name);
  if (account_of.kind() != entity_kind::account) return;
  for (const auto& shard : around_.shards()) {
    const auto made = ask_shard(shard, [account_of, order](const shard_inside& inside) {
      const auto at = inside.entities.look(account_of);
      return at && at->live != nullptr ? order_of(*at->live, order) : json();
    });
    if (made && !made->is_null()) into["order"] = *made;
  }
}

inspector::json inspector::trace(inspector_question& asked) {
  const auto name = asked.needed_text("name");
  const auto after = asked.count("after", 0, 0, INT64_MAX);
  const auto limit = asked.count("limit", 100, 1, runtime::actor_trace::lines_max);
  const auto seconds = asked.count("seconds", 5, 1, runtime::actor_registry::lease_seconds_max);
  asked.done();
  const auto entry = around_.registry.entry(name);
  if (!entry) throw inspector_refusal("name", "no such actor runs");
  if (!around_.registry.trace(name, seconds))
    throw inspector_refusal("", "as many actors as may be are followed already: " +
                                  std::to_string(runtime::actor_registry::traces_max));
  json made{{"name", name}, {"lines", json::array()}};
  entry->read_trace([&](const runtime::actor_trace& kept) {
    for (const auto& line :
         kept.after(static_cast<std::uint64_t>(after), static_cast<std::size_t>(limit)))
      made["lines"].push_back({{"node", around_.node},
                               {"number", line.number},
                               {"at", format_time(line.at)},
                               {"took_us", static_cast<double>(line.took_ns) / 1e3},
                               {"kind", line.kind},
                               {"text", line.text}});
    made["last"] = kept.last();
    made["skipped"] = kept.skipped();
  });
  return made;
}

inspector::json inspector::slow(inspector_question& asked) {
  const auto limit = asked.count("limit", inspector_limits::slow, 1, rows_max);
  asked.done();
  around_.registry.watch(lease_seconds);
  runtime::actor_query query;
  query.order = runtime::actor_order::longest;
  query.limit = static_cast<std::size_t>(limit);
  auto rows = json::array();
  for (const auto& one : around_.registry.list(query))
    if (one.longest_ns > 0) rows.push_back(row_of(one));
  return {{"rows", std::move(rows)}};
}

inspector::json inspector::shards() {
  auto rows = json::array();
  for (const auto& shard : around_.shards()) {
    json row{{"node", around_.node}};
    if (auto found = ask_shard(shard, [](const shard_inside& inside) { return shard_row(inside); }))
      row.update(*found);
    else
      row["state"] = "does not answer";
    rows.push_back(std::move(row));
  }
  return {{"rows", std::move(rows)}};
}

inspector::json inspector::journal() {
  json row{{"node", around_.node}};
  if (around_.put_journal) around_.put_journal(row);
  return {{"rows", json::array({std::move(row)})}};
}

} // namespace rialto::actors
