#include "runtime/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace rialto::runtime {

namespace {

std::string in_capitals(std::string_view name) {
  std::string made = "RIALTO_";
  for (const char c : name) {
    const bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    made += is_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  }
  return made;
}

/// Levenshtein distance; both texts are cut at 64 characters.
std::size_t distance(std::string_view a, std::string_view b) {
  a = a.substr(0, 64);
  b = b.substr(0, 64);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

} // namespace

void declaration_failed(const setting_spec& spec, const std::string& why) {
  std::fprintf(stderr, "setting %.*s: its default %s\n", static_cast<int>(spec.name.size()),
               spec.name.data(), why.c_str());
  std::abort();
}

setting_base::setting_base(settings_table* table, const setting_spec& spec) : spec_(spec) {
  table->offsets_.push_back(reinterpret_cast<const char*>(this) -
                            reinterpret_cast<const char*>(table));
}

std::string setting_base::environment_name() const {
  return in_capitals(spec_.name);
}

std::string setting_base::set(std::string_view text, setting_origin from) {
  std::string why;
  if (!is_plain_text(text)) return "must be text without control characters"; // C4
  if (!take(text, from >= origin_, why)) {
    const bool is_shown = !spec_.is_secret && !text.empty();
    return is_shown ? fmt::format("{}, not \"{}\"", why, text.substr(0, 80)) : why;
  }
  origin_ = std::max(origin_, from);
  return {};
}

const setting_base& settings_table::at(std::size_t index) const {
  const auto* place = reinterpret_cast<const char*>(this) + offsets_.at(index);
  return *reinterpret_cast<const setting_base*>(place);
}

setting_base& settings_table::at(std::size_t index) {
  return const_cast<setting_base&>(std::as_const(*this).at(index));
}

const setting_base* settings_table::find(std::string_view name) const {
  for (std::size_t i = 0; i < count(); ++i) {
    if (at(i).spec().name == name) return &at(i);
  }
  return nullptr;
}

setting_base* settings_table::find(std::string_view name) {
  return const_cast<setting_base*>(std::as_const(*this).find(name));
}

std::string settings_table::suggestion(std::string_view unknown) const {
  const auto key_of = [](std::string_view name) { return name.substr(name.find('.') + 1); };
  std::string_view best;
  auto best_distance = unknown.size() / 3 + 2; // farther is no likeness
  for (std::size_t i = 0; i < count(); ++i) {
    const auto name = at(i).spec().name;
    // A right key in the wrong section is one mistake, however long the section.
    const auto far = key_of(name) == key_of(unknown) ? 1 : distance(name, unknown);
    if (far < best_distance) {
      best = name;
      best_distance = far;
    }
  }
  return best.empty() ? std::string{} : fmt::format(", did you mean {}?", best);
}

std::string settings_table::section_suggestion(std::string_view unknown) const {
  std::string_view best;
  auto best_distance = unknown.size() / 3 + 2;
  for (std::size_t i = 0; i < count(); ++i) {
    if (const auto far = distance(at(i).section(), unknown); far < best_distance) {
      best = at(i).section();
      best_distance = far;
    }
  }
  return best.empty() ? std::string{} : fmt::format(", did you mean [{}]?", best);
}

void settings_table::read_environment(std::span<const char* const> variables,
                                      setting_errors& errors) {
  for (const char* variable : variables) {
    if (variable == nullptr) break;
    const std::string_view whole = variable;
    const auto equals = whole.find('=');
    if (!whole.starts_with("RIALTO_") || equals == std::string_view::npos) continue;
    const auto name = whole.substr(0, equals);
    bool is_known = false, is_ours = false;
    for (std::size_t i = 0; i < count() && !is_known; ++i) {
      auto& one = at(i);
      is_ours = is_ours || name.starts_with(in_capitals(one.section()) + "_");
      if (one.environment_name() != name) continue;
      is_known = true;
      const auto why = one.set(whole.substr(equals + 1), setting_origin::environment);
      if (!why.empty()) errors.push_back(fmt::format("{}: {} {}", name, one.spec().name, why));
    }
    if (is_known || !is_ours) continue;
    auto best_distance = name.size() / 3;
    std::string nearest;
    for (std::size_t i = 0; i < count(); ++i) {
      const auto candidate = at(i).environment_name();
      if (const auto far = distance(candidate, name); far < best_distance) {
        nearest = candidate;
        best_distance = far;
      }
    }
    errors.push_back(fmt::format("{}: there is no such setting{}", name,
                                 nearest.empty() ? "" : ", did you mean " + nearest + "?"));
  }
}

void settings_table::read_option(std::string_view name, std::string_view text,
                                 setting_errors& errors) {
  auto* found = find(name);
  if (found == nullptr) {
    errors.push_back(fmt::format("--{}: there is no such setting{}", name, suggestion(name)));
  } else if (found->spec().is_secret) {
    errors.push_back(fmt::format("--{}: a secret is not taken from the command line, where every "
                                 "user of the machine can read it; use the config file or {}",
                                 name, found->environment_name()));
  } else if (const auto why = found->set(text, setting_origin::command_line); !why.empty()) {
    errors.push_back(fmt::format("--{}: {} {}", name, name, why));
  }
}

std::vector<std::string> settings_table::changes(const settings_table& next) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count() && i < next.count(); ++i) {
    if (at(i).text() != next.at(i).text()) names.emplace_back(at(i).spec().name);
  }
  return names;
}

} // namespace rialto::runtime
