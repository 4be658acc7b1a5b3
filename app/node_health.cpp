#include "app/node_health.hpp"

#include "net/server/server.hpp"

#include <sys/statvfs.h>

namespace rialto::app {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

void put_disk(net::node_health& into, const std::string& directory) {
  struct statvfs disk {};
  if (statvfs(directory.c_str(), &disk) != 0) return;
  const auto block = static_cast<std::int64_t>(disk.f_frsize);
  into.disk_free_bytes = static_cast<std::int64_t>(disk.f_bavail) * block;
  into.disk_total_bytes = static_cast<std::int64_t>(disk.f_blocks) * block;
}

} // namespace

net::node_health health_reader::read() {
  net::node_health made;
  core_.put_health(made);
  made.uptime_s = (core_.clock().monotonic_ns() - started_ns_) / second_ns;
  made.resident_bytes = runtime::resident_bytes();
  put_disk(made, core_.data_directory());
  if (server_ != nullptr) {
    made.connections = server_->connections;
    made.web_sockets = server_->web_sockets;
    made.connections_accepted = server_->accepted;
    made.connections_refused = server_->refused;
    made.http_requests = server_->requests;
    made.stream_messages = server_->messages_in;
  }
  put_rates(made);
  return made;
}

void health_reader::put_rates(net::node_health& into) {
  const sample now{core_.clock().monotonic_ns(), into.http_requests, into.stream_messages,
                   into.entity_requests};
  if (last_.at_ns == 0) last_.at_ns = started_ns_;
  if (const auto passed_ns = now.at_ns - last_.at_ns; passed_ns >= second_ns) {
    const auto rate = [&](std::uint64_t to, std::uint64_t from) {
      return (to - from) * 1'000 / static_cast<std::uint64_t>(passed_ns / 1'000'000);
    };
    rates_ = {0, rate(now.http, last_.http), rate(now.stream, last_.stream),
              rate(now.entities, last_.entities)};
    last_ = now;
  }
  into.http_requests_per_s = rates_.http;
  into.stream_messages_per_s = rates_.stream;
  into.entity_requests_per_s = rates_.entities;
}

} // namespace rialto::app
