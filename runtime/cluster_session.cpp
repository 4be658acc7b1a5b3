#include "runtime/cluster_session.hpp"

namespace rialto::runtime {

cluster_session::cluster_session(session_use use, std::string address, int bound_ms)
    : use_(use), address_(std::move(address)), bound_ms_(bound_ms),
      thread_(use == session_use::own ? "cluster own" : "cluster lead", 1, waiting_max,
              when_stopped::drop_waiting) {}

bool cluster_session::post(std::uint64_t me, statement work, broken failed) {
  return thread_.post(
    [this, me, work = std::move(work), failed = std::move(failed)] { run(me, work, failed); });
}

void cluster_session::run(std::uint64_t me, const statement& work, const broken& failed) {
  try {
    prepare(me);
    storage::cluster_store store(connection_);
    work(store);
  } catch (const storage::journal_error& error) {
    connection_.close();
    entered_ = 0;
    ++failures_;
    failed(error.what());
  }
}

void cluster_session::prepare(std::uint64_t me) {
  if (connection_.is_open() && connection_.is_broken()) connection_.close();
  if (!connection_.is_open()) {
    entered_ = 0;
    connection_ = storage::open_cluster_session(
      address_, use_ == session_use::own ? "rialto node" : "rialto leader", bound_ms_);
    ++opened_;
  }
  if (me == 0 || entered_ == me) return;
  switch (storage::cluster_store(connection_).enter(me, use_ == session_use::leaders)) {
  case storage::cluster_entry::entered: entered_ = me; return;
  case storage::cluster_entry::no_such_life: return; // what it asks for will have no effect
  case storage::cluster_entry::former_lives:
    throw storage::journal_error("the node's former session does not end");
  }
}

} // namespace rialto::runtime
