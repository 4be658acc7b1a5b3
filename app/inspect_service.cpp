#include "app/inspect_service.hpp"

#include "runtime/mesh/certificates.hpp"
#include "runtime/mesh/mesh.hpp"
#include "runtime/secret_file.hpp"
#include "runtime/worker_pool.hpp"

#include <filesystem>
#include <system_error>

namespace rialto::app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t questions_waiting_max = 16;

fs::path directory_of(const std::string& data_directory) {
  return fs::path(data_directory) / "inspect";
}

/// Certificates of an earlier start are worth nothing any more.
runtime::tls_files make_certificates(const fs::path& directory) {
  fs::remove_all(directory);
  fs::create_directory(directory);
  fs::permissions(directory, fs::perms::owner_all);
  const auto authority = directory / "authority";
  runtime::make_authority(authority.string());
  auto node = runtime::issue_certificate(authority.string(), "node", (directory / "node").string());
  static_cast<void>(
    runtime::issue_certificate(authority.string(), "tool", (directory / "tool").string()));
  fs::remove(authority / "authority-key.pem"); // it lets nobody else in
  return node;
}

std::string refusal(const char* rule) {
  return std::string(R"({"error":{"field":null,"rule":")") + rule + R"("}})";
}

} // namespace

inspect_files inspect_files_of(const std::string& data_directory) {
  const auto directory = directory_of(data_directory);
  const auto tool = directory / "tool";
  return {{(tool / "tool.pem").string(), (tool / "tool-key.pem").string(),
           (tool / "authority.pem").string()},
          (directory / "address").string()};
}

struct inspect_service::parts {
  std::string address_file;
  runtime::worker_pool workers{"inspect", 1, questions_waiting_max,
                               runtime::when_stopped::drop_waiting};
  std::unique_ptr<runtime::mesh> door;
};

inspect_service::inspect_service(caf::actor_system& system, runtime::actor_surroundings around,
                                 inspect_answers answers, const std::string& data_directory,
                                 const std::string& listen)
    : parts_(std::make_unique<parts>()) {
  try {
    runtime::mesh_options options;
    options.cluster = "inspect";
    options.name = "node";
    options.listen = listen;
    options.tls = make_certificates(directory_of(data_directory));
    runtime::mesh_callbacks callbacks;
    callbacks.on_ask = [this, answers = std::move(answers)](
                         std::string question, std::function<void(std::string)> answer) {
      const bool is_taken = parts_->workers.post(
        [answers, question, answer] { answer(answers(question, "rialto inspect")); });
      if (!is_taken) answer(refusal("too many questions wait: ask again"));
    };
    parts_->door =
      std::make_unique<runtime::mesh>(system, around, std::move(options), std::move(callbacks));
    parts_->address_file = inspect_files_of(data_directory).address;
    const auto host = listen.substr(0, listen.rfind(':'));
    runtime::write_secret_file(parts_->address_file, host + ":" + std::to_string(port()));
  } catch (const std::exception& problem) {
    throw std::runtime_error(std::string("inspect.listen: ") + problem.what());
  }
}

inspect_service::~inspect_service() {
  std::error_code failed;
  fs::remove(parts_->address_file, failed);
  parts_->workers.stop(); // no answer comes after this
  parts_->door.reset();
}

std::uint16_t inspect_service::port() const {
  return parts_->door->port();
}

} // namespace rialto::app
