#include "app/bootstrap.hpp"

#include "app/data_directory.hpp"
#include "runtime/log.hpp"
#include "runtime/secret_file.hpp"

#include <sodium.h>

#include <stdexcept>

namespace rialto::app {

namespace {

instrument make(std::string base, std::string quote, std::int64_t tick, std::int64_t lot,
                std::int64_t notional_min, market_mode mode) {
  instrument spec;
  spec.symbol = base + quote;
  spec.base = std::move(base);
  spec.quote = std::move(quote);
  spec.tick_size = {tick};
  spec.lot_size = {lot};
  spec.notional_min = {notional_min};
  spec.mode = mode;
  return spec;
}

std::string password_hash(const std::string& password) {
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(hash, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    throw std::runtime_error("not enough memory to hash a password");
  return hash;
}

} // namespace

std::vector<instrument> usual_instruments(market_mode mode) {
  constexpr std::int64_t whole = units_per_whole;
  return {
    make("BTC", "USDT", whole / 100, whole / 100'000, 5 * whole, mode),
    make("ETH", "USDT", whole / 100, whole / 10'000, 5 * whole, mode),
    make("BNB", "USDT", whole / 100, whole / 1'000, 5 * whole, mode),
    make("SOL", "USDT", whole / 100, whole / 1'000, 5 * whole, mode),
    make("XRP", "USDT", whole / 10'000, whole / 10, 5 * whole, mode),
    make("ETH", "BTC", whole / 100'000, whole / 1'000, whole / 10'000,
         mode), // lot 0.001: notionals are exact
  };
}

std::vector<actors::request> first_requests(actors::gate& gate, const std::string& data_directory,
                                            market_mode mode) {
  std::vector<actors::request> requests;
  const auto email_claim = "email:" + std::string(admin_email);
  if (!gate.find_claim(email_claim)) {
    const auto path = data_directory + "/admin-password";
    // One may be left by a first start that died before the registration was durable.
    auto password = runtime::read_secret_file(path).value_or("");
    if (password.empty()) {
      password = random_password();
      runtime::write_secret_file(path, password);
    }
    runtime::log_info("node", "the administrator {} is made here; the password is in {}",
                      admin_email, path);
    const user_id user{gate.next_id("user")};
    requests.push_back(
      {0,
       user,
       user_command{register_user{
         user, admin_email, password_hash(password), user_role::admin, {gate.next_id("account")}}},
       {{email_claim, user}}});
  }
  for (auto spec : usual_instruments(mode)) {
    const auto claim = "symbol:" + spec.symbol;
    if (gate.find_claim(claim)) continue;
    spec.market = {gate.next_id("market")};
    requests.push_back(
      {0, spec.market, market_command{list_instrument{spec}}, {{claim, spec.market}}});
  }
  return requests;
}

} // namespace rialto::app
