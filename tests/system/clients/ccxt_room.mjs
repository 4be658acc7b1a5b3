// ccxt's objects, pointed at the node: what a user of ccxt changes, in one place.
import assert from 'node:assert/strict';
import ccxt from 'ccxt';
import { setting } from './checks.mjs';

const options = {
  fetchCurrencies: false, fetchMargins: false, fetchMarkets: { types: ['spot'] }, warnOnFetchOpenOrdersWithoutSymbol: false,
};

/** An exchange of ccxt (ccxt.pro's with streams: true) with one of the setting's keys, or none. */
export function exchange(key, more = {}) {
  const made = new (more.streams ? ccxt.pro.binance : ccxt.binance)({
    apiKey: key?.key, secret: key?.secret, enableRateLimit: false, ...more, options: { ...options, ...more.options },
  });
  const { rest, sockets } = setting;
  Object.assign(made.urls.api, { public: `${rest}/api/v3`, private: `${rest}/api/v3`, v1: `${rest}/api/v1`, sapi: `${rest}/sapi/v1` });
  if (!more.streams) return made;
  made.urls.api.ws.spot = `${sockets}/ws`;
  made.urls.api.ws['ws-api'].spot = `${sockets}/ws-api/v3`;
  return made;
}

/** The error that `work` ends with, after checking its class and words. */
export async function refused(work, kind, words = '') {
  let error = null;
  await work().catch((thrown) => { error = thrown; });
  assert.ok(error, `${kind} was expected and nothing was refused`);
  assert.equal(error.constructor.name, kind, error.message);
  assert.ok(error instanceof ccxt[kind]);
  assert.ok(error.message.includes(words), error.message);
  return error;
}
