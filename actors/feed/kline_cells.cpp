#include "actors/feed/kline_cells.hpp"

namespace rialto::actors {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

} // namespace

std::string kline_cells::here() const {
  return (is_json_ ? "row " : "line ") + std::to_string(rows_);
}

kline_cells::step kline_cells::fail(std::string_view rule) {
  why_ = here().append(": ").append(rule);
  at_ = place::broken;
  return step::broken;
}

void kline_cells::begin_row() {
  ++rows_;
  count_ = 1;
  cells_[0].clear();
  is_row_old_ = false;
}

kline_cells::step kline_cells::put(char c) {
  auto& cell = cells_[count_ - 1];
  if (cell.size() == cell_bytes_max) return fail("a field is longer than 64 characters");
  cell += c;
  return step::more;
}

kline_cells::step kline_cells::next(std::string_view& bytes) {
  if (at_ == place::broken) return step::broken;
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (const auto got = take(c); got != step::more) return got;
  }
  return step::more;
}

kline_cells::step kline_cells::take(char c) {
  if (at_ == place::start) {
    if (is_blank(c)) return step::more;
    is_json_ = c == '[';
    at_ = is_json_ ? place::list : place::csv;
    if (is_json_) return step::more;
    begin_row();
  }
  return is_json_ ? take_json(c) : take_csv(c);
}

kline_cells::step kline_cells::end_line() {
  auto& last = cells_[count_ - 1];
  if (last.ends_with('\r')) last.pop_back();
  is_row_old_ = true;
  return count_ == 1 && last.empty() ? fail("is empty") : step::row;
}

kline_cells::step kline_cells::take_csv(char c) {
  if (is_row_old_) begin_row();
  if (c == '\n') return end_line();
  if (c == ',') {
    if (count_ == cells_max) return fail("has more than 16 fields");
    cells_[count_++].clear();
    return step::more;
  }
  const auto code = static_cast<unsigned char>(c);
  if ((code < 0x20 && c != '\r') || code > 0x7e) return fail("has a character that is not ASCII");
  if (c == '"') return fail("has a quotation mark: fields are bare");
  return put(c);
}

kline_cells::step kline_cells::begin_value(char c) {
  if (c == '"') {
    at_ = place::text;
    return step::more;
  }
  if (!is_of_number(c)) return fail("has a field that is neither a number nor a text");
  at_ = place::number;
  return put(c);
}

kline_cells::step kline_cells::after_cell(char c) {
  if (c == ']') {
    at_ = place::row_done;
    return step::row;
  }
  if (c != ',') return fail("has no ',' or ']' after a field");
  if (count_ == cells_max) return fail("has more than 16 fields");
  cells_[count_++].clear();
  at_ = place::value;
  return step::more;
}

kline_cells::step kline_cells::take_json(char c) {
  if (at_ == place::text) {
    if (c == '"') {
      at_ = place::cell_done;
      return step::more;
    }
    const auto code = static_cast<unsigned char>(c);
    if (c == '\\' || code < 0x20 || code > 0x7e)
      return fail("has a text with a character that no number has");
    return put(c);
  }
  if (at_ == place::number) {
    if (is_of_number(c)) return put(c);
    at_ = place::cell_done;
  }
  if (is_blank(c)) return step::more;
  switch (at_) {
  case place::list:
  case place::next_row:
    if (c == '[') {
      begin_row();
      at_ = place::row_start;
      return step::more;
    }
    if (c == ']' && at_ == place::list) {
      at_ = place::ended;
      return step::more;
    }
    ++rows_;
    return fail("does not begin with '['");
  case place::row_start:
    if (c == ']') return fail("has no fields");
    return begin_value(c);
  case place::value: return begin_value(c);
  case place::cell_done: return after_cell(c);
  case place::row_done:
    if (c != ',' && c != ']') return fail("is not followed by ',' or ']'");
    at_ = c == ',' ? place::next_row : place::ended;
    return step::more;
  case place::ended: return fail("something follows the end of the list");
  case place::start:
  case place::csv:
  case place::text:
  case place::number:
  case place::broken: break; // not reached: handled before
  }
  return fail("is not readable");
}

kline_cells::step kline_cells::finish() {
  if (at_ == place::broken) return step::broken;
  if (at_ == place::start || at_ == place::ended) return step::more;
  if (is_json_) return fail("the file ends before the list does");
  return is_row_old_ ? step::more : end_line();
}

} // namespace rialto::actors
