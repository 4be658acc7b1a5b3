// Downloads candles with ccxt from a Rialto node into a CSV file, page by page, oldest first.
//
//   npm install ccxt
//   node ccxt_candles.mjs [FROM [TO]] >candles.csv      times as 2026-11-29 or 2026-11-29T12:00:00Z; default: the last day
import ccxt from 'ccxt';

// Change these lines:
const node = process.env.RIALTO_URL ?? 'http://127.0.0.1:8080';
const symbol = 'BTC/USDT';
const interval = '1m';

const exchange = new ccxt.binance({
  urls: { api: { public: `${node}/api/v3` } },
  options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false },
});

function time(text, otherwise) {
  const at = text === undefined ? otherwise : Date.parse(text);
  if (Number.isNaN(at)) throw new Error(`${text} is no time`);
  return at;
}

const step = exchange.parseTimeframe(interval) * 1000;
const to = time(process.argv[3], await exchange.fetchTime());
let from = time(process.argv[2], to - 24 * 3600 * 1000);
console.log('open_time,open,high,low,close,volume');
for (;;) {
  const rows = (await exchange.fetchOHLCV(symbol, interval, from, 1000)).filter(([at]) => at >= from && at + step <= to); // closed ones
  for (const [at, ...values] of rows) console.log([new Date(at).toISOString(), ...values].join(','));
  if (rows.length === 0) break;
  from = rows[rows.length - 1][0] + step;
}
