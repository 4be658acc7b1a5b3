#include "storage/testing/redis_server.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rialto::storage {

namespace {

using namespace std::chrono_literals;

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool is_bound = ::bind(socket, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                        ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(socket);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(at.sin_port);
}

} // namespace

redis_server::redis_server(std::vector<std::string> options) : options_(std::move(options)) {
  std::signal(SIGPIPE, SIG_IGN); // the test's: its server dies while it writes
  for (int attempt = 0;; ++attempt) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const std::runtime_error&) { // somebody was quicker with the port
      if (attempt == 2) throw;
    }
  }
}

redis_server::~redis_server() {
  kill();
}

void redis_server::start() {
  std::vector<std::string> words = {
    "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1",
    "--save",       "",       "--appendonly",        "no",     "--dir",
    "/tmp"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDOUT_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  for (int wait = 0; wait < 2'000; ++wait) {
    int status = 0;
    if (process_ > 0 && ::waitpid(process_, &status, WNOHANG) == process_) process_ = -1;
    if (process_ < 0) break;
    if (is_up()) return;
    std::this_thread::sleep_for(10ms);
  }
  kill();
  throw std::runtime_error("redis-server does not start; is it installed (scripts/install)?");
}

bool redis_server::is_up() const {
  try {
    redis_connection look(address());
    static_cast<void>(look.ask({"PING"}));
    return true;
  } catch (const redis_error& problem) { // one that asks for a password is up
    return std::string_view(problem.what()).starts_with("NOAUTH");
  }
}

void redis_server::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void redis_server::set_frozen(bool is_frozen) {
  ::kill(process_, is_frozen ? SIGSTOP : SIGCONT);
}

redis_address redis_server::address() const {
  redis_address made;
  made.port = port_;
  return made;
}

} // namespace rialto::storage
