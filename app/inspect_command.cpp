// rialto inspect: asks a running node about its actors, through CAF, so it works when every edge is down.
#include "app/commands.hpp"
#include "app/inspect_service.hpp"
#include "app/inspect_text.hpp"
#include "app/inspect_top.hpp"
#include "runtime/mesh/mesh_client.hpp"
#include "runtime/secret_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace rialto::app {

namespace {

using std::chrono::milliseconds;

constexpr auto patience = milliseconds(10'000);

struct inspect_words {
  std::string data_directory = "./data", node;
  runtime::tls_files tls;
  bool is_json = false, is_sure = false;
  bool is_only = false; // that node answers for itself alone
  std::string of_node;
  inspect_json question = inspect_json::object();
  std::string kind, name, sort, root;
  std::int64_t limit = 0, depth = 0, children = 0, seconds = 10;
};

std::string user_name() {
  const char* const name = std::getenv("USER");
  return fmt::format("{} (uid {})", name == nullptr ? "" : name, getuid());
}

/// The way to a node; asks and reads answers. Who looks on and on is led to another node of the cluster when the first one is gone.
class inspect_line {
public:
  explicit inspect_line(const inspect_words& words)
      : is_only_(words.is_only), of_node_(words.of_node) {
    const auto local = inspect_files_of(words.data_directory);
    const auto either = [](const std::string& given, const std::string& usual) {
      return given.empty() ? usual : given;
    };
    tls_ = {either(words.tls.certificate, local.tls.certificate),
            either(words.tls.key, local.tls.key), either(words.tls.authority, local.tls.authority)};
    auto address = words.node;
    if (address.empty()) {
      const auto found = runtime::read_secret_file(local.address);
      if (!found)
        throw std::runtime_error("no node runs in " + words.data_directory +
                                 ", or it is not for you to read; name its data directory with "
                                 "--data DIR");
      address = *found;
    }
    client_ = std::make_unique<runtime::mesh_client>(tls_, address);
  }

  [[nodiscard]] inspect_json ask(inspect_json question) {
    if (is_only_) question["scope"] = "node";
    if (!of_node_.empty() && !question.contains("node")) question["node"] = of_node_;
    std::string why;
    auto came = client_->ask(question.dump(), patience, why);
    if (!came) came = ask_others(question.dump());
    if (!came) throw std::runtime_error("the node does not answer: " + why);
    auto read = inspect_json::parse(*came, nullptr, false);
    if (!read.is_object()) throw std::runtime_error("the node's answer is no JSON object");
    note_others(question, read);
    return read;
  }
  /// The same; a refusal is an exception.
  [[nodiscard]] inspect_json demand(const inspect_json& question) {
    auto came = ask(question);
    if (const auto no = refusal_text(came); !no.empty()) throw std::runtime_error(no);
    return came;
  }

private:
  /// From a list of the cluster's nodes.
  void note_others(const inspect_json& question, const inspect_json& answer) {
    if (is_only_ || question.value("query", "") != "nodes") return;
    const auto rows = answer.find("rows");
    if (rows == answer.end() || !rows->is_array()) return;
    const auto me = answer.value("node", "");
    others_.clear();
    for (const auto& row : *rows)
      if (const auto address = row.find("address");
          address != row.end() && address->is_string() && row.value("node", me) != me)
        others_.push_back(*address);
  }
  /// The first that answers is asked from now on. Who asks for a change has seen no list before, so a change is never asked for twice.
  [[nodiscard]] std::optional<std::string> ask_others(const std::string& question) {
    std::string why;
    for (const auto& address : others_) {
      try {
        auto client = std::make_unique<runtime::mesh_client>(tls_, address);
        auto came = client->ask(question, patience, why);
        if (!came) continue;
        client_ = std::move(client);
        return came;
      } catch (const std::exception&) { // not an address; the next one
      }
    }
    return std::nullopt;
  }

  const bool is_only_;
  const std::string of_node_;
  runtime::tls_files tls_;
  std::vector<std::string> others_; // addresses
  std::unique_ptr<runtime::mesh_client> client_;
};

void print(const inspect_words& words, const std::string& query, const inspect_json& answer) {
  const auto text = words.is_json
                      ? answer.dump(2, ' ', false, inspect_json::error_handler_t::replace) + "\n"
                      : inspect_text(query, answer);
  std::fputs(text.c_str(), stdout);
}

int ask_and_print(const inspect_words& words) {
  inspect_line line(words);
  const auto query = words.question.at("query").get<std::string>();
  auto came = line.demand(words.question);
  const auto sort = words.question.value("sort", std::string{});
  if (query == "slow" || sort == "rate" || sort == "cpu" || sort == "longest") {
    std::this_thread::sleep_for(milliseconds(1'000)); // rates are those between two looks
    came = line.demand(words.question);
  }
  print(words, query, came);
  if (const auto silent = unreachable_text(came); !words.is_json && !silent.empty())
    std::fputs(silent.c_str(), stderr);
  return 0;
}

int change(const inspect_words& words) {
  const auto query = words.question.at("query").get<std::string>();
  if (!words.is_sure) {
    if (isatty(STDIN_FILENO) != 1) {
      complain(query + " asks before it does so; say --yes where nobody can answer");
      return exit_misused;
    }
    std::fprintf(stderr, "%s %s? What it has not made durable is recovered. [y/N] ", query.c_str(),
                 shown(words.name).c_str());
    std::string said;
    std::getline(std::cin, said);
    if (said != "y" && said != "Y" && said != "yes") {
      complain("nothing was done");
      return exit_failed;
    }
  }
  inspect_line line(words);
  auto question = words.question;
  question["who"] = user_name();
  const auto came = line.demand(question);
  if (words.is_json)
    print(words, query, came);
  else
    std::printf("%s: %s\n", shown(words.name).c_str(), came.value("done", "done").c_str());
  return 0;
}

int trace(const inspect_words& words) {
  inspect_line line(words);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(words.seconds);
  std::uint64_t after = 0;
  std::int64_t left = words.limit;
  bool is_first = true;
  std::string where; // numbers of lines are a node's own
  for (;;) {
    inspect_json question{{"query", "trace"},
                          {"name", words.name},
                          {"after", after},
                          {"seconds", 5},
                          {"limit", std::min<std::int64_t>(left, 256)}};
    if (!where.empty()) question["node"] = where;
    const auto came = line.demand(question);
    where = came.value("node", where);
    if (std::exchange(is_first, false) && !words.is_json)
      std::fprintf(stderr, "following %s for %lld s\n", shown(words.name).c_str(),
                   static_cast<long long>(words.seconds));
    for (const auto& one : came.at("lines")) {
      after = one.at("number").get<std::uint64_t>();
      const auto text = words.is_json ? one.dump() : trace_text(one);
      std::printf("%s\n", text.c_str());
      if (--left == 0) return 0;
    }
    std::fflush(stdout);
    if (std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(milliseconds(250));
  }
  return 0;
}

CLI::App* add_query(CLI::App& inspect, inspect_words& words, const char* name, const char* about) {
  auto* made = inspect.add_subcommand(name, about);
  made
    ->add_option("--data", words.data_directory,
                 "The data directory of the node, on this machine.\ndefault: ./data")
    ->type_name("DIR");
  made->add_option("--node", words.node, "Address of a node's inspector or cluster port instead.")
    ->type_name("HOST:PORT");
  made
    ->add_option("--certificate", words.tls.certificate,
                 "PEM file of a certificate that the node's authority has issued.\n"
                 "default: the one in the data directory")
    ->type_name("FILE");
  made->add_option("--key", words.tls.key, "PEM file of its key.")->type_name("FILE");
  made->add_option("--authority", words.tls.authority, "PEM file of the authority.")
    ->type_name("FILE");
  made->add_flag("--only", words.is_only,
                 "Ask that node for itself alone, not for its whole cluster.");
  made->add_option("--of", words.of_node, "Of this node of the cluster alone, by its name.")
    ->type_name("NAME");
  made->add_flag("--json", words.is_json, "Print the answer as JSON.");
  return made;
}

void add_limit(CLI::App& command, inspect_words& words, std::int64_t usual, std::int64_t most) {
  words.limit = usual;
  command
    .add_option("--limit", words.limit,
                fmt::format("At most so many.\n1 to {}; default: {}", most, usual))
    ->type_name("N")
    ->check(CLI::Range(std::int64_t{1}, most));
}

/// Runs `work` when its subcommand was said.
template <class Work>
void on(CLI::App& command, const std::shared_ptr<inspect_words>& words, int& exit_code, Work work) {
  command.callback([words, &exit_code, work] {
    exit_code = exit_failed; // unless it returns
    exit_code = work(*words);
  });
}

void add_lists(CLI::App& inspect, int& exit_code) {
  for (const auto& [name, about] :
       {std::pair{"nodes", "How each node is: up or down, shards, lease, memory, actors."},
        std::pair{"shards", "How the shards of each node are: entities, requests, journal."},
        std::pair{"journal", "Heads, waiting appends, commits, lists."}}) {
    const auto words = std::make_shared<inspect_words>();
    words->question["query"] = name;
    on(*add_query(inspect, *words, name, about), words, exit_code, ask_and_print);
  }
  {
    const auto words = std::make_shared<inspect_words>();
    auto& slow = *add_query(inspect, *words, "slow", "The longest handlers, and their messages.");
    add_limit(slow, *words, 20, 1'000);
    on(slow, words, exit_code, [](inspect_words& said) {
      said.question = {{"query", "slow"}, {"limit", said.limit}};
      return ask_and_print(said);
    });
  }
  {
    const auto words = std::make_shared<inspect_words>();
    auto& tree = *add_query(inspect, *words, "tree", "Who supervises whom, with restarts.");
    words->depth = 8;
    words->children = 20;
    tree.add_option("--root", words->root, "Begin at this actor.")->type_name("NAME");
    tree.add_option("--depth", words->depth, "Levels that are shown.\n1 to 32; default: 8")
      ->type_name("N")
      ->check(CLI::Range(1, 32));
    tree
      .add_option("--children", words->children, "Shown below each actor.\n1 to 1000; default: 20")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000));
    add_limit(tree, *words, 500, 1'000);
    on(tree, words, exit_code, [](inspect_words& said) {
      said.question = {{"query", "tree"},
                       {"depth", said.depth},
                       {"children", said.children},
                       {"limit", said.limit}};
      if (!said.root.empty()) said.question["root"] = said.root;
      return ask_and_print(said);
    });
  }
  {
    const auto words = std::make_shared<inspect_words>();
    words->sort = "name";
    auto& all = *add_query(inspect, *words, "actors", "The actors, filtered and sorted.");
    all.add_option("--kind", words->kind, "user, account, market, order, shard...")
      ->type_name("KIND");
    all.add_option("--name", words->name, "Part of the name.")->type_name("TEXT");
    all
      .add_option("--sort", words->sort,
                  "mailbox, rate, cpu, longest, memory, restarts, messages or name.\n"
                  "default: name")
      ->type_name("WHAT");
    add_limit(all, *words, 50, 1'000);
    all.footer("  rialto inspect actors --kind account --sort cpu --limit 10");
    on(all, words, exit_code, [](inspect_words& said) {
      said.question = {{"query", "actors"},
                       {"kind", said.kind},
                       {"name", said.name},
                       {"sort", said.sort},
                       {"limit", said.limit}};
      return ask_and_print(said);
    });
  }
}

void add_single(CLI::App& inspect, int& exit_code) {
  const auto add_name = [](CLI::App& command, inspect_words& words) {
    command.add_option("NAME", words.name, "account/1, market/3, order/17, feed...")->required();
  };
  {
    const auto words = std::make_shared<inspect_words>();
    auto& one = *add_query(inspect, *words, "actor",
                           "One actor: its entity's state, stream, links, children.");
    add_name(one, *words);
    one.footer("  rialto inspect actor account/1 --json");
    on(one, words, exit_code, [](inspect_words& said) {
      said.question = {{"query", "actor"}, {"name", said.name}};
      return ask_and_print(said);
    });
  }
  {
    const auto words = std::make_shared<inspect_words>();
    auto& one = *add_query(inspect, *words, "where", "On which node an actor runs.");
    add_name(one, *words);
    on(one, words, exit_code, [](inspect_words& said) {
      said.question = {{"query", "where"}, {"name", said.name}};
      return ask_and_print(said);
    });
  }
  {
    const auto words = std::make_shared<inspect_words>();
    auto& one = *add_query(inspect, *words, "trace", "Follow an actor's messages.");
    add_name(one, *words);
    add_limit(one, *words, 100, 1'000'000);
    one.add_option("--seconds", words->seconds, "How long.\n1 to 3600; default: 10")
      ->type_name("S")
      ->check(CLI::Range(1, 3'600));
    on(one, words, exit_code, trace);
  }
  for (const auto& [name, about] :
       {std::pair{"kill", "End an actor as a fault would; its supervisor recovers it."},
        std::pair{"restart", "Start an actor afresh, one that was given up too."}}) {
    const auto words = std::make_shared<inspect_words>();
    auto& one = *add_query(inspect, *words, name, about);
    add_name(one, *words);
    one.add_flag("--yes", words->is_sure, "Do not ask.");
    const std::string query = name;
    on(one, words, exit_code, [query](inspect_words& said) {
      said.question = {{"query", query}, {"name", said.name}};
      return change(said);
    });
  }
}

} // namespace

void add_inspect_command(CLI::App& program, int& exit_code) {
  auto* inspect = program.add_subcommand(
    "inspect", "See every actor of a running node or cluster: the tree, the busy, the failed.");
  inspect->require_subcommand(0, 1);
  inspect->footer("  rialto inspect top --data ./data\n"
                  "  rialto inspect tree\n"
                  "  rialto inspect actor account/1 --json");
  add_lists(*inspect, exit_code);
  add_single(*inspect, exit_code);
  const auto words = std::make_shared<inspect_words>();
  auto& top = *add_query(*inspect, *words, "top", "The busiest actors, live, full screen.");
  on(top, words, exit_code, [](inspect_words& said) {
    const auto line = std::make_shared<inspect_line>(said);
    return run_top([line](const inspect_json& question) { return line->demand(question); });
  });
  inspect->callback([inspect, &exit_code] {
    if (!inspect->get_subcommands().empty()) return;
    complain("inspect: say nodes, tree, actors, actor NAME, where NAME, trace NAME, slow, shards, "
             "journal, kill NAME, restart NAME or top (see rialto inspect --help)");
    exit_code = exit_misused;
  });
}

} // namespace rialto::app
