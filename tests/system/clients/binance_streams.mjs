// binance, the client of tiagosiebler: market streams, the user's events by listenKey and by the WebSocket API.
import assert from 'node:assert/strict';
import { DefaultLogger, MainClient, WebsocketAPIClient, WebsocketClient } from 'binance';
import { check, finish, setting, units, until } from './checks.mjs';

const quiet = { ...DefaultLogger, trace() {}, info() {} };
const keys = ({ key, secret }) => ({ api_key: key, api_secret: secret });
const rest = new MainClient({ ...keys(setting.anna.hmac), baseUrl: setting.rest });
const place = (price) => rest.submitNewOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price, newOrderRespType: 'RESULT' });

await check('market streams', async () => {
  const at = new WebsocketClient({ wsUrl: setting.sockets, beautify: true }, quiet);
  const seen = new Set();
  at.on('message', (message) => { const { streamName } = Array.isArray(message) ? message[0] : message; if (streamName) seen.add(streamName); });
  const topics = ['btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@kline_1m', 'btcusdt@ticker', 'btcusdt@bookTicker', 'btcusdt@depth@100ms', 'ethusdt@depth10@100ms', '!miniTicker@arr'];
  await at.subscribe(topics, 'main');
  await until('each of them', () => topics.every((one) => seen.has(one)));
  await at.unsubscribe(topics, 'main');
  at.closeAll(true);
});

async function follow(events) {
  const order = await place(10_000);
  await until('new', () => events.some((one) => one.x === 'NEW' && one.i === order.orderId));
  await rest.cancelOrder({ symbol: 'BTCUSDT', orderId: order.orderId });
  await until('cancelled', () => events.some((one) => one.x === 'CANCELED' && one.i === order.orderId));
  await until('the balance', () => events.some((one) => one.e === 'outboundAccountPosition' && one.B.some((row) => row.a === 'USDT' && units(row.l) === 0n)));
}

await check('the user\'s events by listenKey', async () => {
  const { listenKey } = await rest.getSpotUserDataListenKey();
  assert.ok(listenKey.length >= 20);
  assert.equal((await rest.getSpotUserDataListenKey()).listenKey, listenKey);
  assert.deepEqual(await rest.keepAliveSpotUserDataListenKey(listenKey), {});
  const at = new WebsocketClient({ ...keys(setting.anna.hmac), wsUrl: setting.sockets, restOptions: { baseUrl: setting.rest } }, quiet);
  const events = [];
  at.on('message', (message) => { if (message.e) events.push(message); });
  let isOpen = false;
  at.on('open', () => { isOpen = true; });
  await at.subscribeSpotUserDataStreamWithListenKey('main', listenKey);
  await until('it is open', () => isOpen);
  await follow(events);
  await rest.closeSpotUserDataListenKey(listenKey);
  const error = await rest.keepAliveSpotUserDataListenKey(listenKey).then(() => null, (thrown) => thrown);
  assert.equal(error?.code, -1125);
  at.closeAll(true);
});

for (const kind of ['ed25519', 'hmac']) {
  await check(`the user's events over the WebSocket API, ${kind}`, async () => {
    const at = new WebsocketAPIClient({ ...keys(setting.anna[kind]), wsUrl: setting.sockets, attachEventListeners: false }, quiet);
    const events = [];
    at.getWSClient().on('message', (message) => { const event = message.event ?? message; if (event.e) events.push(event); });
    await at.subscribeUserDataStream('mainWSAPI');
    await follow(events);
    await at.unsubscribeUserDataStream('mainWSAPI');
    await at.disconnectAll();
  });
}

finish();
