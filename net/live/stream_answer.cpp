#include "net/live/stream_answer.hpp"

#include <simdjson.h>

namespace rialto::net {

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string made(text.substr(0, bytes_max));
  for (char& c : made)
    if (c < 0x20 || c > 0x7e) c = '?';
  if (text.size() > bytes_max) made += "...";
  return made;
}

std::optional<stream_answer> read_stream_answer(std::string_view text) {
  namespace dom = simdjson::dom;
  dom::parser parser;
  dom::object object;
  if (text.size() > stream_answer_bytes_max ||
      parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS)
    return {};
  stream_answer made;
  if (object["id"].get(made.id) != simdjson::SUCCESS) return {};
  dom::object error;
  std::string_view words;
  if (object["error"].get(error) == simdjson::SUCCESS) {
    made.problem = "no reason was given";
    if (error["msg"].get(words) == simdjson::SUCCESS) made.problem = printable(words);
  } else if (object["msg"].get(words) == simdjson::SUCCESS) {
    made.problem = printable(words);
  } else if (!object["result"].is_null()) {
    made.problem = "the answer has no result";
  }
  return made;
}

} // namespace rialto::net
