// net/api/private_feed.hpp: what the owners of accounts are told on the stream, and what of it is
// kept so that a dropped client can resume.
//
// The room: messages of the channels orders, executions, balances, positions and guards, made from durable
// publications. An account gets a ring when somebody subscribes to it first; its messages are kept
// until `messages_max` or the budget of all rings is reached. Sequence numbers are the event numbers
// of the account's stream, so they survive restarts; they rise but have holes. In a cluster what an account's former owner said may come behind what the
// next one says, which knows all of it: whoever adds lets go what is below last().
//
//   F1  since(r) gives every message with a number above r, or nothing when some may be missing. One change may make several messages of a channel
//       (the orders of a list): a connection may have ended between them, so those of r itself come again then
//   F2  all rings together keep at most bytes_max
#pragma once

#include "actors/gate.hpp"
#include "net/api/lru_map.hpp"

#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rialto::net {

enum class private_channel : std::uint8_t { orders, executions, balances, positions, guards };
inline constexpr private_channel private_channel_all[] = {
  private_channel::orders, private_channel::executions, private_channel::balances,
  private_channel::positions, private_channel::guards};
inline constexpr std::size_t private_channels = std::size(private_channel_all);
[[nodiscard]] std::string_view to_text(private_channel channel);
[[nodiscard]] std::optional<private_channel> parse_private_channel(std::string_view text);

struct private_message {
  std::uint64_t sequence = 0;
  private_channel channel = private_channel::orders;
  std::shared_ptr<const std::string> text;
};

/// The messages of one publication.
[[nodiscard]] std::vector<private_message> messages_of(const account_publication& news,
                                                       const actors::directory& markets);
/// {"channel":..,"seq":N,"snapshot":true,"data":[...]}
[[nodiscard]] std::string private_snapshot(private_channel channel, std::uint64_t sequence,
                                           std::string_view data);

class private_feed {
public:
  static constexpr std::size_t accounts_max = 5'000;
  static constexpr std::size_t bytes_max = 64 << 20;

  explicit private_feed(std::size_t messages_max) : messages_max_(messages_max) {}

  /// From now on the account's messages are kept.
  void watch(account_id account);
  [[nodiscard]] bool is_watched(account_id account) { return rings_.find(account) != nullptr; }
  void add(account_id account, std::uint64_t sequence,
           const std::vector<private_message>& messages);
  /// The account's stream stands at `sequence`. False: not all of that was added, so nobody can
  /// resume from before, and who listens needs a snapshot.
  [[nodiscard]] bool stands_at(account_id account, std::uint64_t sequence);
  /// The newest sequence number seen; 0: none since the account is watched.
  [[nodiscard]] std::uint64_t last(account_id account);
  /// Nothing that was kept is good any more: who resumes gets a snapshot.
  void forget();
  /// F1.
  [[nodiscard]] std::optional<std::vector<private_message>>
  since(account_id account, private_channel channel, std::uint64_t sequence);

private:
  struct ring {
    std::uint64_t floor = UINT64_MAX; // every message of this number and of those above is kept
    std::uint64_t last = 0;
    std::deque<private_message> kept;
    std::size_t bytes = 0;
  };
  void drop_front(ring& one);

  std::size_t messages_max_;
  std::size_t bytes_ = 0;
  lru_map<account_id, std::shared_ptr<ring>> rings_{accounts_max + 1};
};

} // namespace rialto::net
