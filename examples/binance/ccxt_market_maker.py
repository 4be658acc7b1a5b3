#!/usr/bin/env python3
"""A market maker on ccxt for a Rialto node: two quotes around the middle of a market, moved every second.

    pip install ccxt
    RIALTO_KEY=… RIALTO_SECRET=… python3 ccxt_market_maker.py [ROUNDS]      without ROUNDS: until Ctrl-C

All open orders of the key's account in this market are the maker's. It ends with none of them open.
"""
import os
import sys
import time

import ccxt

# Change these lines:
NODE = os.environ.get("RIALTO_URL", "http://127.0.0.1:8080")
SYMBOL = "BTC/USDT"
AMOUNT = 0.001  # of each quote
SPREAD = 0.001  # between the two, as a share of the middle
PAUSE_SECONDS = 1

# What makes ccxt's binance a client of the node; the rest is as with the exchange.
exchange = ccxt.binance({
    "apiKey": os.environ["RIALTO_KEY"],
    "secret": os.environ["RIALTO_SECRET"],  # or a private key in PEM, for an Ed25519 or RSA key
    "urls": {"api": {"public": NODE + "/api/v3", "private": NODE + "/api/v3", "v1": NODE + "/api/v1", "sapi": NODE + "/sapi/v1"}},
    "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False,
                "adjustForTimeDifference": True},
})


def cancel_all():
    try:
        exchange.cancel_all_orders(SYMBOL)
    except ccxt.OrderNotFound:
        pass  # nothing was open


def quote(side, price):
    """Places one quote; a market that just moved through its price, or too little money, costs this round only."""
    try:
        order = exchange.create_order(SYMBOL, "limit", side, AMOUNT, price, {"postOnly": True})
    except (ccxt.OrderImmediatelyFillable, ccxt.InsufficientFunds) as no:
        print(f"{side} {AMOUNT} at {price}: {no}", flush=True)
        return 0
    print(f"{side} {AMOUNT} at {price}: order {order['id']} is {order['status']}", flush=True)
    return 1


def one_round():
    ticker = exchange.fetch_ticker(SYMBOL)
    if not ticker["bid"] or not ticker["ask"]:
        raise SystemExit(f"{SYMBOL} has no price on both sides yet")
    middle = (ticker["bid"] + ticker["ask"]) / 2
    price = lambda factor: float(exchange.price_to_precision(SYMBOL, middle * factor))
    cancel_all()
    return quote("buy", price(1 - SPREAD / 2)) + quote("sell", price(1 + SPREAD / 2))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else None
    number = placed = 0
    try:
        while rounds is None or number < rounds:
            number += 1
            try:
                placed += one_round()
            except ccxt.NetworkError as error:  # also DDoSProtection: too many requests
                print(f"again in {PAUSE_SECONDS} s: {error}", flush=True)
            if number != rounds:
                time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        pass
    finally:
        cancel_all()
    print(f"{placed} orders placed; nothing is left open")


if __name__ == "__main__":
    main()
