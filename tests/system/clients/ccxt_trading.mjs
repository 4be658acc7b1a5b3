// ccxt with keys: two accounts trade with every order type, partly and wholly; lists, edits, cancels, history, fees.
import assert from 'node:assert/strict';
import { check, finish, setting, units, until } from './checks.mjs';
import { exchange, refused } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const anna = exchange(setting.anna.hmac);
const bert = exchange(setting.bert.ed25519);
const open = (who) => who.fetchOpenOrders(SYMBOL);
const raw = (order, ...names) => names.map((name) => order.info[name]);
let resting;

await check('keys of every kind sign', async () => {
  for (const kind of ['hmac', 'ed25519', 'rsa', 'reader']) {
    const balance = await exchange(setting.anna[kind]).fetchBalance();
    assert.deepEqual([balance.USDT.free, balance.USDT.used, balance.BTC.total], [1_000_000, 0, 20], kind);
  }
});

await check('a limit order rests and locks its money', async () => {
  resting = await anna.createOrder(SYMBOL, 'limit', 'buy', 1, 20_000, { clientOrderId: 'anna-1' });
  assert.deepEqual([resting.status, resting.filled, resting.remaining, resting.timeInForce], ['open', 0, 1, 'GTC']);
  assert.equal(resting.clientOrderId, 'anna-1');
  assert.deepEqual([(await anna.fetchBalance()).USDT.used, (await open(anna)).length], [20_000, 1]);
  assert.equal((await anna.fetchOrder(resting.id, SYMBOL)).price, 20_000);
  assert.equal((await anna.fetchOrder(undefined, SYMBOL, { clientOrderId: 'anna-1' })).id, resting.id);
});

await check('two parts of it are filled by another account', async () => {
  const first = await bert.createOrder(SYMBOL, 'limit', 'sell', 0.4, 20_000);
  assert.deepEqual([first.status, first.filled, first.average, first.cost, first.trades.length], ['closed', 0.4, 20_000, 8_000, 1]);
  assert.deepEqual(first.fees.map((fee) => [fee.currency, fee.cost]), [['USDT', 8]]);
  const part = await anna.fetchOrder(resting.id, SYMBOL);
  assert.deepEqual([part.status, part.filled, part.remaining, part.info.status], ['open', 0.4, 0.6, 'PARTIALLY_FILLED']);
  const second = await bert.createOrder(SYMBOL, 'market', 'sell', 0.35);
  assert.deepEqual([second.status, second.filled, second.average], ['closed', 0.35, 20_000]);
  assert.equal((await anna.fetchOrder(resting.id, SYMBOL)).filled, 0.75);
});

await check('both sides see the same trades and pay what they were told', async () => {
  const mine = await until('two trades', async () => {
    const trades = await anna.fetchMyTrades(SYMBOL);
    return trades.length === 2 && trades;
  });
  const theirs = await bert.fetchMyTrades(SYMBOL);
  assert.deepEqual(mine.map((one) => [one.id, one.price, one.amount]), theirs.map((one) => [one.id, one.price, one.amount]));
  assert.deepEqual(mine.map((one) => [one.side, one.takerOrMaker, one.fee.currency]), [['buy', 'maker', 'BTC'], ['buy', 'maker', 'BTC']]);
  assert.deepEqual(theirs.map((one) => [one.side, one.takerOrMaker, one.fee.currency]), [['sell', 'taker', 'USDT'], ['sell', 'taker', 'USDT']]);
  assert.equal((await anna.fetchOrderTrades(resting.id, SYMBOL)).length, 2);
  const fee = mine.reduce((sum, one) => sum + units(one.info.commission), 0n);
  const account = await anna.privateGetAccount();
  const bitcoin = account.balances.find((row) => row.asset === 'BTC');
  assert.equal(units(bitcoin.free), units('20.75') - fee);
  assert.ok(fee > 0n);
});

await check('an edited order is another one with the rest', async () => {
  const edited = await anna.editOrder(resting.id, SYMBOL, 'limit', 'buy', 0.5, 19_000);
  assert.notEqual(edited.id, resting.id);
  assert.deepEqual([edited.status, edited.price, edited.amount], ['open', 19_000, 0.5]);
  assert.deepEqual((await anna.fetchOrder(resting.id, SYMBOL)).status, 'canceled');
  const gone = await anna.cancelOrder(edited.id, SYMBOL);
  assert.deepEqual([gone.status, gone.id], ['canceled', edited.id]);
  assert.equal((await anna.fetchBalance()).USDT.used, 0);
});

await check('a market order spends a sum', async () => {
  await bert.createOrder(SYMBOL, 'limit', 'sell', 1, 20_100);
  const bought = await anna.createMarketBuyOrderWithCost(SYMBOL, 2_010);
  assert.deepEqual([bought.status, bought.filled, bought.cost], ['closed', 0.1, 2_010]);
  assert.equal(units(bought.info.origQuoteOrderQty), units('2010'));
});

await check('time in force: immediate or cancel, fill or kill, post only', async () => {
  const ioc = await anna.createOrder(SYMBOL, 'limit', 'buy', 2, 20_100, { timeInForce: 'IOC' });
  assert.deepEqual([ioc.status, ioc.filled, ioc.info.status], ['expired', 0.9, 'EXPIRED']);
  const fok = await anna.createOrder(SYMBOL, 'limit', 'buy', 2, 20_100, { timeInForce: 'FOK' });
  assert.deepEqual([fok.status, fok.filled], ['expired', 0]);
  const maker = await anna.createOrder(SYMBOL, 'limit', 'buy', 0.2, 20_000, { postOnly: true });
  assert.deepEqual([maker.status, ...raw(maker, 'type')], ['open', 'LIMIT_MAKER']);
  await refused(() => bert.createOrder(SYMBOL, 'limit', 'sell', 0.2, 20_000, { postOnly: true }), 'OrderImmediatelyFillable');
  await anna.cancelOrder(maker.id, SYMBOL);
  assert.equal((await anna.createOrder(SYMBOL, 'market', 'buy', 0.1)).status, 'expired'); // nobody sells
});

await check('orders that wait: stop loss and take profit, market and limit, both sides', async () => {
  const plan = [
    ['market', 'buy', undefined, { stopLossPrice: 21_000 }, 'STOP_LOSS'],
    ['limit', 'buy', 21_100, { stopLossPrice: 21_000 }, 'STOP_LOSS_LIMIT'],
    ['market', 'sell', undefined, { stopLossPrice: 19_000 }, 'STOP_LOSS'],
    ['limit', 'sell', 18_900, { triggerPrice: 19_000 }, 'STOP_LOSS_LIMIT'],
    ['market', 'sell', undefined, { takeProfitPrice: 21_000 }, 'TAKE_PROFIT'],
    ['limit', 'buy', 19_000, { takeProfitPrice: 19_100 }, 'TAKE_PROFIT_LIMIT'],
    ['market', 'sell', undefined, { trailingPercent: 5, stopLossOrTakeProfit: 'stopLoss' }, 'STOP_LOSS'],
  ];
  for (const [type, side, price, more, word] of plan) {
    const order = await anna.createOrder(SYMBOL, type, side, 0.1, price, more);
    const seen = await anna.fetchOrder(order.id, SYMBOL);
    assert.deepEqual([seen.status, ...raw(seen, 'type', 'isWorking')], ['open', word, false], JSON.stringify(more));
  }
  assert.equal((await open(anna)).length, plan.length);
  await refused(() => anna.createOrder(SYMBOL, 'market', 'buy', 0.1, undefined, { stopLossPrice: 19_000 }), 'OrderImmediatelyFillable');
});

await check('a trade at the trigger price wakes one and fills it', async () => {
  const [waiting] = (await open(anna)).filter((one) => one.info.type === 'STOP_LOSS' && one.side === 'buy');
  await bert.createOrder(SYMBOL, 'limit', 'sell', 1, 21_000);
  await bert.createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_500);
  await anna.createOrder(SYMBOL, 'limit', 'buy', 0.05, 21_000);
  const woken = await until('the stop order is filled', async () => {
    const order = await anna.fetchOrder(waiting.id, SYMBOL);
    return order.status === 'closed' && order;
  });
  assert.deepEqual([woken.filled, woken.average], [0.1, 21_000]);
});

await check('all are cancelled at once', async () => {
  await anna.cancelAllOrders(SYMBOL);
  await bert.cancelAllOrders(SYMBOL);
  assert.deepEqual([(await open(anna)).length, (await open(bert)).length, (await anna.fetchBalance()).USDT.used], [0, 0, 0]);
});

await check('iceberg, self-trade prevention, a test that places nothing', async () => {
  const iceberg = await bert.createOrder(SYMBOL, 'limit', 'sell', 1, 22_000, { icebergQty: '0.2' });
  const [seen] = await until('the public book shows it', async () => {
    const { asks } = await anna.fetchOrderBook(SYMBOL);
    return asks.length > 0 && asks;
  });
  assert.deepEqual(seen, [22_000, 0.2]);
  const own = await bert.createOrder(SYMBOL, 'limit', 'buy', 0.1, 22_000, { selfTradePreventionMode: 'EXPIRE_TAKER' });
  assert.deepEqual([own.status, own.filled, ...raw(own, 'status')], ['expired', 0, 'EXPIRED_IN_MATCH']);
  await anna.createOrder(SYMBOL, 'limit', 'buy', 0.1, 21_000, { test: true });
  assert.equal((await open(anna)).length, 0);
  await bert.cancelOrder(iceberg.id, SYMBOL);
});

await check('lists of orders in Binance\'s own words', async () => {
  const list = await bert.privatePostOrderListOco({
    symbol: 'BTCUSDT', side: 'SELL', quantity: '0.5', aboveType: 'LIMIT_MAKER', abovePrice: '23000', belowType: 'STOP_LOSS_LIMIT',
    belowStopPrice: '20000', belowPrice: '19900', belowTimeInForce: 'GTC',
  });
  assert.deepEqual([list.contingencyType, list.listOrderStatus, list.orders.length], ['OCO', 'EXECUTING', 2]);
  assert.equal((await bert.fetchBalance()).BTC.used, 0.5); // once for both
  const [above] = (await open(bert)).filter((one) => one.info.type === 'LIMIT_MAKER');
  await anna.createOrder(SYMBOL, 'limit', 'buy', 0.5, 23_000);
  const gone = await until('the other one is gone', async () => (await open(bert)).length === 0);
  assert.ok(gone);
  assert.equal((await bert.fetchOrder(above.id, SYMBOL)).status, 'closed');
});

await check('history: all orders, closed, cancelled, with times', async () => {
  const all = await until('the list has every order', async () => {
    const rows = await anna.fetchOrders(SYMBOL, undefined, 500);
    return rows.length === 17 && rows;
  });
  for (let i = 1; i < all.length; i += 1) {
    assert.ok(Number(all[i].id) > Number(all[i - 1].id));
    assert.ok(all[i].timestamp >= all[i - 1].timestamp && all[i].lastUpdateTimestamp >= all[i].timestamp);
  }
  const counts = {};
  for (const one of all) counts[one.info.status] = (counts[one.info.status] ?? 0) + 1;
  assert.deepEqual(counts, { CANCELED: 7, FILLED: 5, EXPIRED: 4, REJECTED: 1 }); // rejected: what would trigger at once
  const closed = await anna.fetchClosedOrders(SYMBOL, undefined, 500);
  assert.deepEqual([closed.length, ...new Set(closed.map((one) => one.status))], [5, 'closed']);
  const cancelled = await anna.fetchCanceledOrders(SYMBOL, undefined, 500);
  assert.deepEqual([cancelled.length, ...new Set(cancelled.map((one) => one.status))], [7, 'canceled']);
  const page = await anna.fetchOrders(SYMBOL, all[0].timestamp, 3);
  assert.deepEqual(page.map((one) => one.id), all.slice(0, 3).map((one) => one.id));
});

await check('fees of the account and of each market', async () => {
  assert.deepEqual([(await anna.fetchTradingFee(SYMBOL)).maker, (await anna.fetchTradingFee(SYMBOL)).taker], [0.001, 0.001]);
  assert.ok(SYMBOL in await anna.fetchTradingFees());
});

finish();
