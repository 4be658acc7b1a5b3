#include "actors/inspector_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rialto::actors {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view no_such = "no such actor runs";

std::string text_of(const json& from, const char* name) {
  const auto at = from.find(name);
  return at == from.end() || !at->is_string() ? std::string{} : at->get<std::string>();
}
double number_of(const json& from, const char* name) {
  const auto at = from.find(name);
  return at == from.end() || !at->is_number() ? 0 : at->get<double>();
}
std::size_t limit_of(const json& question, std::int64_t usual) {
  const auto at = question.find("limit");
  const auto said =
    at == question.end() || !at->is_number_integer() ? usual : at->get<std::int64_t>();
  return static_cast<std::size_t>(std::max<std::int64_t>(said, 1));
}

json* rows_of(json& answer) {
  const auto at = answer.is_object() ? answer.find("rows") : answer.end();
  return at == answer.end() || !at->is_array() ? nullptr : &*at;
}

/// What a row has for a sort of inspector.hpp; empty: by name.
const char* field_of_sort(const std::string& sort) {
  static constexpr std::pair<std::string_view, const char*> all[] = {
    {"mailbox", "mailbox"},    {"rate", "messages_per_second"}, {"cpu", "cpu_percent"},
    {"longest", "longest_us"}, {"memory", "memory_bytes"},      {"restarts", "restarts"},
    {"messages", "messages"}};
  for (const auto& [word, field] : all)
    if (word == sort) return field;
  return nullptr;
}

void sort_rows(json& rows, const char* by) {
  auto& all = rows.get_ref<json::array_t&>();
  std::stable_sort(all.begin(), all.end(), [by](const json& a, const json& b) {
    if (by != nullptr) {
      const auto left = number_of(a, by), right = number_of(b, by);
      if (left != right) return left > right;
    }
    const auto left = text_of(a, "name"), right = text_of(b, "name");
    return left != right ? left < right : text_of(a, "node") < text_of(b, "node");
  });
}

/// So many rows of each, in all `limit`: who has fewer leaves room to the others.
std::vector<std::size_t> fair_shares(const std::vector<std::size_t>& sizes, std::size_t limit) {
  std::vector<std::size_t> shares(sizes.size(), 0);
  for (auto left = limit; left > 0;) {
    std::size_t hungry = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) hungry += shares[i] < sizes[i] ? 1 : 0;
    if (hungry == 0) break;
    const auto each = std::max<std::size_t>(left / hungry, 1);
    for (std::size_t i = 0; i < sizes.size() && left > 0; ++i) {
      const auto more = std::min({each, sizes[i] - shares[i], left});
      shares[i] += more;
      left -= more;
    }
  }
  return shares;
}

/// One row a member: what the cluster knows of it, then what it says of itself.
json member_rows(const json& members, const std::vector<inspected_node>& nodes) {
  auto rows = json::array();
  for (const auto& member : members) {
    auto row = member;
    const auto name = text_of(member, "node");
    const auto said =
      std::find_if(nodes.begin(), nodes.end(), [&](const auto& one) { return one.name == name; });
    const auto* own = said == nodes.end() || !said->answer.is_object() ? nullptr : &said->answer;
    const auto at = own == nullptr ? json::const_iterator{} : own->find("rows");
    const bool has_said = own != nullptr && at != own->end() && at->is_array() && !at->empty();
    if (text_of(member, "membership") == "gone")
      row["state"] = "down";
    else
      row["state"] = has_said ? text_of(member, "membership") : "unreachable";
    if (has_said)
      for (const auto& [field, value] : at->front().items())
        if (!row.contains(field)) row[field] = value;
    rows.push_back(std::move(row));
  }
  return rows;
}

void put_unreachable(json& into, const std::vector<inspected_node>& nodes) {
  auto& all = into["unreachable"] = json::array();
  for (const auto& one : nodes)
    if (!one.why.empty()) all.push_back({{"node", one.name}, {"why", one.why}});
}

std::string names_of(std::vector<std::string> all) {
  std::sort(all.begin(), all.end());
  return fmt::format("{}", fmt::join(all, ", "));
}

} // namespace

json inspector_error(std::string_view field, std::string_view rule) {
  return {{"error",
           {{"field", field.empty() ? json(nullptr) : json(std::string(field))},
            {"rule", std::string(rule)}}}};
}

std::string rule_of(const json& answer) {
  const auto at = answer.is_object() ? answer.find("error") : answer.end();
  return at == answer.end() ? std::string{} : text_of(*at, "rule");
}

bool is_no_such_actor(const json& answer) {
  return rule_of(answer).starts_with(no_such);
}

json no_such_actor(const char* field, const std::vector<inspected_node>& nodes) {
  std::vector<std::string> silent;
  for (const auto& one : nodes)
    if (!one.why.empty()) silent.push_back(one.name + " (" + one.why + ")");
  auto rule = std::string(no_such);
  if (!silent.empty()) rule += " on the nodes that answer; without " + names_of(silent);
  return inspector_error(field, rule);
}

json merged_rows(const json& question, std::vector<inspected_node> nodes, const json& members) {
  const auto query = text_of(question, "query");
  for (auto& one : nodes) { // an error is no list: why there is none
    if (!one.why.empty() || rows_of(one.answer) != nullptr) continue;
    if (query == "tree" && is_no_such_actor(one.answer)) {
      one.answer = {{"rows", json::array()}};
      continue;
    }
    const auto rule = rule_of(one.answer);
    one.why = rule.empty() ? "its answer is no list" : rule;
    one.answer = nullptr;
  }
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  json made{{"rows", json::array()}};
  auto& rows = made["rows"];
  if (query == "nodes" && members.is_array()) {
    rows = member_rows(members, nodes);
    put_unreachable(made, nodes);
    return made;
  }
  std::vector<std::size_t> sizes;
  for (auto& one : nodes) {
    const auto* const own = rows_of(one.answer);
    sizes.push_back(own == nullptr ? 0 : own->size());
  }
  const auto shares =
    query == "tree" ? fair_shares(sizes, limit_of(question, inspector_limits::tree)) : sizes;
  std::uint64_t actors = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto* const own = rows_of(nodes[i].answer);
    if (own == nullptr) continue;
    for (std::size_t row = 0; row < shares[i]; ++row) rows.push_back(std::move((*own)[row]));
    if (const auto at = nodes[i].answer.find("actors");
        at != nodes[i].answer.end() && at->is_number_unsigned())
      actors += at->get<std::uint64_t>();
  }
  if (query == "actors" || query == "slow") {
    const bool is_slow = query == "slow";
    sort_rows(rows, is_slow ? "longest_us" : field_of_sort(text_of(question, "sort")));
    const auto limit =
      limit_of(question, is_slow ? inspector_limits::slow : inspector_limits::actors);
    if (rows.size() > limit)
      rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
    if (!is_slow) made["actors"] = actors;
  }
  const bool is_root_missing =
    query == "tree" && rows.empty() && !text_of(question, "root").empty();
  if (is_root_missing) return no_such_actor("root", nodes);
  put_unreachable(made, nodes);
  return made;
}

json merged_actor(std::vector<inspected_node> nodes) {
  const auto worth = [](const inspected_node& one) {
    if (!one.answer.is_object() || one.answer.contains("error")) return 0;
    const auto has = [&](const char* name) {
      const auto at = one.answer.find(name);
      return at != one.answer.end() && at->is_object();
    };
    return has("entity") ? 3 : has("order") || has("shard") ? 2 : 1;
  };
  auto best = nodes.end();
  for (auto at = nodes.begin(); at != nodes.end(); ++at)
    if (worth(*at) > 0 && (best == nodes.end() || worth(*at) > worth(*best))) best = at;
  if (best == nodes.end()) {
    for (const auto& one : nodes) // a refusal that is about something else
      if (one.answer.is_object() && one.answer.contains("error") && !is_no_such_actor(one.answer))
        return one.answer;
    return no_such_actor("name", nodes);
  }
  auto made = best->answer;
  auto& children = made["children"];
  if (!children.is_array()) children = json::array();
  std::vector<std::string> others;
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& child : children) known.emplace(text_of(child, "node"), text_of(child, "name"));
  for (auto at = nodes.begin(); at != nodes.end(); ++at) {
    if (at == best || worth(*at) == 0) continue;
    others.push_back(at->name);
    const auto below = at->answer.find("children");
    // Of an entity alone: "node" or "market_data" of another node is another actor.
    if (!made.contains("entity") || below == at->answer.end() || !below->is_array()) continue;
    for (const auto& child : *below)
      if (known.emplace(text_of(child, "node"), text_of(child, "name")).second)
        children.push_back(child);
  }
  if (!others.empty()) made["also_on"] = others;
  put_unreachable(made, nodes);
  return made;
}

actor_place place_of(const std::string& name, const std::vector<inspected_node>& nodes) {
  std::vector<std::string> holders, watchers;
  for (const auto& one : nodes) {
    const auto at = one.answer.is_object() ? one.answer.find("rows") : one.answer.end();
    if (at == one.answer.end() || !at->is_array()) continue;
    for (const auto& row : *at) {
      const auto holds = row.find("holds");
      const bool is_holder = holds != row.end() && holds->is_boolean() && holds->get<bool>();
      (is_holder ? holders : watchers).push_back(one.name);
    }
  }
  const auto& found = holders.empty() ? watchers : holders;
  if (found.size() == 1) return {found.front(), nullptr};
  if (found.empty()) return {{}, no_such_actor("name", nodes)};
  return {
    {},
    inspector_error("node", fmt::format("must say which: {} runs on {}", name, names_of(found)))};
}

} // namespace rialto::actors
