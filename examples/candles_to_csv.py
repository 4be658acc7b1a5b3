#!/usr/bin/env python3
"""Downloads the candles of a market from a Rialto node into a CSV file, page by page. Python 3.11 alone.

The file appears when it is whole: it is written under another name first. The candle that is still open is left out.
"""
import argparse
import csv
import datetime
import io
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Change these three lines (or give --symbol, --interval, --from):
SYMBOL = "BTCUSDT"
INTERVAL = "1m"  # 1s, 1m, 5m, 15m, 1h, 4h or 1d
FROM = "1970-01-01"  # UTC; this one means everything there is

COLUMNS = ["open_time", "open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "trades"]
SECONDS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}
PAGE = 1_000  # the most the node gives at once
TRIES = 8


def ask(url):
    """The JSON at `url`. Tries again when the node is busy, absent or asks for patience."""
    for attempt in range(1, TRIES + 1):
        wait = min(0.25 * 2**attempt, 5)
        try:
            with urllib.request.urlopen(url, timeout=15) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            why = words_of(error)
            if error.code not in (429, 503, 504):
                raise SystemExit(f"candles_to_csv.py: {why}") from None
            wait = max(wait, float(error.headers.get("Retry-After") or 0))
        except (OSError, ValueError) as error:
            why = error
        if attempt == TRIES:
            raise SystemExit(f"candles_to_csv.py: {url}: {why}")
        time.sleep(wait)


def words_of(error):
    """What the node says about a refusal; something else between us and it may say nothing we can read."""
    try:
        problem = json.loads(error.read())
        return problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        return f"{error.code} {error.reason}"


def http_address(text):
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"must look like http://127.0.0.1:8080, not {text}")
    return text.rstrip("/")


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def milliseconds(text):
    """Of an ISO time, UTC where it names no zone."""
    try:
        when = time_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time like 2026-01-31 or 2026-01-31T12:00") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.timezone.utc)
    return max(1, round(when.timestamp() * 1_000))


def pages(url, symbol, interval, first, end):
    """Lists of candles, the newest page first, each page oldest first.

    The node gives the newest ones before `to`, so the next page ends where this one begins: no candle is missed or
    comes twice, whatever gaps there are.
    """
    path = f"{url}/api/v1/markets/{urllib.parse.quote(symbol)}/candles"
    while end is None or first < end:
        words = {"interval": interval, "from": first, "limit": PAGE} | ({} if end is None else {"to": end})
        page = ask(f"{path}?{urllib.parse.urlencode(words)}")["items"]
        if not page:
            return
        yield page
        end = milliseconds(page[0]["open_time"])


def as_csv(rows):
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_options():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", type=http_address, default="http://127.0.0.1:8080")
    options.add_argument("--symbol", default=SYMBOL)
    options.add_argument("--interval", default=INTERVAL, choices=SECONDS)
    options.add_argument("--from", dest="first", type=milliseconds, default=FROM, metavar="TIME",
                         help="the first opening time, as 2026-01-31 or 2026-01-31T12:00, UTC")
    options.add_argument("--to", dest="end", type=milliseconds, metavar="TIME", help="opening times before this (default: now)")
    options.add_argument("--out", metavar="FILE", help="default: SYMBOL-INTERVAL.csv; - is standard output")
    return options.parse_args()


def main():
    given = read_options()
    blocks, count, gaps, later = [], 0, 0, None
    for page in pages(given.url, given.symbol, given.interval, given.first, given.end):
        rows = [one for one in page if one["closed"]]
        for one in reversed(rows):
            opens = time_of(one["open_time"])
            gaps += later is not None and (later - opens).total_seconds() != SECONDS[given.interval]
            later = opens
        blocks.append(as_csv(rows))
        count += len(rows)
        if sys.stderr.isatty():
            print(f"{count} candles", end="\r", file=sys.stderr, flush=True)
    print(f"{count} candles, {gaps} gaps where the market was silent or not watched", file=sys.stderr)
    if not count:
        raise SystemExit("candles_to_csv.py: no closed candle in that time")
    text = [",".join(COLUMNS) + "\n", *reversed(blocks)]
    out = given.out or f"{given.symbol}-{given.interval}.csv"
    if out == "-":
        sys.stdout.writelines(text)
        return
    with open(out + ".part", "w", encoding="utf-8") as file:
        file.writelines(text)
    os.replace(out + ".part", out)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("candles_to_csv.py: ended before the file was whole; nothing was written")
    except OSError as error:
        sys.exit(f"candles_to_csv.py: {error}")
