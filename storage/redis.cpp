#include "storage/redis.hpp"

#include "domain/assert.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

namespace rialto::storage {

namespace {

timeval time_of(std::chrono::milliseconds span) {
  timeval made{};
  made.tv_sec = static_cast<time_t>(span.count() / 1'000);
  made.tv_usec = static_cast<suseconds_t>(span.count() % 1'000 * 1'000);
  return made;
}

[[noreturn]] void fail(const redisContext& context) {
  // What a socket's own bound of time leaves behind says "Resource temporarily unavailable", which helps nobody.
  const bool is_late = context.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  throw redis_error(is_late ? "no answer in time" : context.errstr);
}

std::string_view text_in(const redisReply& from) {
  return {from.str, from.len};
}

redis_reply value_of(const redisReply& from) {
  redis_reply made;
  switch (from.type) {
  case REDIS_REPLY_STRING:
  case REDIS_REPLY_STATUS:
    made.is = redis_reply::kind::text;
    made.text = text_in(from);
    break;
  case REDIS_REPLY_INTEGER:
    made.is = redis_reply::kind::number;
    made.number = from.integer;
    break;
  case REDIS_REPLY_ARRAY:
    made.is = redis_reply::kind::list;
    for (std::size_t i = 0; i < from.elements; ++i)
      made.items.push_back(value_of(*from.element[i]));
    break;
  default: break; // nothing, and what this protocol version does not have
  }
  return made;
}

} // namespace

void redis_connection::closer::operator()(redisContext* context) const {
  redisFree(context);
}

redis_connection::redis_connection(const redis_address& to)
    : context_(redisConnectWithTimeout(to.host.c_str(), to.port, time_of(to.connect_within))) {
  if (!context_) throw redis_error("no memory for a connection");
  if (context_->err != 0) fail(*context_);
  ::fcntl(context_->fd, F_SETFD, FD_CLOEXEC);
  if (redisSetTimeout(context_.get(), time_of(to.answer_within)) != REDIS_OK) fail(*context_);
  if (!to.password.empty()) {
    if (to.user.empty())
      add({"AUTH", to.password});
    else
      add({"AUTH", to.user, to.password});
    try {
      static_cast<void>(send());
    } catch (const redis_error& problem) { // D3: a server without the command repeats its words
      const std::string_view said = problem.what();
      throw redis_error(fmt::format("the log-in is refused: {}", said.substr(0, said.find(' '))));
    }
  }
  if (to.database != 0) static_cast<void>(ask({"SELECT", std::to_string(to.database)}));
}

redis_connection::~redis_connection() = default;
redis_connection::redis_connection(redis_connection&&) noexcept = default;
redis_connection& redis_connection::operator=(redis_connection&&) noexcept = default;

void redis_connection::add(std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
    waiting_bytes_ += word.size();
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(),
                             sizes.data()) != REDIS_OK)
    fail(*context_);
  ++waiting_;
}

redis_reply redis_connection::read(std::string& error) {
  void* got = nullptr;
  if (redisGetReply(context_.get(), &got) != REDIS_OK) fail(*context_);
  const auto release = [](redisReply* reply) { freeReplyObject(reply); };
  const std::unique_ptr<redisReply, decltype(release)> reply(static_cast<redisReply*>(got),
                                                             release);
  if (reply->type != REDIS_REPLY_ERROR) return value_of(*reply);
  if (error.empty()) error = text_in(*reply);
  return {};
}

std::vector<redis_reply> redis_connection::send() {
  std::vector<redis_reply> answers;
  answers.reserve(waiting_);
  std::string error;
  for (; waiting_ > 0; --waiting_) answers.push_back(read(error)); // the first read sends
  waiting_bytes_ = 0;
  if (!error.empty()) throw redis_error(error);
  return answers;
}

redis_reply redis_connection::ask(std::initializer_list<std::string_view> words) {
  RIALTO_ASSERT(waiting_ == 0);
  add(words);
  return std::move(send().front());
}

redis_reply redis_connection::receive() {
  std::string error;
  auto got = read(error);
  if (!error.empty()) throw redis_error(error);
  return got;
}

} // namespace rialto::storage
