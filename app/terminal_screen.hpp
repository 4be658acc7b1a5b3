// app/terminal_screen.hpp: a whole terminal while somebody looks at it, and exactly as it was afterwards.
//
// The room: ANSI sequences and termios. The screen is drawn into the terminal's second buffer, line by line, without
// clearing, so it does not flicker. SIGINT, SIGTERM, SIGHUP, SIGQUIT and an exception all lead to the destructor, which
// gives the terminal back; so does SIGTSTP until the program goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <termios.h>
#include <vector>

namespace rialto::app {

enum class key : std::uint8_t { none, up, down, page_up, page_down, home, end, quit, other };
struct pressed {
  key which = key::none;
  char letter = 0; // of `other`
};

struct screen_size {
  std::size_t columns = 80, lines = 24;
};

class terminal_screen {
public:
  /// Standard input and output must be a terminal: is_there().
  terminal_screen();
  ~terminal_screen();
  terminal_screen(const terminal_screen&) = delete;
  terminal_screen& operator=(const terminal_screen&) = delete;

  [[nodiscard]] static bool is_there();
  [[nodiscard]] screen_size size() const;
  /// Lines that are too many are left out; they hold no control characters but those of bold() and inverse().
  void draw(const std::vector<std::string>& lines);
  /// Waits for a key at most so long; key::quit after a signal or when the terminal is gone.
  [[nodiscard]] pressed wait(std::chrono::milliseconds at_most);

private:
  void enter();
  void leave();
  void write_all(const std::string& bytes);
  termios before_{};
  std::string unread_;
};

[[nodiscard]] std::string bold(const std::string& text);
[[nodiscard]] std::string inverse(const std::string& text);
/// The keys in what a terminal sent; takes whole ones off `bytes`.
[[nodiscard]] pressed next_key(std::string& bytes);

} // namespace rialto::app
