// Pages as a browser gets them: which file, which form of it, what may be kept.
#include "net/web/page_files.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace rialto::net {

namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

struct site {
  storage::temporary_directory folder{storage::directory_kind::in_memory};
  site() {
    write(folder / "index.html", "<p>page</p>");
    write(folder / "icon.svg", "<svg/>");
    write(folder / "assets/a-1.js", "plain");
    write(folder / "assets/a-1.js.br", "brotli");
    write(folder / "assets/a-1.js.gz", "gzip");
  }
};

http_request get(std::string_view path, std::vector<http_header> headers = {}) {
  http_request made;
  made.method = "GET";
  made.path = made.target = path;
  made.headers = std::move(headers);
  return made;
}

std::string header_of(const http_response& answer, std::string_view name) {
  for (const auto& [given, value] : answer.headers)
    if (given == name) return value;
  return {};
}

std::string body_of(const std::optional<http_response>& answer) {
  return answer && answer->shared_body ? *answer->shared_body : "none";
}

} // namespace

TEST_CASE("page_files: a file, a page's address and what is not there") {
  const site made;
  const page_files pages(made.folder.path());
  CHECK(pages.count() == 3); // compressed forms are not files of their own
  CHECK(body_of(pages.find(get("/icon.svg"))) == "<svg/>");
  CHECK(body_of(pages.find(get("/"))) == "<p>page</p>");
  CHECK(body_of(pages.find(get("/trade/BTCUSDT", {{"Accept", "text/html,*/*"}}))) == "<p>page</p>");
  CHECK_FALSE(pages.find(get("/trade/BTCUSDT", {{"Accept", "application/json"}})));
  CHECK_FALSE(pages.find(get("/assets/gone.js", {{"Accept", "text/html"}})));
  CHECK_FALSE(pages.find(get("/../secret.txt", {{"Accept", "text/html"}})));
  auto post = get("/");
  post.method = "POST";
  CHECK_FALSE(pages.find(post));
}

TEST_CASE("page_files: the form that the browser takes, Brotli first") {
  const site made;
  const page_files pages(made.folder.path());
  const auto form = [&](std::string_view accepted) {
    return body_of(pages.find(get("/assets/a-1.js", {{"Accept-Encoding", accepted}})));
  };
  CHECK(form("gzip, deflate, br") == "brotli");
  CHECK(form("gzip, br;q=0") == "gzip");
  CHECK(form("br;q=0.000, gzip ; q=0.5") == "gzip");
  CHECK(form("*") == "brotli");
  CHECK(form("identity") == "plain");
  CHECK(form("") == "plain");
  const auto answer = pages.find(get("/assets/a-1.js", {{"Accept-Encoding", "br"}}));
  REQUIRE(answer);
  CHECK(header_of(*answer, "Content-Encoding") == "br");
  CHECK(header_of(*answer, "Vary") == "Accept-Encoding");
  CHECK(answer->content_type == "text/javascript; charset=utf-8");
}

TEST_CASE("page_files: hashed names are kept, all else is asked for again by its ETag") {
  const site made;
  const page_files pages(made.folder.path());
  const auto script = pages.find(get("/assets/a-1.js")), page = pages.find(get("/"));
  REQUIRE((script && page));
  CHECK(header_of(*script, "Cache-Control").find("immutable") != std::string::npos);
  CHECK(header_of(*page, "Cache-Control") == "no-cache");
  const auto tag = header_of(*page, "ETag");
  const auto again = [&](const std::string& tags) {
    return pages.find(get("/", {{"If-None-Match", tags}}))->status;
  };
  CHECK(again(tag) == 304);
  CHECK(again("\"other\", W/" + tag) == 304);
  CHECK(again("\"other\"") == 200);
  write(made.folder / "index.html", "<p>another</p>");
  CHECK(header_of(*page_files(made.folder.path()).find(get("/")), "ETag") != tag);
  CHECK(body_of(pages.find(get("/"))) == "<p>page</p>"); // read once
}

TEST_CASE("page_files: a strict policy, and nothing inline") {
  const site made;
  const auto answer = page_files(made.folder.path()).find(get("/"));
  REQUIRE(answer);
  const auto policy = header_of(*answer, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(header_of(*answer, "X-Content-Type-Options") == "nosniff");
}

TEST_CASE("page_files: links and hidden files are not pages") {
  const site made;
  write(made.folder / ".secret", "no");
  write(made.folder / ".git/config", "no");
  std::filesystem::create_symlink("/etc/passwd", made.folder / "link.txt");
  const page_files pages(made.folder.path());
  CHECK_FALSE(pages.find(get("/.secret")));
  CHECK_FALSE(pages.find(get("/.git/config")));
  CHECK_FALSE(pages.find(get("/link.txt")));
}

TEST_CASE("page_files: a folder that holds no pages is refused by name") {
  const storage::temporary_directory empty(storage::directory_kind::in_memory);
  CHECK_THROWS_WITH(page_files(empty.path()), (empty.path() + " has no index.html").c_str());
  CHECK_THROWS_WITH(page_files(empty / "none"), (empty / "none is not a folder").c_str());
}

} // namespace rialto::net
