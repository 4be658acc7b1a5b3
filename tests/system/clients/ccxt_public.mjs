// ccxt without a key on a simulated market: markets, tickers, book, trades, candles, time and status.
import assert from 'node:assert/strict';
import { check, finish, until } from './checks.mjs';
import { exchange } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const at = exchange();

await check('markets with their filters', async () => {
  const markets = await at.loadMarkets();
  const market = markets[SYMBOL];
  assert.equal(market.id, 'BTCUSDT');
  assert.equal(market.active, true);
  assert.equal(market.spot, true);
  assert.equal(market.precision.price, 0.01);
  assert.ok(market.limits.amount.min > 0 && market.limits.amount.max > market.limits.amount.min);
  assert.ok(market.limits.cost.min > 0);
  for (const type of ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'])
    assert.ok(market.info.orderTypes.includes(type), type);
});

await check('time and status', async () => {
  assert.ok(Math.abs(await at.fetchTime() - Date.now()) < 5000);
  assert.equal((await at.fetchStatus()).status, 'ok');
});

await check('trades of the last minutes, oldest first', async () => {
  const trades = await until('ten trades', async () => {
    const some = await at.fetchTrades(SYMBOL, undefined, 100);
    return some.length >= 10 && some;
  });
  for (let i = 1; i < trades.length; i += 1) {
    assert.ok(trades[i].timestamp >= trades[i - 1].timestamp);
    assert.ok(Number(trades[i].id) > Number(trades[i - 1].id));
  }
  for (const one of trades) {
    assert.ok(one.price > 0 && one.amount > 0);
    assert.ok(['buy', 'sell'].includes(one.side));
  }
  const since = await at.fetchTrades(SYMBOL, trades[0].timestamp, 5);
  assert.equal(since.length, 5);
  assert.ok(since.every((one) => one.timestamp >= trades[0].timestamp));
});

await check('single trades of the tape', async () => {
  const rows = await at.publicGetTrades({ symbol: 'BTCUSDT', limit: 10 });
  assert.equal(rows.length, 10);
  assert.ok(rows.every((row) => typeof row.isBuyerMaker === 'boolean' && row.isBestMatch === true));
});

await check('one ticker, all tickers, best bid and ask, last prices', async () => {
  const one = await at.fetchTicker(SYMBOL);
  assert.equal(one.symbol, SYMBOL);
  for (const name of ['high', 'low', 'bid', 'ask', 'bidVolume', 'askVolume', 'vwap', 'open', 'close', 'last', 'baseVolume', 'quoteVolume'])
    assert.ok(one[name] > 0, name);
  assert.ok(one.bid < one.ask && one.low <= one.last && one.last <= one.high);
  assert.ok(SYMBOL in await at.fetchTickers());
  assert.deepEqual(Object.keys(await at.fetchTickers([SYMBOL, 'ETH/USDT'])).sort(), [SYMBOL, 'ETH/USDT']);
  const best = (await at.fetchBidsAsks([SYMBOL]))[SYMBOL];
  assert.ok(best.bid > 0 && best.bid < best.ask);
  assert.ok((await at.fetchLastPrices([SYMBOL]))[SYMBOL].price > 0);
});

await check('a book in its order', async () => {
  const book = await at.fetchOrderBook(SYMBOL, 50);
  assert.ok(book.bids.length > 5 && book.bids.length <= 50 && book.asks.length > 5);
  assert.ok(book.nonce > 0);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
  for (let i = 1; i < book.bids.length; i += 1) assert.ok(book.bids[i][0] < book.bids[i - 1][0]);
  for (let i = 1; i < book.asks.length; i += 1) assert.ok(book.asks[i][0] > book.asks[i - 1][0]);
});

await check('candles of every interval, one after another', async () => {
  for (const interval of Object.keys(at.timeframes)) {
    const rows = await at.fetchOHLCV(SYMBOL, interval, undefined, 30);
    assert.ok(rows.length > 0, interval);
    for (const [, open, high, low, close, volume] of rows)
      assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0, interval);
  }
  const minutes = await at.fetchOHLCV(SYMBOL, '1m', undefined, 500);
  assert.equal(minutes.length, 500);
  for (let i = 1; i < minutes.length; i += 1) assert.equal(minutes[i][0] - minutes[i - 1][0], 60_000);
  const part = await at.fetchOHLCV(SYMBOL, '1m', minutes[100][0], 3);
  assert.deepEqual(part, minutes.slice(100, 103));
});

finish();
