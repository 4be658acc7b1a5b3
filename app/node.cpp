#include "app/node.hpp"

#include <stdexcept>

namespace rialto::app {

int serve(const runtime::node_settings&, const listening_handler&) {
  throw std::runtime_error("the layers of this node are not joined yet");
}

} // namespace rialto::app
