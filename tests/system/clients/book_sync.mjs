// A book kept from the depth stream under load is the book of REST, at every moment: ccxt.pro's own, and one kept by the documented
// procedure on the stream of @binance/spot. Two accounts place and take back orders as fast as they are answered.
import assert from 'node:assert/strict';
import { Spot } from '@binance/spot';
import { check, finish, setting, sleep, units, until } from './checks.mjs';
import { exchange } from './ccxt_room.mjs';

const SYMBOL = 'BTC/USDT';
const symbol = 'BTCUSDT';
const seconds = setting.load_seconds;
const makers = [setting.anna.hmac, setting.bert.hmac].map((key) => exchange(key, { streams: true }));
const watcher = exchange(null, { streams: true });
for (const one of [...makers, watcher]) await one.loadMarkets();
const rest = async () => {
  const got = await watcher.publicGetDepth({ symbol, limit: 5000 });
  return { id: Number(got.lastUpdateId), sides: [got.bids, got.asks].map((rows) => new Map(rows.map(([price, size]) => [units(price), units(size)]))) };
};
const isSame = (one, other) => one.size === other.size && [...one].every(([price, size]) => other.get(price) === size);

// ---- the load: resting orders around the middle of the market, some of which trade
let isLoading = true;
let placed = 0;
const { last } = await watcher.fetchTicker(SYMBOL).catch(() => ({}));
const middle = last || 20_000;

async function load(who, side, number) {
  const way = side === 'buy' ? -1 : 1;
  while (isLoading) {
    const open = [];
    for (let i = 0; i < 10 && isLoading; i += 1) {
      const away = ((placed * 7 + number * 13) % 200) - 4; // a few cross and trade
      const order = await who.createOrderWs(SYMBOL, 'limit', side, 0.001 + (placed % 9) / 1000, Math.round(middle + way * away));
      placed += 1;
      if (order.status === 'open') open.push(order.id);
    }
    for (const id of open) await who.cancelOrderWs(id, SYMBOL).catch((error) => { if (error.constructor.name !== 'OrderNotFound') throw error; }); // it was filled
  }
}
const loads = makers.flatMap((who, i) => ['buy', 'sell'].map((side, k) => load(who, side, 2 * i + k)));

// ---- the documented procedure
const spot = new Spot({ configurationWebsocketStreams: { wsURL: setting.sockets } });
const streams = await spot.websocketStreams.connect();
const book = { id: 0, sides: [new Map(), new Map()], before: null, events: 0 };
const kept = [];
let trouble = null;

function apply(event) {
  const first = Number(event.U);
  const end = Number(event.u);
  if (end <= book.id) return;
  // The first event covers the snapshot's number; each later one begins where the one before ended.
  const follows = book.events === 0 ? first <= book.id + 1 : first === book.id + 1;
  if (!follows) trouble ??= `U is ${first} behind ${book.id}`;
  book.before = { id: book.id, sides: book.sides.map((side) => new Map(side)), touched: [new Set(), new Set()] };
  [event.b, event.a].forEach((rows, i) => {
    for (const [price, size] of rows) {
      const at = units(price);
      book.before.touched[i].add(at);
      if (units(size) === 0n) book.sides[i].delete(at);
      else book.sides[i].set(at, units(size));
    }
  });
  book.id = end;
  book.events += 1;
}

let isSynchronised = false;
streams.diffBookDepth({ symbol: symbol.toLowerCase(), updateSpeed: '100ms' }).on('message', (event) => {
  if (isSynchronised) apply(event);
  else kept.push(event);
});

await check('synchronised by the documented procedure', async () => {
  await until('the first event', () => kept.length > 0);
  let snapshot = await rest();
  while (snapshot.id < Number(kept[0].U)) snapshot = await rest();
  book.id = snapshot.id;
  book.sides = snapshot.sides;
  isSynchronised = true;
  for (const event of kept) apply(event);
  assert.equal(trouble, null);
});

/** `snapshot` lies between the book before the last event and after it: levels the event left alone are equal. */
function isBetween(snapshot) {
  const { before } = book;
  if (!before || snapshot.id < before.id || snapshot.id > book.id) return false;
  snapshot.sides.forEach((side, i) => {
    const other = snapshot.id === book.id ? book.sides[i] : before.sides[i];
    const mayDiffer = (price) => snapshot.id !== book.id && snapshot.id !== before.id && before.touched[i].has(price);
    for (const price of new Set([...side.keys(), ...other.keys()]))
      if (!mayDiffer(price) && side.get(price) !== other.get(price)) trouble ??= `${price} is ${other.get(price)} and ${side.get(price)} in the snapshot ${snapshot.id}`;
  });
  return true;
}

// ---- ccxt.pro's book: its states by number, as many as may be asked for
const states = new Map();
let ccxtTrouble = null;
(async () => {
  for (;;) {
    const { nonce, bids, asks } = await watcher.watchOrderBook(SYMBOL, 1000);
    states.set(nonce, JSON.stringify([bids.slice(0, 100), asks.slice(0, 100)]));
    if (states.size > 2000) states.delete(states.keys().next().value);
  }
})().catch((error) => { ccxtTrouble = error; });

const compared = { exact: 0, between: 0, ccxt: 0 };
/** Compares one snapshot of REST with both books. */
async function compare() {
  const snapshot = await rest();
  const text = JSON.stringify(snapshot.sides.map((side) => [...side].slice(0, 100).map(([price, size]) => [Number(price) / 1e8, Number(size) / 1e8])));
  await until(`the stream reaches ${snapshot.id}`, () => book.id >= snapshot.id || trouble);
  if (isBetween(snapshot)) compared.between += 1;
  if (snapshot.id === book.id) {
    snapshot.sides.forEach((side, i) => { if (!isSame(side, book.sides[i])) trouble ??= `the books at ${book.id} differ`; });
    compared.exact += 1;
  }
  await sleep(20);
  const state = states.get(snapshot.id);
  if (state === undefined) return;
  if (state !== text) ccxtTrouble ??= new Error(`ccxt's book at ${snapshot.id}\n${state}\n${text}`);
  compared.ccxt += 1;
}

await check(`${seconds} s under load: no gap, no difference to any snapshot`, async () => {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await compare();
    assert.equal(trouble, null);
    assert.equal(ccxtTrouble, null);
    await sleep(100);
  }
  assert.ok(compared.between >= seconds, JSON.stringify(compared));
  assert.ok(book.events >= 2 * seconds, `${book.events} events`);
  assert.ok(placed >= 10 * seconds, `${placed} orders`);
});

isLoading = false;
await Promise.all(loads);
console.log(`${placed} orders, ${book.events} events, snapshots compared ${JSON.stringify(compared)}`);

await check('afterwards both books are exactly that of REST', async () => {
  const before = { ...compared };
  await until('a snapshot at the number of each book', async () => {
    await compare();
    return compared.exact > before.exact && compared.ccxt > before.ccxt;
  }, 60);
  assert.equal(trouble, null);
  assert.equal(ccxtTrouble, null);
});

for (const who of makers) await who.cancelAllOrders(SYMBOL).catch(() => {});
finish();
