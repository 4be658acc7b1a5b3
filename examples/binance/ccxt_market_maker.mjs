// A market maker on ccxt for a Rialto node: two quotes around the middle of a market, moved every second.
//
//   npm install ccxt
//   RIALTO_KEY=… RIALTO_SECRET=… node ccxt_market_maker.mjs [ROUNDS]      without ROUNDS: until Ctrl-C
//
// All open orders of the key's account in this market are the maker's. It ends with none of them open.
import ccxt from 'ccxt';

// Change these lines:
const node = process.env.RIALTO_URL ?? 'http://127.0.0.1:8080';
const symbol = 'BTC/USDT';
const amount = 0.001; // of each quote
const spread = 0.001; // between the two, as a share of the middle
const pauseSeconds = 1;

// What makes ccxt's binance a client of the node; the rest is as with the exchange.
const exchange = new ccxt.binance({
  apiKey: process.env.RIALTO_KEY,
  secret: process.env.RIALTO_SECRET, // or a private key in PEM, for an Ed25519 or RSA key
  urls: { api: { public: `${node}/api/v3`, private: `${node}/api/v3`, v1: `${node}/api/v1`, sapi: `${node}/sapi/v1` } },
  options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false, adjustForTimeDifference: true },
});

let isStopping = false;
const stop = () => { isStopping = true; };
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
const sleep = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

async function cancelAll() {
  try {
    await exchange.cancelAllOrders(symbol);
  } catch (error) {
    if (!(error instanceof ccxt.OrderNotFound)) throw error; // nothing was open
  }
}

/** Places one quote; a market that just moved through its price, or too little money, costs this round only. */
async function quote(side, price) {
  try {
    const order = await exchange.createOrder(symbol, 'limit', side, amount, price, { postOnly: true });
    console.log(`${side} ${amount} at ${price}: order ${order.id} is ${order.status}`);
    return 1;
  } catch (error) {
    if (!(error instanceof ccxt.OrderImmediatelyFillable) && !(error instanceof ccxt.InsufficientFunds)) throw error;
    console.log(`${side} ${amount} at ${price}: ${error.message}`);
    return 0;
  }
}

async function round() {
  const { bid, ask } = await exchange.fetchTicker(symbol);
  if (!bid || !ask) throw new Error(`${symbol} has no price on both sides yet`);
  const middle = (bid + ask) / 2;
  const price = (factor) => Number(exchange.priceToPrecision(symbol, middle * factor));
  await cancelAll();
  return await quote('buy', price(1 - spread / 2)) + await quote('sell', price(1 + spread / 2));
}

const rounds = Number(process.argv[2] ?? Infinity);
let placed = 0;
try {
  for (let number = 1; number <= rounds && !isStopping; number += 1) {
    try {
      placed += await round();
    } catch (error) {
      if (!(error instanceof ccxt.NetworkError)) throw error; // also DDoSProtection: too many requests
      console.log(`again in ${pauseSeconds} s: ${error.message}`);
    }
    if (number < rounds && !isStopping) await sleep(pauseSeconds);
  }
} finally {
  await cancelAll();
}
console.log(`${placed} orders placed; nothing is left open`);
