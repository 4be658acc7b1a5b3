// runtime/settings.hpp: one declaration per setting gives parsing, checks, help and the printed config.ini.
//
// The room: a struct derived from settings_table declares its settings as members (settings_list.hpp holds
// the node's); this file reads them from text and writes them as text. No trading, no CAF, nothing global.
//
//   C1  a value comes from the strongest of: default < config file < environment < command line
//   C2  an unknown setting is an error everywhere, with the nearest known name in it
//   C3  every error names where it stood, the setting and the rule; a secret's value is in none
//   C4  what print_config() writes reads back to the same values, secrets aside
#pragma once

#include "runtime/setting_values.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rialto::runtime {

/// Where a value came from, weakest first.
enum class setting_origin : std::uint8_t { fallback, file, environment, command_line };

/// A setting's declaration: all that is ever said about it.
struct setting_spec {
  std::string_view name;     // "http.listen": section, point, key
  std::string_view sentence; // what it does, for people
  std::string_view fallback; // the default, as text
  value_rule rule = {};
  std::string_view unit = {};   // "seconds", when the value is a count of something
  bool needs_restart = true;    // false: takes effect on SIGHUP
  bool is_secret = false;       // never printed, no command line option
  std::string_view option = {}; // a short command line name, "--listen"
};

class settings_table;

/// What all kinds of setting have in common.
class setting_base {
public:
  virtual ~setting_base() = default;
  [[nodiscard]] const setting_spec& spec() const { return spec_; }
  [[nodiscard]] setting_origin origin() const { return origin_; }
  [[nodiscard]] std::string_view section() const {
    return spec_.name.substr(0, spec_.name.find('.'));
  }
  [[nodiscard]] std::string_view key() const { return spec_.name.substr(spec_.name.find('.') + 1); }
  /// RIALTO_HTTP_LISTEN for http.listen.
  [[nodiscard]] std::string environment_name() const;
  [[nodiscard]] virtual std::string text() const = 0;
  [[nodiscard]] virtual std::string shape() const = 0; // "1 to 64 seconds"
  /// Takes a value unless a stronger origin gave one. Returns the broken rule, or nothing.
  [[nodiscard]] std::string set(std::string_view text, setting_origin from);

protected:
  setting_base(settings_table* table, const setting_spec& spec);
  setting_base(const setting_base&) = default;
  setting_base& operator=(const setting_base&) = default;
  [[nodiscard]] virtual bool take(std::string_view text, bool keep, std::string& why) = 0;

private:
  setting_spec spec_;
  setting_origin origin_ = setting_origin::fallback;
};

/// One setting of type T, declared as a member: `setting<std::int64_t> limits_burst{this, {...}}`.
template <class T>
class setting final : public setting_base {
public:
  setting(settings_table* table, const setting_spec& spec) : setting_base(table, spec) {
    read_fallback();
  }
  [[nodiscard]] const T& value() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  [[nodiscard]] std::string text() const override { return text_of(value_); }
  [[nodiscard]] std::string shape() const override {
    return shape_of(spec().rule, static_cast<const T*>(nullptr));
  }

private:
  void read_fallback();
  bool take(std::string_view text, bool keep, std::string& why) override {
    T read{};
    if (!read_value(text, spec().rule, read, why)) return false;
    if (keep) value_ = std::move(read);
    return true;
  }
  T value_{};
};

/// Everything wrong with the settings, one line each.
using setting_errors = std::vector<std::string>;

/// Base of a struct whose members are settings. May be copied.
class settings_table {
public:
  [[nodiscard]] std::size_t count() const { return offsets_.size(); }
  /// In order of declaration.
  [[nodiscard]] const setting_base& at(std::size_t index) const;
  [[nodiscard]] setting_base& at(std::size_t index);
  [[nodiscard]] setting_base* find(std::string_view name);
  [[nodiscard]] const setting_base* find(std::string_view name) const;

  /// Reads `[section]`, `key = value`, `#` and `;` comments. At most 1 MiB and 10,000 lines.
  void read_file(const std::string& path, setting_errors& errors);
  /// The same from memory; `path` is what errors call it.
  void read_text(std::string_view text, std::string_view path, setting_errors& errors);
  /// Takes RIALTO_SECTION_KEY variables ("NAME=value" each). Others are left alone unless they begin
  /// with RIALTO_ and one of our sections.
  void read_environment(std::span<const char* const> variables, setting_errors& errors);
  /// One `--section.key value`.
  void read_option(std::string_view name, std::string_view text, setting_errors& errors);

  /// A whole config.ini: every setting with its sentence, shape and value in force; secrets blank.
  [[nodiscard]] std::string print_config(std::string_view heading) const;
  /// The settings as a Markdown table, for the documentation.
  [[nodiscard]] std::string print_table() const;
  /// ", did you mean http.listen?" or nothing.
  [[nodiscard]] std::string suggestion(std::string_view unknown) const;
  [[nodiscard]] std::string section_suggestion(std::string_view unknown) const;
  /// Names of settings whose value differs in `next`, in order of declaration.
  [[nodiscard]] std::vector<std::string> changes(const settings_table& next) const;

private:
  friend class setting_base;
  // Members are remembered by their distance from this object, so that a copy finds its own.
  std::vector<std::ptrdiff_t> offsets_;
};

/// Aborts: a declaration whose default breaks its own rule is a bug.
[[noreturn]] void declaration_failed(const setting_spec& spec, const std::string& why);

template <class T>
void setting<T>::read_fallback() {
  std::string why;
  if (!take(spec().fallback, true, why)) declaration_failed(spec(), why);
}

} // namespace rialto::runtime
