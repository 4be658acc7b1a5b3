// bench/app/scale_bench.cpp: a node (without its edge) with many accounts and open orders.
//
// Prints what an order costs at 10^3, 10^4, 10^5 and 10^6 open orders, the memory they take, how long a node that was killed with them takes
// until it trades again, what idle accounts cost, and how fast all of it is replayed without any snapshot. Each life of the node is a process of its own; the first ends by SIGKILL. The
// journal is the real one; `cpu` is that of all threads of the node.
//
// Usage: scale_bench [--small] [--accounts N] [--orders N] [--keep]
#include "actors/entity_loader.hpp"
#include "app/node_core.hpp"
#include "bench/bench.hpp"
#include "net/api/order_body.hpp"
#include "runtime/log.hpp"
#include "storage/record.hpp"
#include "storage/sqlite.hpp"

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace rialto;
using bench::now_ns;

namespace {

constexpr std::uint64_t accounts_per_user = 50;
constexpr std::size_t batch_size = 512, batches_in_flight = 6;

struct sizes {
  std::uint64_t accounts = 100'000, orders = 1'000'000, probes = 20'000;
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "scale_bench: %s\n", why.c_str());
  std::_Exit(1);
}

double cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& one) {
    return static_cast<double>(one.tv_sec) + static_cast<double>(one.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  double pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

/// Counts answers; the last order view is kept.
class counting_edge final : public actors::edge {
public:
  void news_lost() override {}
  void deliver(std::shared_ptr<actors::release> what) override {
    const std::lock_guard hold(lock_);
    for (const auto& one : what->answers) {
      ++answers_;
      if (one.how != actors::delivery::done) {
        if (refused_++ == 0)
          std::fprintf(stderr, "first refusal: %d for %llu\n", static_cast<int>(one.how),
                       static_cast<unsigned long long>(one.token));
      } else if (const auto* no = std::get_if<rejection>(&one.result)) {
        if (refused_++ == 0)
          std::fprintf(stderr, "first refusal: %d\n", static_cast<int>(no->reason));
      } else if (const auto* order = std::get_if<order_view>(&one.result)) {
        last = *order;
      }
    }
    wake_.notify_all();
  }
  void broadcast(std::vector<actors::channel_message>) override {}
  void wait_for(std::uint64_t answers) {
    std::unique_lock hold(lock_);
    if (!wake_.wait_for(hold, std::chrono::seconds(60), [&] { return answers_ >= answers; }))
      give_up("no answer within 60 s");
  }
  [[nodiscard]] std::uint64_t refused() {
    const std::lock_guard hold(lock_);
    return refused_;
  }
  order_view last;

private:
  std::mutex lock_;
  std::condition_variable wake_;
  std::uint64_t answers_ = 0, refused_ = 0;
};

class trading {
public:
  explicit trading(const std::string& directory, std::int64_t idle_seconds) {
    runtime::setting_errors errors;
    const auto settings =
      runtime::load_settings("", nullptr,
                             {{"data.directory", directory},
                              {"feed.source", "none"},
                              {"actors.idle-seconds", std::to_string(idle_seconds)}},
                             errors);
    if (!errors.empty()) give_up(errors.front());
    core_ = std::make_unique<app::node_core>(settings);
    core_->start(edge_);
    const auto markets = core_->gate().markets();
    const auto* entry = markets->find("BTCUSDT");
    if (entry == nullptr) give_up("no market");
    spec_ = entry->spec;
    terms_ = net::terms_of(*entry);
  }

  void open_accounts(std::uint64_t count) {
    for (std::uint64_t user = 1; (user - 1) * accounts_per_user < count; ++user) {
      const user_id id{1'000 + user};
      const auto email = "s" + std::to_string(user) + "@example.org";
      ask(id,
          user_command{register_user{id, email, "$none$", user_role::trader,
                                     account_of((user - 1) * accounts_per_user)}},
          {{"email:" + email, id}});
      if (user % 50 == 0) drain(); // a registration is alone in its commit
    }
    drain();
    for (std::uint64_t at = 0; at < count; ++at)
      if (at % accounts_per_user != 0)
        ask(user_id{1'001 + at / accounts_per_user},
            user_command{add_account{account_of(at), "more"}});
    drain();
    for (std::uint64_t at = 0; at < count; ++at)
      for (const auto* asset : {"BTC", "USDT"})
        ask(account_of(at),
            account_command{transfer{transfer_kind::deposit, asset, {1'000'000'000'000'000}, asset},
                            {}});
    drain();
    accounts_ = count;
  }
  void use_accounts(std::uint64_t count) { accounts_ = count; }

  /// Bids below and asks above 60,000: nothing trades.
  order_id place() {
    place_order wish;
    wish.id = core_->gate().next_order_id();
    wish.client_order_id = "s-" + std::to_string(wish.id.value);
    wish.way = placed_ % 2 == 0 ? side::buy : side::sell;
    const auto away = static_cast<std::int64_t>(1 + placed_ * 7'919 % 5'000);
    wish.price = {6'000'000 + (wish.way == side::buy ? -away : away)};
    wish.size = {100};
    wish.terms = terms_;
    const auto account = account_of(placed_++ % accounts_);
    const auto id = wish.id;
    ask(account, account_command{std::move(wish), {}});
    last_ = account;
    return id;
  }
  void withdraw(order_id id, account_id of) { ask(of, account_command{cancel{id}, {}}); }
  void look(account_id of) { ask(of, account_command{get_balances{}, {}}); }
  [[nodiscard]] account_id last_account() const { return last_; }

  void drain() {
    send();
    edge_.wait_for(asked_);
    if (edge_.refused() != 0) give_up("a command was refused");
  }
  /// Until at most `active` entities are in memory; seconds.
  double wait_until_idle(std::uint64_t active) {
    const auto from = now_ns();
    const auto is_idle = [&] {
      const auto text = core_->metrics().text();
      const auto at = text.find("\nrialto_entities_active ");
      return at != std::string::npos && std::stoull(text.substr(at + 24)) <= active;
    };
    while (!is_idle()) {
      if (now_ns() - from > 120'000'000'000) give_up("entities stay in memory");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return static_cast<double>(now_ns() - from) / 1e9;
  }
  [[nodiscard]] counting_edge& edge() { return edge_; }
  [[nodiscard]] app::node_core& core() { return *core_; }

private:
  static account_id account_of(std::uint64_t at) { return {10'000 + at}; }
  template <class Command>
  void ask(entity_id to, Command command, std::vector<storage::claim> claims = {}) {
    auto& one = gathered_.emplace_back();
    one.token = ++asked_;
    one.to = to;
    one.command = std::move(command);
    one.claims = std::move(claims);
    if (gathered_.size() >= batch_size) send();
  }
  void send() {
    if (gathered_.empty()) return;
    if (asked_ > batches_in_flight * batch_size)
      edge_.wait_for(asked_ - batches_in_flight * batch_size);
    core_->gate().submit(std::move(gathered_));
    gathered_.clear();
  }

  counting_edge edge_;
  std::unique_ptr<app::node_core> core_; // ends first
  instrument spec_;
  market_terms terms_;
  std::vector<actors::request> gathered_;
  std::uint64_t asked_ = 0, placed_ = 0, accounts_ = 1;
  account_id last_;
};

/// Runs `life` in a process of its own; true if it ended by itself with 0 or was killed as it meant to.
template <class Life>
bool lives(Life&& life, bool is_killed) {
  std::fflush(stdout);
  const auto child = fork();
  if (child == 0) {
    try {
      life();
    } catch (const std::exception& problem) {
      give_up(problem.what());
    }
    std::fflush(stdout);
    if (is_killed) kill(getpid(), SIGKILL);
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return is_killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                   : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// What placing and cancelling costs while `open` orders rest.
void probe(trading& node, std::uint64_t open, std::uint64_t probes) {
  std::vector<std::pair<order_id, account_id>> fresh;
  const auto from = now_ns();
  const auto cpu = cpu_s();
  for (std::uint64_t i = 0; i < probes; ++i) {
    const auto id = node.place();
    fresh.emplace_back(id, node.last_account());
  }
  node.drain();
  const auto placed = now_ns();
  const auto placed_cpu = cpu_s();
  for (const auto& [id, account] : fresh) node.withdraw(id, account);
  node.drain();
  const auto n = static_cast<double>(probes);
  std::printf(
    "%10llu open: place %7.0f ns (cpu %6.0f), cancel %7.0f ns (cpu %6.0f), resident %7.1f MB\n",
    static_cast<unsigned long long>(open), static_cast<double>(placed - from) / n,
    (placed_cpu - cpu) / n * 1e9, static_cast<double>(now_ns() - placed) / n,
    (cpu_s() - placed_cpu) / n * 1e9, resident_mb());
  std::fflush(stdout);
}

void first_life(const std::string& directory, const sizes& wanted) {
  trading node(directory, 60);
  std::printf("%-44s %10.1f MB\n", "an empty node, resident", resident_mb());
  auto from = now_ns();
  node.open_accounts(wanted.accounts);
  std::printf("%-44s %10.1f MB  (%.1f s)\n", "accounts opened and funded, resident", resident_mb(),
              static_cast<double>(now_ns() - from) / 1e9);
  std::uint64_t open = 0;
  for (std::uint64_t step = 1'000; step <= wanted.orders; step *= 10) {
    for (; open < step; ++open) node.place();
    node.drain();
    probe(node, open, std::min(wanted.probes, wanted.orders));
  }
  std::printf("%-44s %10.1f MB\n", "all orders open, resident", resident_mb());
}

void second_life(const std::string& directory, const sizes& wanted) {
  const auto from = now_ns();
  trading node(directory, 1);
  const auto usable = now_ns();
  node.use_accounts(wanted.accounts);
  node.place();
  node.drain();
  const auto traded = now_ns();
  std::printf("%-44s %10.2f s\n", "killed node: usable after",
              static_cast<double>(usable - from) / 1e9);
  std::printf("%-44s %10.2f s  resident %.1f MB\n", "killed node: first order acknowledged after",
              static_cast<double>(traded - from) / 1e9, resident_mb());
  const auto id = node.edge().last.id;
  const auto owner = node.last_account();
  const auto left = node.wait_until_idle(10);
  std::printf("%-44s %10.2f s\n", "idle accounts have left memory after", left);
  std::printf("%-44s %10.1f MB\n", "orders rest, accounts passivated, resident", resident_mb());
  const auto timed = [&](const char* what, auto&& ask) {
    const auto asked = now_ns();
    ask();
    node.drain();
    std::printf("%-44s %10.2f ms\n", what, static_cast<double>(now_ns() - asked) / 1e6);
  };
  timed("passivated account looks at its balances", [&] { node.look(owner); });
  timed("...places another order", [&] { node.place(); });
  timed("...cancels its order", [&] { node.withdraw(id, owner); });
  const auto cpu = cpu_s();
  std::this_thread::sleep_for(std::chrono::seconds(3));
  std::printf("%-44s %10.2f %% of a core\n", "idle", (cpu_s() - cpu) / 3 * 100);
  node.core().stop();
}

void third_life(const std::string& directory) {
  const auto from = now_ns();
  trading node(directory, 1);
  std::printf("%-44s %10.2f s  resident %.1f MB\n", "orderly stopped node: usable after",
              static_cast<double>(now_ns() - from) / 1e9, resident_mb());
  node.core().stop();
}

/// Every entity from its first event on, as a recovery without snapshots does it.
void replay(const std::string& directory) {
  {
    storage::database on(directory + "/journal.sqlite", {});
    on.prepare("DELETE FROM snapshots").run();
  }
  const auto store = storage::open_sqlite_journal(directory);
  std::map<entity_id, std::vector<storage::position>> rows;
  std::uint64_t events = 0, records = 0;
  store->read(0, 1, [&](storage::position at, std::string_view blob) {
    const auto found = storage::read_blob(blob);
    if (!found) give_up("a damaged row");
    for (const auto& one : *found) {
      auto& of = rows[one.stream];
      if (of.empty() || of.back() != at) of.push_back(at);
      events += one.event_count;
      ++records;
    }
    return true;
  });
  std::vector<actors::entity_request> wanted;
  for (auto& [id, positions] : rows) wanted.push_back({id, std::move(positions)});
  const auto from = now_ns();
  const auto found = actors::recover_entities(*store, 0, actors::trading_world(), wanted);
  const auto seconds = static_cast<double>(now_ns() - from) / 1e9;
  std::uint64_t replayed = 0;
  for (const auto& one : found) {
    if (!one.entity) give_up(one.problem);
    replayed += one.entity->event_number();
  }
  if (replayed != events) give_up("not every event was replayed");
  std::printf("%-44s %10.2f M events/s  (%llu events, %llu records, %zu entities, %.2f s)\n",
              "replay without snapshots", static_cast<double>(events) / seconds / 1e6,
              static_cast<unsigned long long>(events), static_cast<unsigned long long>(records),
              found.size(), seconds);
}

} // namespace

int main(int count, char** words) {
  sizes wanted;
  bool keeps = false;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--small")
      wanted = {200, 1'000, 500};
    else if (word == "--keep")
      keeps = true;
    else if (word == "--accounts" && i + 1 < count)
      wanted.accounts = std::stoull(words[++i]);
    else if (word == "--orders" && i + 1 < count)
      wanted.orders = std::stoull(words[++i]);
    else
      give_up("unknown argument " + word);
  }
  auto directory = (std::filesystem::temp_directory_path() / "rialto-scale-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) give_up("no temporary directory");
  const auto data = directory + "/data";
  const bool sound = lives([&] { first_life(data, wanted); }, true) &&
                     lives([&] { second_life(data, wanted); }, false) &&
                     lives([&] { third_life(data); }, false) && lives([&] { replay(data); }, false);
  if (keeps)
    std::printf("kept: %s\n", data.c_str());
  else
    std::filesystem::remove_all(directory);
  return sound ? 0 : 1;
}
