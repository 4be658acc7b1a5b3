// @binance/spot: every market stream on a simulated market, wrapped by name; then the user's events of orders in a row.
import assert from 'node:assert/strict';
import { Spot } from '@binance/spot';
import { check, finish, setting, units, until } from './checks.mjs';

const symbol = 'btcusdt';
const { key: apiKey, secret: privateKey } = setting.anna.ed25519;
const client = new Spot({
  configurationRestAPI: { apiKey, privateKey, basePath: setting.rest, timeout: 5000 },
  configurationWebsocketAPI: { apiKey, privateKey, wsURL: `${setting.sockets}/ws-api/v3`, timeout: 5000, autoSessionReLogon: true },
  configurationWebsocketStreams: { wsURL: setting.sockets },
});
const rest = client.restAPI;
const data = async (answer) => (await answer).data();

await check('every market stream, its names and types', async () => {
  const streams = await client.websocketStreams.connect();
  const plan = {
    trade: [streams.trade({ symbol }), ['e', 'E', 's', 't', 'p', 'q', 'T', 'm', 'M']],
    aggTrade: [streams.aggTrade({ symbol }), ['e', 'E', 's', 'a', 'p', 'q', 'f', 'l', 'T', 'm', 'M']],
    kline: [streams.kline({ symbol, interval: '1m' }), ['e', 'E', 's', 'k']],
    ticker: [streams.ticker({ symbol }), 'e,E,s,p,P,w,x,c,Q,b,B,a,A,o,h,l,v,q,O,C,F,L,n'.split(',')],
    miniTicker: [streams.miniTicker({ symbol }), ['e', 'E', 's', 'c', 'o', 'h', 'l', 'v', 'q']],
    bookTicker: [streams.bookTicker({ symbol }), ['u', 's', 'b', 'B', 'a', 'A']],
    depth: [streams.diffBookDepth({ symbol }), ['e', 'E', 's', 'U', 'u', 'b', 'a']],
    depth5: [streams.partialBookDepth({ symbol, levels: '5', updateSpeed: '100ms' }), ['lastUpdateId', 'bids', 'asks']],
    allMini: [streams.allMiniTicker(), null],
    avgPrice: [streams.avgPrice({ symbol }), ['e', 'E', 's', 'i', 'w', 'T']],
  };
  const seen = {};
  for (const [name, [stream]] of Object.entries(plan)) stream.on('message', (event) => { seen[name] ??= event; });
  for (const [name, [stream, fields]] of Object.entries(plan)) {
    const event = await until(name, () => seen[name]);
    if (fields) assert.deepEqual(Object.keys(event).sort(), [...fields].sort(), name);
    stream.unsubscribe();
  }
  assert.deepEqual(Object.keys(seen.kline.k).sort(), 'B,L,Q,T,V,c,f,h,i,l,n,o,q,s,t,v,x'.split(','));
  assert.equal(seen.depth5.bids.length, 5);
  assert.ok(seen.allMini.length > 0 && seen.allMini.every((one) => one.e === '24hrMiniTicker'));
  assert.equal(typeof seen.trade.p, 'string');
  assert.equal(typeof seen.trade.m, 'boolean');
  await streams.disconnect();
});

const events = [];
const socket = await client.websocketAPI.connect();
/** The events of an order so far: [x, X, z] of each report. */
const reports = (id) => events.filter((one) => one.e === 'executionReport' && String(one.i) === String(id)).map((one) => [one.x, one.X, units(one.z)]);

await check('the user data stream of a session', async () => {
  await socket.sessionLogon();
  const { stream } = await socket.userDataStreamSubscribe();
  stream.on('message', (event) => events.push(event));
});

await check('an order\'s events: new, cancelled; the balance behind them', async () => {
  const order = await data(rest.newOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: 10_000, newClientOrderId: 'first' }));
  await until('new', () => reports(order.orderId).length === 1);
  await data(rest.deleteOrder({ symbol: 'BTCUSDT', orderId: order.orderId, newClientOrderId: 'its-cancel' }));
  await until('cancelled', () => reports(order.orderId).length === 2);
  assert.deepEqual(reports(order.orderId), [['NEW', 'NEW', 0n], ['CANCELED', 'CANCELED', 0n]]);
  const [placed, gone] = events.filter((one) => one.e === 'executionReport');
  assert.deepEqual([placed.c, placed.C, gone.c, gone.C], ['first', '', 'its-cancel', 'first']);
  await until('the money is free again', () => {
    const last = events.filter((one) => one.e === 'outboundAccountPosition').at(-1)?.B.find((row) => row.a === 'USDT');
    return last && units(last.l) === 0n && units(last.f) === units('1000000');
  });
});

await check('a market order\'s events: new, its trades, in this order, with REST\'s numbers', async () => {
  const order = await data(rest.newOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: 0.5 }));
  assert.equal(order.status, 'FILLED');
  const all = await until('all its events', () => {
    const got = reports(order.orderId);
    return got.at(-1)?.[1] === 'FILLED' && got;
  });
  assert.deepEqual(all[0].slice(0, 2), ['NEW', 'NEW']);
  assert.deepEqual(all.slice(1).map(([what]) => what), order.fills.map(() => 'TRADE'));
  const trades = events.filter((one) => one.x === 'TRADE' && String(one.i) === String(order.orderId));
  assert.deepEqual(trades.map((one) => [one.L, one.l, one.n, one.N, String(one.t)]),
    order.fills.map((one) => [one.price, one.qty, one.commission, one.commissionAsset, String(one.tradeId)]));
  const rows = await until('the trades of the account', async () => {
    const got = await data(rest.myTrades({ symbol: 'BTCUSDT', orderId: order.orderId }));
    return got.length === trades.length && got;
  });
  assert.deepEqual(trades.map((one) => [one.L, one.l, one.n, one.m]), rows.map((one) => [one.price, one.qty, one.commission, one.isMaker]));
});

await check('an order list\'s events, and what the stream ends with', async () => {
  const list = await data(rest.orderListOco({
    symbol: 'BTCUSDT', side: 'SELL', quantity: 0.1, aboveType: 'LIMIT_MAKER', abovePrice: 90_000, belowType: 'STOP_LOSS', belowStopPrice: 30_000,
  }));
  await until('both orders', () => list.orders.every((one) => reports(one.orderId).length === 1));
  await data(rest.deleteOrderList({ symbol: 'BTCUSDT', orderListId: list.orderListId }));
  await until('both gone', () => list.orders.every((one) => reports(one.orderId).at(-1)[1] === 'CANCELED'));
  const before = events.length;
  await socket.userDataStreamUnsubscribe();
  const order = await data(rest.newOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: 10_000 }));
  await data(rest.deleteOrder({ symbol: 'BTCUSDT', orderId: order.orderId }));
  assert.deepEqual(events.slice(before).filter((one) => one.e === 'executionReport'), []);
  await socket.disconnect();
});

finish();
