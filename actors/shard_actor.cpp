#include "actors/shard_actor.hpp"

#include "runtime/log.hpp"
#include "runtime/release_memory.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace rialto::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t recovered_per_message = 256; // so that requests get their turn in between
constexpr std::size_t covered_per_look = 200;
constexpr auto lane_pause = 500ms; // between two restarts of the lane

} // namespace

shard_actor::shard_actor(caf::actor_config& config, runtime::actor_surroundings around,
                         std::string parent, std::shared_ptr<shard_context> context)
    : tracked_actor(config, around, "shard",
                    context->options.shard_count > 1 ? "shards" : "shard/0", std::move(parent)),
      context_(std::move(context)), shard_(world_, *this, context_->lane, context_->options),
      tree_(*this, tracked_name(), around, context_->orders),
      watch_(around.registry, around.clock) {
  context_->router.watch(tree_.watched);
  set_down_handler([this](const caf::down_msg& down) {
    if (const auto id = tree_.ended(down.source)) child_lost(id, runtime::reason_text(down.reason));
  });
  set_exit_handler([this](const caf::exit_msg& message) { quit(message.reason); });
}

caf::behavior shard_actor::behave() {
  for (const auto& [shard, index] : context_->indexes)
    recover(shard, wakes_of(context_->store, index));
  after_turn();
  delayed_send(this, 200ms, tick{});
  return {
    [this](const request_batch& batch) {
      pass_to_orders(*batch.requests);
      shard_.submit(*batch.requests, now());
      after_turn();
    },
    [this](const feed_batch& batch) {
      shard_.submit(*batch.requests, now());
      after_turn();
      return batch_credit{};
    },
    [this](const durable_batch& batch) {
      note_rows(*batch.notices);
      shard_.durable(*batch.notices, now());
      after_turn();
    },
    [this](const entities_recovered& some) {
      for (auto& one : *some.all) shard_.recovered(std::move(one), now());
      shard_.settle();
      after_turn();
    },
    [this](const lane_reopened& one) {
      lane_is_back(one);
      after_turn();
    },
    [this](restart_lane_later) {
      lane_restart_waits_ = false;
      restart_lane_now();
    },
    [this](const open_shard& one) {
      forget(one.shard);
      to_open_[one.shard] = one;
      after_turn();
    },
    [this](const shard_prepared& one) {
      take_over(one);
      after_turn();
    },
    [this](const stop_shard& one) {
      stopping_[one.shard] = one.turn;
      shard_.stop(one.shard, now());
      after_turn();
    },
    [this](const resume_shard& one) {
      stopping_.erase(one.shard);
      shard_.resume(one.shard);
    },
    [this](const drop_shard& one) {
      forget(one.shard);
      after_turn();
    },
    [this](const link_batch& batch) {
      for (auto& one : *batch.messages) shard_.deliver(std::move(one), now());
      after_turn();
    },
    [this](const receipt_batch& batch) {
      for (const auto& one : *batch.receipts)
        shard_.acknowledged(one.sender, one.receiver, one.number);
    },
    [this](const snapshots_saved& some) {
      for (const auto& one : *some.all) {
        if (auto* const index = index_of(one.id)) index->forget_before(one.id, one.covers + 1);
        shard_.note_snapshot(one.id, one.bytes);
      }
    },
    [this](const kill_entity& one) {
      shard_.kill(one.id, "killed", now());
      after_turn();
    },
    [this](const shard_question& one) {
      std::vector<std::pair<storage::shard_id, const storage::stream_index*>> open;
      for (const auto& [shard, index] : context_->indexes) open.emplace_back(shard, &index);
      one.ask({tracked_name(), shard_, std::move(open),
               [this](entity_id id) { return index_of(id); }, context_->lane, now()});
      after_turn();
    },
    [this](const find_actor& one) { return find(one.id); },
    [this](const child_ended& one) {
      if (const auto id = tree_.ended(one.who)) child_lost(id, one.why);
    },
    [this](const order_news& news) {
      if (const auto to = tree_.find(news.order->account)) tracked_actor::send(to, news);
    },
    [this](tick) {
      delayed_send(this, 200ms, tick{});
      watch_.follow(shard_);
      shard_.tick(now());
      if (++ticks_ % context_->index_ticks == 0)
        for (const auto& [shard, index] : context_->indexes) save_index(shard, index);
      if (ticks_ % context_->cover_ticks == 0) cover_old_rows();
      release_memory();
      after_turn();
    },
  };
}

storage::stream_index* shard_actor::index_of(entity_id id) {
  const auto at = context_->indexes.find(shard_.shard_of(id));
  return at == context_->indexes.end() ? nullptr : &at->second;
}

/// Markets, and whatever has events that no snapshot covers (their messages may never have been sent). And accounts that go on by themselves:
/// only they know their orders that go in slices, which are addressable as all others.
void shard_actor::recover(storage::shard_id shard, const std::map<entity_id, timestamp_ns>& wakes) {
  const auto& index = context_->indexes.at(shard);
  for (const auto& [id, at] : wakes) shard_.note_wake(id, at);
  for (const auto id : index.entities())
    if (id.kind() == entity_kind::market || !index.positions_of(id).empty() ||
        (id.kind() == entity_kind::account && wakes.contains(id)))
      shard_.activate(id, now());
}

void shard_actor::pass_to_orders(std::vector<actors::request>& requests) {
  const auto is_order = [](const actors::request& one) {
    return one.to.kind() == entity_kind::order;
  };
  if (std::none_of(requests.begin(), requests.end(), is_order)) return;
  std::vector<actors::request> others;
  for (auto& one : requests) {
    const order_id id{one.to.number()};
    const auto holder = is_order(one) ? holder_of(id) : std::nullopt;
    if (!holder) { // the shard answers that there is no such order
      others.push_back(std::move(one));
      continue;
    }
    auto asked = std::make_shared<std::vector<actors::request>>();
    asked->push_back(std::move(one));
    tracked_actor::send(tree_.need(holder->account, holder->owner),
                        order_request{id, holder->parent, std::move(asked)});
  }
  requests = std::move(others);
}

caf::response_promise shard_actor::find(entity_id id) {
  auto answer = make_response_promise();
  const bool is_order = id.kind() == entity_kind::order;
  const auto holder = is_order ? holder_of({id.number()}) : std::nullopt;
  if (holder)
    answer.delegate(tree_.need(holder->account, holder->owner),
                    find_order{{id.number()}, holder->parent});
  else
    answer.deliver(is_order ? caf::actor{} : tree_.find(id));
  return answer;
}

/// Every working order is in a market once its batch is over, but for those that go in slices and their slices.
std::optional<shard_actor::holder> shard_actor::holder_of(order_id id) const {
  std::optional<holder> found;
  const auto hold = [&](const submit_order& order) {
    found.emplace(holder{order.account, order.owner, {}});
  };
  shard_.for_each_active([&](const trading_world::entity_type& one) {
    if (found) return;
    if (one.self().kind() == entity_kind::market) {
      const auto& its = static_cast<const trading_entity<market>&>(one).state();
      if (const auto at = its.book().find(id); at != no_order)
        found.emplace(holder{its.book().account(at), its.book().owner(at), {}});
      else if (const auto* waiting = its.triggers().find(id); waiting != nullptr)
        hold(waiting->order);
      else if (const auto* pending = its.links().find_pending(id); pending != nullptr)
        hold(*pending);
    } else if (one.self().kind() == entity_kind::account) {
      const auto& its = static_cast<const trading_entity<account>&>(one).state();
      if (its.sliced().empty()) return;
      if (const auto at = its.open_orders().find(id); at != its.open_orders().end())
        found.emplace(holder{account_id{one.self().number()}, its.owner(), at->second.parent});
    }
  });
  return found;
}

void shard_actor::child_lost(entity_id id, const std::string& why) {
  if (!shard_.is_active(id))
    around().registry.note_failure(to_string(id), std::string(kind_name(id.kind())),
                                   tree_.parent_name(id), why);
  shard_.kill(id, why, now());
  tree_.repair(id);
  after_turn();
}

bool shard_actor::exists(entity_id id) const {
  const auto* const index = index_of(id);
  return index != nullptr && index->contains(id);
}

void shard_actor::load(entity_id id) {
  to_load_.push_back({id, index_of(id)->positions_of(id)});
}

shard_actor::wanted_by_shard shard_actor::by_shard(std::vector<entity_request> wanted) const {
  wanted_by_shard all;
  for (auto& one : wanted) all[shard_.shard_of(one.id)].push_back(std::move(one));
  return all;
}

/// What this turn asked for comes back in one pass over the journal.
void shard_actor::load_wanted() {
  if (to_load_.empty()) return;
  const auto self = caf::actor_cast<caf::actor>(this);
  const auto wanted = std::make_shared<wanted_by_shard>(by_shard(std::exchange(to_load_, {})));
  const auto answer = [self](std::vector<recovered_entity> found) {
    for (std::size_t i = 0; i < found.size(); i += recovered_per_message) {
      const auto end = std::min(found.size(), i + recovered_per_message);
      caf::anon_send(self,
                     entities_recovered{std::make_shared<std::vector<recovered_entity>>(
                       std::make_move_iterator(found.begin() + static_cast<std::ptrdiff_t>(i)),
                       std::make_move_iterator(found.begin() + static_cast<std::ptrdiff_t>(end)))});
    }
  };
  const auto posted = context_->loader.post([context = context_, wanted, answer] {
    for (const auto& [shard, some] : *wanted)
      answer(recover_entities(context->store, shard, trading_world(), some));
  });
  if (posted) return;
  std::vector<recovered_entity> none;
  for (const auto& [shard, some] : *wanted)
    for (const auto& one : some)
      none.push_back({one.id, nullptr, 0, 0, "too many entities wait to be loaded"});
  answer(std::move(none));
}

void shard_actor::save_snapshot(storage::snapshot made) {
  const auto* const index = index_of(made.entity);
  const auto last = index == nullptr ? 0 : index->last_position_of(made.entity);
  to_save_covers_.push_back({made.entity, last, made.bytes.size()});
  to_save_.push_back(std::move(made));
}

/// Together, so that a thousand accounts that leave memory cost a few transactions.
void shard_actor::save_gathered() {
  if (to_save_.empty()) return;
  const auto self = caf::actor_cast<caf::actor>(this);
  const auto made =
    std::make_shared<const std::vector<storage::snapshot>>(std::exchange(to_save_, {}));
  const auto covers =
    std::make_shared<const std::vector<saved_snapshot>>(std::exchange(to_save_covers_, {}));
  // A snapshot that is not saved costs replay time, nothing else.
  static_cast<void>(context_->saver.post([context = context_, self, made, covers] {
    try {
      context->store.save_snapshots(*made);
      caf::anon_send(self, snapshots_saved{covers});
    } catch (const std::exception& problem) {
      runtime::log_warning("shard", "{} snapshots not saved: {}", made->size(), problem.what());
    }
  }));
}

void shard_actor::snapshot_in_background(entity_id id) {
  to_cover_.push_back({id, index_of(id)->positions_of(id)});
}

/// What this turn asked for is made in one pass over the journal: a pass for each would read it as often as there are entities.
void shard_actor::make_snapshots() {
  if (to_cover_.empty()) return;
  const auto self = caf::actor_cast<caf::actor>(this);
  const auto all = std::make_shared<wanted_by_shard>(by_shard(std::exchange(to_cover_, {})));
  static_cast<void>(context_->saver.post([context = context_, self, all] {
    for (const auto& [shard, wanted] : *all) {
      try {
        auto found = recover_entities(context->store, shard, trading_world(), wanted);
        auto saved = std::make_shared<std::vector<saved_snapshot>>();
        for (std::size_t i = 0; i < found.size(); ++i) {
          const auto copy = std::move(found[i].entity);
          if (!copy || copy->is_blank() || wanted[i].rows.empty()) continue;
          const auto made = copy->make_snapshot();
          context->store.save_snapshot(made);
          saved->push_back({made.entity, wanted[i].rows.back(), made.bytes.size()});
        }
        caf::anon_send(self, snapshots_saved{saved});
      } catch (const std::exception& problem) {
        runtime::log_warning("shard", "{} background snapshots failed: {}", wanted.size(),
                             problem.what());
      }
    }
  }));
}

/// So that the rows a start has to read stay few, and older ones can be archived: whoever still needs one of those gets a snapshot. One that
/// is not in memory (its snapshot could not be saved) comes back, and leaves with a new one.
void shard_actor::cover_old_rows() {
  if (shard_.is_degraded()) return;
  for (const auto& [shard, index] : context_->indexes) {
    const auto head = index.covers();
    if (head <= context_->tail_rows_max || !shard_.serves(shard)) continue;
    for (const auto id : index.needing_before(head - context_->tail_rows_max, covered_per_look)) {
      if (shard_.is_active(id))
        snapshot_in_background(id); // all of them in one pass
      else
        shard_.activate(id, now());
    }
  }
}

/// So that a start after a crash reads the journal's tail only.
void shard_actor::save_index(storage::shard_id shard, const storage::stream_index& index) {
  const auto copy = std::make_shared<storage::stream_index>(index);
  static_cast<void>(context_->saver.post([context = context_, shard, copy] {
    try {
      storage::save_stream_index(context->store, shard, *copy);
    } catch (const std::exception& problem) { // a full disk, mostly: the next save tries again
      runtime::log_warning("shard", "the stream index is not saved: {}", problem.what());
    }
  }));
}

void shard_actor::restart_lane() {
  const auto since = std::chrono::steady_clock::now() - lane_restarted_at_;
  if (since >= lane_pause) return restart_lane_now();
  if (std::exchange(lane_restart_waits_, true)) return;
  delayed_send(this, lane_pause - since, restart_lane_later{});
}

void shard_actor::restart_lane_now() {
  const auto self = caf::actor_cast<caf::actor>(this);
  lane_restarted_at_ = std::chrono::steady_clock::now();
  runtime::log_error("shard",
                     "the journal refused an append ({}); entities with unsaved events are "
                     "recovered from it",
                     context_->lane.failure());
  std::vector<std::pair<lane_reopened::shard, storage::position>> open; // and the first row to read
  for (const auto& [shard, index] : context_->indexes)
    open.push_back({{shard, shard_.epoch_of(shard), {}, {}}, index.covers() + 1});
  // Nobody may answer for entities whose events the journal has lost.
  const auto give_up = [self](const std::string& why) {
    runtime::log_error("shard", "the shards stop: {}", why);
    caf::anon_send(self, caf::exit_msg{{}, caf::make_error(caf::sec::runtime_error, why)});
  };
  const auto job = [context = context_, self, open, give_up] {
    for (int attempt = 0;; ++attempt) {
      try {
        const auto heads = context->lane.restart();
        auto all = std::make_shared<std::vector<lane_reopened::shard>>();
        for (auto [one, first] : open) {
          const auto head = heads.find(one.id);
          if (head != heads.end()) one.journal = head->second;
          if (one.journal.at_epoch == one.at_epoch)
            one.tail = storage::read_index_tail(context->store, one.id, first);
          all->push_back(std::move(one));
        }
        caf::anon_send(self, lane_reopened{std::move(all)});
        return;
      } catch (const storage::journal_behind& problem) {
        return give_up(problem.what());
      } catch (const std::exception& problem) {
        if (attempt % 20 == 0)
          runtime::log_error("shard", "the journal does not reopen yet: {}", problem.what());
        if (context->stopping) return;
        std::this_thread::sleep_for(500ms);
      }
    }
  };
  if (context_->loader.post(job)) return;
  runtime::log_warning("shard", "the loader's queue is full: the journal opens later");
  if (!std::exchange(lane_restart_waits_, true))
    delayed_send(this, lane_pause, restart_lane_later{});
}

void shard_actor::entity_failed(entity_id id, const std::string& why, bool given_up) {
  around().registry.note_failure(to_string(id), std::string(kind_name(id.kind())),
                                 tree_.parent_name(id), why, given_up);
  runtime::log_error("shard", "{} failed{}: {}", to_string(id), given_up ? " and is given up" : "",
                     why);
  const auto known = failed_children_.find(id);
  const auto parent = known == failed_children_.end() ? tree_.parent_of(id) : known->second;
  tell_parent(id, parent,
              given_up ? protocol::child_condition::given_up : protocol::child_condition::failed,
              why);
  tree_.failed(id, why);
}

/// A child that failed before this node learned whose it is has nobody to tell.
void shard_actor::tell_parent(entity_id child, entity_id parent,
                              protocol::child_condition condition, const std::string& why) {
  if (context_->outside == nullptr || child.kind() != entity_kind::account ||
      parent.kind() != entity_kind::user)
    return;
  to_tell_.push_back({child, parent, condition, why, now()});
  if (condition == protocol::child_condition::running)
    failed_children_.erase(child);
  else if (failed_children_.size() < failed_children_max)
    failed_children_.emplace(child, parent);
}

void shard_actor::activated(entity_id id) {
  activated_.push_back(id);
  if (id.kind() != entity_kind::market) return;
  // A recovered market shows its face at once, not with its first order.
  auto look = std::make_shared<std::vector<actors::request>>();
  look->push_back({0, id, market_command{get_market{}}, {}});
  caf::anon_send(caf::actor_cast<caf::actor>(this), request_batch{std::move(look)});
}

void shard_actor::passivated(entity_id id) {
  std::erase(activated_, id);
  ++left_;
  ++left_this_tick_;
  tree_.passivated(id);
}

/// A new account learns its owner within the batch that makes it, so its place is known behind it.
void shard_actor::place_activated() {
  for (const auto id : std::exchange(activated_, {})) {
    const auto* const entity = shard_.peek(id);
    if (entity == nullptr) continue;
    entity_id parent;
    if (id.kind() == entity_kind::account)
      parent = static_cast<const trading_entity<account>&>(*entity).state().owner();
    if (failed_children_.contains(id))
      tell_parent(id, parent, protocol::child_condition::running, {});
    tree_.activated(id, parent.number() == 0 ? entity_id{} : parent);
  }
}

void shard_actor::after_turn() {
  open_drained();
  tell_drained();
  load_wanted();
  save_gathered();
  make_snapshots();
  place_activated();
  speak_outside();
  note_state();
}

/// When a wave of entities has left: on each thread that made them.
void shard_actor::release_memory() {
  constexpr std::size_t wave = 1'000;
  if (std::exchange(left_this_tick_, 0) > 0 || left_ < wave) return;
  left_ = 0;
  static_cast<void>(context_->loader.post([] { runtime::release_memory(); }));
  static_cast<void>(context_->saver.post([] { runtime::release_memory(); }));
  runtime::release_memory();
}

void shard_actor::note_state() {
  const auto& now_is = shard_.statistics();
  auto& gauges = context_->gauges;
  gauges.requests = now_is.requests;
  gauges.messages = now_is.messages;
  gauges.records = now_is.records;
  gauges.resends = now_is.resends;
  gauges.failures = now_is.failures;
  gauges.lane_failures = now_is.lane_failures;
  gauges.active = shard_.active();
  const bool degraded = shard_.is_degraded();
  if (degraded == was_degraded_) return;
  was_degraded_ = degraded;
  gauges.degraded = degraded;
  context_->gate.set_ready(!degraded, degraded ? "the journal cannot be written" : "");
  if (degraded)
    runtime::log_error("shard", "trading is suspended: the journal cannot be written");
  else
    runtime::log_info("shard", "trading goes on: the journal takes appends again");
}

} // namespace rialto::actors
