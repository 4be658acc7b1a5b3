// ccxt.pro with keys: orders over the WebSocket API, and what the user's stream says of them, against REST.
import assert from 'node:assert/strict';
import { check, finish, setting, until } from './checks.mjs';
import { exchange, refused } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const anna = exchange(setting.anna.hmac, { streams: true });
const bert = exchange(setting.bert.ed25519, { streams: true });
await anna.loadMarkets();
await bert.loadMarkets();

const orders = new Map(); // anna's, as the stream said them: id -> every state
const trades = new Map();
let balance = null;

/** Takes what the stream says, for as long as the program runs. */
async function listen(watch, take) {
  for (;;) take(await watch());
}

await check('the stream opens and tells the balance', async () => {
  listen(() => anna.watchOrders(SYMBOL), (all) => {
    for (const one of all) orders.set(one.id, [...(orders.get(one.id) ?? []), { ...one }]);
  });
  listen(() => anna.watchMyTrades(SYMBOL), (all) => { for (const one of all) trades.set(one.id, one); });
  listen(() => anna.watchBalance(), (one) => { balance = { BTC: { ...one.BTC }, USDT: { ...one.USDT } }; });
  // A subscription is there when the first event comes: orders are placed and taken back until one does.
  await until('the first order event', async () => {
    const order = await anna.createOrder(SYMBOL, 'limit', 'buy', 0.01, 10_000);
    await anna.cancelOrder(order.id, SYMBOL);
    return orders.size > 0;
  });
  await until('a balance', () => balance !== null);
});

let resting;
await check('an order over the WebSocket API, filled in two parts', async () => {
  resting = await anna.createOrderWs(SYMBOL, 'limit', 'buy', 1, 20_000);
  assert.equal(resting.status, 'open');
  await until('the event of the order', () => orders.has(resting.id));
  await until('its money is locked', () => balance.USDT.used === 20_000);
  await bert.createOrderWs(SYMBOL, 'limit', 'sell', 0.4, 20_000);
  await bert.createOrderWs(SYMBOL, 'market', 'sell', 0.6);
  await until('it is closed', () => orders.get(resting.id).at(-1).status === 'closed');
  const states = orders.get(resting.id).map((one) => one.filled);
  assert.deepEqual([...new Set(states)], [0, 0.4, 1]);
});

await check('trades of the stream are those of REST, to the digit', async () => {
  const rows = await until('both trades', async () => {
    const got = await anna.privateGetMyTrades({ symbol: 'BTCUSDT', orderId: resting.id });
    return got.length === 2 && trades.size === 2 && got;
  });
  for (const row of rows) {
    const { info, fee, side, takerOrMaker } = trades.get(String(row.id));
    assert.deepEqual([info.l, info.L, info.n, info.N, info.m, String(info.t), info.Y], [row.qty, row.price, row.commission, row.commissionAsset, row.isMaker, String(row.id), row.quoteQty]);
    assert.deepEqual([side, takerOrMaker, fee.currency], ['buy', 'maker', 'BTC']);
  }
});

await check('the balance of the stream is that of REST', async () => {
  await until('both are the same', async () => {
    const now = await anna.fetchBalance();
    return ['BTC', 'USDT'].every((asset) => balance[asset].free === now[asset].free && balance[asset].used === now[asset].used);
  });
});

await check('edited, asked for, cancelled over the WebSocket API', async () => {
  const order = await anna.createOrderWs(SYMBOL, 'limit', 'buy', 0.5, 19_000);
  const edited = await anna.editOrderWs(order.id, SYMBOL, 'limit', 'buy', 0.4, 18_000);
  assert.deepEqual([edited.status, edited.amount, edited.price], ['open', 0.4, 18_000]);
  assert.equal((await anna.fetchOrderWs(edited.id, SYMBOL)).status, 'open');
  assert.deepEqual((await anna.fetchOpenOrdersWs(SYMBOL)).map((one) => one.id), [edited.id]);
  const gone = await anna.cancelOrderWs(edited.id, SYMBOL);
  assert.equal(gone.status, 'canceled');
  await until('the stream says so', () => orders.get(edited.id)?.at(-1).status === 'canceled' && orders.get(order.id)?.at(-1).status === 'canceled');
  await anna.createOrderWs(SYMBOL, 'limit', 'buy', 0.1, 17_000);
  await anna.createOrderWs(SYMBOL, 'limit', 'buy', 0.1, 17_100);
  await anna.cancelAllOrdersWs(SYMBOL);
  assert.deepEqual(await anna.fetchOpenOrdersWs(SYMBOL), []);
  assert.ok((await anna.fetchMyTradesWs(SYMBOL)).length === 2);
  assert.ok((await anna.fetchOrdersWs(SYMBOL)).length >= 5);
});

await check('error classes over the WebSocket API', async () => {
  await refused(() => anna.createOrderWs(SYMBOL, 'limit', 'buy', 1_000, 20_000), 'InsufficientFunds');
  await refused(() => anna.cancelOrderWs('123456789', SYMBOL), 'OrderNotFound');
  await refused(() => anna.fetchOrderWs('123456789', SYMBOL), 'OrderNotFound');
  const stranger = exchange({ key: setting.anna.hmac.key, secret: 'x' }, { streams: true });
  await refused(() => stranger.createOrderWs(SYMBOL, 'limit', 'buy', 0.1, 20_000), 'AuthenticationError');
});

await check('an order that expires and one that waits for its trigger are told', async () => {
  const gone = await anna.createOrderWs(SYMBOL, 'limit', 'buy', 0.1, 17_000, { timeInForce: 'IOC' });
  await until('it expired', () => orders.get(gone.id)?.at(-1).info.X === 'EXPIRED');
  const waiting = await anna.createOrder(SYMBOL, 'limit', 'buy', 0.1, 21_100, { stopLossPrice: 21_000 });
  await until('it waits', () => orders.get(waiting.id)?.at(-1).info.w === false);
  await bert.createOrder(SYMBOL, 'limit', 'sell', 0.1, 21_000);
  await bert.createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_500);
  const taker = await anna.createOrder(SYMBOL, 'limit', 'buy', 0.05, 21_000);
  assert.equal(taker.status, 'closed');
  await until('woken, it buys what is left', () => orders.get(waiting.id).at(-1).filled === 0.05);
  await anna.cancelOrder(waiting.id, SYMBOL);
  await bert.cancelAllOrders(SYMBOL);
});

finish();
