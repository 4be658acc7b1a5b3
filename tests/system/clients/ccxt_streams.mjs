// ccxt.pro without a key on a simulated market: every watch… of public data, and the public requests of the WebSocket API.
import assert from 'node:assert/strict';
import { check, finish, until } from './checks.mjs';
import { exchange } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const at = exchange(null, { streams: true });
await at.loadMarkets();

await check('watchTicker, watchTickers, watchBidsAsks', async () => {
  for (let i = 0; i < 2; i += 1) {
    const mini = await at.watchTicker(SYMBOL); // ccxt's choice: the small one
    assert.ok(mini.last > 0 && mini.high >= mini.low && mini.baseVolume > 0);
    const whole = await at.watchTicker(SYMBOL, { name: 'ticker' });
    assert.ok(whole.bid > 0 && whole.bid < whole.ask && whole.vwap >= whole.low && whole.vwap <= whole.high);
  }
  const several = await at.watchTickers([SYMBOL, 'ETH/USDT']);
  assert.ok(Object.values(several).every((one) => one.last > 0));
  const best = (await at.watchBidsAsks([SYMBOL]))[SYMBOL];
  assert.ok(best.bid < best.ask && best.bidVolume > 0);
});

await check('watchTrades: numbers without a gap, those of the tape', async () => {
  const seen = [];
  while (seen.length < 20) seen.push(...await at.watchTrades(SYMBOL));
  const rows = new Map();
  for (const one of seen) rows.set(Number(one.id), one);
  const numbers = [...rows.keys()].sort((a, b) => a - b);
  for (let i = 1; i < numbers.length; i += 1) assert.equal(numbers[i], numbers[i - 1] + 1);
  const tape = await until('the tape has them', async () => {
    const got = await at.publicGetTrades({ symbol: 'BTCUSDT', limit: 1000 });
    return Number(got[got.length - 1]?.id) >= numbers[numbers.length - 1] && got;
  });
  for (const row of tape) {
    const one = rows.get(Number(row.id));
    if (one) assert.deepEqual([one.info.p, one.info.q, one.info.m], [row.price, row.qty, row.isBuyerMaker]);
  }
});

await check('watchOHLCV', async () => {
  const [candle] = (await at.watchOHLCV(SYMBOL, '1m')).slice(-1);
  const [at0, open, high, low, close] = candle;
  assert.equal(at0 % 60_000, 0);
  assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close));
});

await check('watchOrderBook stays in its order', async () => {
  let nonce = 0;
  for (let i = 0; i < 20; i += 1) {
    const book = await at.watchOrderBook(SYMBOL);
    assert.ok(book.nonce >= nonce);
    nonce = book.nonce;
    assert.ok(book.bids[0][0] < book.asks[0][0]);
  }
});

await check('requests of the WebSocket API: trades, candles', async () => {
  assert.ok((await at.fetchTradesWs(SYMBOL)).length > 0);
  assert.ok((await at.fetchOHLCVWs(SYMBOL, '1m', undefined, 10)).length === 10);
});

await check('unsubscribed', async () => {
  await at.unWatchTicker(SYMBOL);
  await at.unWatchTrades(SYMBOL);
  await at.unWatchOrderBook(SYMBOL);
  await at.unWatchOHLCV(SYMBOL, '1m');
  await at.close();
});

finish();
