#include "runtime/mesh/certificates.hpp"

#include "runtime/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>

namespace rialto::runtime {

namespace {

namespace fs = std::filesystem;

template <auto Free>
struct freed_with {
  template <class T>
  void operator()(T* one) const {
    Free(one);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_with<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_with<X509_free>>;
using memory_ptr = std::unique_ptr<BIO, freed_with<BIO_free>>;

void need(bool is_good, const char* what) {
  if (!is_good) throw mesh_failure(fmt::format("{}: {}", what, tls_error()));
}

/// Without its last line end: write_secret_file() adds one.
std::string text_of(BIO* memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string pem_of(X509* certificate) {
  const memory_ptr memory(BIO_new(BIO_s_mem()));
  need(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "writing a certificate");
  return text_of(memory.get());
}
std::string pem_of(EVP_PKEY* key) {
  const memory_ptr memory(BIO_new(BIO_s_mem()));
  need(memory &&
         PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "writing a key");
  return text_of(memory.get());
}

void add_extension(X509* to, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  auto* made = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  const bool is_good = made != nullptr && X509_add_ext(to, made, -1) == 1;
  X509_EXTENSION_free(made);
  need(is_good, "an extension of a certificate");
}

/// Version 3, a random serial number, valid from an hour ago: clocks differ.
certificate_ptr blank(EVP_PKEY* key, const std::string& common_name, int days) {
  certificate_ptr made(X509_new());
  need(made != nullptr, "a certificate");
  std::array<unsigned char, 16> serial{};
  need(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "random bytes");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);
  auto* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get()));
  BN_free(number);
  constexpr long hour = 3'600, day = 24 * hour;
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -hour);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), day * days);
  need(X509_set_pubkey(made.get(), key) == 1, "the key of a certificate");
  auto* name = X509_get_subject_name(made.get());
  const auto add = [&](const char* field, const std::string& value) {
    need(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1,
         "the name of a certificate");
  };
  add("O", "Rialto cluster");
  add("CN", common_name);
  return made;
}

key_ptr new_key() {
  key_ptr made(EVP_EC_gen("P-256"));
  need(made != nullptr, "a key");
  return made;
}

void need_free(const fs::path& path) {
  std::error_code failed;
  if (fs::exists(fs::symlink_status(path, failed)))
    throw mesh_failure(fmt::format("{} is there already and is not written over", path.string()));
}

void make_directory(const fs::path& directory) {
  std::error_code failed;
  if (fs::create_directories(directory, failed))
    fs::permissions(directory, fs::perms::owner_all, fs::perm_options::replace, failed);
  if (failed || !fs::is_directory(directory))
    throw mesh_failure(
      fmt::format("{} cannot be made: {}", directory.string(),
                  failed ? failed.message() : std::string("something else has that name")));
}

void write(const fs::path& path, const std::string& text) {
  try {
    write_secret_file(path.string(), text);
  } catch (const secret_error& failed) {
    throw mesh_failure(failed.what());
  }
}

std::string read(const fs::path& path) {
  std::optional<std::string> text;
  try {
    text = read_secret_file(path.string());
  } catch (const secret_error& failed) {
    throw mesh_failure(failed.what());
  }
  if (!text)
    throw mesh_failure(
      fmt::format("there is no {}; rialto cluster init-ca makes an authority", path.string()));
  return *text;
}

} // namespace

std::string flaw_of_node_name(const std::string& name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_good = !name.empty() && name.size() <= 63 && is_word(name.front()) &&
                       name != "authority" && // authority.pem is a file of its own
                       std::all_of(name.begin(), name.end(), [&](char c) {
                         return is_word(c) || c == '.' || c == '-' || c == '_';
                       });
  if (is_good) return {};
  return fmt::format("\"{}\" is no node name: 1 to 63 letters, digits, points, hyphens and "
                     "underscores, a letter or digit first, and not \"authority\"",
                     name.substr(0, 80));
}

void make_authority(const std::string& directory) {
  const fs::path folder(directory);
  make_directory(folder);
  need_free(folder / "authority-key.pem");
  need_free(folder / "authority.pem");
  const auto key = new_key();
  // Its own name, so that two authorities are told apart.
  const auto made = blank(key.get(), "Rialto authority " + random_hex(4), authority_days);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash");
  need(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "signing");
  write(folder / "authority-key.pem", pem_of(key.get()));
  write(folder / "authority.pem", pem_of(made.get()));
}

tls_files issue_certificate(const std::string& authority_directory, const std::string& node,
                            const std::string& out) {
  if (const auto flaw = flaw_of_node_name(node); !flaw.empty()) throw mesh_failure(flaw);
  const fs::path home(authority_directory), folder(out);
  const auto authority_text = read(home / "authority.pem");
  const auto key_text = read(home / "authority-key.pem");
  const memory_ptr authority_pem(
    BIO_new_mem_buf(authority_text.data(), static_cast<int>(authority_text.size())));
  const memory_ptr key_pem(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
  const certificate_ptr authority(
    PEM_read_bio_X509(authority_pem.get(), nullptr, nullptr, nullptr));
  need(authority != nullptr, "authority.pem");
  // A passphrase is never asked for: there is none.
  const key_ptr authority_key(PEM_read_bio_PrivateKey(
    key_pem.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  need(authority_key && X509_check_private_key(authority.get(), authority_key.get()) == 1,
       "authority-key.pem is not the key of authority.pem");

  make_directory(folder);
  const tls_files made{(folder / (node + ".pem")).string(), (folder / (node + "-key.pem")).string(),
                       (folder / "authority.pem").string()};
  need_free(made.certificate);
  need_free(made.key);
  if (fs::exists(made.authority) && read(made.authority) != authority_text)
    throw mesh_failure(
      fmt::format("{} is of another authority and is not written over", made.authority));

  const auto key = new_key();
  const auto certificate = blank(key.get(), node, certificate_days);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  const auto add = [&](int kind, const char* value) {
    add_extension(certificate.get(), authority.get(), kind, value);
  };
  add(NID_basic_constraints, "critical,CA:FALSE");
  add(NID_key_usage, "critical,digitalSignature");
  add(NID_ext_key_usage, "serverAuth,clientAuth");
  add(NID_subject_alt_name, ("DNS:" + node).c_str());
  add(NID_authority_key_identifier, "keyid:always");
  need(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0, "signing");
  write(made.key, pem_of(key.get()));
  write(made.certificate, pem_of(certificate.get()));
  if (!fs::exists(made.authority)) write(made.authority, authority_text);
  return made;
}

} // namespace rialto::runtime
