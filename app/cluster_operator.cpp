// rialto cluster status, drain and move: straight over the tables, so they work whatever nodes are down.
#include "app/cluster_status.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "runtime/settings_list.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

extern char** environ; // NOLINT: POSIX declares it nowhere

namespace rialto::app {

namespace {

constexpr int bound_ms = 10'000; // of one statement
constexpr auto look_again = std::chrono::milliseconds(200);

struct operator_words {
  std::string config_file, node;
  std::uint64_t shard = 0;
  int wait_s = 0;
  bool is_json = false;
};

/// The address as a node would read it; empty when there is none, and then why was said.
std::string database_address(operator_words words) {
  if (words.config_file.empty() && std::filesystem::exists(runtime::usual_config_file))
    words.config_file = runtime::usual_config_file;
  runtime::setting_errors errors;
  const auto settings = runtime::load_settings(words.config_file, environ, {}, errors);
  for (const auto& error : errors) complain(error);
  if (!errors.empty()) return {};
  const auto& address = *settings.storage_journal;
  if (address.starts_with("postgres")) return address;
  complain("cluster: there is no cluster without PostgreSQL; its address is storage.journal of "
           "--config FILE, or RIALTO_STORAGE_JOURNAL=postgres://...");
  return {};
}

/// Runs `work` on an operator's session; what the database says is told as it is.
template <class Work>
int with_cluster(const operator_words& words, Work work) {
  const auto address = database_address(words);
  if (address.empty()) return exit_misused;
  try {
    auto on = storage::open_cluster_session(address, "rialto operator", bound_ms);
    storage::cluster_store store(on);
    return work(store);
  } catch (const storage::postgres_error& error) {
    const bool has_no_tables = error.state == "42883" || error.state == "42P01";
    complain(has_no_tables
               ? "cluster: the database has no tables of a cluster yet; a node makes them when it "
                 "starts, and rialto migrate up does"
               : fmt::format("cluster: {}", error.what()));
    return exit_failed;
  }
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

int show_status(const operator_words& words) {
  return with_cluster(words, [&](storage::cluster_store& store) {
    const auto seen = store.read();
    print(words.is_json ? cluster_status_json(seen) + '\n' : cluster_status_text(seen));
    return 0;
  });
}

/// Looks until `is_done` says so or the time is over.
template <class Condition>
bool wait_for(storage::cluster_store& store, int wait_s, Condition is_done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_s);
  while (!is_done(store.read())) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

/// The last line of drain and move, after the wish stands in the tables.
int tell_end(const operator_words& words, bool is_done, const std::string& done) {
  if (words.is_json)
    print(fmt::format("{{\"wished\":true,\"done\":{}}}\n", is_done));
  else if (is_done)
    print(done + '\n');
  else if (words.wait_s == 0)
    print("Asked for; rialto cluster status shows how far it is.\n");
  else
    print(fmt::format("Asked for, and not done after {} s; it goes on without this command.\n",
                      words.wait_s));
  return is_done || words.wait_s == 0 ? 0 : exit_failed;
}

int drain(const operator_words& words) {
  return with_cluster(words, [&](storage::cluster_store& store) {
    const auto seen = store.read();
    const auto* node = find_node(seen, words.node);
    if (node == nullptr || !store.wish_drain(node->id)) {
      complain(fmt::format("cluster drain: no living node is called {}", words.node));
      return exit_misused;
    }
    const auto orphans = shards_without_heir(seen, *node);
    if (!orphans.empty())
      complain(fmt::format("cluster drain: no other node that is up can have {} ({}): they wait "
                           "for one of their role",
                           counted(orphans.size(), "shard"), shard_ranges(orphans)));
    const auto id = node->id;
    const bool is_done = wait_for(store, words.wait_s, [&](const storage::cluster_answer& now) {
      const auto* left = find_node(now, words.node);
      return left == nullptr || left->id != id;
    });
    return tell_end(words, is_done,
                    words.node + (orphans.empty() ? " handed its shards over and left."
                                                  : " left; not all of its shards have an owner."));
  });
}

int move(const operator_words& words) {
  return with_cluster(words, [&](storage::cluster_store& store) {
    const auto seen = store.read();
    if (!seen.exists) {
      complain("cluster move: there is no cluster in this database");
      return exit_misused;
    }
    if (const auto problem = move_problem(seen, words.shard, words.node); !problem.empty()) {
      complain("cluster move: " + problem);
      return exit_misused;
    }
    const auto shard = static_cast<storage::shard_id>(words.shard);
    const auto to = find_node(seen, words.node)->id;
    const auto is_there = [&](const storage::cluster_answer& now) {
      const auto* row = find_shard(now, shard);
      return row != nullptr && row->owner == to && row->next == 0;
    };
    if (!is_there(seen)) static_cast<void>(store.wish_move(shard, to));
    return tell_end(words, wait_for(store, words.wait_s, is_there),
                    fmt::format("Shard {} is on {}.", shard, words.node));
  });
}

CLI::App& add(CLI::App& cluster, const char* name, const char* about,
              const std::shared_ptr<operator_words>& words) {
  auto* command = cluster.add_subcommand(name, about);
  command
    ->add_option("--config", words->config_file,
                 "Read storage.journal from this file. Without it: config.ini of the current "
                 "directory, if there is one. RIALTO_STORAGE_JOURNAL is stronger.")
    ->type_name("FILE");
  command->add_flag("--json", words->is_json, "Print one line of JSON.");
  return *command;
}

void add_wait(CLI::App& command, const std::shared_ptr<operator_words>& words, int usual_s) {
  words->wait_s = usual_s;
  command
    .add_option("--wait", words->wait_s,
                fmt::format("How long to wait for it to be done; 0: do not wait.\n"
                            "0 to 3600 seconds; default: {}",
                            usual_s))
    ->type_name("SECONDS")
    ->check(CLI::Range(0, 3'600));
}

} // namespace

void add_cluster_operator_commands(CLI::App& cluster, int& exit_code) {
  const auto status_words = std::make_shared<operator_words>();
  auto& status = add(cluster, "status",
                     "Show nodes, the shards each owns, who leads, and moves under way, as the "
                     "database says it; works when nodes are down.",
                     status_words);
  status.footer("  rialto cluster status\n  rialto cluster status --json");
  status.callback([status_words, &exit_code] { exit_code = show_status(*status_words); });

  const auto drain_words = std::make_shared<operator_words>();
  auto& drains =
    add(cluster, "drain",
        "Let a node hand its shards over and leave, as SIGTERM does. No order fails.", drain_words);
  drains.add_option("NODE", drain_words->node, "Its name.")->required();
  add_wait(drains, drain_words, 60);
  drains.footer("  rialto cluster drain node-2");
  drains.callback([drain_words, &exit_code] { exit_code = drain(*drain_words); });

  const auto move_words = std::make_shared<operator_words>();
  auto& moves = add(cluster, "move", "Move a shard to a node. Balance may move another one for it.",
                    move_words);
  moves.add_option("SHARD", move_words->shard, "Its number.")->required();
  moves.add_option("NODE", move_words->node, "The name of a node that is up.")->required();
  add_wait(moves, move_words, 30);
  moves.footer("  rialto cluster move 17 node-3");
  moves.callback([move_words, &exit_code] { exit_code = move(*move_words); });
}

} // namespace rialto::app
