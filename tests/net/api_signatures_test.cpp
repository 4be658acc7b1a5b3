// Signatures with API keys: the worked examples that the Spot API's public documents print, bit by bit, and what
// must not pass. An RSA or Ed25519 signature of a text is one and the same for everybody, so these are facts.
#include "net/auth/api_keys.hpp"
#include "net/auth/base64.hpp"
#include "net/auth/secret_box.hpp"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>

namespace rialto::net {

namespace {

const std::string secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

api_key hmac_key() {
  api_key key;
  key.secret = secret;
  return key;
}

api_key public_key(api_key_type type, const std::string& pem) {
  api_key key;
  key.type = type;
  key.secret = pem;
  REQUIRE(read_public_key(key));
  return key;
}

/// A key pair made for one test.
struct key_pair {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};

  static key_pair rsa(unsigned bits) {
    key_pair made;
    made.key.reset(EVP_RSA_gen(bits));
    REQUIRE(made.key);
    return made;
  }
  static key_pair ed25519() {
    key_pair made;
    made.key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    REQUIRE(made.key);
    return made;
  }
  static key_pair p256() {
    key_pair made;
    made.key.reset(EVP_EC_gen("P-256"));
    REQUIRE(made.key);
    return made;
  }
  [[nodiscard]] std::string pem() const { return written(PEM_write_bio_PUBKEY); }
  [[nodiscard]] std::string private_pem() const {
    return written([](BIO* out, EVP_PKEY* one) {
      return PEM_write_bio_PrivateKey(out, one, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  /// Raw bytes.
  [[nodiscard]] std::string sign(std::string_view message, const EVP_MD* digest,
                                 int padding = 0) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    EVP_PKEY_CTX* inner = nullptr;
    REQUIRE(EVP_DigestSignInit(context.get(), &inner, digest, nullptr, key.get()) == 1);
    if (padding != 0) REQUIRE(EVP_PKEY_CTX_set_rsa_padding(inner, padding) == 1);
    std::size_t size = 1'024;
    std::string bytes(size, '\0');
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                           reinterpret_cast<const unsigned char*>(message.data()),
                           message.size()) == 1);
    bytes.resize(size);
    return bytes;
  }

private:
  template <class Write>
  [[nodiscard]] std::string written(Write write) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    REQUIRE(write(out.get(), key.get()) == 1);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
};

std::string base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

const std::string wide_digits = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96";

/// One for all cases: making one takes its time.
const key_pair& some_rsa() {
  static const auto pair = key_pair::rsa(2'048);
  return pair;
}

} // namespace

TEST_CASE("api_keys: the documents' HMAC examples of REST and of the WebSocket API come out") {
  const auto key = hmac_key();
  const auto rest = [](const std::string& symbol) {
    return "symbol=" + symbol +
           "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
           "&timestamp=1499827319559";
  };
  const std::string socket =
    "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
  const struct {
    std::string message, signature;
  } examples[] = {
    {rest("LTCBTC"), "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
    {rest(wide_digits), "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"},
    {socket + "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT"
              "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
     "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
    {socket + "&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６"
              "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
     "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"}};
  for (const auto& one : examples) {
    CAPTURE(one.message);
    CHECK(verify_signature(key, one.message, one.signature));
    CHECK(verify_signature(key, one.message, upper(one.signature)));
    CHECK_FALSE(verify_signature(key, one.message + "&", one.signature));
    for (std::size_t i = 0; i < one.signature.size(); ++i) { // every digit counts
      auto other = one.signature;
      other[i] = other[i] == '0' ? '1' : '0';
      CHECK_FALSE(verify_signature(key, one.message, other));
    }
  }
}

TEST_CASE("api_keys: what is no HMAC in hexadecimal does not pass") {
  const auto key = hmac_key();
  const std::string message = "timestamp=1";
  CHECK_FALSE(verify_signature(key, message, ""));
  CHECK_FALSE(verify_signature(key, message, std::string(64, '0')));
  CHECK_FALSE(verify_signature(key, message, std::string(63, 'a')));
  CHECK_FALSE(verify_signature(key, message, std::string(64, 'g')));
  const std::string good = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
  const std::string signed_text =
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559";
  REQUIRE(verify_signature(key, signed_text, good));
  CHECK_FALSE(verify_signature(key, signed_text, good.substr(0, 62)));
  CHECK_FALSE(verify_signature(key, signed_text, good + "00"));
  CHECK_FALSE(verify_signature(key, signed_text, " " + good.substr(1)));
  CHECK_FALSE(verify_signature(key, signed_text, "0x" + good.substr(2)));
  CHECK_FALSE(verify_signature(key, signed_text, good.substr(0, 63) + '\0'));
  CHECK_FALSE(verify_signature(key, signed_text, "yNtWglrnHW15RHhJ5hcRX0qSD6Ks3KsrBTxLKDi9a3E="));
  auto lower_secret = key;
  lower_secret.secret[0] = 'n';
  CHECK_FALSE(verify_signature(lower_secret, signed_text, good));
}

TEST_CASE("api_keys: the documents' Ed25519 example comes out, and RFC 8032's") {
  // The public half of the private key that the documents print.
  const auto key = public_key(api_key_type::ed25519,
                              "-----BEGIN PUBLIC KEY-----\n"
                              "MCowBQYDK2VwAyEAGUIKv9dSpWXBViXp2m6vAIb8QMFJYBgyFEQsFJlqgA0=\n"
                              "-----END PUBLIC KEY-----\n");
  const std::string message("A\001EXAMPLE\001SPOT\0011\00120240627-11:17:25.223");
  const std::string signature =
    "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==";
  CHECK(verify_signature(key, message, signature));
  CHECK_FALSE(verify_signature(key, message + " ", signature));
  auto other = signature;
  std::swap(other[0], other[1]);
  CHECK_FALSE(verify_signature(key, message, other));
  CHECK_FALSE(verify_signature(key, message, upper(signature))); // its case counts

  // RFC 8032, 7.1, test 2.
  const auto rfc = public_key(api_key_type::ed25519,
                              "-----BEGIN PUBLIC KEY-----\n"
                              "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
                              "-----END PUBLIC KEY-----\n");
  CHECK(verify_signature(
    rfc, "\x72",
    "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="));
}

TEST_CASE("api_keys: an Ed25519 signature has one spelling and one value") {
  const auto pair = key_pair::ed25519();
  const auto key = public_key(api_key_type::ed25519, pair.pem());
  const std::string message = "symbol=BTCUSDT&timestamp=1";
  const auto raw = pair.sign(message, nullptr);
  const auto text = base64(raw);
  REQUIRE(verify_signature(key, message, text));
  CHECK_FALSE(verify_signature(key, message, ""));
  CHECK_FALSE(verify_signature(key, message, "===="));
  CHECK_FALSE(verify_signature(key, message, text.substr(0, 86)));         // padding left out
  CHECK_FALSE(verify_signature(key, message, text.substr(0, 86) + "=\n")); // a line end
  CHECK_FALSE(verify_signature(key, message, text + "===="));
  CHECK_FALSE(verify_signature(key, message, text + text));
  CHECK_FALSE(verify_signature(key, message, base64(raw + std::string(1, '\0'))));
  CHECK_FALSE(verify_signature(key, message, base64(raw.substr(0, 63))));
  CHECK_FALSE(verify_signature(key, message, base64(std::string(64, '\0'))));
  auto loose = text; // the last character carries four bits that must be zero
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  loose[85] = alphabet[alphabet.find(loose[85]) + 1];
  CHECK_FALSE(verify_signature(key, message, loose));
  // s + L would do in the equation; it is not a signature.
  const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                   0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                   0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  auto larger = raw;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned char>(larger[32 + i]) + order[i];
    larger[32 + i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  CHECK_FALSE(verify_signature(key, message, base64(larger)));
}

TEST_CASE("api_keys: RSA signs with PKCS#1 v1.5 and SHA-256, and nothing else passes") {
  const auto& pair = some_rsa();
  const auto key = public_key(api_key_type::rsa, pair.pem());
  const std::string message = "symbol=BTCUSDT&timestamp=1";
  const auto raw = pair.sign(message, EVP_sha256());
  REQUIRE(verify_signature(key, message, base64(raw)));
  CHECK_FALSE(verify_signature(key, message + "0", base64(raw)));
  CHECK_FALSE(verify_signature(key, message, base64(pair.sign(message, EVP_sha1()))));
  CHECK_FALSE(verify_signature(key, message, base64(pair.sign(message, EVP_sha512()))));
  CHECK_FALSE(verify_signature(key, message,
                               base64(pair.sign(message, EVP_sha256(), RSA_PKCS1_PSS_PADDING))));
  CHECK_FALSE(verify_signature(key, message, base64(raw.substr(1))));
  CHECK_FALSE(verify_signature(key, message, base64(std::string(1, '\0') + raw)));
  CHECK_FALSE(verify_signature(key, message, base64(std::string(256, '\0'))));
  CHECK_FALSE(verify_signature(key, message, base64(std::string(256, '\xff'))));
  CHECK_FALSE(verify_signature(key, message, ""));
}

TEST_CASE("api_keys: a signature of another type than the key's is none") {
  const std::string message = "timestamp=1";
  const auto& rsa = some_rsa();
  const auto ed25519 = key_pair::ed25519();
  const auto rsa_signature = base64(rsa.sign(message, EVP_sha256()));
  const auto ed25519_signature = base64(ed25519.sign(message, nullptr));
  CHECK_FALSE(
    verify_signature(public_key(api_key_type::rsa, rsa.pem()), message, ed25519_signature));
  CHECK_FALSE(
    verify_signature(public_key(api_key_type::ed25519, ed25519.pem()), message, rsa_signature));
  CHECK_FALSE(verify_signature(hmac_key(), message, rsa_signature));
  // A public key is known to everybody: as the secret of an HMAC it must not open an rsa key's door.
  auto confused = hmac_key();
  confused.secret = rsa.pem();
  std::string mac(64, '0');
  CHECK_FALSE(verify_signature(public_key(api_key_type::rsa, rsa.pem()), message, mac));
  api_key unread;
  unread.type = api_key_type::ed25519;
  unread.secret = ed25519.pem();
  CHECK_FALSE(verify_signature(unread, message, ed25519_signature)); // never a null key's
}

TEST_CASE("api_keys: a public key is taken in PEM, whole and alone, of a strength that counts") {
  const auto fault = [](api_key_type type, std::string text) {
    return public_key_fault(type, text);
  };
  const auto rsa = some_rsa().pem(), ed25519 = key_pair::ed25519().pem();
  CHECK(fault(api_key_type::rsa, rsa).empty());
  CHECK(fault(api_key_type::ed25519, ed25519).empty());
  auto windows = ed25519;
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2)
    windows.insert(at, "\r");
  CHECK(public_key_fault(api_key_type::ed25519, windows).empty());
  CHECK(windows == ed25519); // kept in its one spelling
  CHECK(fault(api_key_type::rsa, ed25519) == "must be an RSA key");
  CHECK(fault(api_key_type::ed25519, rsa) == "must be an Ed25519 key");
  CHECK(fault(api_key_type::rsa, key_pair::rsa(1'024).pem()) ==
        "must be an RSA key of 2048 to 4096 bits");
  constexpr auto no_key = "must be a public key in PEM (BEGIN PUBLIC KEY)";
  CHECK(fault(api_key_type::ed25519, "") == no_key);
  CHECK(fault(api_key_type::ed25519, "MCowBQYDK2VwAyEA") == no_key);
  CHECK(fault(api_key_type::ed25519, key_pair::ed25519().private_pem()) == no_key);
  CHECK(fault(api_key_type::ed25519, ed25519 + ed25519) == no_key);
  CHECK(fault(api_key_type::ed25519, ed25519 + "x") == no_key);
  CHECK(fault(api_key_type::ed25519, " " + ed25519) == no_key);
  CHECK(fault(api_key_type::ed25519, ed25519.substr(0, ed25519.size() - 20)) == no_key);
  CHECK(fault(api_key_type::rsa, key_pair::p256().pem()) == "must be an RSA key");
}

TEST_CASE("api_keys: where a key may be used from") {
  api_key key;
  CHECK(allows_address(key, "198.51.100.1")); // nothing said
  key.ip_allow = {"192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "198.51.100.4/31"};
  for (const auto* from :
       {"192.0.2.7", "10.0.0.0", "10.255.255.255", "2001:db8::1",
        "2001:0DB8:ffff::", "198.51.100.5", "::ffff:192.0.2.7", "::ffff:10.1.2.3"}) {
    CAPTURE(from);
    CHECK(allows_address(key, from));
  }
  for (const auto* from : {"192.0.2.8", "11.0.0.0", "9.255.255.255", "2001:db9::1", "198.51.100.6",
                           "198.51.100.3", "::1", "", "192.0.2.7 ", "localhost", "192.0.2.07"}) {
    CAPTURE(from);
    CHECK_FALSE(allows_address(key, from));
  }
  key.ip_allow = {"::/0"};
  CHECK(allows_address(key, "2001:db8::1"));
  key.ip_allow = {"0.0.0.0/0"};
  CHECK(allows_address(key, "203.0.113.9"));
  CHECK_FALSE(allows_address(key, "2001:db8::1"));
}

TEST_CASE("api_keys: an address rule is an address or a network, in full") {
  for (const auto* rule : {"192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "192.0.2.7/32", "::1", "::/0",
                           "2001:db8::/32", "2001:db8::1/128"}) {
    CAPTURE(rule);
    CHECK(is_address_rule(rule));
  }
  for (const auto* rule :
       {"", "192.0.2", "192.0.2.7/33", "192.0.2.7/24", "192.0.2.0/", "192.0.2.0/024",
        "192.0.2.0/-1", "192.0.2.0/24/24", "/24", "256.0.0.1", "2001:db8::1/32", "2001:db8::/129",
        "example.org", "*", "192.0.2.0 /24", "0x7f.1", "::ffff:192.0.2.0/24"}) {
    CAPTURE(rule);
    CHECK_FALSE(is_address_rule(rule));
  }
  CHECK_FALSE(is_address_rule(std::string_view("192.0.2.7\0x", 11)));
}

TEST_CASE("base64: one text per bytes") {
  CHECK(from_base64("") == "");
  CHECK(from_base64("Zg==") == "f");
  CHECK(from_base64("Zm8=") == "fo");
  CHECK(from_base64("Zm9v") == "foo");
  CHECK(from_base64("+/+/").has_value());
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v====", "=Zg=", "Z===", "-_-_",
                           "Zm 9", "Zm9v\n", "===="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
}

TEST_CASE("secret_box: opens what it sealed, and nothing that was changed or another key sealed") {
  const secret_box box("32 bytes that seal in tests only"),
    other("32 bytes of somebody else's key.");
  const auto sealed = box.seal(secret);
  CHECK(sealed.find(secret) == std::string::npos);
  CHECK(box.open(sealed) == secret);
  CHECK(box.seal(secret) != sealed); // nobody sees that two are the same
  CHECK(box.open(box.seal("")) == "");
  CHECK_FALSE(other.open(sealed).has_value());
  CHECK_FALSE(box.open("").has_value());
  CHECK_FALSE(box.open(sealed.substr(0, 40)).has_value());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(box.open(changed).has_value());
  }
}

TEST_CASE("api_keys: what is made are 64 letters and digits, never the same") {
  const auto one = make_api_text();
  CHECK(is_api_key(one));
  CHECK(make_api_text() != one);
  CHECK_FALSE(is_api_key(""));
  CHECK_FALSE(is_api_key(one.substr(1)));
  CHECK_FALSE(is_api_key(one + "a"));
  CHECK_FALSE(is_api_key(one.substr(1) + "-"));
}

} // namespace rialto::net
