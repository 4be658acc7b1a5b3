// What is asked of an account beside orders; what it looks like; its snapshot.
#include "domain/account.hpp"

#include "domain/account_step.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>

namespace rialto {

namespace {

bool is_asset(std::string_view name) {
  return !name.empty() && name.size() <= 10 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

transfer_view view_of(const transfer_entry& entry, account_id owner) {
  return {owner, entry.kind, entry.asset, entry.amount, entry.reference, entry.available, entry.at};
}

} // namespace

outcome account::execute(const command& cmd, timestamp_ns now, std::vector<event>& out,
                         posts_type& posts) {
  if (is_blank()) return refuse(reject_reason::unknown_account);
  const step at{now, out, posts, cmd.limits};
  if (cmd.mark.hash != 0) return run_marked(cmd, at);
  return std::visit([&](const auto& one) { return run(one, at); }, cmd.body);
}

/// A signed request: not twice, and remembered if it did something.
outcome account::run_marked(const account_command& cmd, const step& at) {
  if (const auto why = marks_.refusal_of(cmd.mark, at.now); why != reject_reason::none) {
    const auto* known = marks_.find(cmd.mark.hash);
    rejection no{why, {}};
    if (why != reject_reason::request_repeated || !known->order) return no;
    if (const auto open = open_.find(known->order); open != open_.end())
      no.order = view_of(*open);
    else if (const auto* last = final_.find(known->order))
      no.order = *last;
    return no;
  }
  const auto events_before = at.out.size();
  auto result = std::visit([&](const auto& one) { return run(one, at); }, cmd.body);
  if (at.out.size() == events_before) return result;
  order_id about;
  if (const auto* sent = std::get_if<forwarded>(&result)) about = sent->order.id;
  if (const auto* view = std::get_if<order_view>(&result)) about = view->id;
  settle(request_executed{cmd.mark, about}, at);
  return result;
}

outcome account::run(const transfer& cmd, const step& at) {
  if (const auto* known = transfers_.find(cmd.reference)) {
    const bool same =
      known->kind == cmd.kind && known->asset == cmd.asset && known->amount == cmd.amount;
    if (!same) return refuse(reject_reason::reference_reused);
    return rialto::view_of(*known, self_);
  }
  const bool is_known_kind =
    cmd.kind == transfer_kind::deposit || cmd.kind == transfer_kind::withdrawal;
  const bool is_named = !cmd.reference.empty() && cmd.reference.size() <= reference_bytes_max;
  const bool has_room = balances_.has(cmd.asset) || balances_.size() < assets_max;
  if (cmd.amount.value <= 0 || !is_known_kind || !is_asset(cmd.asset) || !is_named || !has_room)
    return refuse(reject_reason::amount_invalid);
  if (cmd.kind == transfer_kind::withdrawal && balances_.available(cmd.asset) < cmd.amount)
    return refuse(reject_reason::insufficient_balance);
  settle(transferred{cmd.kind, cmd.asset, cmd.amount, cmd.reference}, at);
  return rialto::view_of(*transfers_.find(cmd.reference), self_);
}

outcome account::run(const configure_account& cmd, const step& at) {
  if (cmd.stp > stp_mode::decrement) return refuse(reject_reason::amount_invalid);
  if (cmd.stp != stp_) settle(account_configured{cmd.stp}, at);
  return account_view{self_, owner_, label_, stp_, told_};
}

outcome account::run(const get_account&, const step&) {
  return account_view{self_, owner_, label_, stp_, told_};
}

outcome account::run(const get_balances&, const step&) {
  return balances_view{self_, balances_.views()};
}

outcome account::run(const get_order& cmd, const step&) {
  if (const auto known = open_.find(cmd.id); known != open_.end()) return view_of(*known);
  if (const auto* known = final_.find(cmd.id)) return *known;
  return refuse(reject_reason::unknown_order);
}

/// The newest order of a client order id, open or final and kept; 0: none.
order_id account::find_by_client_id(const std::string& id) const {
  if (const auto order = client_ids_.order_of(hash64(id)); order) {
    if (const auto open = open_.find(order); open != open_.end())
      return open->second.client_order_id == id ? order : order_id{};
    const auto* last = final_.find(order);
    return last != nullptr && last->client_order_id == id ? order : order_id{};
  }
  order_id newest; // its id is older than a day, but the order may be among the last ones
  final_.each([&](const order_view& one) {
    if (one.client_order_id == id) newest = std::max(newest, one.id);
  });
  return newest;
}

outcome account::run(const get_order_by_client_id& cmd, const step& at) {
  const auto order =
    cmd.client_order_id.empty() ? order_id{} : find_by_client_id(cmd.client_order_id);
  if (!order) return refuse(reject_reason::unknown_order);
  auto result = run(get_order{order}, at);
  const auto* view = std::get_if<order_view>(&result);
  if (view != nullptr && cmd.market && view->market != cmd.market)
    return refuse(reject_reason::unknown_order);
  return result;
}

order_counts account::counts(timestamp_ns now) const {
  return {burst_.count(now), static_cast<std::uint32_t>(daily_.count(now))};
}

outcome account::run(const get_order_counts&, const step& at) {
  return order_counts_view{self_, counts(at.now)};
}

outcome account::run(const get_volumes&, const step& at) {
  volumes_view view{self_, {}};
  for (const auto& quote : volume_.assets())
    view.volumes[quote] = capped(volume_.sum(quote, at.now));
  return view;
}

position_view account::view_of(market_id market, const position& one) const {
  return {market, one.quantity(), capped(one.cost()), capped(one.realised())};
}

outcome account::run(const get_positions& cmd, const step&) {
  positions_view all{self_, {}};
  for (const auto& [market, one] : positions_)
    if (!cmd.market || cmd.market == market) all.positions.push_back(view_of(market, one));
  return all;
}

outcome account::run(const get_orders& cmd, const step&) {
  orders_view all;
  for (const auto& order : open_) {
    if (cmd.market && order.second.market != cmd.market) continue;
    if (all.orders.size() == orders_view_max) break;
    all.orders.push_back(view_of(order));
  }
  return all;
}

order_view account::view_of(orders::const_reference order) const {
  const auto& [id, one] = order;
  order_view view;
  view.id = id;
  view.account = self_;
  view.market = one.market;
  view.client_order_id = one.client_order_id;
  view.way = one.way;
  view.type = one.type;
  view.tif = one.tif;
  view.status = one.executed.value > 0 ? order_status::partially_filled : order_status::new_order;
  view.price = one.price;
  view.size = one.size;
  view.quote_quantity = one.quote_quantity;
  view.executed = one.executed;
  view.executed_quote = one.executed_quote;
  view.stp = one.stp;
  view.prevented = one.prevented;
  view.rules = one.rules;
  view.is_triggered = one.is_triggered;
  view.list = one.list;
  view.is_pending = one.is_pending;
  view.parent = one.parent;
  view.slicing = slicing_of(id);
  view.created_at = one.created_at;
  view.updated_at = one.updated_at;
  return view;
}

rejection account::refuse(reject_reason why, order_id about) const {
  if (about)
    if (const auto* known = final_.find(about)) return {why, *known};
  return {why, {}};
}

void account::publish(timestamp_ns now, std::vector<publication>& out) {
  if (mark_ && is_open_) {
    auto& mark =
      std::get<account_publication>(out.emplace_back(std::in_place_type<account_publication>));
    mark.account = self_;
    mark.owner = owner_;
    mark.at = now;
    mark.event_number = *mark_;
  }
  mark_.reset();
  std::move(news_.begin(), news_.end(), std::back_inserter(out));
  news_.clear();
}

// ---- snapshot

void account::encode(byte_writer& out) const {
  out.put(self_);
  out.put(is_open_);
  out.put(owner_);
  out.put(label_);
  out.put(stp_);
  out.put(events_);
  balances_.encode(out);
  out.put(open_);
  out.put(lists_);
  out.put(sliced_);
  client_ids_.encode(out);
  daily_.encode(out);
  out.put(burst_);
  marks_.encode(out);
  final_.encode(out);
  transfers_.encode(out);
  out.put(timers_);
  volume_.encode(out);
  out.put(static_cast<std::uint32_t>(positions_.size()));
  for (const auto& [market, one] : positions_) {
    out.put(market);
    one.encode(out);
  }
  out.put(told_);
}

void account::decode(byte_reader& in) {
  if (in.get<account_id>() != self_) return in.fail();
  in.get(is_open_);
  in.get(owner_);
  in.get(label_);
  in.get(stp_);
  if (stp_ > stp_mode::decrement) return in.fail();
  in.get(events_);
  balances_.decode(in);
  in.get(open_);
  in.get(lists_);
  in.get(sliced_);
  client_ids_.decode(in);
  daily_.decode(in);
  in.get(burst_);
  marks_.decode(in);
  final_.decode(in);
  transfers_.decode(in);
  in.get(timers_);
  volume_.decode(in);
  positions_.clear();
  for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count)
    positions_[in.get<market_id>()].decode(in);
  told_ = in.left() > 0 ? in.get<std::uint64_t>()
                        : events_; // a snapshot made before it was kept ends here
  if (told_ > events_) return in.fail();
  for (const auto& [id, one] : open_)
    if (one.base >= balances_.size() || one.quote >= balances_.size()) {
      open_.clear();
      return in.fail();
    }
  for (const auto& [id, list] : lists_)
    if (list.asset >= balances_.size() || list.legs.size() > 2) {
      lists_.clear();
      return in.fail();
    }
  for (const auto& [id, one] : sliced_)
    if (!is_sound(one.slicing) || one.done > one.slicing.slices) {
      sliced_.clear();
      return in.fail();
    }
  counts_.clear();
  for (const auto& [id, one] : open_) counts_.add(one.market, waits(one.rules));
  if (find_flaw().rule != nullptr) in.fail();
}

std::uint64_t account::state_hash() const {
  std::string bytes;
  byte_writer out(bytes);
  encode(out);
  return hash64(bytes);
}

account::flaw account::find_flaw() const {
  std::vector<wide_units> held(balances_.size(), 0);
  std::map<order_id, wide_units> in_slices; // decoded bytes may claim any sizes
  open_counts counted;
  for (const auto& [id, one] : open_) {
    counted.add(one.market, waits(one.rules));
    if (!is_open_) return {"orders of an open account"};
    if (one.hold.value < 0) return {"an order's hold >= 0", one.hold.value};
    held[one.held_asset()] += one.hold.value;
    if (one.size.value < 0 || one.executed.value < 0)
      return {"size and executed >= 0", one.size.value, one.executed.value};
    if (one.size.value != 0 && one.executed > one.size)
      return {"executed <= size", one.executed.value, one.size.value};
    if (one.prevented.value < 0 || (one.size.value != 0 && one.prevented > one.size - one.executed))
      return {"prevented <= size - executed", one.prevented.value, one.size.value};
    if (one.parent)
      in_slices[one.parent] +=
        wide_units{one.size.value} - one.executed.value - one.prevented.value;
    if (!one.has_limit() || one.is_amending || shared_by(id, one) != nullptr) continue;
    if (one.size.value == 0) return {"an order with a limit has a size"};
    const auto sliced = sliced_.find(id);
    const auto in_flight = sliced == sliced_.end() ? quantity_lots{} : sliced->second.in_flight;
    if (in_flight.value < 0 || in_flight > one.size)
      return {"in flight <= size", in_flight.value, one.size.value};
    const auto need = one.need(one.price, one.size - in_flight);
    if (!need) return {"A3: what an order can cost is an amount", one.price.value, one.size.value};
    if (one.hold != *need) return {"A3: hold == need", one.hold.value, need->value};
  }
  for (const auto& [id, list] : lists_) {
    if (list.hold.value < 0) return {"a list's hold >= 0", list.hold.value};
    held[list.asset] += list.hold.value;
    for (const auto leg : list.legs)
      if (!open_.contains(leg))
        return {"a list's orders are open", static_cast<std::int64_t>(leg.value)};
  }
  for (const auto& [id, one] : sliced_) {
    if (!open_.contains(id)) return {"a sliced order is open", static_cast<std::int64_t>(id.value)};
    if (one.in_flight.value != in_slices[id])
      return {"what is in flight is what its slices have open", one.in_flight.value,
              capped(in_slices[id]).value};
  }
  for (account_balances::index i = 0; i < balances_.size(); ++i) {
    const auto& one = balances_[i];
    if (one.available < 0) return {"A1: available >= 0", capped(one.available).value, i};
    if (one.hold != held[i])
      return {"A2: hold == what orders hold", capped(one.hold).value, capped(held[i]).value};
  }
  if (!(counted == counts_)) return {"open orders per market are counted"};
  if (!marks_.is_sound())
    return {"A5: marks", static_cast<std::int64_t>(marks_.size()), request_marks::marks_max};
  if (!volume_.is_sound()) return {"a traded volume >= 0"};
  for (const auto& [market, one] : positions_)
    if (!one.is_sound()) return {"a position is sound", static_cast<std::int64_t>(market.value)};
  return {};
}

void account::check_invariants() const {
  if (const auto found = find_flaw(); found.rule != nullptr)
    assert_failed(found.rule, __FILE__, __LINE__, found.left, found.right);
}

} // namespace rialto
