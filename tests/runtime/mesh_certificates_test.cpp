#include "runtime/mesh/certificates.hpp"
#include "tests/runtime/mesh_node.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sys/stat.h>

using namespace rialto::runtime;
using rialto::testing::scratch_folder;
namespace fs = std::filesystem;

namespace {

std::string complaint_of(const auto& what) {
  try {
    what();
  } catch (const mesh_failure& failed) {
    return failed.what();
  }
  return {};
}
bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("certificates: an authority issues what its own authority vouches for") {
  const scratch_folder folder;
  make_authority(folder / "ca");
  const auto files = issue_certificate(folder / "ca", "node-1", folder / "node-1");
  CHECK_NOTHROW(tls_context{files});
  for (const auto& path :
       {files.certificate, files.key, files.authority, folder / "ca" + "/authority-key.pem"}) {
    struct stat facts {};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
  }
}

TEST_CASE("certificates: nothing is written over, neither authority nor certificate") {
  const scratch_folder folder;
  make_authority(folder / "ca");
  CHECK(holds(complaint_of([&] { make_authority(folder / "ca"); }), "is there already"));
  static_cast<void>(issue_certificate(folder / "ca", "node-1", folder / "out"));
  CHECK(holds(complaint_of([&] { issue_certificate(folder / "ca", "node-1", folder / "out"); }),
              "is there already"));
  CHECK_NOTHROW(issue_certificate(folder / "ca", "operator", folder / "out"));
  make_authority(folder / "other");
  CHECK(holds(complaint_of([&] { issue_certificate(folder / "other", "node-2", folder / "out"); }),
              "is of another authority"));
}

TEST_CASE("certificates: a name that is no node's name is refused with the rule") {
  const scratch_folder folder;
  make_authority(folder / "ca");
  const std::vector<std::string> names{
    "", "-x", "a/b", "a,DNS:b", "authority", "a b", std::string(64, 'a')};
  for (const auto& name : names)
    CHECK(holds(complaint_of([&] { issue_certificate(folder / "ca", name, folder / "out"); }),
                "is no node name"));
}

TEST_CASE("certificates: without an authority nothing is issued, and a key that others may read is "
          "refused") {
  const scratch_folder folder;
  CHECK(holds(complaint_of([&] { issue_certificate(folder / "ca", "node-1", folder / "out"); }),
              "init-ca makes an authority"));
  make_authority(folder / "ca");
  fs::permissions(folder / "ca" + "/authority-key.pem", fs::perms::group_read,
                  fs::perm_options::add);
  CHECK(holds(complaint_of([&] { issue_certificate(folder / "ca", "node-1", folder / "out"); }),
              "others may read"));
}

TEST_CASE("tls_context: says which setting is missing or wrong") {
  const scratch_folder folder;
  make_authority(folder / "ca");
  make_authority(folder / "other");
  const auto good = issue_certificate(folder / "ca", "node-1", folder / "one");
  const auto alien = issue_certificate(folder / "other", "node-1", folder / "two");
  const auto say = [](const tls_files& files) {
    return complaint_of([&] { tls_context made(files); });
  };
  CHECK(say({}).starts_with("cluster.certificate is missing"));
  CHECK(say({good.certificate, "", good.authority}).starts_with("cluster.key is missing"));
  CHECK(say({good.certificate, good.key, ""}).starts_with("cluster.authority is missing"));
  CHECK(holds(say({folder / "none", good.key, good.authority}), "cannot be read"));
  CHECK(say({good.certificate, alien.key, good.authority}).starts_with("cluster.key"));
  CHECK(say({good.certificate, good.key, alien.authority}).starts_with("cluster.certificate"));
  std::ofstream(folder / "junk") << "no certificate";
  CHECK(holds(say({good.certificate, good.key, folder / "junk"}), "holds no certificate"));
}
