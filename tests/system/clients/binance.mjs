// binance, the client of tiagosiebler: REST and the WebSocket API; two accounts trade.
import assert from 'node:assert/strict';
import { DefaultLogger, MainClient, WebsocketAPIClient } from 'binance';
import { check, finish, setting, units, until } from './checks.mjs';

const symbol = 'BTCUSDT';
const LIMIT = { symbol, type: 'LIMIT', timeInForce: 'GTC' };
const client = (key, more) => new MainClient({ api_key: key?.key, api_secret: key?.secret, baseUrl: setting.rest, beautifyResponses: true, ...more });
const anna = client(setting.anna.rsa);
const bert = client(setting.bert.hmac);
const quiet = { ...DefaultLogger, trace() {}, info() {} };

async function refused(work, code, words = '') {
  const error = await work().then(() => null, (thrown) => thrown);
  assert.equal(error?.code, code, JSON.stringify(error?.body ?? error?.error ?? String(error)));
  assert.ok(error.message.includes(words), error.message);
}

await check('orders, partial fills, one replaced', async () => {
  const name = anna.generateNewOrderId();
  const order = await anna.submitNewOrder({ ...LIMIT, side: 'BUY', quantity: 0.5, price: 20_000, newClientOrderId: name, newOrderRespType: 'RESULT' });
  assert.deepEqual([order.status, order.clientOrderId], ['NEW', name]);
  const sold = await bert.submitNewOrder({ ...LIMIT, side: 'SELL', quantity: 0.2, price: 20_000, newOrderRespType: 'FULL' });
  assert.deepEqual([sold.status, sold.fills.length], ['FILLED', 1]);
  const seen = await anna.getOrder({ symbol, origClientOrderId: name });
  assert.deepEqual([seen.status, seen.executedQty], ['PARTIALLY_FILLED', 0.2]);
  const swapped = await anna.replaceOrder({ ...LIMIT, side: 'BUY', quantity: 0.1, price: 19_000, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: order.orderId });
  assert.deepEqual([swapped.cancelResult, swapped.newOrderResult], ['SUCCESS', 'SUCCESS']);
  assert.equal((await anna.getOpenOrders({ symbol })).length, 1);
  assert.equal((await anna.cancelAllSymbolOrders({ symbol })).length, 1);
  const [trade] = await until('the trade', async () => {
    const rows = await bert.getAccountTradeList({ symbol });
    return rows.length > 0 && rows;
  });
  assert.deepEqual([trade.isMaker, trade.isBuyer, trade.qty, trade.commission], [false, false, 0.2, Number(sold.fills[0].commission)]);
  assert.equal((await anna.getAllOrders({ symbol })).length, 2);
});

await check('every order type is placed and cancelled', async () => {
  const plan = [
    { type: 'LIMIT_MAKER', price: 19_000 },
    { type: 'STOP_LOSS', stopPrice: 22_000 },
    { type: 'STOP_LOSS_LIMIT', stopPrice: 22_000, price: 22_100, timeInForce: 'GTC' },
    { type: 'TAKE_PROFIT', stopPrice: 18_000 },
    { type: 'TAKE_PROFIT_LIMIT', stopPrice: 18_000, price: 17_900, timeInForce: 'GTC' },
  ];
  for (const more of plan) {
    const order = await anna.submitNewOrder({ symbol, side: 'BUY', quantity: 0.1, newOrderRespType: 'RESULT', ...more });
    assert.deepEqual([order.type, order.status], [more.type, 'NEW']);
    const gone = await anna.cancelOrder({ symbol, orderId: order.orderId });
    assert.equal(gone.status, 'CANCELED');
  }
  assert.equal((await anna.submitNewOrder({ symbol, side: 'BUY', type: 'MARKET', quantity: 0.1, newOrderRespType: 'FULL' })).status, 'EXPIRED');
  const list = await bert.submitNewOrderList({
    symbol, side: 'SELL', quantity: 0.1, aboveType: 'LIMIT_MAKER', abovePrice: 23_000, belowType: 'STOP_LOSS', belowStopPrice: 19_000,
  });
  assert.equal(list.orders.length, 2);
  assert.equal((await bert.getAllOpenOCO()).length, 1);
  await bert.cancelOCO({ symbol, orderListId: list.orderListId });
  assert.deepEqual(await bert.getAllOpenOCO(), []);
});

await check('the account, commission, counts, fees', async () => {
  const account = await anna.getAccountInformation({ omitZeroBalances: true });
  assert.ok(account.balances.every((row) => row.locked === 0 && row.free > 0));
  assert.ok((await anna.getOrderRateLimit()).find((row) => row.interval === 'DAY').count > 0);
  assert.ok((await anna.getCommissionRates({ symbol })).standardCommission.maker > 0);
  assert.deepEqual((await anna.getTradeFee({ symbol })).map((row) => row.takerCommission), [0.001]);
  assert.deepEqual(await anna.testNewOrder({ ...LIMIT, side: 'BUY', quantity: 0.1, price: 20_000 }), {});
});

await check('errors by code', async () => {
  const order = { ...LIMIT, side: 'BUY', quantity: 0.1, price: 20_000 };
  await refused(() => anna.submitNewOrder({ ...order, quantity: 1_000 }), -2010, 'insufficient balance');
  await refused(() => anna.submitNewOrder({ ...order, quantity: 0.1234567 }), -1013, 'LOT_SIZE');
  await refused(() => anna.cancelOrder({ symbol, orderId: 123_456_789 }), -2011, 'Unknown order sent.');
  await refused(() => anna.getOrder({ symbol, orderId: 123_456_789 }), -2013);
  await refused(() => client({ ...setting.anna.hmac, secret: 'x' }).getAccountInformation(), -1022);
  await refused(() => client({ key: 'x'.repeat(64), secret: 'x' }).getAccountInformation(), -2015);
  const late = client(setting.anna.hmac);
  late.setTimeOffset(-60_000);
  await refused(() => late.getAccountInformation(), -1021);
});

await check('WebSocket API: a session of an Ed25519 key, signed requests of an HMAC key', async () => {
  for (const key of [setting.anna.ed25519, setting.anna.hmac]) {
    const at = new WebsocketAPIClient({ api_key: key.key, api_secret: key.secret, wsUrl: setting.sockets, attachEventListeners: false }, quiet);
    const info = await at.getSpotExchangeInfo({ symbol });
    assert.equal(info.result.symbols[0].symbol, symbol);
    const order = await at.submitNewSpotOrder({ ...LIMIT, side: 'BUY', quantity: '0.10', price: '19000.00', timestamp: Date.now() });
    assert.equal(order.result.status, 'NEW');
    const seen = await at.getSpotOrderStatus({ symbol, orderId: order.result.orderId, timestamp: Date.now() });
    assert.equal(units(seen.result.origQty), units('0.1'));
    const amended = await at.amendSpotOrderKeepPriority({ symbol, orderId: order.result.orderId, newQty: '0.04', timestamp: Date.now() });
    assert.equal(units(amended.result.amendedOrder.qty), units('0.04'));
    const gone = await at.cancelSpotOrder({ symbol, orderId: order.result.orderId, timestamp: Date.now() });
    assert.equal(gone.result.status, 'CANCELED');
    const error = await at.cancelSpotOrder({ symbol, orderId: order.result.orderId, timestamp: Date.now() }).then(() => null, (thrown) => thrown);
    assert.equal(error.error.code, -2011);
    assert.equal((await at.getSpotAccountInformation({ timestamp: Date.now() })).result.accountType, 'SPOT');
    await at.disconnectAll();
  }
});

finish();
