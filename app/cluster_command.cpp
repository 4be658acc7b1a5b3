// rialto cluster: what an operator does about a cluster from a command line. Each subcommand is a function here or in a
// file of its own (cluster_*.cpp); init-ca and issue need no node and no database.
#include "app/commands.hpp"
#include "runtime/mesh/certificates.hpp"
#include "runtime/secret_file.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace rialto::app {

namespace {

struct certificate_words {
  std::string directory = "./cluster-ca";
  std::string node, out;
  bool is_tool = false;
};

void add_directory_option(CLI::App& command, certificate_words& words) {
  command.add_option("--dir", words.directory, "The authority's directory.\ndefault: ./cluster-ca")
    ->type_name("DIR");
}

int init_authority(const certificate_words& words) {
  try {
    runtime::make_authority(words.directory);
    static_cast<void>(runtime::load_token_key(words.directory, {}));
    static_cast<void>(runtime::load_secret_key(words.directory));
  } catch (const std::runtime_error& failed) {
    complain(failed.what());
    return exit_failed;
  }
  std::printf(
    "Made %s/authority.pem and authority-key.pem, good for %d days, and the token-key\n"
    "and secret-key that all nodes share.\n"
    "Who holds authority-key.pem can let anybody into the cluster: keep it off the nodes.\n"
    "Next: rialto cluster issue NODE --dir %s\n",
    words.directory.c_str(), runtime::authority_days, words.directory.c_str());
  return 0;
}

/// What signs tokens and seals secrets is the same on every node.
void copy_shared_keys(const std::string& from, const std::string& to) {
  for (const auto* const name : {"/token-key", "/secret-key"}) {
    const auto key = runtime::read_secret_file(from + name);
    if (!key)
      throw runtime::secret_error(from + name + " is missing; rialto cluster init-ca makes it");
    runtime::write_secret_file(to + name, *key);
  }
}

int issue(const certificate_words& words) {
  if (const auto flaw = runtime::flaw_of_node_name(words.node); !flaw.empty()) {
    complain(flaw);
    return exit_misused;
  }
  const auto out =
    words.out.empty() ? (std::filesystem::path(words.directory) / words.node).string() : words.out;
  runtime::tls_files made;
  try {
    made = runtime::issue_certificate(words.directory, words.node, out);
    if (!words.is_tool) copy_shared_keys(words.directory, out);
  } catch (const std::runtime_error& failed) {
    complain(failed.what());
    return exit_failed;
  }
  std::printf("Issued a certificate for %s, good for %d days. Settings:\n\n"
              "[cluster]\ncertificate = %s\nkey = %s\nauthority = %s\n",
              words.node.c_str(), runtime::certificate_days, made.certificate.c_str(),
              made.key.c_str(), made.authority.c_str());
  if (!words.is_tool) std::printf("secrets = %s\n", out.c_str());
  return 0;
}

void add_init_ca(CLI::App& cluster, int& exit_code) {
  const auto words = std::make_shared<certificate_words>();
  auto* command = cluster.add_subcommand(
    "init-ca", "Make the authority that vouches for the nodes of a cluster: a key and its "
               "certificate, good for 3650 days. Nothing is written over.");
  add_directory_option(*command, *words);
  command->footer("  rialto cluster init-ca --dir ./cluster-ca");
  command->callback([words, &exit_code] { exit_code = init_authority(*words); });
}

void add_issue(CLI::App& cluster, int& exit_code) {
  const auto words = std::make_shared<certificate_words>();
  auto* command = cluster.add_subcommand(
    "issue", "Issue a certificate to a node, or to an operator's command line, good for 730 days. "
             "Nothing is written over.");
  command
    ->add_option("NODE", words->node,
                 "Its name: 1 to 63 letters, digits, points, hyphens and underscores.")
    ->required();
  add_directory_option(*command, *words);
  command
    ->add_option("--out", words->out,
                 "Where certificate, key and a copy of authority.pem go.\ndefault: DIR/NODE")
    ->type_name("DIR");
  command->add_flag("--tool", words->is_tool,
                    "For a command line: without the keys that the nodes share.");
  command->footer("  rialto cluster issue node-1 --dir ./cluster-ca\n"
                  "  rialto cluster issue operator --tool --dir ./cluster-ca --out ./operator");
  command->callback([words, &exit_code] { exit_code = issue(*words); });
}

} // namespace

void add_cluster_command(CLI::App& program, int& exit_code) {
  auto* cluster =
    program.add_subcommand("cluster", "Look at a cluster, move what it has, let nodes into it.");
  cluster->require_subcommand(0, 1);
  cluster->footer(
    "  rialto cluster init-ca\n  rialto cluster issue node-1\n  rialto cluster status");
  add_cluster_operator_commands(*cluster, exit_code);
  add_init_ca(*cluster, exit_code);
  add_issue(*cluster, exit_code);
  cluster->callback([cluster, &exit_code] {
    if (!cluster->get_subcommands().empty()) return;
    complain("cluster: say status, drain, move, init-ca or issue (see rialto cluster --help)");
    exit_code = exit_misused;
  });
}

} // namespace rialto::app
