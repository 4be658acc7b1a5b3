#!/usr/bin/env python3
"""Downloads candles with ccxt from a Rialto node into a CSV file, page by page, oldest first.

    pip install ccxt
    python3 ccxt_candles.py [FROM [TO]] >candles.csv      times as 2026-11-29T12:00:00Z; default: the last day
"""
import csv
import os
import sys

import ccxt

# Change these lines:
NODE = os.environ.get("RIALTO_URL", "http://127.0.0.1:8080")
SYMBOL = "BTC/USDT"
INTERVAL = "1m"

exchange = ccxt.binance({
    "urls": {"api": {"public": NODE + "/api/v3"}},
    "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
})


def argument_time(number, otherwise):
    if len(sys.argv) <= number:
        return otherwise
    at = exchange.parse8601(sys.argv[number])
    if at is None:
        raise SystemExit(f"{sys.argv[number]} is no time")
    return at


def main():
    step = exchange.parse_timeframe(INTERVAL) * 1000
    end = argument_time(2, exchange.fetch_time())
    start = argument_time(1, end - 24 * 3600 * 1000)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["open_time", "open", "high", "low", "close", "volume"])
    while True:
        page = exchange.fetch_ohlcv(SYMBOL, INTERVAL, start, 1000)
        rows = [row for row in page if start <= row[0] and row[0] + step <= end]  # closed ones
        for row in rows:
            out.writerow([exchange.iso8601(row[0]), *row[1:]])
        if not rows:
            return
        start = rows[-1][0] + step


if __name__ == "__main__":
    main()
