// @binance/spot, the official connector: REST and the WebSocket API, with keys of every kind; two accounts trade.
import assert from 'node:assert/strict';
import { Spot } from '@binance/spot';
import { check, finish, setting, units, until } from './checks.mjs';

const symbol = 'BTCUSDT';
const LIMIT = { symbol, type: 'LIMIT', timeInForce: 'GTC' };

function client(key, more = {}) {
  const secret = key?.secret.includes('PRIVATE KEY') ? { privateKey: key.secret } : { apiSecret: key?.secret };
  const given = { apiKey: key?.key, ...secret, ...more };
  return new Spot({
    configurationRestAPI: { ...given, basePath: setting.rest, timeout: 5000 },
    configurationWebsocketAPI: { ...given, wsURL: `${setting.sockets}/ws-api/v3`, timeout: 5000 },
  });
}

/** The data of an answer; errors pass through. */
const data = async (answer) => (await answer).data();

/** REST: the error's class, code and words. */
async function refused(work, kind, code, words = '') {
  const error = await work().then(() => null, (thrown) => thrown);
  assert.ok(error, `${kind} was expected and nothing was refused`);
  assert.deepEqual([error.name, error.code], [kind, code], error.message);
  assert.ok(error.message.includes(words), error.message);
}

const anna = client(setting.anna.ed25519).restAPI;
const bert = client(setting.bert.rsa).restAPI;

await check('public data without a key', async () => {
  const at = client({ key: '', secret: '' }).restAPI;
  const info = await data(at.exchangeInfo({ symbol }));
  assert.deepEqual([info.symbols.length, info.symbols[0].baseAsset, info.symbols[0].status], [1, 'BTC', 'TRADING']);
  const filters = info.symbols[0].filters.map((filter) => filter.filterType);
  for (const name of ['PRICE_FILTER', 'LOT_SIZE', 'MARKET_LOT_SIZE', 'NOTIONAL', 'PERCENT_PRICE_BY_SIDE', 'MAX_NUM_ORDERS', 'MAX_NUM_ALGO_ORDERS', 'ICEBERG_PARTS', 'TRAILING_DELTA'])
    assert.ok(filters.includes(name), name);
  assert.ok((await data(at.exchangeInfo({ symbols: ['BTCUSDT', 'ETHUSDT'] }))).symbols.length === 2);
  const answer = await at.depth({ symbol, limit: 5 });
  assert.ok(answer.rateLimits.some((one) => one.rateLimitType === 'REQUEST_WEIGHT' && one.count > 0));
  assert.deepEqual((await answer.data()).bids, []);
  assert.ok(Math.abs(Number((await data(at.time())).serverTime) - Date.now()) < 5000);
  assert.deepEqual(await data(at.ping()), {});
});

await check('orders, partial fills and every answer type', async () => {
  const ack = await data(anna.newOrder({ ...LIMIT, side: 'BUY', quantity: 0.5, price: 20_000, newOrderRespType: 'ACK' }));
  assert.deepEqual(Object.keys(ack).sort(), ['clientOrderId', 'orderId', 'orderListId', 'symbol', 'transactTime']);
  const full = await data(bert.newOrder({ ...LIMIT, side: 'SELL', quantity: 0.2, price: 19_900 }));
  assert.deepEqual([full.status, full.fills.length, units(full.fills[0].price)], ['FILLED', 1, units('20000')]);
  const result = await data(bert.newOrder({ symbol, side: 'SELL', type: 'MARKET', quantity: 0.1, newOrderRespType: 'RESULT' }));
  assert.deepEqual([result.status, 'fills' in result], ['FILLED', false]);
  const seen = await data(anna.getOrder({ symbol, orderId: ack.orderId }));
  assert.deepEqual([seen.status, units(seen.executedQty), units(seen.cummulativeQuoteQty)], ['PARTIALLY_FILLED', units('0.3'), units('6000')]);
  assert.equal((await data(anna.getOpenOrders({ symbol }))).length, 1);
  const trades = await until('two trades', async () => {
    const rows = await data(anna.myTrades({ symbol }));
    return rows.length === 2 && rows;
  });
  assert.deepEqual(trades.map((row) => [row.isBuyer, row.isMaker, row.commissionAsset]), [[true, true, 'BTC'], [true, true, 'BTC']]);
  const gone = await data(anna.deleteOrder({ symbol, orderId: ack.orderId }));
  assert.deepEqual([gone.status, gone.origClientOrderId], ['CANCELED', ack.clientOrderId]);
});

await check('every order type, amended, replaced and cancelled', async () => {
  const place = (more) => data(anna.newOrder({ symbol, side: 'BUY', quantity: 0.1, newOrderRespType: 'RESULT', ...more }));
  const plan = [
    { type: 'LIMIT', price: 19_000, timeInForce: 'GTC' },
    { type: 'LIMIT', price: 18_900, timeInForce: 'GTC', icebergQty: 0.02 },
    { type: 'LIMIT_MAKER', price: 18_800 },
    { type: 'STOP_LOSS', stopPrice: 22_000 },
    { type: 'STOP_LOSS_LIMIT', stopPrice: 22_000, price: 22_100, timeInForce: 'GTC' },
    { type: 'TAKE_PROFIT', stopPrice: 18_000 },
    { type: 'TAKE_PROFIT_LIMIT', stopPrice: 18_000, price: 17_900, timeInForce: 'GTC' },
    { type: 'STOP_LOSS', trailingDelta: 500 },
  ];
  const orders = [];
  for (const more of plan) {
    const order = await place(more);
    assert.deepEqual([order.status, order.type], ['NEW', more.type]);
    orders.push(order);
  }
  assert.equal((await place({ type: 'MARKET', side: 'BUY' })).status, 'EXPIRED');
  const amended = await data(anna.orderAmendKeepPriority({ symbol, orderId: orders[0].orderId, newQty: 0.06 }));
  assert.deepEqual([amended.amendedOrder.orderId, units(amended.amendedOrder.qty)], [orders[0].orderId, units('0.06')]);
  const swapped = await data(anna.orderCancelReplace({
    ...LIMIT, side: 'BUY', quantity: 0.2, price: 17_000, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: orders[1].orderId,
  }));
  assert.deepEqual([swapped.cancelResult, swapped.newOrderResult, swapped.newOrderResponse.status], ['SUCCESS', 'SUCCESS', 'NEW']);
  await refused(() => anna.orderCancelReplace({
    ...LIMIT, side: 'BUY', quantity: 0.2, price: 17_000, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: orders[1].orderId,
  }), 'BadRequestError', -2022);
  assert.deepEqual(await data(anna.orderTest({ ...LIMIT, side: 'BUY', quantity: 0.1, price: 19_000 })), {});
  assert.equal((await data(anna.deleteOpenOrders({ symbol }))).length, plan.length);
  assert.equal((await data(anna.allOrders({ symbol }))).filter((row) => row.status === 'CANCELED').length, plan.length + 2);
});

await check('OCO, OTO and OTOCO', async () => {
  const oco = await data(bert.orderListOco({
    symbol, side: 'SELL', quantity: 0.2, aboveType: 'LIMIT_MAKER', abovePrice: 22_000, belowType: 'STOP_LOSS', belowStopPrice: 18_000,
  }));
  assert.deepEqual([oco.contingencyType, oco.orders.length, oco.orderReports.length], ['OCO', 2, 2]);
  const oto = await data(bert.orderListOto({
    symbol, workingType: 'LIMIT', workingSide: 'SELL', workingPrice: 22_500, workingQuantity: 0.1, workingTimeInForce: 'GTC',
    pendingType: 'LIMIT', pendingSide: 'BUY', pendingPrice: 19_000, pendingQuantity: 0.1, pendingTimeInForce: 'GTC',
  }));
  assert.deepEqual([oto.contingencyType, oto.orderReports.map((one) => one.status).sort()], ['OTO', ['NEW', 'PENDING_NEW']]);
  const otoco = await data(bert.orderListOtoco({
    symbol, workingType: 'LIMIT', workingSide: 'SELL', workingPrice: 22_600, workingQuantity: 0.1, workingTimeInForce: 'GTC',
    pendingSide: 'BUY', pendingQuantity: 0.1, pendingAboveType: 'STOP_LOSS', pendingAboveStopPrice: 24_000,
    pendingBelowType: 'LIMIT_MAKER', pendingBelowPrice: 19_000,
  }));
  assert.deepEqual([otoco.orders.length, otoco.listOrderStatus], [3, 'EXECUTING']);
  assert.equal((await data(bert.openOrderList())).length, 3);
  for (const list of [oco, oto, otoco]) await data(bert.deleteOrderList({ symbol, orderListId: list.orderListId }));
  assert.deepEqual(await data(bert.openOrderList()), []);
  assert.deepEqual(await data(bert.getOpenOrders({ symbol })), []);
});

await check('errors by class and code', async () => {
  const order = { ...LIMIT, side: 'BUY', quantity: 0.1, price: 20_000 };
  await refused(() => anna.newOrder({ ...order, quantity: 1_000 }), 'BadRequestError', -2010, 'insufficient balance');
  await refused(() => anna.newOrder({ ...order, price: 20_000.001 }), 'BadRequestError', -1013, 'PRICE_FILTER');
  await refused(() => anna.newOrder({ ...order, symbol: 'NOPE' }), 'BadRequestError', -1121, 'Invalid symbol.');
  await refused(() => anna.newOrder({ ...order, timeInForce: undefined }), 'BadRequestError', -1102, 'timeInForce');
  await refused(() => anna.getOrder({ symbol, orderId: 123_456_789 }), 'BadRequestError', -2013);
  await refused(() => anna.deleteOrder({ symbol, orderId: 123_456_789 }), 'BadRequestError', -2011);
  await refused(() => anna.getAccount({ recvWindow: 60_001 }), 'BadRequestError', -1131);
  await refused(() => client(setting.anna.reader).restAPI.newOrder(order), 'UnauthorizedError', -2015);
  await refused(() => client({ key: 'x'.repeat(64), secret: 'x' }).restAPI.getAccount(), 'UnauthorizedError', -2015);
  await refused(() => client({ ...setting.anna.hmac, secret: 'x' }).restAPI.getAccount(), 'BadRequestError', -1022);
});

await check('the account: balances, commission, counts; microseconds', async () => {
  const account = await data(anna.getAccount({ omitZeroBalances: true }));
  assert.deepEqual(account.balances.map((row) => row.asset).sort(), ['BTC', 'USDT']);
  assert.equal(account.canTrade, true);
  assert.equal((await data(anna.accountCommission({ symbol }))).standardCommission.taker, '0.00100000');
  const counts = await data(anna.rateLimitOrder());
  assert.deepEqual(counts.map((row) => row.interval), ['SECOND', 'DAY']);
  assert.ok(counts[1].count > 0 && counts[1].count >= counts[0].count); // ten seconds may just have begun
  const fine = client(setting.anna.hmac, { timeUnit: 'microsecond' }).restAPI;
  assert.ok(Number((await data(fine.time())).serverTime) > 1e15);
  assert.ok((await data(fine.allOrders({ symbol }))).every((row) => Number(row.time) > 1e15));
});

/** The result of an answer of the WebSocket API; a refusal is Binance's error object. */
const told = async (answer) => (await answer).data;

async function said(work, code) {
  const error = await work().then(() => null, (thrown) => thrown);
  assert.equal(error?.code, code, JSON.stringify(error));
}

await check('WebSocket API, every request signed', async () => {
  const at = await client(setting.anna.hmac).websocketAPI.connect();
  assert.deepEqual(await told(at.ping()), {});
  assert.equal((await told(at.exchangeInfo({ symbol }))).symbols[0].symbol, symbol);
  assert.deepEqual((await told(at.depth({ symbol, limit: 5 }))).bids, []);
  assert.ok((await told(at.klines({ symbol, interval: '1m' }))).length > 0);
  assert.ok((await told(at.tradesRecent({ symbol }))).length > 0);
  assert.equal((await told(at.tickerPrice({ symbol }))).price, '20000.00000000');
  const placed = await told(at.orderPlace({ ...LIMIT, side: 'BUY', quantity: 0.3, price: 19_500 }));
  assert.deepEqual([placed.status, placed.fills], ['NEW', []]);
  assert.equal((await told(at.orderStatus({ symbol, orderId: placed.orderId }))).status, 'NEW');
  const swapped = await told(at.orderCancelReplace({
    ...LIMIT, side: 'BUY', quantity: 0.2, price: 19_600, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: placed.orderId,
  }));
  assert.equal(swapped.newOrderResult, 'SUCCESS');
  assert.equal((await told(at.openOrdersStatus({ symbol }))).length, 1);
  assert.equal((await told(at.openOrdersCancelAll({ symbol }))).length, 1);
  await said(() => at.orderPlace({ ...LIMIT, side: 'BUY', quantity: 1_000, price: 20_000 }), -2010);
  await said(() => at.orderCancel({ symbol, orderId: 123_456_789 }), -2011);
  await said(() => at.orderStatus({ symbol, orderId: 123_456_789 }), -2013);
  await at.disconnect();
});

await check('WebSocket API, a session of an Ed25519 key', async () => {
  const at = await client(setting.bert.ed25519, { autoSessionReLogon: true }).websocketAPI.connect();
  const [logon] = await at.sessionLogon();
  assert.equal(logon.data.apiKey, setting.bert.ed25519.key);
  const order = await told(at.orderPlace({ ...LIMIT, side: 'SELL', quantity: 0.3, price: 21_000 })); // neither key nor signature
  assert.equal(order.status, 'NEW');
  assert.equal((await told(at.sessionStatus())).apiKey, setting.bert.ed25519.key);
  assert.equal((await told(at.orderCancel({ symbol, orderId: order.orderId }))).status, 'CANCELED');
  assert.equal((await told(at.accountStatus())).accountType, 'SPOT');
  assert.ok((await told(at.myTrades({ symbol }))).length === 2);
  assert.ok((await told(at.allOrders({ symbol }))).length > 2);
  await at.sessionLogout();
  assert.equal((await told(at.sessionStatus())).apiKey, null);
  await at.disconnect();
});

finish();
