// How much faster the order book is than the slow obvious one of the tests, on one flow in one run: what CI looks at,
// because it depends little on the machine and its hour. Both must produce the same events.
#include "bench/bench.hpp"
#include "bench/domain/order_flow.hpp"
#include "tests/domain/slow_book.hpp"

using namespace rialto;
using bench::flow_operation;
using bench::program;

namespace {

std::uint64_t hash_of(const std::vector<market_event>& events, std::uint64_t seed) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& one : events) out.put(one);
  return hash64(bytes, seed);
}

/// Runs what follows the prologue and returns what that took; the events of it all go into the hash.
template <class Run>
std::int64_t timed(const bench::order_flow& flow, std::uint64_t& hash, Run run) {
  std::vector<std::vector<market_event>> produced(flow.operations.size());
  for (std::size_t i = 0; i < flow.prologue; ++i) run(flow.operations[i], produced[i]);
  const auto took = program::time_ns([&] {
    for (auto i = flow.prologue; i < flow.operations.size(); ++i)
      run(flow.operations[i], produced[i]);
  });
  for (const auto& events : produced) hash = hash_of(events, hash);
  return took;
}

std::int64_t time_book(const bench::order_flow& flow, std::uint64_t& hash) {
  order_book book;
  market_ids ids;
  std::vector<market_event> reserved;
  book.set_terms(bench::flow_instrument());
  ids.prepare(reserved);
  return timed(flow, hash, [&](const flow_operation& one, std::vector<market_event>& events) {
    if (one.what == flow_operation::kind::add)
      book.submit(bench::submit_of(one), ids, events);
    else if (one.what == flow_operation::kind::cancel)
      book.cancel(book.find({one.id}), events);
    else
      book.amend(book.find({one.id}), bench::amend_of(one), true, ids, events);
  });
}

std::int64_t time_slow(const bench::order_flow& flow, std::uint64_t& hash) {
  testing::slow_book book(bench::flow_instrument());
  return timed(flow, hash, [&](const flow_operation& one, std::vector<market_event>& events) {
    if (one.what == flow_operation::kind::add)
      events = book.submit(bench::submit_of(one));
    else if (one.what == flow_operation::kind::cancel)
      events = book.cancel(bench::cancel_of(one));
    else
      events = book.amend(bench::amend_of(one));
  });
}

} // namespace

// What it throws ends the bench, loudly.
int main(int argc, char** argv) { // NOLINT(bugprone-exception-escape)
  const program bench(argc, argv);
  const auto flow =
    bench::flow_maker(1, static_cast<std::size_t>(bench.parameter(300, 10'000)),
                      static_cast<std::size_t>(bench.parameter(2'000, 20'000)), 4'713)
      .take();
  std::uint64_t slow_hash = 0;
  const auto slow = time_slow(flow, slow_hash);
  const auto fast = program::median_ns(5, [&] {
    std::uint64_t hash = 0;
    const auto took = time_book(flow, hash);
    program::expect(hash == slow_hash, "differs from the slow book");
    return took;
  });
  program::report("order_book ratio to the slow book",
                  static_cast<double>(slow) / static_cast<double>(fast), "times");
}
