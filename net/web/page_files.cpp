#include "net/web/page_files.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace rialto::net {

namespace {

namespace fs = std::filesystem;

// Only this node's own scripts and styles, nothing inline; 'self' covers the WebSocket. Pictures as data: are what the chart draws.
constexpr std::string_view security_policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
  "frame-ancestors 'none'";

constexpr std::pair<std::string_view, std::string_view> content_types[] = {
  {".html", "text/html; charset=utf-8"},
  {".js", "text/javascript; charset=utf-8"},
  {".css", "text/css; charset=utf-8"},
  {".svg", "image/svg+xml"},
  {".json", "application/json"},
  {".webmanifest", "application/manifest+json"},
  {".png", "image/png"},
  {".ico", "image/x-icon"},
  {".woff2", "font/woff2"},
  {".txt", "text/plain; charset=utf-8"}};

std::string_view type_of(std::string_view name) {
  for (const auto& [ending, type] : content_types)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

/// Half of the SHA-256, as the ETag of exactly these bytes.
std::string tag_of(const std::string& bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string tag = "\"";
  for (std::size_t i = 0; i < digest.size() / 2; ++i) tag += fmt::format("{:02x}", digest[i]);
  return tag + '"';
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) throw std::runtime_error(path + " cannot be read");
  return bytes;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_refused(std::string_view weight) { // "q=0", "q=0.0", "q=0.000"
  weight = trimmed(weight);
  if (!weight.starts_with("q=") && !weight.starts_with("Q=")) return false;
  weight.remove_prefix(2);
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  for (auto rest = if_none_match; !rest.empty();) {
    const auto end = rest.find(',');
    auto one = trimmed(rest.substr(0, end));
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return false;
}

/// A path of the pages, not of the API: the last part has no ending.
bool is_address(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

} // namespace

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
  bool by_star = false;
  for (auto rest = accept_encoding; !rest.empty();) {
    const auto end = rest.find(',');
    const auto one = rest.substr(0, end);
    const auto semicolon = one.find(';');
    const auto name = trimmed(one.substr(0, semicolon));
    const bool is_taken =
      semicolon == std::string_view::npos || !is_refused(one.substr(semicolon + 1));
    if (name == coding) return is_taken; // what is named wins over '*'
    if (name == "*") by_star = is_taken;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return by_star;
}

page_files::page_files(const std::string& folder) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) throw std::runtime_error(folder + " is not a folder");
  std::size_t bytes = 0;
  fs::recursive_directory_iterator at(folder, failed);
  for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const bool is_hidden = at->path().filename().string().starts_with('.');
    const bool is_link = at->is_symlink();
    if (is_hidden && at->is_directory() && !is_link) at.disable_recursion_pending();
    if (is_hidden || is_link || !at->is_regular_file()) continue; // P1
    read(folder, at->path().lexically_relative(folder).generic_string(), bytes);
  }
  if (failed) throw std::runtime_error(folder + " cannot be read: " + failed.message());
  if (!files_.contains("/index.html")) throw std::runtime_error(folder + " has no index.html");
  // A compressed form is no file of its own.
  std::erase_if(files_, [](const auto& one) { return one.second.plain.bytes == nullptr; });
}

void page_files::read(const std::string& folder, const std::string& name, std::size_t& bytes) {
  const auto path = folder + '/' + name;
  auto content = content_of(path);
  bytes += content.size();
  if (bytes > bytes_max || files_.size() >= files_max)
    throw std::runtime_error(
      fmt::format("{} holds more than {} files or {} MiB", folder, files_max, bytes_max >> 20));
  std::string_view original = name;
  auto kind = &file::plain;
  if (original.ends_with(".br")) kind = &file::brotli;
  if (original.ends_with(".gz")) kind = &file::gzip;
  if (kind != &file::plain) original.remove_suffix(3);
  auto& one = files_['/' + std::string(original)];
  one.content_type = type_of(original);
  one.is_kept = original.starts_with("assets/");
  auto& into = one.*kind;
  into.entity_tag = tag_of(content);
  into.bytes = std::make_shared<const std::string>(std::move(content));
}

const page_files::file* page_files::file_of(const http_request& request) const {
  if (const auto found = files_.find(request.path); found != files_.end()) return &found->second;
  const bool is_page =
    request.path == "/" || (is_address(request.path) &&
                            request.header("Accept").find("text/html") != std::string_view::npos);
  return is_page ? &files_.find("/index.html")->second : nullptr;
}

std::optional<http_response> page_files::find(const http_request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return {};
  const auto* found = file_of(request);
  if (found == nullptr) return {};
  const auto accepted = request.header("Accept-Encoding");
  const auto* sent = &found->plain;
  std::string_view coding;
  if (found->brotli.bytes && accepts_coding(accepted, "br")) {
    sent = &found->brotli;
    coding = "br";
  } else if (found->gzip.bytes && accepts_coding(accepted, "gzip")) {
    sent = &found->gzip;
    coding = "gzip";
  }
  http_response answer;
  answer.content_type = found->content_type;
  auto& headers = answer.headers;
  headers.emplace_back("Cache-Control",
                       found->is_kept ? "public, max-age=31536000, immutable" : "no-cache");
  headers.emplace_back("ETag", sent->entity_tag);
  if (found->brotli.bytes || found->gzip.bytes) headers.emplace_back("Vary", "Accept-Encoding");
  if (names_tag(request.header("If-None-Match"), sent->entity_tag)) {
    answer.status = 304;
    return answer;
  }
  answer.shared_body = sent->bytes;
  if (!coding.empty()) headers.emplace_back("Content-Encoding", std::string(coding));
  headers.emplace_back("Content-Security-Policy", std::string(security_policy));
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
  return answer;
}

} // namespace rialto::net
