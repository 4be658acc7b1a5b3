#include "actors/cluster/inspection.hpp"

#include "actors/inspector_question.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::actors {

namespace {

using json = nlohmann::ordered_json;

json read(const std::string& text) {
  return json::parse(text, nullptr, false);
}
std::string text_of(const json& from, const char* name) {
  const auto at = from.find(name);
  return at == from.end() || !at->is_string() ? std::string{} : at->get<std::string>();
}
bool is_error(const json& answer) {
  return !answer.is_object() || answer.contains("error");
}
bool is_list(const std::string& query) {
  constexpr std::string_view lists[] = {"nodes",  "shards", "journal", "tree",
                                        "actors", "slow",   "where"};
  return std::find(std::begin(lists), std::end(lists), query) != std::end(lists);
}
std::string dumped(const json& made) {
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string cluster_inspection::answer(std::string_view question, std::string_view who) {
  try {
    return dumped(run(question, who));
  } catch (const inspector_refusal& no) {
    return dumped(inspector_error(no.field, no.what()));
  } catch (const std::exception& problem) {
    return dumped(inspector_error("", problem.what()));
  }
}

cluster_inspection::json cluster_inspection::own(const json& question, std::string_view who) const {
  auto made = read(around_.local(dumped(question), who));
  return made.is_object() ? made : inspector_error("", "this node's answer is none");
}

cluster_inspection::json cluster_inspection::run(std::string_view text, std::string_view who) {
  const bool is_small = text.size() <= inspector_question::bytes_max;
  auto question = is_small ? json::parse(text, nullptr, false) : json();
  const auto scope = question.is_object() ? text_of(question, "scope") : "node";
  if (scope == "node" || (!scope.empty() && scope != "cluster")) {
    auto made = read(around_.local(text, who)); // it says what is wrong, too
    return made.is_object() ? made : inspector_error("", "this node's answer is none");
  }
  if (const auto at = question.find("node"); at != question.end() && !at->is_string())
    throw inspector_refusal("node", "must be the name of a node");
  const auto wanted = text_of(question, "node");
  question.erase("node");
  question["scope"] = "node";

  auto members = around_.members();
  std::vector<asked_node> nodes;
  std::string known;
  auto rows = json::array();
  for (const auto& one : members) {
    const auto name = text_of(one, "node");
    known += (known.empty() ? "" : ", ") + name;
    if (!wanted.empty() && name != wanted) continue;
    rows.push_back(one);
    if (text_of(one, "membership") == "gone") continue;
    const asked_node node{one.value("incarnation", std::uint64_t{0}), name};
    nodes.insert(name == around_.node ? nodes.begin() : nodes.end(), node);
  }
  if (rows.empty())
    throw inspector_refusal("node", wanted.empty() ? "no node of the cluster is known yet"
                                                   : "must be one of " + known);
  const auto query = text_of(question, "query");
  if (nodes.empty() && query != "nodes") throw inspector_refusal("node", wanted + " is down");

  json made;
  if (query == "kill" || query == "restart" || query == "trace") {
    made = change(nodes, question, who);
  } else if (is_list(query)) {
    auto came = ask(nodes, question, who);
    // What is wrong with the question itself this node has said, if it was asked.
    if (!came.empty() && came.front().name == around_.node && is_error(came.front().answer) &&
        !is_no_such_actor(came.front().answer))
      return came.front().answer;
    made = merged_rows(question, std::move(came), query == "nodes" ? rows : json());
  } else if (query == "actor") {
    made = merged_actor(ask(nodes, question, who));
  } else {
    return own(question, who); // no such query: it says which there are
  }
  if (is_error(made)) return made;
  if (!made.contains("node")) made["node"] = around_.node;
  made["query"] = query;
  made["scope"] = "cluster";
  return made;
}

std::vector<inspected_node> cluster_inspection::ask(const std::vector<asked_node>& nodes,
                                                    json question, std::string_view who) {
  std::vector<inspected_node> all;
  std::vector<asked_node> others;
  const bool is_own_asked = std::any_of(nodes.begin(), nodes.end(),
                                        [&](const auto& one) { return one.name == around_.node; });
  for (const auto& one : nodes)
    if (one.name != around_.node) others.push_back(one);
  const auto from = fmt::format("{} (asked of {})", who, around_.node);
  json mine;
  const auto replies = questions_.ask(others, dumped(question), from, [&] {
    if (is_own_asked) mine = own(question, who);
  });
  if (is_own_asked) all.push_back({around_.node, std::move(mine), {}});
  for (const auto& one : replies) {
    auto& at = all.emplace_back();
    at.name = one.node;
    at.why = one.why;
    if (at.why.empty()) {
      at.answer = read(one.text);
      if (!at.answer.is_object()) at.why = "its answer is no JSON object";
    } else if (around_.link_trouble) {
      if (const auto more = around_.link_trouble(one.node); !more.empty()) at.why += ": " + more;
    }
    if (!at.why.empty()) at.answer = nullptr;
  }
  return all;
}

/// First where it is, then there alone (I2).
cluster_inspection::json cluster_inspection::change(const std::vector<asked_node>& nodes,
                                                    const json& question, std::string_view who) {
  const auto name = text_of(question, "name");
  if (name.empty()) return own(question, who); // refuses it
  const auto place =
    place_of(name, ask(nodes, {{"query", "where"}, {"name", name}, {"scope", "node"}}, who));
  if (place.node.empty()) return place.refusal;
  std::vector<asked_node> there;
  for (const auto& one : nodes)
    if (one.name == place.node) there.push_back(one);
  auto came = ask(there, question, who);
  if (came.empty() || !came.front().why.empty())
    return inspector_error("", fmt::format("{} runs on {}, which does not answer: {}", name,
                                           place.node, came.empty() ? "" : came.front().why));
  return came.front().answer;
}

} // namespace rialto::actors
