#include "runtime/metrics.hpp"

#include "domain/assert.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <variant>

namespace rialto::runtime {

namespace {

using read_counter = std::function<std::uint64_t()>;
using read_gauge = std::function<std::int64_t()>;
using any_metric = std::variant<std::unique_ptr<counter>, std::unique_ptr<gauge>,
                                std::unique_ptr<histogram>, read_counter, read_gauge>;

struct family {
  std::string help;
  std::map<metric_labels, any_metric> series;
};

bool is_metric_name(std::string_view name) {
  const auto is_small = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && is_small(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_small(c) || (c >= '0' && c <= '9'); });
}

/// What prometheus-cpp's text form wants to know of one metric.
struct write_metric {
  prometheus::ClientMetric& out;

  void operator()(const std::unique_ptr<counter>& one) const {
    out.counter.value = static_cast<double>(one->value());
  }
  void operator()(const std::unique_ptr<gauge>& one) const {
    out.gauge.value = static_cast<double>(one->value());
  }
  void operator()(const read_counter& read) const {
    out.counter.value = static_cast<double>(read());
  }
  void operator()(const read_gauge& read) const { out.gauge.value = static_cast<double>(read()); }
  void operator()(const std::unique_ptr<histogram>& one) const {
    // The buckets are read one by one while others count, so the total is made of what was read.
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= one->bounds().size(); ++i) {
      total += one->count_of(i);
      const bool is_last = i == one->bounds().size();
      const auto bound =
        is_last ? std::numeric_limits<double>::infinity() : static_cast<double>(one->bounds()[i]);
      out.histogram.bucket.push_back({total, bound});
    }
    out.histogram.sample_count = total;
    out.histogram.sample_sum = static_cast<double>(one->sum());
  }
};

prometheus::MetricType type_of(const any_metric& metric) {
  if (std::holds_alternative<std::unique_ptr<histogram>>(metric))
    return prometheus::MetricType::Histogram;
  const bool is_gauge = std::holds_alternative<std::unique_ptr<gauge>>(metric) ||
                        std::holds_alternative<read_gauge>(metric);
  return is_gauge ? prometheus::MetricType::Gauge : prometheus::MetricType::Counter;
}

} // namespace

histogram::histogram(std::span<const std::uint64_t> bounds)
    : bounds_(bounds.begin(), bounds.end()) {
  RIALTO_ASSERT_VALUES(bounds_.size() <= bounds_max, bounds_.size(), bounds_max);
  RIALTO_ASSERT(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void histogram::observe(std::uint64_t value, std::uint64_t count) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(at)].fetch_add(count, std::memory_order_relaxed);
  sum_.fetch_add(value * count, std::memory_order_relaxed);
}

std::uint64_t histogram::count() const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) total += count_of(i);
  return total;
}

struct metrics_registry::impl {
  mutable std::mutex lock;
  std::map<std::string, family, std::less<>> families;

  /// The metric of that name and those labels, made by `make` if it is new.
  template <class Kind, class Make>
  Kind& find_or_add(std::string_view name, std::string_view help, metric_labels labels, Make make) {
    RIALTO_ASSERT(is_metric_name(name));
    std::sort(labels.begin(), labels.end());
    const std::lock_guard guard(lock);
    auto& kept = families[std::string(name)];
    if (kept.help.empty()) kept.help = help;
    if (!kept.series.contains(labels) && kept.series.size() >= series_max) {
      for (auto& [key, value] : labels) value = "other";
    }
    auto at = kept.series.find(labels);
    if (at == kept.series.end())
      at = kept.series.emplace(std::move(labels), any_metric{make()}).first;
    RIALTO_ASSERT(type_of(at->second) == type_of(kept.series.begin()->second));
    auto* found = std::get_if<Kind>(&at->second);
    RIALTO_ASSERT(found != nullptr); // N2
    return *found;
  }
};

metrics_registry::metrics_registry() : impl_(std::make_unique<impl>()) {}
metrics_registry::~metrics_registry() = default;

counter& metrics_registry::add_counter(std::string_view name, std::string_view help,
                                       metric_labels labels) {
  return *impl_->find_or_add<std::unique_ptr<counter>>(name, help, std::move(labels),
                                                       [] { return std::make_unique<counter>(); });
}

gauge& metrics_registry::add_gauge(std::string_view name, std::string_view help,
                                   metric_labels labels) {
  return *impl_->find_or_add<std::unique_ptr<gauge>>(name, help, std::move(labels),
                                                     [] { return std::make_unique<gauge>(); });
}

histogram& metrics_registry::add_histogram(std::string_view name, std::string_view help,
                                           std::span<const std::uint64_t> bounds,
                                           metric_labels labels) {
  return *impl_->find_or_add<std::unique_ptr<histogram>>(
    name, help, std::move(labels), [&] { return std::make_unique<histogram>(bounds); });
}

void metrics_registry::add_read_counter(std::string_view name, std::string_view help,
                                        std::function<std::uint64_t()> read, metric_labels labels) {
  impl_->find_or_add<read_counter>(name, help, std::move(labels), [&] { return std::move(read); });
}

void metrics_registry::add_read_gauge(std::string_view name, std::string_view help,
                                      std::function<std::int64_t()> read, metric_labels labels) {
  impl_->find_or_add<read_gauge>(name, help, std::move(labels), [&] { return std::move(read); });
}

std::string metrics_registry::text() const {
  std::vector<prometheus::MetricFamily> page;
  {
    const std::lock_guard guard(impl_->lock);
    for (const auto& [name, kept] : impl_->families) {
      auto& written = page.emplace_back();
      written.name = name;
      written.help = kept.help;
      for (const auto& [labels, metric] : kept.series) {
        written.type = type_of(metric);
        auto& one = written.metric.emplace_back();
        for (const auto& [key, value] : labels) one.label.push_back({key, value});
        std::visit(write_metric{one}, metric);
      }
    }
  }
  return prometheus::TextSerializer().Serialize(page);
}

} // namespace rialto::runtime
