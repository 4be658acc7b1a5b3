#include "net/live/rest_client.hpp"

#include "runtime/log.hpp"
#include "storage/thread_name.hpp"

#include <charconv>
#include <chrono>
#include <curl/curl.h>
#include <string_view>

namespace rialto::net {

namespace {

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

/// Said once a process, before any thread uses curl.
struct curl_library {
  curl_library() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~curl_library() { curl_global_cleanup(); }
};

/// The whole number after "Name:"; -1: it is another header, or no number.
std::int64_t header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return -1;
  for (std::size_t i = 0; i < name.size(); ++i)
    if ((line[i] | 0x20) != (name[i] | 0x20)) return -1;
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  std::int64_t value = -1;
  const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), value);
  return failed == std::errc{} && value >= 0 ? value : -1;
}

} // namespace

/// One easy handle, used for every request so that the connection is kept.
struct rest_client::transfer {
  transfer(const rest_client_options& options, const std::atomic<bool>& stopped)
      : options_(options), stopped_(stopped), curl_(curl_easy_init()) {
    if (curl_ == nullptr) throw std::runtime_error("libcurl does not start");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "rialto/" RIALTO_VERSION);
    set(CURLOPT_PROTOCOLS_STR, options.server.is_secure ? "https" : "http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str()); // beside CAPATH
    set(CURLOPT_CAPATH, "/etc/ssl/certs");
    set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.deadline_ns / 1'000'000));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.deadline_ns / 1'000'000));
    set(CURLOPT_PROXY, ""); // the environment's is not ours
    if (options.proxy) {
      set(CURLOPT_PROXY, ("http://" + options.proxy->authority()).c_str());
      set(CURLOPT_HTTPPROXYTUNNEL, 1L);
      set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
      if (!options.proxy->user.empty()) {
        set(CURLOPT_PROXYUSERNAME, options.proxy->user.c_str());
        set(CURLOPT_PROXYPASSWORD, options.proxy->password.c_str());
      }
    }
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &transfer::take_body);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &transfer::take_header);
    curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &transfer::take_progress);
  }
  ~transfer() { curl_easy_cleanup(curl_); }
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  rest_answer get(const std::string& target) {
    answer_ = {};
    used_weight = retry_after = -1;
    const auto url = runtime::text_of(options_.server, runtime::address_kind::http) + target;
    set(CURLOPT_URL, url.c_str());
    const auto result = curl_easy_perform(curl_);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    answer_.status = result == CURLE_OK ? static_cast<int>(status) : 0;
    if (result == CURLE_WRITE_ERROR && is_too_long_)
      answer_.problem = "the answer is longer than " + std::to_string(options_.body_bytes_max);
    else if (result != CURLE_OK)
      answer_.problem = curl_easy_strerror(result);
    else if (status != 200)
      answer_.problem = "the server answered status " + std::to_string(status);
    is_too_long_ = false;
    return std::move(answer_);
  }

  std::int64_t used_weight = -1, retry_after = -1; // of the last answer; -1: not told

private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(curl_, option, value) != CURLE_OK)
      throw std::runtime_error("libcurl takes no option " + std::to_string(option));
  }
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& to = *static_cast<transfer*>(self);
    if (to.answer_.body.size() + size * count > to.options_.body_bytes_max) {
      to.is_too_long_ = true;
      return 0;
    }
    to.answer_.body.append(bytes, size * count);
    return size * count;
  }
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& to = *static_cast<transfer*>(self);
    const std::string_view line(bytes, size * count);
    if (const auto used = header_value(line, "X-MBX-USED-WEIGHT-1M"); used >= 0)
      to.used_weight = used;
    if (const auto wait = header_value(line, "Retry-After"); wait >= 0) to.retry_after = wait;
    return size * count;
  }
  static int take_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<transfer*>(self)->stopped_ ? 1 : 0;
  }

  const rest_client_options& options_;
  const std::atomic<bool>& stopped_;
  CURL* curl_;
  rest_answer answer_;
  bool is_too_long_ = false;
};

rest_client::rest_client(rest_client_options options)
    : options_(std::move(options)), budget_(options_.weight_max) {
  static const curl_library library;
}

rest_client::~rest_client() {
  stop();
}

void rest_client::start() {
  thread_ = std::thread([this] { run(); });
}

void rest_client::stop() {
  {
    const std::lock_guard held(lock_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool rest_client::put(request one, urgency how) {
  {
    const std::lock_guard held(lock_);
    if (stopped_ || urgent_.size() + patient_.size() >= options_.requests_max) return false;
    (how == urgency::urgent ? urgent_ : patient_).push_back(std::move(one));
  }
  wake_.notify_all();
  return true;
}

bool rest_client::get(std::string target, std::int64_t weight, urgency how,
                      std::function<void(const rest_answer&)> then) {
  return put({std::move(target), weight, std::move(then), {}, 0}, how);
}

bool rest_client::post(std::function<void()> job) {
  return put({{}, 0, {}, std::move(job), 0}, urgency::urgent);
}

void rest_client::run() {
  storage::name_thread("live-rest");
  transfer over(options_, stopped_);
  std::unique_lock held(lock_);
  while (!stopped_) {
    if (urgent_.empty() && patient_.empty()) {
      wake_.wait(held);
      continue;
    }
    auto& queue = urgent_.empty() ? patient_ : urgent_;
    auto next = std::move(queue.front());
    queue.pop_front();
    held.unlock();
    try {
      if (next.target.empty())
        next.job();
      else
        serve(over, std::move(next));
    } catch (const std::exception& problem) {
      runtime::log_error("feed", "on the REST thread: {}", problem.what());
    }
    held.lock();
  }
}

/// False: it was stopped meanwhile.
bool rest_client::wait_until(std::int64_t at) {
  std::unique_lock held(lock_);
  while (!stopped_ && steady_ns() < at)
    wake_.wait_for(held, std::chrono::nanoseconds(at - steady_ns()));
  return !stopped_;
}

void rest_client::serve(transfer& over, request one) {
  for (;;) {
    const auto at = budget_.may_leave_at(one.weight, steady_ns());
    if (at > steady_ns()) {
      ++counters_.limit_waits;
      runtime::log_info("feed", "REST waits {} ms for the exchange's limits",
                        (at - steady_ns()) / 1'000'000);
    }
    if (!wait_until(at)) return;
    budget_.left(one.weight, steady_ns());
    ++counters_.requests;
    auto answer = over.get(one.target);
    const auto now = steady_ns();
    if (stopped_) return;
    if (over.used_weight >= 0) {
      budget_.told_used(over.used_weight, now);
      counters_.used_weight = over.used_weight;
    }
    const bool is_refused = answer.status == 429 || answer.status == 418;
    if (is_refused) {
      ++counters_.refusals;
      budget_.refused(over.retry_after, now);
      runtime::log_warning("feed", "REST was answered {}: all requests wait {} s", answer.status,
                           (budget_.blocked_until() - now) / rest_budget::second_ns);
      if (++one.refusals <= rest_client_options::refusals_max) continue;
    }
    if (!answer.is_good()) ++counters_.failures;
    one.then(answer);
    return;
  }
}

} // namespace rialto::net
