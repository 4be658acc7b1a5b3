#include "app/inspect_top.hpp"

#include "app/commands.hpp"
#include "app/count_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <thread>

namespace rialto::app {

namespace {

constexpr std::array<const char*, 7> sorts = {"cpu",    "rate",     "mailbox", "longest",
                                              "memory", "restarts", "name"};

std::uint64_t number(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  if (at == row.end() || !at->is_number()) return 0;
  return static_cast<std::uint64_t>(std::max(at->get<double>(), 0.0));
}
std::string word(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  return at == row.end() || !at->is_string() ? "" : shown(at->get_ref<const std::string&>());
}
bool flag(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  return at != row.end() && at->is_boolean() && at->get<bool>();
}
double share(const inspect_json& row, const char* name) {
  const auto at = row.find(name);
  return at == row.end() || !at->is_number() ? 0 : at->get<double>();
}

/// "123", "12.3k", "1.2M": five characters at most.
std::string short_count(std::uint64_t count) {
  if (count < 100'000) return std::to_string(count);
  if (count < 10'000'000) return fmt::format("{}k", count / 1'000);
  return fmt::format("{}M", std::min<std::uint64_t>(count / 1'000'000, 9'999));
}

const inspect_json& rows_in(const inspect_json& answer) {
  static const inspect_json none = inspect_json::array();
  const auto at = answer.find("rows");
  return at == answer.end() || !at->is_array() ? none : *at;
}

std::string filled(std::string text, std::size_t columns) {
  text = shown(text, columns);
  const auto width = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
  return text + std::string(columns > width ? columns - width : 0, ' ');
}

} // namespace

inspect_json top_view::question(screen_size size) const {
  return {{"query", "actors"},
          {"kind", kind_},
          {"sort", sorts[sort_]},
          {"limit", std::min(rows_max, first_ + page(size))}};
}

void top_view::take(const inspect_json& nodes, const inspect_json& shards,
                    const inspect_json& actors) {
  failure_.clear();
  nodes_ = nodes;
  is_cluster_ = !rows_in(nodes_).empty() && rows_in(nodes_).front().contains("membership");
  shards_ = shards;
  actors_ = actors;
  if (const auto count = rows_in(actors_).size(); first_ >= count)
    first_ = count == 0 ? 0 : count - 1;
}

bool top_view::press(const pressed& one, screen_size size) {
  const auto step = page(size);
  const auto last = rows_max - std::min(rows_max, step);
  switch (one.which) {
  case key::quit: return false;
  case key::up: first_ -= std::min<std::size_t>(first_, 1); break;
  case key::down: first_ = std::min(first_ + 1, last); break;
  case key::page_up: first_ -= std::min(first_, step); break;
  case key::page_down: first_ = std::min(first_ + step, last); break;
  case key::home: first_ = 0; break;
  case key::end: first_ = last; break;
  case key::none: break;
  case key::other:
    if (one.letter == 's') {
      sort_ = (sort_ + 1) % sorts.size();
      first_ = 0;
    } else if (one.letter == 'k') {
      std::vector<std::string> kinds{""};
      for (const auto& node : rows_in(nodes_))
        if (node.contains("actors_by_kind"))
          for (const auto& [kind, count] : node["actors_by_kind"].items())
            if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
      const auto at = std::find(kinds.begin(), kinds.end(), kind_);
      kind_ = at == kinds.end() || at + 1 == kinds.end() ? "" : *(at + 1);
      first_ = 0;
    }
    break;
  }
  // Not past what there is.
  const auto known = static_cast<std::size_t>(number(actors_, "actors"));
  if (kind_.empty() && known > 0) first_ = std::min(first_, known - std::min(known, step));
  return true;
}

std::size_t top_view::node_width() const {
  if (!is_cluster_) return 0;
  std::size_t width = std::string_view("NODE").size();
  for (const auto& row : rows_in(nodes_)) width = std::max(width, word(row, "node").size());
  return std::min<std::size_t>(width, 8);
}

/// Of a cluster, the node takes some of the name's columns.
std::size_t top_view::name_width(std::size_t columns) const {
  const auto width = columns > 80 ? 24 + (columns - 80) / 2 : 24;
  const auto node = node_width();
  return std::max<std::size_t>(width - std::min(width, node == 0 ? 0 : node + 1), 12);
}

std::string top_view::row_text(const inspect_json& row, std::size_t columns) const {
  auto name = filled(word(row, "name"), name_width(columns));
  if (const auto node = node_width(); node > 0) name += ' ' + filled(word(row, "node"), node);
  const auto failure = word(row, "status") == "failed" ? "FAILED " + word(row, "last_failure")
                                                       : word(row, "last_failure");
  return filled(fmt::format("{} {:>7} {:>6} {:>6.2f} {:>8} {:>8} {:>4} {}", name,
                            short_count(number(row, "messages_per_second")),
                            short_count(number(row, "mailbox")), share(row, "cpu_percent"),
                            duration_text(number(row, "longest_us")),
                            bytes_text(number(row, "memory_bytes")),
                            short_count(number(row, "restarts")), failure),
                columns);
}

std::string top_view::node_title() const {
  std::string title = "rialto ";
  for (const auto& node : rows_in(nodes_))
    title += fmt::format(" {} {} up {}  cpu {:.1f} %  memory {}", word(node, "node"),
                         word(node, "version"), age_text(number(node, "uptime_seconds")),
                         share(node, "cpu_percent"), bytes_text(number(node, "resident_bytes")));
  return title;
}

/// Who is not as he should be comes first: of many nodes not all fit.
std::string top_view::cluster_title() const {
  std::string bad, good;
  std::size_t up = 0;
  for (const auto& node : rows_in(nodes_)) {
    const auto state = word(node, "state");
    const auto name = word(node, "node") + (flag(node, "leads") ? "*" : "");
    if (state == "up") {
      ++up;
      good += fmt::format("  {} {:.0f}% {}", name, share(node, "cpu_percent"),
                          bytes_text(number(node, "resident_bytes")));
    } else {
      auto loud = state;
      std::transform(loud.begin(), loud.end(), loud.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      bad += fmt::format("  {} {}", name, loud);
    }
  }
  return fmt::format("rialto  {} of {} up{}{}", up, counted(rows_in(nodes_).size(), "node"), bad,
                     good);
}

std::vector<std::string> top_view::lines(screen_size size, bool is_plain) const {
  std::vector<std::string> all;
  std::uint64_t actors = 0, failed = 0;
  for (const auto& node : rows_in(nodes_)) {
    actors += number(node, "actors");
    failed += number(node, "failed_actors");
  }
  all.push_back(filled(is_cluster_ ? cluster_title() : node_title(), size.columns));
  std::uint64_t entities = 0, requests = 0, waiting = 0, commit_us = 0;
  bool is_suspended = false;
  for (const auto& shard : rows_in(shards_)) {
    entities += number(shard, "entities");
    requests += number(shard, "requests");
    waiting = std::max(waiting, number(shard, "waiting_appends"));
    commit_us = std::max(commit_us, number(shard, "last_commit_us"));
    is_suspended = is_suspended || word(shard, "state") != "serving";
  }
  all.push_back(filled(
    fmt::format("{}, {} failed  {} entities  {} requests  commit {}{}", counted(actors, "actor"),
                failed, grouped(entities), grouped(requests), duration_text(commit_us),
                is_suspended ? "  SUSPENDED" : fmt::format(", {} wait", waiting)),
    size.columns));
  all.push_back(
    filled(failure_.empty()
             ? fmt::format("sort {}  kind {}  from {}   q quit  s sort  k kind  arrows, page keys",
                           sorts[sort_], kind_.empty() ? "all" : kind_, first_ + 1)
             : "NO ANSWER: " + failure_,
           size.columns));
  auto name = filled("ACTOR", name_width(size.columns));
  if (const auto node = node_width(); node > 0) name += ' ' + filled("NODE", node);
  const auto head =
    filled(fmt::format("{} {:>7} {:>6} {:>6} {:>8} {:>8} {:>4} {}", name, "MSG/S", "WAITS", "CPU %",
                       "LONGEST", "MEMORY", "RST", "LAST FAILURE"),
           size.columns);
  if (!is_plain) {
    all[0] = bold(all[0]);
    if (!failure_.empty() || is_suspended) all[2] = inverse(all[2]);
    all.push_back(inverse(head));
  } else {
    all.push_back(head);
  }
  const auto& rows = rows_in(actors_);
  const auto end = is_plain ? rows.size() : std::min(rows.size(), first_ + page(size));
  for (auto i = first_; i < end; ++i) all.push_back(row_text(rows[i], size.columns));
  if (rows.empty()) all.push_back(filled("no such actors", size.columns));
  return all;
}

int run_top(const inspect_ask& ask) {
  top_view view;
  const auto look = [&](screen_size size) {
    const auto nodes = ask({{"query", "nodes"}}), shards = ask({{"query", "shards"}});
    view.take(nodes, shards, ask(view.question(size)));
  };
  if (!terminal_screen::is_there()) {
    constexpr screen_size plain{120, 44};
    look(plain); // rates are those between two looks
    std::this_thread::sleep_for(std::chrono::seconds(1));
    look(plain);
    for (auto line : view.lines(plain, true)) {
      line.erase(line.find_last_not_of(' ') + 1);
      std::printf("%s\n", line.c_str());
    }
    return 0;
  }
  look({}); // a node that does not answer is complained about below, on the terminal as it was
  terminal_screen screen;
  for (;;) {
    const auto size = screen.size();
    const auto began = std::chrono::steady_clock::now();
    try {
      look(size);
    } catch (const std::exception& problem) {
      view.take_failure(problem.what());
    }
    screen.draw(view.lines(size));
    const auto ended = std::chrono::steady_clock::now();
    const auto until =
      ended +
      top_view::pause_after(std::chrono::duration_cast<std::chrono::milliseconds>(ended - began));
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      const auto one = screen.wait(left);
      if (one.which == key::none) break;
      if (!view.press(one, screen.size())) return 0;
      if (one.which == key::other) break; // other rows: ask at once
      screen.draw(view.lines(screen.size()));
      if (one.which != key::up && one.which != key::down) break;
    }
  }
}

} // namespace rialto::app
