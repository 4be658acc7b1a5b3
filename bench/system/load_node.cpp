#include "bench/system/load_node.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rialto::bench {

namespace {

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("no free port");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string credentials(const std::string& email, const std::string& password) {
  return R"({"email":")" + email + R"(","password":")" + password + R"("})";
}

/// CPU of a process and, if asked, of its children that have ended; 0 if it is gone.
double cpu_of(pid_t pid, bool with_ended_children) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text);
  text.erase(0, text.rfind(')') + 2);
  long user = 0, system = 0, user_ended = 0, system_ended = 0;
  std::sscanf(text.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld", &user,
              &system, &user_ended, &system_ended);
  if (with_ended_children) user += user_ended, system += system_ended;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double metric(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  if (at == std::string::npos) give_up("no " + name + " in /metrics");
  return std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

} // namespace

void give_up(const std::string& why) {
  std::fprintf(stderr, "edge_load: %s\n", why.c_str());
  std::exit(1);
}

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set); // on a machine with one core it stays where it is
}

node::node(const options& wanted, int flush_milliseconds)
    : port(wanted.ports.empty() ? free_port() : wanted.ports.front()), keep_(wanted.keep),
      database_(wanted.database), ports_(wanted.ports), pids_(wanted.pids) {
  if (!ports_.empty()) return;
  ports_ = {port};
  char name[] = "/tmp/rialto-load-XXXXXX";
  directory_ = mkdtemp(name);
  const auto listen = "127.0.0.1:" + std::to_string(port);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM); // a measurement that gives up leaves no node behind
    pin(wanted.server_core);
    const auto log = directory_ + "/log";
    if (std::freopen(log.c_str(), "w", stdout) == nullptr || dup2(fileno(stdout), 2) < 0)
      _exit(126);
    const auto data = directory_ + "/data";
    setenv("RIALTO_MARKET_DATA_FLUSH_MILLISECONDS", std::to_string(flush_milliseconds).c_str(), 1);
    execl(wanted.rialto.c_str(), "rialto", "serve", "--data", data.c_str(), "--listen",
          listen.c_str(), "--feed", "none", static_cast<char*>(nullptr));
    _exit(127);
  }
  pids_ = {pid_};
  for (int i = 0; i < 300; ++i) {
    try {
      if (http_request(port, "GET", "/readyz", "", "").status == 200) return;
    } catch (const std::exception&) {
    }
    usleep(100'000);
  }
  give_up("the node does not become ready; its log is " + directory_ + "/log");
}

node::~node() {
  if (!is_started_here()) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  std::error_code problem;
  if (!keep_.empty()) {
    std::filesystem::remove_all(keep_, problem);
    std::filesystem::copy(directory_ + "/data", keep_, std::filesystem::copy_options::recursive,
                          problem);
  }
  std::filesystem::remove_all(directory_, problem);
}

double node::cpu_seconds() const {
  double all = 0;
  for (const auto pid : pids_) all += cpu_of(pid, false);
  return all;
}

double node::database_cpu_seconds() const {
  if (database_ == 0) return 0;
  double all = cpu_of(database_, true);
  for (const auto& one : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(one.path() / "stat");
    std::string text;
    if (!std::getline(in, text)) continue;
    text.erase(0, text.rfind(')') + 2);
    int parent = 0;
    if (std::sscanf(text.c_str(), "%*c %d", &parent) == 1 && parent == database_)
      all += cpu_of(std::stoi(one.path().filename()), true);
  }
  return all;
}

counters node::counted() const {
  counters all;
  for (const auto one : ports_) {
    const auto text = http_request(one, "GET", "/metrics", "", "").body;
    all.commits += metric(text, "rialto_commits_total");
    all.journal_bytes += metric(text, "rialto_journal_bytes_total");
    all.link_messages += metric(text, "rialto_link_messages_total");
    for (const char* what : {"requests", "messages", "answers", "news"})
      if (!is_started_here())
        all.frames += metric(text, "rialto_mail_" + std::string(what) + "_sent_total");
  }
  return all;
}

double node::lag_ms() const {
  double most = 0;
  for (const auto one : ports_)
    most = std::max(
      most, metric(http_request(one, "GET", "/metrics", "", "").body, "rialto_projection_lag_ns"));
  return most / 1e6;
}

std::string node::admin_password() const {
  if (!is_started_here()) {
    const char* given = std::getenv("RIALTO_ADMIN_PASSWORD");
    if (given == nullptr) give_up("RIALTO_ADMIN_PASSWORD is not set");
    return given;
  }
  std::ifstream in(directory_ + "/data/admin-password");
  std::string text;
  std::getline(in, text);
  return text;
}

std::string must(const http_answer& answer, const char* field, const char* what) {
  auto value = json_value(answer.body, field);
  if (answer.status / 100 != 2 || value.empty())
    give_up(std::string(what) + ": " + std::to_string(answer.status) + " " + answer.body);
  return value;
}

/// One user a connection, each with money; returns their tokens.
std::vector<std::string> users(node& at, int count, int& next, bool all_assets) {
  const auto admin = must(http_request(at.port, "POST", "/api/v1/auth/login", "",
                                       credentials("admin@rialto.local", at.admin_password())),
                          "access_token", "admin login");
  std::vector<std::string> tokens;
  for (int i = 0; i < count; ++i) {
    const auto email = "load" + std::to_string(next++) + "@example.org",
               password = std::string("correct-horse-battery-9");
    const auto account =
      must(http_request(at.port, "POST", "/api/v1/auth/register", "", credentials(email, password)),
           "account_id", "register");
    for (const char* asset : {"BTC", "USDT", "ETH", "BNB", "SOL", "XRP"}) {
      if (i > 0 && !all_assets && std::strlen(asset) == 3 && asset[0] != 'B')
        continue; // the first one trades everywhere
      const auto body = std::string(R"({"asset":")") + asset +
                        R"(","amount":"100000000","reference":"load-)" + asset + account + R"("})";
      const auto answer = http_request(
        at.port, "POST", "/api/v1/admin/accounts/" + account + "/deposits", admin, body);
      if (answer.status / 100 != 2) give_up("deposit: " + answer.body);
    }
    tokens.push_back(
      must(http_request(at.port, "POST", "/api/v1/auth/login", "", credentials(email, password)),
           "access_token", "login"));
  }
  return tokens;
}

} // namespace rialto::bench
