// binance, the client of tiagosiebler, without a key on a simulated market.
import assert from 'node:assert/strict';
import { MainClient } from 'binance';
import { check, finish, setting, until } from './checks.mjs';

const symbol = 'BTCUSDT';
const at = new MainClient({ baseUrl: setting.rest, beautifyResponses: true });

await check('public data', async () => {
  assert.deepEqual(await at.testConnectivity(), {});
  const info = await at.getExchangeInfo({ symbol });
  assert.deepEqual([info.symbols[0].symbol, info.symbols[0].permissionSets], [symbol, [['SPOT']]]);
  const book = await at.getOrderBook({ symbol, limit: 20 });
  assert.ok(book.lastUpdateId > 0 && book.bids.length > 0 && Number(book.bids[0][0]) < Number(book.asks[0][0]));
  assert.ok((await until('trades', async () => {
    const rows = await at.getRecentTrades({ symbol, limit: 5 });
    return rows.length === 5 && rows;
  })).every((row) => Number(row.price) > 0));
  assert.ok((await at.getAggregateTrades({ symbol, limit: 5 })).length > 0);
  assert.equal((await at.getKlines({ symbol, interval: '1h', limit: 10 })).length, 10);
  assert.ok(Number((await at.getAvgPrice({ symbol })).price) > 0);
  assert.ok((await at.get24hrChangeStatistics({ symbol })).lastPrice > 0);
  assert.ok((await at.getSymbolPriceTicker()).length > 1);
  assert.ok((await at.getSymbolOrderBookTicker({ symbol })).askPrice > 0);
  assert.equal((await at.getSystemStatus()).status, 0);
});

finish();
