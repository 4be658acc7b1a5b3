// runtime/mesh/messages.hpp: what crosses the wire between nodes, and between a tool and a node.
//
// The room: the only types of ours with a CAF type id. On the wire a type is its name and its fields by position, so a
// layout is never changed: a new struct is appended to the block and mesh_protocol goes up, which keeps nodes of
// different versions apart. mesh_hello and mesh_refusal are how two versions learn that, so they stay as they are.
#pragma once

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <tuple>

namespace rialto::runtime {

inline constexpr std::uint32_t mesh_protocol = 1;

/// Fields of a message; a later CAF writes them otherwise, here alone.
#define RIALTO_WIRE(TYPE, ...)                                                                     \
  auto wire() {                                                                                    \
    return std::tie(__VA_ARGS__);                                                                  \
  }                                                                                                \
  template <class Inspector>                                                                       \
  friend typename Inspector::result_type inspect(Inspector& f, TYPE& x) {                          \
    return std::apply([&f](auto&... field) { return f(caf::meta::type_name(#TYPE), field...); },   \
                      x.wire());                                                                   \
  }

/// From the node that dials to the other's published actor: the first thing said, and nothing else is believed before.
struct mesh_hello {
  std::uint32_t protocol = 0;
  std::string cluster, name; // of the one who speaks
  std::uint64_t from = 0, to = 0;
  std::uint64_t session = 0;      // drawn by the dialer; names this link in all that follows
  std::uint64_t window_bytes = 0; // what the sender has under way at most
  RIALTO_WIRE(mesh_hello, protocol, cluster, name, from, to, session, window_bytes)
};
struct mesh_welcome {
  std::uint64_t session = 0, window_bytes = 0;
  RIALTO_WIRE(mesh_welcome, session, window_bytes)
};
struct mesh_refusal {
  std::uint64_t session = 0;
  std::string reason;
  RIALTO_WIRE(mesh_refusal, session, reason)
};
/// Many frames, each behind its length in four bytes, the lowest first.
struct mesh_frames {
  std::uint64_t session = 0;
  std::uint64_t first = 0; // number of the first frame; the first of a session is 0
  std::uint64_t taken = 0; // bytes of mesh_frames::bytes that the sender has taken in this session
  std::string bytes;
  RIALTO_WIRE(mesh_frames, session, first, taken, bytes)
};
struct mesh_credit {
  std::uint64_t session = 0, taken = 0;
  RIALTO_WIRE(mesh_credit, session, taken)
};
/// There is no such session here (any more).
struct mesh_bye {
  std::uint64_t session = 0;
  RIALTO_WIRE(mesh_bye, session)
};
/// From a tool: a request for the node's service, answered with mesh_answer under the same number.
struct mesh_ask {
  std::uint32_t protocol = 0;
  std::uint64_t number = 0;
  std::string text;
  RIALTO_WIRE(mesh_ask, protocol, number, text)
};
struct mesh_answer {
  std::uint64_t number = 0;
  bool is_answered = false; // false: text says why not
  std::string text;
  RIALTO_WIRE(mesh_answer, number, is_answered, text)
};

#undef RIALTO_WIRE

} // namespace rialto::runtime

// Appended only.
CAF_BEGIN_TYPE_ID_BLOCK(rialto_mesh, first_custom_type_id)
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_hello))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_welcome))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_refusal))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_frames))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_credit))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_bye))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_ask))
  CAF_ADD_TYPE_ID(rialto_mesh, (rialto::runtime::mesh_answer))
CAF_END_TYPE_ID_BLOCK(rialto_mesh)
