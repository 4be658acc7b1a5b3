// net/api/lru_map.hpp: a map of bounded size that forgets what was not used for longest.
#pragma once

#include <cstddef>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rialto::net {

template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class lru_map {
public:
  explicit lru_map(std::size_t size_max) : size_max_(size_max) {}

  /// The value, now the most recently used; null if there is none.
  template <class Name>
  [[nodiscard]] Value* find(const Name& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return nullptr;
    items_.splice(items_.begin(), items_, at->second);
    return &at->second->second;
  }
  /// Adds or replaces; drops the least recently used one when full.
  Value& put(const Key& key, Value value) {
    if (auto* old = find(key)) return *old = std::move(value);
    if (items_.size() >= size_max_) pop_oldest();
    items_.emplace_front(key, std::move(value));
    index_.emplace(key, items_.begin());
    return items_.front().second;
  }
  template <class Name>
  void erase(const Name& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return;
    items_.erase(at->second);
    index_.erase(at);
  }
  void clear() {
    index_.clear();
    items_.clear();
  }
  void pop_oldest() {
    index_.erase(items_.back().first);
    items_.pop_back();
  }
  [[nodiscard]] const Value& oldest() const { return items_.back().second; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

private:
  std::size_t size_max_;
  std::list<std::pair<Key, Value>> items_;
  std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator, Hash, Equal> index_;
};

/// Lets a map with std::string keys be asked with a view.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

} // namespace rialto::net
