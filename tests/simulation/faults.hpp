// tests/simulation/faults.hpp: what may go wrong in a simulation, how likely, and what really did.
#pragma once

#include <cstdint>

namespace rialto::simulation {

/// Chances: of messages per message, of the disk per call, of the rest per action of a trader.
struct fault_plan {
  double message_lost = 0, message_doubled = 0;
  double message_slow = 0;      // overtaken by others
  double commit_fault = 0;      // refused or of unknown fate
  double disk_away = 0;         // refused, and the disk stays away for a while
  double slow_disk = 0;         // a commit or a load takes a hundred times as long
  double crash = 0;             // a node dies between two events
  double crash_in_call = 0;     // a node dies in the middle of one of its next calls to the disk
  double power_cut = 0;         // of the deaths: the machine's, so that what was not synced may go
  double death_in_recovery = 0; // per start after a death
  double clock_jump = 0;        // of one node's wall, forward or back
  double partition = 0;         // between two ends of the network, one-way or both ways
  double takeover = 0;          // another process takes a node's shard; the former one is not told
  double kill_entity = 0;       // an operator drops an entity
  double drop_stream = 0;       // a client's stream connection breaks
};

/// What really happened.
struct fault_counts {
  std::uint64_t messages = 0, messages_lost = 0, messages_doubled = 0, messages_slow = 0,
                messages_overtaken = 0, messages_cut = 0, messages_to_the_dead = 0;
  std::uint64_t local_lost = 0, local_doubled = 0; // link messages within a lane
  std::uint64_t links_sent = 0, link_receipts = 0; // between lanes
  std::uint64_t partitions_one_way = 0, partitions_both_ways = 0;
  std::uint64_t jumps_forward = 0, jumps_back = 0, held_back = 0; // the last: jumps not stamped
  std::uint64_t slow_disk = 0, disk_away = 0;
  std::uint64_t kills = 0, power_cuts = 0, alone = 0; // the last: deaths while another node went on
  std::uint64_t deaths_in_append = 0, deaths_in_save = 0, deaths_in_recovery = 0;
  std::uint64_t takeovers = 0, stale_appends = 0; // the last: of who was taken over, refused
  std::uint64_t stale_failures =
    0; // entities of a former process that met what only its successor knows
  std::uint64_t entities_killed = 0, passivated = 0, resends = 0;
  std::uint64_t from_snapshot = 0;       // recoveries from a snapshot that was the newest state
  std::uint64_t from_older_snapshot = 0; // from one with records behind it
  std::uint64_t lost_snapshots = 0;      // from an older one, or none, than was once saved
  std::uint64_t streams_dropped = 0, streams_resumed = 0, streams_anew = 0, stream_messages = 0;
};

/// One rule of the design switched off, for tests of who notices.
enum class broken_rule : std::uint8_t {
  none,
  answers_before_ack,      // answers leave when an append is handed to the lane
  applies_repeats,         // a link message that arrives twice is taken twice
  forgets_unacknowledged,  // a sender forgets messages that nobody has taken
  goes_on_when_taken_over, // a process that was taken over keeps its shard
  resume_skips_one,        // a resumed stream begins one message late
  stamps_the_wall          // a jump of the wall clock is not held back
};

} // namespace rialto::simulation
