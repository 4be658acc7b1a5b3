#include "app/backup_parts.hpp"

#include "storage/archive_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace rialto::app {

namespace {

constexpr std::string_view archive_folder = "archive/";

bool is_sum(const std::string& text) {
  return text.size() == 2 * crypto_hash_sha256_BYTES &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

} // namespace

bool is_part_name(const std::string& name) {
  if (name == "journal.sqlite" || name == "tape.sqlite") return true;
  if (std::find(std::begin(secret_names), std::end(secret_names), name) != std::end(secret_names))
    return true;
  return name.starts_with(archive_folder) &&
         storage::parse_archive_name(std::string_view(name).substr(archive_folder.size()));
}

std::string to_json(const backup_manifest& manifest) {
  nlohmann::ordered_json made{{"format", backup_manifest::known_format},
                              {"program", manifest.program},
                              {"made_at", manifest.made_at},
                              {"rows", manifest.rows},
                              {"files", nlohmann::ordered_json::array()}};
  for (const auto& [name, part] : manifest.parts)
    made["files"].push_back({{"name", name}, {"bytes", part.bytes}, {"sha256", part.sha256}});
  return made.dump(2) + '\n';
}

backup_manifest parse_manifest(const std::string& text) {
  const auto refuse = [](const std::string& why) {
    throw std::runtime_error(fmt::format("{}: {}", manifest_name, why));
  };
  backup_manifest found;
  try {
    const auto all = nlohmann::json::parse(text);
    if (const auto format = all.at("format").get<std::uint32_t>();
        format != backup_manifest::known_format)
      refuse(fmt::format("the backup has format {}, this program reads format {}", format,
                         backup_manifest::known_format));
    all.at("program").get_to(found.program);
    all.at("made_at").get_to(found.made_at);
    all.at("rows").get_to(found.rows);
    for (const auto& one : all.at("files")) {
      const auto name = one.at("name").get<std::string>();
      backup_part part{one.at("bytes").get<std::uint64_t>(), one.at("sha256").get<std::string>()};
      if (!is_part_name(name)) refuse("a backup has no file " + name);
      if (!is_sum(part.sha256)) refuse("the sha256 of " + name + " is not 64 hexadecimal digits");
      if (!found.parts.emplace(name, std::move(part)).second) refuse(name + " is there twice");
    }
  } catch (const nlohmann::json::exception& problem) {
    refuse(std::string("it is damaged: ") + problem.what());
  }
  if (!found.parts.contains("journal.sqlite")) refuse("it names no journal.sqlite");
  return found;
}

running_sum::running_sum() {
  crypto_hash_sha256_init(&state_);
}

void running_sum::add(std::string_view bytes) {
  bytes_ += bytes.size();
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}

backup_part running_sum::finish() {
  unsigned char raw[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&state_, raw);
  backup_part made{bytes_, {}};
  for (const auto byte : raw) made.sha256 += fmt::format("{:02x}", byte);
  return made;
}

} // namespace rialto::app
