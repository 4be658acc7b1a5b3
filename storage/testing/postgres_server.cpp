#include "storage/testing/postgres_server.hpp"

#include "storage/postgres.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rialto::storage {

namespace {

using namespace std::chrono_literals;

int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool is_bound = ::bind(probe, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                        ::getsockname(probe, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(probe);
  if (!is_bound) throw std::runtime_error("postgres_server: no free port");
  return ntohs(at.sin_port);
}

/// The user that PostgreSQL runs as when this process is root.
const passwd* other_user() {
  if (::getuid() != 0) return nullptr;
  const auto* found = ::getpwnam("postgres");
  if (found == nullptr) throw std::runtime_error("postgres_server: there is no user postgres");
  return found;
}

std::vector<int> children_of(int pid) {
  std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::vector<int> found;
  for (int child = 0; list >> child;) found.push_back(child);
  return found;
}

/// Gone, or dead and not yet fetched by its parent.
bool has_ended(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return true;
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos || line.substr(name_end + 2, 1) == "Z";
}

} // namespace

std::string postgres_server::programs() {
  static const std::string newest = [] {
    int best = 0;
    std::error_code none;
    for (const auto& one : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      const int version = std::atoi(one.path().filename().c_str());
      if (version > best && std::filesystem::exists(one.path() / "bin/postgres")) best = version;
    }
    return best == 0 ? std::string() : "/usr/lib/postgresql/" + std::to_string(best) + "/bin";
  }();
  return newest;
}

postgres_server::postgres_server(postgres_server_options options) : options_(std::move(options)) {
  if (programs().empty())
    throw std::runtime_error("postgres_server: PostgreSQL is not installed (Debian: postgresql)");
  auto name = (std::filesystem::temp_directory_path() / "rialto-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("postgres_server: no temporary directory");
  home_ = name;
  try {
    if (const auto* user = other_user())
      if (::chown(home_.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("postgres_server: " + home_ + " cannot be given to postgres");
    std::vector<std::string> make{
      programs() + "/initdb", "-D", home_ + "/data", "-U",       "rialto",
      "--no-locale",          "-E", "UTF8",          "--no-sync"};
    if (options_.password.empty()) {
      make.insert(make.end(), {"-A", "trust"});
    } else {
      std::ofstream(home_ + "/password") << options_.password << '\n';
      make.insert(make.end(), {"-A", "scram-sha-256", "--pwfile=" + home_ + "/password"});
    }
    run(make);
    start();
  } catch (...) {
    std::filesystem::remove_all(home_);
    throw;
  }
}

postgres_server::~postgres_server() {
  try {
    kill();
  } catch (const std::exception&) { // its directory goes all the same
  }
  std::error_code ignored;
  std::filesystem::remove_all(home_, ignored);
}

std::string postgres_server::address(const std::string& database) const {
  return "postgres://rialto" + (options_.password.empty() ? "" : ":" + options_.password) +
         "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string postgres_server::socket_address(const std::string& database) const {
  return "postgres://rialto" + (options_.password.empty() ? "" : ":" + options_.password) + "@/" +
         database + "?host=" + home_ + "&port=" + std::to_string(port_);
}

std::string postgres_server::make_database() {
  const auto name = "test" + std::to_string(++databases_);
  postgres_options patient;
  patient.answer_timeout_ms = options_.wait_s * 1'000;
  postgres_connection(address(), patient).exec("CREATE DATABASE " + name);
  return address(name);
}

/// The new process has no descriptor of ours, and its words go to home/log.
int postgres_server::spawn(const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  for (const auto& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  const auto* user = other_user(); // before the fork: it allocates
  const auto log = home_ + "/log";
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid < 0) throw std::runtime_error("postgres_server: no process");
  if (pid > 0) return pid;
  const int words = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0666);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(words, 1);
  ::dup2(words, 2);
  ::close_range(3, ~0U, 0);
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent || ::chdir(home_.c_str()) != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void postgres_server::run(const std::vector<std::string>& command) const {
  const int pid = spawn(command);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("postgres_server: " + command[0] + " failed: " + log_tail());
}

std::string postgres_server::log_tail() const {
  std::ifstream log(home_ + "/log");
  std::stringstream text;
  text << log.rdbuf();
  const auto all = text.str();
  return all.substr(all.size() - std::min<std::size_t>(all.size(), 2'000));
}

void postgres_server::start() {
  if (pid_ != 0) return;
  const bool is_first = port_ == 0;
  for (int attempt = 0;; ++attempt) {
    if (is_first) port_ = free_port(); // another process may take it before the server does
    std::vector<std::string> command{programs() + "/postgres", "-D", home_ + "/data"};
    for (const auto& one :
         {"listen_addresses=127.0.0.1", "max_connections=60", "shared_buffers=32MB",
          "log_min_messages=warning", "checkpoint_timeout=1h"})
      command.insert(command.end(), {"-c", one});
    command.insert(command.end(), {"-c", "port=" + std::to_string(port_)});
    command.insert(command.end(), {"-c", "unix_socket_directories=" + home_});
    command.insert(command.end(), {"-c", options_.is_synced ? "fsync=on" : "fsync=off"});
    for (const auto& one : options_.settings) command.insert(command.end(), {"-c", one});
    pid_ = spawn(command);
    try {
      wait_ready();
      return;
    } catch (const std::runtime_error&) {
      kill();
      if (!is_first || attempt == 3) throw;
    }
  }
}

void postgres_server::wait_ready() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options_.wait_s);
  std::string why;
  while (std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      throw std::runtime_error("postgres_server: it ended at once: " + log_tail());
    }
    try {
      postgres_connection probe(socket_address() + "&target_session_attrs=any");
      return;
    } catch (const postgres_error& problem) {
      why = problem.what();
    }
    std::this_thread::sleep_for(20ms);
  }
  throw std::runtime_error("postgres_server: it does not answer: " + why + ": " + log_tail());
}

void postgres_server::signal_all(int signal) const {
  auto all = children_of(pid_);
  all.insert(all.begin(), pid_); // the server first: it would start new ones
  for (const int one : all) ::kill(one, signal);
}

void postgres_server::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGINT);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options_.wait_s);
  for (int status = 0; ::waitpid(pid_, &status, WNOHANG) != pid_;) {
    if (std::chrono::steady_clock::now() > until) {
      kill();
      throw std::runtime_error("postgres_server: it does not stop: " + log_tail());
    }
    std::this_thread::sleep_for(5ms);
  }
  pid_ = 0;
}

void postgres_server::restart() {
  stop();
  start();
}

/// A process of it that lives on would hold the shared memory, and the next start would refuse.
void postgres_server::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGSTOP); // it starts no process while they are listed
  const auto children = children_of(pid_);
  ::kill(pid_, SIGKILL);
  for (const int one : children) ::kill(one, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options_.wait_s);
  while (!std::all_of(children.begin(), children.end(), has_ended)) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("postgres_server: a killed process does not end");
    std::this_thread::sleep_for(2ms);
  }
}

void postgres_server::pause() {
  signal_all(SIGSTOP);
}

void postgres_server::resume() {
  signal_all(SIGCONT);
}

} // namespace rialto::storage
