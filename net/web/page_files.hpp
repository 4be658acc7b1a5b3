// net/web/page_files.hpp: a folder of built pages, held in memory, as answers to a browser.
//
// The room: paths and headers come in, answers go out. The folder is read once; a request never touches the disk. Made before the server
// starts and not changed afterwards, so that any thread may ask.
//
//   P1  only files that were in the folder are answered; links and names that begin with '.' are left out
//   P2  an answer with an ETag is the same bytes as long as the ETag is the same
#pragma once

#include "net/server/http.hpp"

#include <map>
#include <optional>
#include <string>

namespace rialto::net {

class page_files {
public:
  static constexpr std::size_t files_max = 5'000, bytes_max = 64 << 20;

  /// Reads the folder. Throws std::runtime_error: it is no folder, has no index.html, cannot be read or is above a bound.
  explicit page_files(const std::string& folder);

  /// The answer to a GET or HEAD of a page or one of its files; empty: not ours (another method, no such file, a client that does
  /// not ask for HTML at an address without a file).
  [[nodiscard]] std::optional<http_response> find(const http_request& request) const;
  [[nodiscard]] std::size_t count() const { return files_.size(); }

private:
  struct form { // of one file: as it is, gzip or Brotli
    std::shared_ptr<const std::string> bytes;
    std::string entity_tag;
  };
  struct file {
    std::string_view content_type;
    bool is_kept = false; // its name changes with its content
    form plain, gzip, brotli;
  };

  void read(const std::string& folder, const std::string& name, std::size_t& bytes);
  [[nodiscard]] const file* file_of(const http_request& request) const;

  std::map<std::string, file, std::less<>> files_; // by path: "/assets/index-B1x2.js"
};

/// Whether an Accept-Encoding header takes `coding`: named, or by '*', with a weight above 0.
[[nodiscard]] bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

} // namespace rialto::net
