// actors/feed/kline_cells.hpp: the bytes of a file of candles, cut into rows of texts.
//
// The room: every byte is foreign; pieces may end anywhere. Two forms, told by the first byte that
// is no blank: '[' begins a JSON list of lists of numbers and texts, anything else is CSV. Numbers
// stay the text they are written in.
//   K1  the rows are the same however the bytes are cut into pieces
//   K2  memory does not grow: a row has at most cells_max cells of at most cell_bytes_max bytes
//   K3  after a broken byte nothing more is read; why() says where and which rule
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rialto::actors {

class kline_cells {
public:
  static constexpr std::size_t cells_max = 16, cell_bytes_max = 64;

  enum class step : std::uint8_t { row, more, broken };
  /// Reads on in `bytes` and takes what was read off its front. row: cells() has one; more: all
  /// bytes are read; broken: see why().
  [[nodiscard]] step next(std::string_view& bytes);
  /// No more bytes come. row: the last line of a CSV had no newline; more: all is well.
  [[nodiscard]] step finish();

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::string_view cell(std::size_t index) const { return cells_[index]; }
  [[nodiscard]] bool is_json() const { return is_json_; }
  /// "line 7" of a CSV, "row 7" of a list; both begin at 1.
  [[nodiscard]] std::string here() const;
  /// "line 7: reason".
  [[nodiscard]] const std::string& why() const { return why_; }

private:
  enum class place : std::uint8_t {
    start,     // nothing but blanks yet
    csv,       // within a line
    list,      // after the outer '[': a row or ']'
    row_start, // after a row's '[': a value or ']'
    value,     // after a ',' in a row: a value
    text,      // within "..."
    number,    // within a bare number
    cell_done, // after a value: ',' or ']'
    row_done,  // after a row: ',' or ']'
    next_row,  // after a ',' between rows: '['
    ended,     // after the outer ']': blanks
    broken
  };
  [[nodiscard]] step take(char c);
  [[nodiscard]] step take_csv(char c);
  [[nodiscard]] step take_json(char c);
  [[nodiscard]] step begin_value(char c);
  [[nodiscard]] step after_cell(char c);
  [[nodiscard]] step put(char c);
  [[nodiscard]] step end_line();
  [[nodiscard]] step fail(std::string_view rule);
  void begin_row();

  place at_ = place::start;
  bool is_json_ = false, is_row_old_ = false; // the row was handed out
  std::array<std::string, cells_max> cells_;
  std::size_t count_ = 0;
  std::uint64_t rows_ = 0;
  std::string why_;
};

} // namespace rialto::actors
