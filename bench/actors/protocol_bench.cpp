// bench/actors/protocol_bench.cpp: what it costs to say an order to another node, and to understand it.
//
// Each line is one kind of item, alone in its frame and a hundred in one: bytes and time per item, encoding and
// decoding together.
#include "actors/protocol/frames.hpp"
#include "bench/bench.hpp"

using namespace rialto;
using namespace rialto::actors;
using bench::program;

namespace {

order_view view() {
  order_view one;
  one.id = {123'456'789};
  one.account = {77};
  one.market = {3};
  one.client_order_id = "bot-1-000000123456";
  one.price = {6'183'760};
  one.size = {1'000};
  one.created_at = one.updated_at = {1'700'000'000'000'000'000};
  one.fills.push_back({{5'000'001}, {6'183'760}, {1'000}, {6'183'760'000}, {6'183'760}, false, {}});
  return one;
}

request order_request() {
  place_order order;
  order.id = {123'456'789};
  order.client_order_id = "bot-1-000000123456";
  order.body_hash = 0x1234'5678'9abc'def0;
  order.price = {6'183'760};
  order.size = {1'000};
  order.terms.market = {3};
  order.terms.base = "BTC";
  order.terms.quote = "USDT";
  order.terms.units_per_tick_lot = 1'000;
  order.terms.lot_size = {1'000};
  return {17, account_id{77}, account_command{order, {}}, {}};
}

protocol::link_envelope fill_message() {
  protocol::link_envelope one;
  one.from = market_id{3};
  one.to = account_id{77};
  one.number = 4'711;
  one.body = order_filled{{123'456'789}, {77}, view().fills.front(), true};
  one.is_durable = true;
  return one;
}

template <class Frame>
void measure(const program& run, const std::string& name, const Frame& what) {
  const auto items = static_cast<std::int64_t>(what.items.size());
  const auto rounds = run.parameter(2'000, 1'000'000) / items;
  std::uint64_t seen = 0, bytes = 0;
  const auto took = program::median_ns(static_cast<int>(run.parameter(1, 5)), [&] {
    seen = bytes = 0;
    return program::time_ns([&] {
      for (std::int64_t round = 0; round < rounds; ++round) {
        for (const auto& part : encode(what).frames) {
          const auto read = protocol::decode(part);
          program::expect(read.has_value(), "a frame that was made here is read");
          seen += std::get<Frame>(*read).items.size();
          bytes += part.size();
        }
      }
    });
  });
  const auto all = rounds * items;
  program::expect(seen == static_cast<std::uint64_t>(all), "every item is read");
  program::report(name + ": bytes", static_cast<double>(bytes) / static_cast<double>(all), "/item");
  program::report(name + ": time", static_cast<double>(took) / static_cast<double>(all), "ns/item");
}

template <class Frame, class Item>
void measure_both(const program& run, const std::string& name, const Item& item) {
  Frame what;
  what.items.push_back(item);
  measure(run, name + ", alone", what);
  what.items.assign(100, item);
  measure(run, name + ", of 100", what);
}

} // namespace

int main(int argc, char** argv) {
  const program run(argc, argv);
  measure_both<protocol::request_frame>(run, "place_order", order_request());
  measure_both<protocol::answer_frame>(run, "answer", answer{17, delivery::done, view()});
  measure_both<protocol::message_frame>(run, "fill", fill_message());
}
