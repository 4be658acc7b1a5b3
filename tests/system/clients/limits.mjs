// A node that allows little: what ccxt and @binance/spot make of too many orders, too many requests, and of going on.
import assert from 'node:assert/strict';
import https from 'node:https';
import { Spot } from '@binance/spot';
import { check, finish, setting, sleep } from './checks.mjs';
import { exchange, refused } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const anna = exchange(setting.anna.hmac);
await anna.loadMarkets();

/** Seconds to wait, as the last answer said. */
function wait(most) {
  const seconds = Number(anna.last_response_headers['Retry-After']);
  assert.ok(seconds >= 1 && seconds <= most, seconds);
}

await check('a connector that opens a connection for each request, and keeps them, is not turned away', async () => {
  const at = new Spot({ configurationRestAPI: { apiKey: '', basePath: setting.rest, retries: 0, timeout: 10_000 } }).restAPI;
  for (let i = 0; i < 3 * setting.connections; i += 1) {
    await at.ping();
    await sleep(1_500 / setting.connections);
  }
});

await check('orders of ten seconds: DDoSProtection', async () => {
  const orders = [];
  await refused(async () => {
    while (orders.length < 30) orders.push(await anna.createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_000));
  }, 'DDoSProtection', '-1015');
  assert.ok(orders.length >= 5 && orders.length < 30, orders.length);
  wait(10);
  for (const order of orders) await anna.cancelOrder(order.id, SYMBOL); // a cancel is no order
});

await check('orders of ten seconds over the WebSocket API: RateLimitExceeded', async () => {
  const at = exchange(setting.bert.hmac, { streams: true });
  await at.loadMarkets();
  const orders = [];
  await refused(async () => {
    while (orders.length < 30) orders.push(await at.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, 20_000));
  }, 'RateLimitExceeded', '-1015');
  assert.ok(orders.length >= 5 && orders.length < 30, orders.length);
  await at.cancelAllOrdersWs(SYMBOL);
});

await check('weight of a minute: DDoSProtection, TooManyRequestsError, and RateLimitBanError for those who go on', async () => {
  let answered = 0;
  await refused(async () => {
    for (; answered < 100; answered += 1) await anna.fetchOrderBook(SYMBOL, 5_000);
  }, 'DDoSProtection', '-1003');
  assert.ok(answered > 0 && answered < 100, answered);
  wait(60);
  const at = new Spot({ configurationRestAPI: { apiKey: '', basePath: setting.rest, retries: 0, httpsAgent: new https.Agent({ keepAlive: true }) } }).restAPI;
  const errors = new Set();
  for (let i = 0; i < 1_000 && !errors.has('RateLimitBanError'); i += 1) {
    const error = await at.depth({ symbol: 'BTCUSDT', limit: 5_000 }).then(() => null, (thrown) => thrown);
    if (error) errors.add(error.name); // a new minute may begin under way
  }
  assert.deepEqual([...errors], ['TooManyRequestsError', 'RateLimitBanError']);
  await refused(() => anna.fetchTime(), 'DDoSProtection', '418');
  wait(120);
});

finish();
