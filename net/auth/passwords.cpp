#include "net/auth/passwords.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace rialto::net {

namespace {

constexpr std::size_t password_min = 8, password_max = 128, email_max = 254;

/// The commonest passwords of 8 characters and more in published lists; lower case.
constexpr std::string_view commonest[] = {
  "12345678",      "123456789",  "1234567890", "123123123",  "11111111",   "00000000",
  "88888888",      "87654321",   "987654321",  "0987654321", "12341234",   "11223344",
  "147258369",     "1qaz2wsx",   "1q2w3e4r",   "1q2w3e4r5t", "q1w2e3r4",   "qwerty123",
  "qwertyuiop",    "qwertyui",   "qwerty12",   "qwerty1234", "asdfghjkl",  "asdfasdf",
  "zxcvbnm123",    "zaq12wsx",   "password",   "password1",  "password12", "password123",
  "passw0rd",      "p@ssw0rd",   "p@ssword",   "passwort",   "iloveyou",   "sunshine",
  "princess",      "football",   "baseball",   "superman",   "batman123",  "trustno1",
  "welcome1",      "welcome123", "whatever",   "starwars",   "computer",   "internet",
  "michelle",      "jennifer",   "corvette",   "mercedes",   "maverick",   "samantha",
  "abcd1234",      "abc12345",   "abcdefgh",   "a1b2c3d4",   "aa123456",   "changeme",
  "changeme123",   "letmein1",   "letmein123", "letmein12",  "admin123",   "admin1234",
  "administrator", "dragon123",  "monkey123",  "master123",  "hello123",   "test1234",
  "testtest",      "secret123",  "default1",   "guest123",   "bitcoin1",   "bitcoin123",
  "ethereum",      "binance123", "trading123", "rialto123",  "iloveyou1",  "charlie1",
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}
bool is_alphanumeric(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.find('.') == std::string_view::npos) return false;
  char before = '.';
  for (const char c : text) {
    if (!is_alphanumeric(c) && c != '-' && c != '.') return false;
    if ((c == '.' || c == '-') && before == '.')
      return false; // an empty label, or one with - first
    if (c == '.' && before == '-') return false;
    before = c;
  }
  return is_alphanumeric(before);
}

bool is_local_part(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '.' || text.back() == '.') return false;
  constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~.";
  char before = 0;
  for (const char c : text) {
    if (!is_alphanumeric(c) && others.find(c) == std::string_view::npos) return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return true;
}

/// Code points of UTF-8 text.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::string password_fault(std::string_view password, std::string_view email) {
  const auto count = characters(password);
  if (count < password_min || count > password_max) return "must be 8 to 128 characters long";
  const auto small = lower(password);
  if (std::find(std::begin(commonest), std::end(commonest), small) != std::end(commonest))
    return "is one of the commonest passwords";
  if (std::all_of(small.begin(), small.end(), [&](char c) { return c == small.front(); }))
    return "must not be one character repeated";
  const auto name = lower(email);
  if (small == name || small == name.substr(0, name.find('@')))
    return "must not be the e-mail address";
  return {};
}

std::optional<std::string> normal_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > email_max) return {};
  if (!is_local_part(text.substr(0, at)) || !is_domain(text.substr(at + 1))) return {};
  return lower(text);
}

std::optional<std::string> hash_password(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str(hash.data(), password.data(), password.size(),
                        crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    return {};
  return std::string(hash.data());
}

bool verify_password(const std::string& hash, std::string_view password) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

void waste_time_like_verify(std::string_view password) {
  // A hash of the same cost whose password nobody knows.
  static const std::string unknown = [] {
    std::array<char, 32> random{};
    randombytes_buf(random.data(), random.size());
    return hash_password({random.data(), random.size()}).value_or("");
  }();
  (void)verify_password(unknown, password);
}

} // namespace rialto::net
