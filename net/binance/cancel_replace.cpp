// Cancel one order and place another in one request: two commands, the second after the first was answered.
#include "net/binance/trading.hpp"

namespace rialto::net::binance {

namespace {

constexpr unsigned place_step = 1; // the placement's mark is not the cancel's

struct replacement {
  place_order order;
  answer_kind answer = answer_kind::ack;
  order_name cancelled;
  std::string cancel_id;
  cancel_restriction only = cancel_restriction::none;
  bool goes_on = false; // places although the cancel failed
  instrument spec;
  // What became of it so far: JSON, and whether it was done.
  std::string cancel_text = "null", place_text = "null";
  bool was_cancelled = false, was_placed = false, was_tried = false;
};
using replacement_ptr = std::shared_ptr<replacement>;

std::string_view word(bool was_tried, bool was_done) {
  return !was_tried ? "NOT_ATTEMPTED" : was_done ? "SUCCESS" : "FAILURE";
}

void finish(const request_ptr& from, const replacement_ptr& of) {
  std::string both;
  add(both, R"({"cancelResult":")", word(true, of->was_cancelled), R"(","newOrderResult":")",
      word(of->was_tried, of->was_placed));
  add(both, R"(","cancelResponse":)", of->cancel_text, R"(,"newOrderResponse":)", of->place_text,
      "}");
  if (of->was_cancelled && of->was_placed) return from->done(200, std::move(both));
  const bool is_partly = of->was_cancelled || of->was_placed;
  const failure why(is_partly ? request_error::replace_partly_failed
                              : request_error::replace_failed);
  auto out = binance_json(why);
  out.pop_back();
  add(out, R"(,"data":)", both, "}");
  from->done(binance_status(why.what), std::move(out));
}

void place_new(desk& at, const request_ptr& from, const replacement_ptr& of) {
  of->was_tried = true;
  place(
    at, from, of->order, place_step,
    [from, of](order_view& order) {
      of->was_placed = true;
      of->place_text = placed_json(order, of->spec, of->answer, from->unit);
      finish(from, of);
    },
    [from, of](const failure& why) {
      if (why.what.status >= 500)
        return from->fail(why); // its fate is not known, or nothing goes on
      of->place_text = binance_json(why);
      finish(from, of);
    });
}

} // namespace

void post_cancel_replace(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  auto of = std::make_shared<replacement>();
  const auto mode = params.text("cancelReplaceMode");
  if (mode != "STOP_ON_FAILURE" && mode != "ALLOW_FAILURE")
    params.refuse(request_error::value_invalid, "cancelReplaceMode");
  of->goes_on = mode == "ALLOW_FAILURE";
  of->cancelled = take_order_name(params, "cancelOrderId", "cancelOrigClientOrderId");
  of->cancel_id = take_client_id(params, "cancelNewClientOrderId");
  of->only = take_restriction(params);
  if (const auto word = params.maybe_text("orderRateLimitExceededMode");
      word && *word != "DO_NOTHING")
    params.refuse(request_error::value_invalid, "orderRateLimitExceededMode");
  auto wish = take_order(params, *markets);
  if (!params.done()) return from->fail(params.why());
  of->order = std::move(wish.order);
  of->answer = wish.answer;
  of->spec = markets->find(of->order.terms.market)->spec;
  cancel_named(
    at, from, of->cancelled, of->spec.market, of->only, of->cancel_id,
    [&at, from, of](order_view& order) {
      of->was_cancelled = true;
      of->cancel_text = cancelled_json(order, of->cancel_id, of->spec, from->unit);
      place_new(at, from, of);
    },
    [&at, from, of](const failure& why) {
      if (why.what.status >= 500) return from->fail(why);
      of->cancel_text = binance_json(why);
      if (of->goes_on) return place_new(at, from, of);
      finish(from, of);
    });
}

} // namespace rialto::net::binance
