#include "tests/simulation/stream_client.hpp"

namespace rialto::simulation {

stream_client::stream_client(stage& on, simulated_cluster& cluster, std::uint64_t number,
                             entity_id of, std::string channel)
    : stage_(on), cluster_(cluster), number_(number), of_(of), channel_(std::move(channel)),
      is_public_(of.kind() == entity_kind::market) {
  connect_soon();
  watch();
}

// ---- the connection

void stream_client::connect_soon() {
  stage_.queue.after(stage_.dice.between(1'000'000, 1'500'000'000), "a stream client connects",
                     [this] { connect(); });
}

void stream_client::connect() {
  auto* const process = cluster_.nodes()[cluster_.home_of(of_)]->process();
  if (process == nullptr) return connect_soon();
  is_connected_ = true;
  life_ = process->life();
  stream_wish wish{channel_, {}, {}};
  if (!is_public_) wish.account = {of_.number()};
  if (sequence_ != 0) wish.resume_from = sequence_;
  const bool resumed = process->streams().subscribe(
    number_, wish, [this, connection = ++connection_](const stream_text& text) {
      if (connection != connection_) return;
      const auto now = stage_.queue.now().value;
      arrives_at_ = {std::max(arrives_at_.value, now + stage_.dice.between(10'000, 2'000'000))};
      ++on_the_way_;
      stage_.queue.after(arrives_at_.value - now, "a stream message arrives",
                         [this, connection, text] {
                           if (connection != connection_) return;
                           --on_the_way_;
                           arrive(text);
                         });
    });
  ++(resumed ? stage_.counts.streams_resumed : stage_.counts.streams_anew);
  is_live_ = resumed;
}

void stream_client::drop() {
  if (!is_connected_) return;
  ++connection_;
  on_the_way_ = 0;
  is_connected_ = is_live_ = false;
  if (*life_) cluster_.nodes()[cluster_.home_of(of_)]->forget_stream(number_);
  connect_soon();
}

bool stream_client::is_quiet() const {
  const auto* process = cluster_.nodes()[cluster_.home_of(of_)]->process();
  return is_live_ && on_the_way_ == 0 && process != nullptr && process->life() == life_;
}

/// A connection ends with the process at its other end.
void stream_client::watch() {
  stage_.queue.after(100'000'000, "a stream client looks", [this] {
    if (is_connected_ && !*life_) drop();
    watch();
  });
}

// ---- what arrives

void stream_client::arrive(const stream_text& text) {
  ++stage_.counts.stream_messages;
  stage_.queue.note(*text);
  const auto message = nlohmann::json::parse(*text);
  const auto& data = message.at("data");
  if (data.is_null()) return drop(); // the snapshot could not be read
  sequence_ = message.at("seq").get<std::uint64_t>();
  const bool is_snapshot =
    is_public_ ? data.at("type") == "snapshot" : message.contains("snapshot");
  if (is_snapshot) lines_.clear();
  if (!is_live_ && !is_snapshot && !is_public_) problem_ = channel_ + " begins in the middle";
  if (is_snapshot || !is_public_) is_live_ = true;
  if (is_public_) return take_book(data, is_snapshot);
  if (channel_ == "orders") {
    if (!is_snapshot) return take_order(data);
    for (const auto& one : data) take_order(one);
  } else {
    for (const auto& one : data) take_balance(one);
  }
}

void stream_client::take_book(const nlohmann::json& data, bool is_snapshot) {
  const auto first = is_snapshot ? 0 : data.at("first_update").get<std::uint64_t>();
  if (!is_snapshot && first != last_update_ + 1)
    is_live_ = false; // a gap: it waits for the whole book
  last_update_ = data.at("last_update").get<std::uint64_t>();
  for (const auto* const way : {"bids", "asks"})
    for (const auto& level : data.at(way)) {
      const auto name = std::string(way) + " " + level.at(0).get<std::string>();
      const auto size = level.at(1).get<std::string>();
      if (size.find_first_not_of("0.") == std::string::npos)
        lines_.erase(name);
      else
        lines_[name] = size;
    }
}

void stream_client::take_order(const nlohmann::json& order) {
  const auto text = [&](const char* name) {
    return order.at(name).is_null() ? std::string("-") : order.at(name).get<std::string>();
  };
  const auto name = std::to_string(order.at("order_id").get<std::uint64_t>());
  const auto status = text("status");
  if (status == "new" || status == "partially_filled")
    lines_[name] =
      status + " " + text("price") + " " + text("quantity") + " " + text("executed_quantity");
  else
    lines_.erase(name);
}

void stream_client::take_balance(const nlohmann::json& balance) {
  const auto asset = balance.at("asset").get<std::string>();
  lines_[asset] =
    balance.at("available").get<std::string>() + " " + balance.at("hold").get<std::string>();
  if (lines_[asset] == "0 0") lines_.erase(asset); // as if it had never been there
}

// ---- what is compared

std::string stream_client::state() const {
  std::string all;
  for (const auto& [name, line] : lines_) all.append(name).append(": ").append(line).append("\n");
  return all;
}

std::string stream_client::truth(const actors::journal_checker& journal) const {
  std::map<std::string, std::string> lines;
  const auto* const entity = journal.find(of_);
  if (entity == nullptr) return {};
  if (is_public_) {
    const auto& market =
      static_cast<const actors::trading_entity<rialto::market>&>(*entity).state();
    for (const auto way : {side::buy, side::sell}) {
      std::vector<level_change> levels;
      market.book().read_levels(way, 1'000'000, levels);
      for (const auto& one : levels)
        lines[(way == side::buy ? "bids " : "asks ") + format_price(one.price, market.spec())] =
          format_quantity(one.size, market.spec());
    }
  } else {
    const auto& account =
      static_cast<const actors::trading_entity<rialto::account>&>(*entity).state();
    if (channel_ == "balances") {
      for (account_balances::index i = 0; i < account.balances().size(); ++i) {
        const auto& one = account.balances()[i];
        if (one.available == 0 && one.hold == 0) continue;
        lines[one.asset] =
          format_amount(capped(one.available)) + " " + format_amount(capped(one.hold));
      }
    } else {
      for (const auto& [id, order] : account.open_orders()) {
        const auto& spec = stage_.markets->find(order.market)->spec;
        lines[std::to_string(id.value)] =
          std::string(order.executed.value > 0 ? "partially_filled " : "new ") +
          (order.price.value == 0 ? "-" : format_price(order.price, spec)) + " " +
          (order.size.value == 0 ? "-" : format_quantity(order.size, spec)) + " " +
          format_quantity(order.executed, spec);
      }
    }
  }
  std::string all;
  for (const auto& [name, line] : lines) all.append(name).append(": ").append(line).append("\n");
  return all;
}

} // namespace rialto::simulation
