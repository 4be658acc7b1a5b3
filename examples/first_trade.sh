#!/usr/bin/env bash
# The first trade on a Rialto node, with curl alone: register, log in, get money, place an order, look at it, cancel it.
#
# Change these three lines (or give --url, --data, --symbol):
url=http://127.0.0.1:8080 # where the node listens
data=data                 # its data directory: the administrator's first password lies there
symbol=BTCUSDT            # what to buy
# Who trades; a second run finds the same user and the same money again.
email=you@example.org
password="a long sentence of yours"
quantity=0.001
price= # empty: a tenth below the best bid, so that the order rests

set -euo pipefail

usage() {
  cat <<END
Usage: first_trade.sh [--url URL] [--data DIR] [--symbol SYMBOL] [--price PRICE] [--quantity QUANTITY]

Registers $email, logs in, deposits money as the administrator, places a limit order to buy,
shows it and cancels it. Defaults stand at the head of this file.
END
}

fail() {
  echo "first_trade.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage && exit 0 ;;
    --url | --data | --symbol | --price | --quantity)
      [ $# -ge 2 ] || fail "$1 wants a value; see --help"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    *) fail "unknown option $1; see --help" ;;
  esac
done

# call METHOD PATH [BODY]: sets `status` and `answer`. Body and token go through pipes: `ps` shows arguments to everybody.
token=
call() {
  local body=${3:-} sent=(-sS -X "$1" --max-time 15 -w '\n%{http_code}')
  [ -z "$body" ] || sent+=(-H 'Content-Type: application/json' --data-binary @-)
  answer=$(printf %s "$body" | curl "${sent[@]}" -H @<(printf '%s' "${token:+Authorization: Bearer $token}") "$url$2") ||
    fail "no answer from $url; does the node run there?"
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
}

# want STATUS...: ends the script with the node's own words when it answered anything else.
want() {
  local one
  for one in "$@"; do [ "$status" != "$one" ] || return 0; done
  printf '%s' "$answer" | python3 -m json.tool >&2 || printf '%s\n' "$answer" >&2
  fail "the node answered $status where $* was expected"
}

# value NAME: the first text or number of that name in the answer.
value() {
  printf '%s' "$answer" | python3 -m json.tool | sed -nE "s/^ *\"$1\": \"?([^\",]*)\"?,?\$/\\1/p" | sed -n 1p
}

quoted() { # a text as JSON wants it
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

log_in() { # EMAIL PASSWORD
  token=
  call POST /api/v1/auth/login "{\"email\":$(quoted "$1"),\"password\":$(quoted "$2")}"
  want 200
  token=$(value access_token)
}

echo "1. Register $email"
call POST /api/v1/auth/register "{\"email\":$(quoted "$email"),\"password\":$(quoted "$password")}"
want 201 409 # 409: registered by an earlier run

echo "2. Log in"
log_in "$email" "$password"
mine=$token
call GET /api/v1/accounts
want 200
account=$(value account_id)
echo "   account $account"

echo "3. The administrator deposits money"
[ -r "$data/admin-password" ] || fail "cannot read $data/admin-password; name the node's data directory with --data"
log_in admin@rialto.local "$(cat "$data/admin-password")"
# The reference is an idempotency key: a second run moves nothing.
for money in "10000 USDT" "1 BTC"; do
  call POST "/api/v1/admin/accounts/$account/deposits" \
    "{\"asset\":\"${money#* }\",\"amount\":\"${money% *}\",\"reference\":\"first-trade-$account-${money#* }\"}"
  want 201
  echo "   ${money}: $(value available) available"
done
token=$mine

if [ -z "$price" ]; then
  call GET "/api/v1/markets/$symbol/ticker"
  want 200
  bid=$(value bid)
  bid=${bid%.*}
  [[ $bid =~ ^[1-9][0-9]+$ ]] || fail "$symbol has no bid to start from; give --price"
  price=$((bid * 9 / 10))
fi

echo "4. Buy $quantity $symbol at $price"
call POST /api/v1/orders "{\"symbol\":$(quoted "$symbol"),\"side\":\"buy\",\"type\":\"limit\",\"time_in_force\":\"gtc\",
  \"quantity\":$(quoted "$quantity"),\"price\":$(quoted "$price"),\"client_order_id\":\"first-trade-$(date +%s)-$$\"}"
want 201
order=$(value order_id)
echo "   order $order is $(value status)"

echo "5. Show it"
call GET "/api/v1/orders/$order"
want 200
printf '%s' "$answer" | python3 -m json.tool

echo "6. Cancel it"
call DELETE "/api/v1/orders/$order"
[ "$status" != 404 ] || fail "order $order is not open any more: it was filled first; GET /api/v1/executions shows how"
want 200
echo "   order $order is $(value status)"
