#include "app/terminal_screen.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace rialto::app {

namespace {

std::atomic<bool> is_asked_to_end{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void note_signal(int) {
  is_asked_to_end = true;
}

constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr auto slice = std::chrono::milliseconds(100); // another thread may have taken the signal

} // namespace

std::string bold(const std::string& text) {
  return "\x1b[1m" + text + "\x1b[0m";
}
std::string inverse(const std::string& text) {
  return "\x1b[7m" + text + "\x1b[0m";
}

bool terminal_screen::is_there() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

terminal_screen::terminal_screen() {
  is_asked_to_end = false;
  for (const auto one : ending_signals) std::signal(one, note_signal);
  std::signal(SIGTTOU, SIG_IGN);
  tcgetattr(STDIN_FILENO, &before_);
  enter();
}

terminal_screen::~terminal_screen() {
  leave();
  for (const auto one : ending_signals) std::signal(one, SIG_DFL);
}

void terminal_screen::enter() {
  auto raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  write_all("\x1b[?1049h\x1b[?25l\x1b[2J"); // second buffer, no cursor, empty
}

void terminal_screen::leave() {
  write_all("\x1b[0m\x1b[?25h\x1b[?1049l");
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

screen_size terminal_screen::size() const {
  winsize found{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0)
    return {};
  return {found.ws_col, found.ws_row};
}

void terminal_screen::draw(const std::vector<std::string>& lines) {
  const auto height = size().lines;
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < std::min(height, lines.size()); ++i) {
    if (i > 0) out += "\r\n";
    out += lines[i] + "\x1b[K";
  }
  if (lines.size() < height) out += "\x1b[J";
  write_all(out);
}

pressed terminal_screen::wait(std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    if (is_asked_to_end) return {key::quit};
    if (const auto one = next_key(unread_); one.which != key::none) {
      if (one.letter != 26) return one; // Ctrl-Z
      leave();
      raise(SIGSTOP);
      enter();
      return {key::other};
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      unread_.clear(); // half of a key
      return {};
    }
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const auto ready = poll(&input, 1, static_cast<int>(std::min(left, slice).count()));
    if (ready <= 0) continue;
    char bytes[256];
    const auto count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) return {key::quit}; // the terminal is gone
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
}

void terminal_screen::write_all(const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = write(STDOUT_FILENO, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return; // the terminal is gone: wait() says so
    done += static_cast<std::size_t>(count);
  }
}

pressed next_key(std::string& bytes) {
  static constexpr struct {
    const char* bytes;
    key which;
  } sequences[] = {
    {"\x1b[A", key::up},      {"\x1bOA", key::up},        {"\x1b[B", key::down},
    {"\x1bOB", key::down},    {"\x1b[5~", key::page_up},  {"\x1b[6~", key::page_down},
    {"\x1b[D", key::page_up}, {"\x1b[C", key::page_down}, {"\x1b[H", key::home},
    {"\x1b[1~", key::home},   {"\x1b[F", key::end},       {"\x1b[4~", key::end}};
  if (bytes.empty()) return {};
  for (const auto& one : sequences)
    if (bytes.starts_with(one.bytes)) {
      bytes.erase(0, std::char_traits<char>::length(one.bytes));
      return {one.which};
    }
  const char first = bytes[0];
  if (first == '\x1b' && bytes.size() < 8) {
    if (bytes.size() == 1 || bytes[1] == '[' || bytes[1] == 'O') {
      // An unknown sequence ends with a letter or '~'.
      const auto end =
        bytes.find_first_of("~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 2);
      if (end == std::string::npos) return {}; // not whole yet
      bytes.erase(0, end + 1);
      return {key::other};
    }
  }
  bytes.erase(0, 1);
  if (first == 'q' || first == 'Q' || first == 3 || first == 4)
    return {key::quit}; // Ctrl-C, Ctrl-D
  return {key::other, first};
}

} // namespace rialto::app
