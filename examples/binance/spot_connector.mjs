// @binance/spot, the official connector, on a Rialto node: looks, buys, waits for the fill on the WebSocket API, and shows the fee.
//
//   npm install @binance/spot
//   RIALTO_KEY=… RIALTO_SECRET=… NODE_EXTRA_CA_CERTS=certificates/authority.pem node spot_connector.mjs
//
// NODE_EXTRA_CA_CERTS: the authority that scripts/dev-certificate made; not needed with http:// and ws://, or a public certificate.
import { Spot } from '@binance/spot';

// Change these lines:
const node = process.env.RIALTO_URL ?? 'http://127.0.0.1:8080';
const symbol = 'BTCUSDT';
const quantity = 0.001;

const key = { apiKey: process.env.RIALTO_KEY, apiSecret: process.env.RIALTO_SECRET }; // privateKey: for Ed25519 and RSA
const client = new Spot({
  configurationRestAPI: { ...key, basePath: node },
  configurationWebsocketAPI: { ...key, wsURL: `${node.replace(/^http/, 'ws')}/ws-api/v3` },
});

const { bidPrice, askPrice } = await (await client.restAPI.tickerBookTicker({ symbol })).data();
console.log(`${symbol}: ${bidPrice} to ${askPrice}`);

// An order far below the market, over REST: it rests until it is cancelled.
const resting = await (await client.restAPI.newOrder({
  symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity, price: Math.floor(Number(bidPrice) / 2), newOrderRespType: 'RESULT',
})).data();
console.log(`order ${resting.orderId} is ${resting.status}`);
const gone = await (await client.restAPI.deleteOrder({ symbol, orderId: resting.orderId })).data();
console.log(`order ${gone.orderId} is ${gone.status}`);

// A market order, over the WebSocket API.
const socket = await client.websocketAPI.connect();
const { data: bought } = await socket.orderPlace({ symbol, side: 'BUY', type: 'MARKET', quantity, newOrderRespType: 'FULL' });
console.log(`order ${bought.orderId} is ${bought.status}`);
for (const fill of bought.fills) console.log(`bought ${fill.qty} at ${fill.price}, fee ${fill.commission} ${fill.commissionAsset}`);
await socket.disconnect();
process.exit(0); // the connector keeps its connections open
