// The order book on the reference flow: (a) one book of 10'000 orders, (b) 100 books of 1'000
// orders, interleaved. Every event is produced as the journal needs it. With --small or --confirm the
// slow obvious book of the tests must produce the same events.
#include "bench/bench.hpp"
#include "bench/domain/order_flow.hpp"
#include "domain/market.hpp"
#include "tests/domain/slow_book.hpp"

using namespace rialto;
using bench::flow_operation;
using bench::program;

namespace {

struct one_book {
  order_book book;
  market_ids ids;
};

/// One operation on the book itself, as market does it: find, check the owner, decide.
void run(one_book& in, const flow_operation& one, std::vector<market_event>& events) {
  switch (one.what) {
  case flow_operation::kind::add:
    if (in.book.find({one.id}) == no_order) in.book.submit(bench::submit_of(one), in.ids, events);
    break;
  case flow_operation::kind::cancel:
    if (const auto at = in.book.find({one.id});
        at != no_order && in.book.account(at) == bench::cancel_of(one).account)
      in.book.cancel(at, events);
    break;
  case flow_operation::kind::amend:
    if (const auto at = in.book.find({one.id});
        at != no_order && in.book.account(at) == bench::amend_of(one).account)
      in.book.amend(at, bench::amend_of(one), true, in.ids, events);
    break;
  }
}

/// Operations come in batches, as a shard gets them: what comes next is known, and its memory is asked for early.
void fetch(const std::vector<one_book>& books, const bench::order_flow& flow, std::size_t i) {
  constexpr std::size_t soon = 8, next = 4;
  const auto& all = flow.operations;
  if (i + soon < all.size()) books[all[i + soon].book].book.fetch_entry({all[i + soon].id});
  if (i + next < all.size() && all[i + next].what != flow_operation::kind::add)
    books[all[i + next].book].book.fetch_order({all[i + next].id});
}

std::vector<one_book> filled_books(const bench::order_flow& flow) {
  std::vector<one_book> books(flow.books);
  std::vector<market_event> events;
  for (auto& one : books) {
    one.book.set_terms(bench::flow_instrument());
    one.ids.prepare(events);
  }
  for (std::size_t i = 0; i < flow.prologue; ++i) {
    events.clear();
    run(books[flow.operations[i].book], flow.operations[i], events);
  }
  return books;
}

std::uint64_t state_of(const std::vector<one_book>& books) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& one : books) one.book.encode(out);
  return hash64(bytes);
}

std::uint64_t hash_of(const std::vector<market_event>& events, std::uint64_t seed) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& one : events)
    if (!std::holds_alternative<ids_reserved>(one)) out.put(one);
  return hash64(bytes, seed);
}

/// The slow book runs the same operations; its events must be the same bytes.
void confirm(const bench::order_flow& flow) {
  std::vector<one_book> books(flow.books);
  std::vector<testing::slow_book> slow(flow.books, testing::slow_book(bench::flow_instrument()));
  std::vector<market_event> events;
  for (auto& one : books) one.book.set_terms(bench::flow_instrument());
  for (const auto& one : flow.operations) {
    events.clear();
    run(books[one.book], one, events);
    auto& by = slow[one.book];
    const auto expected = one.what == flow_operation::kind::add ? by.submit(bench::submit_of(one))
                          : one.what == flow_operation::kind::cancel
                            ? by.cancel(bench::cancel_of(one))
                            : by.amend(bench::amend_of(one));
    program::expect(hash_of(events, 0) == hash_of(expected, 0), "differs from the slow book");
  }
}

void measure(const program& bench, const std::string& name, const bench::order_flow& flow) {
  const auto count = static_cast<std::int64_t>(flow.operations.size() - flow.prologue);
  std::vector<market_event> events;
  events.reserve(4'096);
  std::uint64_t state = 0;
  const auto took = program::median_ns(bench.is_small() ? 1 : 3, [&] {
    auto books = filled_books(flow);
    std::size_t produced = 0;
    const auto ns = program::time_ns([&] {
      for (auto i = flow.prologue; i < flow.operations.size(); ++i) {
        fetch(books, flow, i);
        events.clear();
        run(books[flow.operations[i].book], flow.operations[i], events);
        produced += events.size();
      }
    });
    program::expect(produced >= static_cast<std::size_t>(count), "every operation has an event");
    const auto now = state_of(books);
    program::expect(state == 0 || state == now, "two runs differ");
    state = now;
    return ns;
  });
  program::report_rate(name + " ops", count, took);

  // Once more with a clock read between two operations (its cost is in the figures).
  auto books = filled_books(flow);
  std::vector<std::int64_t> single;
  single.reserve(static_cast<std::size_t>(count));
  auto before = bench::now_ns();
  for (auto i = flow.prologue; i < flow.operations.size(); ++i) {
    fetch(books, flow, i);
    events.clear();
    run(books[flow.operations[i].book], flow.operations[i], events);
    const auto now = bench::now_ns();
    single.push_back(now - before);
    before = now;
  }
  program::report_percentiles(name, single);

  // And once for the result: every event's bytes.
  books = filled_books(flow);
  std::uint64_t hash = 0;
  for (auto i = flow.prologue; i < flow.operations.size(); ++i) {
    events.clear();
    run(books[flow.operations[i].book], flow.operations[i], events);
    hash = hash_of(events, hash);
  }
  std::size_t bytes = 0, orders = 0;
  for (const auto& one : books) {
    one.book.check_invariants();
    bytes += one.book.order_bytes();
    orders += one.book.orders_most();
  }
  program::report(name + " memory", static_cast<double>(bytes) / static_cast<double>(orders),
                  "bytes an order when most of them rest");
  program::report_hash(name + " events", hash);
  program::report_hash(name + " state", state);
}

/// Flow (a) through the whole state machine: messages posted, answers built, publication per 100.
void measure_market(const bench::order_flow& flow) {
  const auto count = static_cast<std::int64_t>(flow.operations.size() - flow.prologue);
  market machine(entity_id{market_id{1}});
  std::vector<market_event> events;
  std::vector<addressed_message> posts;
  std::vector<publication> news;
  order_view context;
  static_cast<void>(machine.execute(list_instrument{bench::flow_instrument()}, {1}, events, posts));
  const auto run_all = [&](std::size_t from, std::size_t to) {
    link_message message;
    for (auto i = from; i < to; ++i) {
      const auto& one = flow.operations[i];
      switch (one.what) {
      case flow_operation::kind::add: message = bench::submit_of(one); break;
      case flow_operation::kind::cancel: message = bench::cancel_of(one); break;
      case flow_operation::kind::amend: message = bench::amend_of(one); break;
      }
      events.clear();
      posts.clear();
      const timestamp_ns now{static_cast<std::int64_t>(i)};
      static_cast<void>(machine.handle(message, {}, context, now, events, posts));
      if (i % 100 == 0) {
        machine.publish(now, news);
        news.clear();
      }
    }
  };
  run_all(0, flow.prologue);
  const auto took = program::time_ns([&] { run_all(flow.prologue, flow.operations.size()); });
  program::report_rate("market (a) ops", count, took);
}

} // namespace

// What it throws ends the bench, loudly.
int main(int argc, char** argv) { // NOLINT(bugprone-exception-escape)
  const program bench(argc, argv);
  const auto count = static_cast<std::size_t>(bench.parameter(3'000, 5'000'000));
  {
    auto flow =
      bench::flow_maker(1, static_cast<std::size_t>(bench.parameter(500, 10'000)), count, 4'711)
        .take();
    if (bench.is_confirming()) confirm(flow);
    measure(bench, "order_book (a) one book", flow);
    measure_market(flow);
  }
  auto flow = bench::flow_maker(static_cast<std::size_t>(bench.parameter(5, 100)),
                                static_cast<std::size_t>(bench.parameter(100, 1'000)), count, 4'712)
                .take();
  if (bench.is_confirming()) confirm(flow);
  measure(bench, "order_book (b) interleaved books", flow);
}
