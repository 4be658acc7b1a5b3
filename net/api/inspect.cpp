// Questions to the inspector (actors/inspector.hpp) for whoever runs the node, and the two things it does: kill, restart.
#include "net/api/handlers.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace rialto::net {

namespace {

using json = nlohmann::json;

constexpr std::size_t name_bytes_max = 100;

/// A refusal of the inspector as a problem.
failure failure_of(const json& error) {
  const auto word = [&](const char* name) {
    const auto at = error.find(name);
    return at == error.end() || !at->is_string() ? std::string{} : at->get<std::string>();
  };
  const auto field = word("field"), rule = word("rule");
  if (field == "name" && rule.starts_with("no such actor"))
    return {request_error::actor_not_found, rule, field};
  if (field.empty()) return {request_error::not_ready, rule};
  return {request_error::invalid_field, rule, field};
}

/// It may wait for shards and nodes, on threads of its own: lists do not wait behind it.
void inspect(desk& at, const call_ptr& from, const json& question) {
  const auto& ask = at.settings().inspect;
  if (!ask) return from->fail({request_error::not_ready, "there is no inspector here"});
  const auto who = fmt::format("administrator user/{}", from->who->user->view.id.value);
  const auto finish = [from](const std::string& answer) {
    const auto read = json::parse(answer, nullptr, false);
    if (!read.is_object()) return from->fail(request_error::internal);
    if (const auto no = read.find("error"); no != read.end()) return from->fail(failure_of(*no));
    from->done(200, answer);
  };
  ask(question.dump(-1, ' ', false, json::error_handler_t::replace), who,
      [&at, finish](std::string answer) {
        at.on_io([finish, answer = std::move(answer)] { finish(answer); });
      });
}

/// A question that is made of query parameters: texts, and whole numbers.
void ask_of_query(desk& at, const call_ptr& from, json question,
                  std::initializer_list<const char*> texts,
                  std::initializer_list<const char*> numbers) {
  query_reader query(from);
  const auto take = [&](const char* name) {
    const std::string text(query.text(name));
    if (text.size() > name_bytes_max) query.refuse(name, "must be at most 100 bytes");
    if (!text.empty()) question[name] = text;
  };
  for (const auto* name : texts) take(name);
  take("scope");
  take("node");
  for (const auto* name : numbers)
    if (const auto number = query.number(name, 0, INT64_MAX); number > 0) question[name] = number;
  if (!query.ok()) return;
  inspect(at, from, question);
}

void change(desk& at, const call_ptr& from, json_object& body, const char* what) {
  json question{{"query", what}, {"name", std::string(body.text("name", name_bytes_max))}};
  if (const auto node = body.maybe_text("node", name_bytes_max))
    question["node"] = std::string(*node);
  if (!body.done()) return from->fail(body.why());
  inspect(at, from, question);
}

} // namespace

void get_nodes(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "nodes"}}, {}, {});
}
void get_shards(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "shards"}}, {}, {});
}
void get_journal(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "journal"}}, {}, {});
}
void get_actor_tree(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "tree"}}, {"root"}, {"depth", "children", "limit"});
}
void get_busy_actors(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "actors"}, {"sort", "cpu"}}, {"kind", "name", "sort"},
               {"limit"});
}
void get_slow_actors(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "slow"}}, {}, {"limit"});
}
void get_actor_state(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "actor"}}, {"name"}, {});
}
void get_actor_trace(desk& at, const call_ptr& from, json_object&) {
  ask_of_query(at, from, {{"query", "trace"}}, {"name"}, {"after", "limit", "seconds"});
}
void post_actor_kill(desk& at, const call_ptr& from, json_object& body) {
  change(at, from, body, "kill");
}
void post_actor_restart(desk& at, const call_ptr& from, json_object& body) {
  change(at, from, body, "restart");
}

} // namespace rialto::net
