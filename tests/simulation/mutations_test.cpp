// Each promise broken on purpose: the checker must notice, and name the promise.
//
// A mutation is a journal with one thing wrong in it, or sessions in which one rule of the design is off (broken_rule, journal_lie).
#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::simulation;

namespace {

using rows_type = std::vector<std::string>;
using records_type = std::vector<std::vector<storage::record>>; // of each row
using any_event = std::variant<account_event, market_event, user_event>;

// ---- a journal with one thing wrong in it

/// A faultless session on one lane, with trades in it.
const trading_session& sound_session() {
  static const auto session = [] {
    auto spec = quiet_session(7);
    spec.where = placement::one_lane;
    spec.actions = 400;
    auto made = std::make_unique<trading_session>(spec);
    REQUIRE(made->run() == rows_type{});
    REQUIRE(made->trades() > 10);
    return made;
  }();
  return *session;
}

records_type sound_records() {
  records_type all;
  for (const auto& row : sound_session().rows()) all.push_back(*storage::read_blob(row));
  return all;
}

/// What the checker says of these records, and of snapshots among them.
rows_type judged(const records_type& all, const std::vector<storage::snapshot>& snapshots = {}) {
  actors::journal_checker checker(true);
  for (const auto& made : snapshots) checker.expect(made);
  storage::position at = 0;
  for (const auto& records : all) {
    storage::blob_writer writer;
    for (const auto& one : records) writer.add(one);
    checker.take(++at, writer.finish());
  }
  checker.finish();
  return checker.violations();
}

/// Rewrites the record's events; `change` says true for the one it changed, and is not asked again.
template <class Event>
bool rewrite(storage::record& one, const std::function<bool(any_event&)>& change) {
  byte_reader in(one.events);
  std::string out;
  bool changed = false;
  for (std::uint32_t i = 0; i < one.event_count; ++i) {
    Event event;
    REQUIRE(storage::decode_event(in, event));
    any_event any = event;
    if (!changed && change(any)) {
      changed = true;
      event = std::get<Event>(any);
    }
    storage::encode_event(event, out);
  }
  if (changed) one.events = out;
  return changed;
}

/// The sound journal with its first event changed that `change` accepts.
rows_type with_event(const std::function<bool(any_event&)>& change) {
  auto all = sound_records();
  for (auto& records : all)
    for (auto& one : records) {
      const auto kind = one.stream.kind();
      const bool changed = kind == entity_kind::account  ? rewrite<account_event>(one, change)
                           : kind == entity_kind::market ? rewrite<market_event>(one, change)
                                                         : rewrite<user_event>(one, change);
      if (changed) return judged(all);
    }
  FAIL("no event was changed");
  return {};
}

/// The first event of type Event for which `change` says true.
template <class Event, class Change>
rows_type with(Change change) {
  return with_event([&change](any_event& any) {
    return std::visit(
      [&change](auto& event) {
        return std::visit(
          [&change](auto& held) {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Event>) return change(held);
            return false;
          },
          event);
      },
      any);
  });
}

/// The first record that `change` accepts; it sees the records of its row too.
rows_type
with_record(const std::function<bool(std::vector<storage::record>&, std::size_t)>& change) {
  auto all = sound_records();
  for (auto& records : all)
    for (std::size_t i = 0; i < records.size(); ++i)
      if (change(records, i)) return judged(all);
  FAIL("no record was changed");
  return {};
}

/// An order that is open at the end and never traded.
order_id untouched_order() {
  std::set<order_id> open, traded;
  for (const auto& records : sound_records())
    for (auto one : records) {
      if (one.stream.kind() != entity_kind::market) continue;
      rewrite<market_event>(one, [&](any_event& any) {
        const auto& event = std::get<market_event>(any);
        if (const auto* rested = std::get_if<order_rested>(&event)) open.insert(rested->id);
        if (const auto* closed = std::get_if<order_closed>(&event)) open.erase(closed->id);
        if (const auto* changed = std::get_if<order_changed>(&event)) traded.insert(changed->id);
        if (const auto* trade = std::get_if<trade_executed>(&event))
          traded.insert({trade->maker, trade->taker});
        return false;
      });
    }
  for (const auto id : open)
    if (!traded.contains(id)) return id;
  FAIL("every order has traded");
  return {};
}

rows_type with_trade_of_another_order(int skip) {
  std::vector<order_rested> seen; // and not closed; of any market
  return with_event([&](any_event& any) {
    auto* const event = std::get_if<market_event>(&any);
    if (event == nullptr) return false;
    const auto forget = [&](order_id id) {
      std::erase_if(seen, [&](const order_rested& one) { return one.id == id; });
    };
    if (const auto* rested = std::get_if<order_rested>(event)) seen.push_back(*rested);
    if (const auto* closed = std::get_if<order_closed>(event)) forget(closed->id);
    auto* const trade = std::get_if<trade_executed>(event);
    if (trade == nullptr || !trade->maker || !trade->taker) return false;
    forget(trade->maker);
    for (const auto& one : seen) // a later or worse one of the same side
      if (one.way != trade->taker_side && one.id > trade->maker && one.open >= trade->size &&
          one.account == trade->maker_account && skip-- <= 0) {
        trade->maker = one.id;
        return true;
      }
    return false;
  });
}

/// Whichever trade it takes to find one in the same market.
rows_type with_trade_of_a_later_order() {
  rows_type found;
  for (int skip = 0; skip < 20; ++skip) {
    found = with_trade_of_another_order(skip);
    for (const auto& one : found)
      if (one.find("trades before order") != std::string::npos) return found;
  }
  return found;
}

/// Whichever bid it takes to cross the book.
rows_type with_crossed_book() {
  rows_type found;
  for (int skip = 0; skip < 20; ++skip) {
    int seen = 0;
    found = with<order_rested>([&, skip](order_rested& event) {
      if (event.way != side::buy || seen++ < skip) return false;
      event.price.value *= 2;
      return true;
    });
    for (const auto& one : found)
      if (one.find("P5") != std::string::npos) return found;
  }
  return found;
}

rows_type with_snapshot(const std::function<void(storage::snapshot&)>& change) {
  const auto& saved = sound_session().surroundings().saved;
  REQUIRE_FALSE(saved.empty());
  auto bad = saved.front();
  change(bad);
  return judged(sound_records(), {bad});
}

/// The second half of the journal comes from another shard.
rows_type with_two_shards() {
  actors::journal_checker checker;
  const auto& rows = sound_session().rows();
  const auto half = rows.size() / 2;
  for (std::size_t i = 0; i < rows.size(); ++i)
    checker.take(i < half ? 0 : 1, i < half ? i + 1 : i - half + 1, rows[i]);
  checker.finish();
  return checker.violations();
}

// ---- sessions with one rule off

rows_type sessions(const std::function<void(session_spec&)>& change) {
  rows_type all;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    auto spec = stormy_session(seed);
    change(spec);
    trading_session session(spec);
    for (auto& one : session.run()) all.push_back(std::move(one));
  }
  return all;
}

rows_type sessions_without(broken_rule rule) {
  return sessions([rule](session_spec& spec) {
    spec.broken = rule;
    if (rule == broken_rule::applies_repeats || rule == broken_rule::forgets_unacknowledged)
      spec.where = placement::by_kind;
    if (rule == broken_rule::answers_before_ack) spec.faults.commit_fault = 0.05;
    if (rule == broken_rule::goes_on_when_taken_over) spec.faults.takeover = 0.05;
    if (rule == broken_rule::resume_skips_one) spec.faults.drop_stream = 0.3;
    if (rule == broken_rule::stamps_the_wall) spec.faults.clock_jump = 0.1;
  });
}

rows_type sessions_on_a_disk_that(storage::journal_lie lie) {
  return sessions([lie](session_spec& spec) {
    spec.lie = lie;
    spec.faults.power_cut = 1;
    spec.faults.crash_in_call = 0.05;
    spec.faults.takeover = lie == storage::journal_lie::accepts_stale ? 0.05 : 0;
  });
}

// ---- the list

struct mutation {
  const char* promise;
  const char* name;
  const char* says; // words of the violation
  std::function<rows_type()> run;
};

const std::vector<mutation>& mutations() {
  static const std::vector<mutation> all{
    {"P1", "money from nowhere: a fill settles one unit more", "P1",
     [] {
       return with<fill_settled>([](fill_settled& event) {
         if (event.way == side::sell) return false; // his hold would be missed first
         event.base.value += 1;
         return true;
       });
     }},
    {"P1", "a fill reaches one account only", "holds",
     [] { return sessions_without(broken_rule::forgets_unacknowledged); }},
    {"P2", "a deposit becomes a withdrawal", "P2",
     [] {
       return with<transferred>([](transferred& event) {
         event.kind = transfer_kind::withdrawal;
         return true;
       });
     }},
    {"P2", "a hold is not released when its order is done", "P2",
     [] {
       return with<order_done>([](order_done& event) {
         event.released = {};
         return true;
       });
     }},
    {"P3", "a trade beyond the limit", "beyond its limit",
     [] {
       return with<trade_executed>([](trade_executed& event) {
         event.price.value += 1'000;
         return true;
       });
     }},
    {"P3", "a fill beyond the order", "filled beyond its size",
     [] {
       return with<trade_executed>([](trade_executed& event) {
         event.size.value *= 100;
         event.notional.value *= 100;
         event.base.value *= 100;
         return true;
       });
     }},
    {"P3", "a fee that is not the stamped rate's", "the fee is not",
     [] {
       return with<trade_executed>([](trade_executed& event) {
         event.taker_fee.value += 1;
         return true;
       });
     }},
    {"P3", "a later order trades first", "trades before order", with_trade_of_a_later_order},
    {"P3", "a trade is settled twice", "more is settled than was traded",
     [] {
       return with_record([](auto& records, std::size_t i) {
         bool settles = false;
         if (records[i].stream.kind() == entity_kind::account)
           rewrite<account_event>(records[i], [&](any_event& any) {
             const auto* fill = std::get_if<fill_settled>(&std::get<account_event>(any));
             settles |= fill != nullptr && fill->is_last;
             return false;
           });
         if (!settles) return false;
         auto again = records[i];
         again.first_event += again.event_count;
         ++again.cause.number;
         records.insert(records.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(again));
         return true;
       });
     }},
    {"P4", "an order is placed twice", "is placed twice",
     [] {
       return with<order_placed>([first = order_id{}](order_placed& event) mutable {
         if (!first) {
           first = event.order.id;
           return false;
         }
         event.order.id = first;
         return true;
       });
     }},
    {"P4", "an answer leaves before its append is durable", "P4 order",
     [] { return sessions_without(broken_rule::answers_before_ack); }},
    {"P4", "a disk acknowledges what it has not synced", "P4 row",
     [] { return sessions_on_a_disk_that(storage::journal_lie::acknowledges_unsynced); }},
    {"P4", "an outbox forgets what nobody has taken", "which took",
     [] { return sessions_without(broken_rule::forgets_unacknowledged); }},
    {"P4", "an order rests in its market with another size", "not as large in its market",
     [] {
       return with<order_rested>([id = untouched_order()](order_rested& event) {
         if (event.id != id) return false;
         event.open.value -= 1;
         return true;
       });
     }},
    {"P4", "an order is open in its account only", "and not in its market",
     [] {
       return with<order_rested>([id = untouched_order()](order_rested& event) {
         if (event.id != id) return false;
         event.id.value += 1'000'000;
         return true;
       });
     }},
    {"P5", "a bid rests above an ask", "P5 the book is crossed", with_crossed_book},
    {"P6", "a record is lost", "P6 follows event",
     [] {
       return with_record([](auto& records, std::size_t i) {
         if (records[i].stream.kind() != entity_kind::account) return false;
         records.erase(records.begin() + static_cast<std::ptrdiff_t>(i));
         return true;
       });
     }},
    {"P6", "a record comes twice", "P6 follows event",
     [] {
       return with_record([](auto& records, std::size_t i) {
         records.push_back(records[i]);
         return true;
       });
     }},
    {"P6", "an event number is skipped", "P6 follows event",
     [] {
       return with_record([](auto& records, std::size_t i) {
         ++records[i].first_event;
         return true;
       });
     }},
    {"P6", "a link message is taken out of order", "P6 takes message",
     [] {
       return with_record([](auto& records, std::size_t i) {
         if (!records[i].cause.peer) return false;
         ++records[i].cause.number;
         return true;
       });
     }},
    {"P6", "a message is taken that nobody sent", "which never sent it",
     [] {
       auto all = sound_records();
       std::map<entity_id, storage::record>
         last;                                  // the last record that takes a message, per stream
       std::map<entity_id, std::uint64_t> next; // event number, per stream
       for (const auto& records : all)
         for (const auto& one : records) {
           if (one.cause.peer) last[one.stream] = one;
           next[one.stream] = one.first_event + one.event_count;
         }
       for (auto& [stream, one] :
            last) { // one more of them, as the first and last of a row of its own
         storage::record made = one;
         made.event_count = 0;
         made.first_event = next[stream];
         made.events.clear();
         made.acknowledged.clear();
         ++made.cause.number;
         all.push_back({made});
       }
       return judged(all);
     }},
    {"P6", "a link message that comes twice is taken twice", "which never sent it",
     [] { return sessions_without(broken_rule::applies_repeats); }},
    {"P6", "the time of a stream goes back", "P6 its time goes back",
     [] {
       return with_record([](auto& records, std::size_t i) {
         if (records[i].first_event < 5) return false;
         records[i].at.value -= 3'600'000'000'000;
         return true;
       });
     }},
    {"P7", "a byte of a snapshot changes", "P7 the snapshot",
     [] {
       return with_snapshot([](storage::snapshot& made) {
         auto& byte = made.bytes[made.bytes.size() / 2];
         byte = static_cast<char>(byte ^ 1);
       });
     }},
    {"P7", "a snapshot misses an event", "P7 the snapshot",
     [] { return with_snapshot([](storage::snapshot& made) { ++made.event_number; }); }},
    {"P8", "a stream is written in two shards", "P8 the stream is written in shard",
     with_two_shards},
    {"P8", "the journal takes appends of who was taken over", "under epoch",
     [] { return sessions_on_a_disk_that(storage::journal_lie::accepts_stale); }},
    {"P8", "a process that was taken over goes on under the new epoch", "followed by another",
     [] { return sessions_without(broken_rule::goes_on_when_taken_over); }},
    {"P9", "a resumed stream begins one message late", "P9",
     [] { return sessions_without(broken_rule::resume_skips_one); }},
    {"T1", "a jump of the wall clock is stamped", "stamped in the future",
     [] { return sessions_without(broken_rule::stamps_the_wall); }},
    {"checksum", "a torn row is taken for whole", "its checksum or framing",
     [] { return sessions_on_a_disk_that(storage::journal_lie::trusts_its_log); }},
  };
  return all;
}

} // namespace

TEST_CASE("mutations: the unchanged journal has no violation") {
  CHECK(judged(sound_records()) == rows_type{});
  CHECK(judged(sound_records(), sound_session().surroundings().saved) == rows_type{});
}

TEST_CASE("mutations: each promise broken on purpose is noticed and named") {
  std::set<std::string> promises;
  for (const auto& one : mutations()) {
    const std::string what = std::string(one.promise) + " " + one.name;
    CAPTURE(what);
    promises.insert(one.promise);
    const auto violations = one.run();
    std::string said;
    for (const auto& line : violations)
      if (said.empty() && line.find(one.says) != std::string::npos) said = line;
    CAPTURE(violations.size());
    CHECK_MESSAGE(!said.empty(), "first was: ", violations.empty() ? "" : violations.front());
    const bool is_numbered = one.promise[0] == 'P' || one.promise[0] == 'T';
    if (is_numbered) CHECK(said.find(one.promise) != std::string::npos);
  }
  // P10 comes with notifications.
  for (const auto* promise : {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"})
    CHECK(promises.contains(promise));
}

TEST_CASE(
  "mutations: a row whose bytes changed on the disk is named, and nothing is read from it") {
  const auto& rows = sound_session().rows();
  const auto damaged = rows.size() / 2;
  for (const double place : {0.1, 0.5, 0.9}) {
    CAPTURE(place);
    auto torn = rows[damaged];
    auto& byte = torn[static_cast<std::size_t>(static_cast<double>(torn.size()) * place)];
    byte = static_cast<char>(byte ^ 0x10);
    CHECK_FALSE(storage::read_blob(torn));
    CHECK_FALSE(storage::read_blob(std::string_view(torn).substr(0, torn.size() / 2)));
    actors::journal_checker checker;
    for (std::size_t i = 0; i < rows.size(); ++i)
      checker.take(i + 1, i == damaged ? torn : rows[i]);
    checker.finish();
    CHECK(checker.violations().front() ==
          "row " + std::to_string(damaged + 1) + ": its checksum or framing is wrong");
  }
}
