// ccxt's error classes: what the node refuses is what ccxt's users catch.
import assert from 'node:assert/strict';
import { check, finish, setting } from './checks.mjs';
import { exchange, refused } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const anna = exchange(setting.anna.hmac);
const buy = (amount, price, more) => anna.createOrder(SYMBOL, 'limit', 'buy', amount, price, more);
await anna.loadMarkets();

await check('InsufficientFunds', async () => {
  await refused(() => buy(1_000, 20_000), 'InsufficientFunds', 'Account has insufficient balance for requested action.');
  await refused(() => anna.createOrder('ETH/USDT', 'limit', 'sell', 1, 2_000), 'InsufficientFunds');
});

await check('InvalidOrder: filters and a name that is taken', async () => {
  // Amounts and prices off their steps are rounded by ccxt itself, so they are sent in Binance's own words.
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.1', price: '20000' };
  const sent = (more) => () => anna.privatePostOrder({ ...order, ...more });
  await refused(sent({ price: '20000.001' }), 'InvalidOrder', 'PRICE_FILTER');
  await refused(sent({ quantity: '0.000000001' }), 'BadRequest');
  await refused(sent({ quantity: '0.0000001' }), 'InvalidOrder', 'LOT_SIZE');
  await refused(() => buy(0.00001, 10), 'BadRequest', 'NOTIONAL');
  await buy(0.1, 20_000, { clientOrderId: 'twice' });
  await refused(() => buy(0.2, 20_000, { clientOrderId: 'twice' }), 'InvalidOrder', 'Duplicate order sent.');
  await anna.cancelOrder(undefined, SYMBOL, { clientOrderId: 'twice' });
});

await check('each filter of the market', async () => {
  const bert = exchange(setting.bert.hmac);
  await buy(0.1, 20_000);
  await bert.createOrder(SYMBOL, 'limit', 'sell', 0.1, 20_000); // the last price is 20000
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.1', price: '15000' };
  const sent = (more) => () => anna.privatePostOrder({ ...order, ...more });
  const market = { price: undefined, timeInForce: undefined };
  await refused(sent({ price: '0.99' }), 'InvalidOrder', 'Filter failure: PRICE_FILTER');
  await refused(sent({ price: '30000.01' }), 'InvalidOrder', 'Filter failure: PERCENT_PRICE_BY_SIDE');
  await refused(sent({ price: '9999.99' }), 'InvalidOrder', 'Filter failure: PERCENT_PRICE_BY_SIDE');
  await refused(sent({ ...market, type: 'MARKET', quantity: '10.00001' }), 'InvalidOrder', 'Filter failure: MARKET_LOT_SIZE');
  await refused(sent({ icebergQty: '0.009' }), 'BadRequest', 'Filter failure: ICEBERG_PARTS');
  await refused(sent({ ...market, type: 'STOP_LOSS', trailingDelta: 9 }), 'BadRequest', 'Filter failure: TRAILING_DELTA');
  const stop = { ...market, type: 'STOP_LOSS', stopPrice: '25000', quantity: '0.001' };
  for (let i = 0; i < 8; i += 1) await sent(stop)();
  await refused(sent(stop), 'BadRequest', 'Filter failure: MAX_NUM_ALGO_ORDERS');
  for (let i = 0; i < 12; i += 1) await sent({ quantity: '0.01' })();
  await refused(sent({}), 'BadRequest', 'Filter failure: MAX_NUM_ORDERS');
  await anna.cancelAllOrders(SYMBOL);
});

await check('BadRequest and BadSymbol', async () => {
  await refused(() => anna.privatePostOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '1', price: '1' }), 'BadRequest', 'timeInForce');
  await refused(() => anna.privatePostOrder({ symbol: 'BTCUSDT', side: 'UP', type: 'MARKET', quantity: '1' }), 'BadRequest');
  await refused(() => anna.publicGetDepth({ symbol: 'NOPE' }), 'BadSymbol', 'Invalid symbol.');
});

await check('OrderNotFound', async () => {
  await refused(() => anna.cancelOrder('123456789', SYMBOL), 'OrderNotFound', 'Unknown order sent.');
  await refused(() => anna.fetchOrder('123456789', SYMBOL), 'OrderNotFound', 'Order does not exist.');
  await refused(() => anna.cancelAllOrders(SYMBOL), 'OrderNotFound');
});

await check('InvalidNonce: a clock that is behind or ahead', async () => {
  for (const wrong of [60_000, -60_000]) {
    const skewed = exchange(setting.anna.hmac, { options: { timeDifference: wrong } });
    await refused(() => skewed.fetchBalance(), 'InvalidNonce', 'imestamp');
  }
  const adjusted = exchange(setting.anna.hmac, { options: { adjustForTimeDifference: true, timeDifference: 60_000 } });
  assert.ok((await adjusted.fetchBalance()).BTC.total > 20);
});

await check('AuthenticationError: wrong secret, unknown key, a key that may not trade', async () => {
  const { hmac, ed25519, reader } = setting.anna;
  await refused(() => exchange({ key: hmac.key, secret: reader.secret }).fetchBalance(), 'AuthenticationError', 'Signature');
  await refused(() => exchange({ key: ed25519.key, secret: hmac.secret }).fetchBalance(), 'AuthenticationError', 'Signature');
  await refused(() => exchange({ key: 'x'.repeat(64), secret: hmac.secret }).fetchBalance(), 'AuthenticationError', 'Invalid API-key');
  await refused(() => exchange({ key: 'short', secret: hmac.secret }).fetchBalance(), 'AuthenticationError');
  await refused(() => exchange(reader).createOrder(SYMBOL, 'market', 'buy', 1), 'AuthenticationError', 'permissions');
});

finish();
