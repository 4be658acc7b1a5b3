#include "storage/cluster_store.hpp"

#include <fmt/format.h>

#include <array>

namespace rialto::storage {

namespace {

/// Rows as the arrays that unnest() makes rows of again.
template <class Row, class... Fields>
std::array<std::vector<std::int64_t>, sizeof...(Fields)> columns_of(std::span<const Row> rows,
                                                                    Fields Row::*... fields) {
  std::array<std::vector<std::int64_t>, sizeof...(Fields)> columns;
  for (auto& column : columns) column.reserve(rows.size());
  for (const auto& row : rows) {
    std::size_t at = 0;
    (columns[at++].push_back(static_cast<std::int64_t>(row.*fields)), ...);
  }
  return columns;
}

using int_array = std::span<const std::int64_t>;

} // namespace

postgres_connection open_cluster_session(const std::string& address, const char* what_for,
                                         int bound_ms) {
  postgres_options options;
  options.application_name = what_for;
  options.connect_timeout_s = (bound_ms + 999) / 1'000;
  options.answer_timeout_ms = bound_ms;
  options.tcp_user_timeout_ms = bound_ms;
  postgres_connection made(address, options);
  // A node that is cut off leaves its lock within three seconds, if nobody ends its session before.
  made.run_script(
    fmt::format("SET statement_timeout = {}; SET client_connection_check_interval = 500;"
                "SET tcp_user_timeout = 3000; SET tcp_keepalives_idle = 1;"
                "SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2",
                bound_ms));
  return made;
}

known_cluster cluster_store::create(const std::string& name, std::uint32_t new_shard_count) {
  const auto rows = on_.exec("SELECT * FROM cluster_create($1, $2)", name, new_shard_count);
  return {rows.text(0, 0), static_cast<std::uint32_t>(rows.number(0, 1))};
}

cluster_joined cluster_store::join(const std::string& cluster, std::uint32_t new_shard_count,
                                   const cluster_entrant& who) {
  const auto rows = on_.exec("SELECT * FROM cluster_join($1, $2, $3, $4, $5, $6)", cluster,
                             new_shard_count, who.name, who.process, who.address, who.roles);
  return {rows.number(0, 0), {rows.text(0, 1), static_cast<std::uint32_t>(rows.number(0, 2))}};
}

cluster_entry cluster_store::enter(std::uint64_t me, bool is_leaders) {
  const auto rows = on_.exec("SELECT cluster_enter($1, $2)", me, is_leaders);
  if (rows.is_null(0, 0)) return cluster_entry::no_such_life;
  return rows.truth(0, 0) ? cluster_entry::entered : cluster_entry::former_lives;
}

cluster_answer cluster_store::renew(const cluster_renewal& what) {
  const auto rows = on_.exec("SELECT * FROM cluster_renew($1, $2, $3, $4, $5)", what.me, what.name,
                             what.process, what.declared, what.since);
  cluster_answer made;
  for (int i = 0; i < rows.rows(); ++i) {
    const auto n = [&](int which) { return rows.number(i, which); };
    const auto at = [&](int which) { return timestamp_ns{rows.integer(i, which)}; };
    switch (rows.integer(i, 0)) {
    case 0:
      made.exists = true;
      made.is_renewed = n(1) != 0;
      made.database_now = at(2);
      made.database_started = at(3);
      made.leader = n(4);
      made.version = n(5);
      made.is_drain_wished = n(6) != 0;
      made.is_replaced = n(7) != 0;
      made.cluster = rows.text(i, 8);
      break;
    case 1:
      made.nodes.push_back({n(1), rows.text(i, 8), rows.text(i, 9), n(2),
                            static_cast<std::uint8_t>(n(3)), at(4), n(5)});
      break;
    default:
      made.changed_shards.push_back(
        {static_cast<shard_id>(n(1)), n(2), n(3), n(4), n(5), at(6), at(7)});
    }
  }
  return made;
}

void cluster_store::leave(std::uint64_t me) {
  on_.exec("UPDATE nodes SET state = 3 WHERE id = $1", me);
}

bool cluster_store::try_lock(std::uint64_t me) {
  return on_.exec("SELECT cluster_try_lock($1)", me).truth(0, 0);
}

void cluster_store::unlock() {
  on_.exec("SELECT pg_advisory_unlock_all()");
}

std::uint64_t cluster_store::write_deaths(std::span<const cluster_death> gone) {
  const auto [ids, renewals] = columns_of(gone, &cluster_death::id, &cluster_death::seen_renewal);
  return on_.exec("SELECT cluster_write_deaths($1, $2)", int_array(ids), int_array(renewals))
    .number(0, 0);
}

std::uint64_t cluster_store::write_changes(std::span<const cluster_change> changes) {
  const auto all = columns_of(
    changes, &cluster_change::shard, &cluster_change::seen_epoch, &cluster_change::seen_next,
    &cluster_change::seen_wanted, &cluster_change::owner, &cluster_change::at_epoch,
    &cluster_change::next, &cluster_change::wanted, &cluster_change::is_move);
  return std::apply(
    [&](const auto&... column) {
      return on_
        .exec("SELECT cluster_write_changes($1, $2, $3, $4, $5, $6, $7, $8, $9)",
              int_array(column)...)
        .number(0, 0);
    },
    all);
}

bool cluster_store::end_holder(const cluster_death& holder) {
  return on_.exec("SELECT cluster_end_holder($1, $2)", holder.id, holder.seen_renewal).truth(0, 0);
}

std::uint64_t cluster_store::pass_on(std::uint64_t me, std::span<const cluster_handover> shards) {
  const auto all =
    columns_of(shards, &cluster_handover::shard, &cluster_handover::seen_epoch,
               &cluster_handover::seen_next, &cluster_handover::to, &cluster_handover::to_epoch);
  return std::apply(
    [&](const auto&... column) {
      return on_.exec("SELECT cluster_pass_on($1, $2, $3, $4, $5, $6)", me, int_array(column)...)
        .number(0, 0);
    },
    all);
}

bool cluster_store::wish_move(shard_id shard, std::uint64_t to) {
  return on_.exec("SELECT cluster_wish_move($1, $2)", shard, to).truth(0, 0);
}

bool cluster_store::wish_drain(std::uint64_t node) {
  return on_.exec("UPDATE nodes SET is_drain_wished = true WHERE id = $1 AND state <> 3", node)
           .changes() == 1;
}

} // namespace rialto::storage
