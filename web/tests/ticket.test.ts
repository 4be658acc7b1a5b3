import { describe, expect, it } from 'vitest';
import { format, units } from '../src/lib/decimal';
import { check, emptyForm, estimateOf, fieldOfProblem, fieldsOf, kinds, quantityFor, requestOf, timesInForce, type Kind, type Surroundings, type TicketForm } from '../src/lib/ticket';
import type { Instrument } from '../src/lib/types';

const spec = {
  symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tick_size: '0.01', lot_size: '0.00001', notional_min: '5', quantity_min: '0.00001', quantity_max: '100',
  maker_fee: '0.001', taker_fee: '0.001', fee_tiers: [], collar: '0.05', status: 'open', mode: 'own', band: '0', halt_move: '0', halt_window_seconds: 0, halt_seconds: 0, stale: false,
} as Instrument;
const around = (change: Partial<Surroundings> = {}): Surroundings => ({
  spec, available: units('1000'), bestBid: units('99.99'), bestAsk: units('100.01'), last: units('100'), now: Date.parse('2026-01-01T00:00:00Z'), ...change,
});
const form = (change: Partial<TicketForm>): TicketForm => ({ ...emptyForm(), ...change });

describe('the rules of a ticket', () => {
  it('names the field and the rule', () => {
    const cases: [Partial<TicketForm>, string, string][] = [
      [{ price: '100.001', quantity: '1' }, 'price', 'rule.tick'],
      [{ price: '100', quantity: '0.000001' }, 'quantity', 'rule.lot'],
      [{ price: '100', quantity: '0' }, 'quantity', 'rule.positive'],
      [{ price: '100', quantity: '101' }, 'quantity', 'rule.most'],
      [{ price: '', quantity: '1' }, 'price', 'rule.required'],
      [{ price: '1e400', quantity: '1' }, 'price', 'rule.number'],
      [{ price: '100', quantity: '0.01' }, 'quantity', 'rule.notional'],
      [{ price: '100', quantity: '10.00001' }, 'quantity', 'rule.funds'],
      [{ price: '100', quantity: '1', display_quantity: '2' }, 'display_quantity', 'rule.withinQuantity'],
      [{ kind: 'trailing_stop', side: 'sell', quantity: '1', trail_bps: '0' }, 'trail_bps', 'rule.whole'],
      [{ kind: 'twap', price: '100', quantity: '1', slices: '1' }, 'slices', 'rule.whole'],
      [{ timeInForce: 'gtd', price: '100', quantity: '1', expires_at: '2025-01-01T00:00' }, 'expires_at', 'rule.future'],
      [{ kind: 'bracket', price: '100', quantity: '1' }, 'take_profit_price', 'rule.oneExit'],
    ];
    for (const [change, field, rule] of cases) expect(check(form(change), around()), JSON.stringify(change)).toMatchObject({ [field]: { rule } });
  });
  it('finds nothing wrong with a sound order of every kind', () => {
    const sound: Partial<Record<Kind, Partial<TicketForm>>> = {
      market: { quantity: '1' }, trailing_stop: { quantity: '1', side: 'sell' }, stop_market: { quantity: '1', trigger_price: '110' },
      stop_limit: { price: '111', quantity: '1', trigger_price: '110' }, take_profit_limit: { price: '90', quantity: '1', trigger_price: '91' }, take_profit_market: { quantity: '1', trigger_price: '90' },
      oco: { quantity: '1', take_profit_price: '90', stop_price: '110', stop_limit_price: '111' }, bracket: { price: '100', quantity: '1', take_profit_price: '120' },
    };
    for (const kind of kinds) expect(check(form({ kind, price: '100', quantity: '1', ...sound[kind] }), around()), kind).toEqual({});
  });
});

describe('what is sent', () => {
  it('holds the fields the kind has and no others', () => {
    const sent = requestOf(form({ kind: 'limit', price: '100', quantity: '1', trigger_price: '5', display_quantity: '0.5' }), 'BTCUSDT', 'web-1');
    expect(sent).toEqual({ path: '/orders', op: 'order.place', body: { symbol: 'BTCUSDT', side: 'buy', client_order_id: 'web-1', type: 'limit', price: '100', quantity: '1', display_quantity: '0.5' } });
  });
  it('says the trigger, the peg and the slicing of those kinds', () => {
    const of = (kind: Kind, more: Partial<TicketForm> = {}): Record<string, unknown> => requestOf(form({ kind, price: '1', quantity: '1', trigger_price: '2', ...more }), 'X', 'c').body;
    expect(of('stop_limit')).toMatchObject({ type: 'limit', trigger: 'stop', trigger_price: '2', price: '1' });
    expect(of('take_profit_market')).toMatchObject({ type: 'market', trigger: 'take_profit' });
    expect(of('trailing_stop')).toMatchObject({ type: 'market', trigger: 'stop', trail_bps: 100 });
    expect(of('pegged', { peg: 'mid' })).toMatchObject({ type: 'limit', peg: 'mid' });
    expect(of('vwap')).toMatchObject({ slicing: 'vwap', slices: 10, duration_seconds: 600 });
    expect(of('post_only')).toMatchObject({ type: 'post_only' });
    expect(of('limit', { timeInForce: 'ioc' })).toMatchObject({ time_in_force: 'ioc' });
  });
  it('says how long only where it is not the usual', () => {
    const of = (change: Partial<TicketForm>): unknown => requestOf(form({ price: '1', quantity: '1', ...change }), 'X', 'c').body.time_in_force;
    expect([of({}), of({ kind: 'market', timeInForce: 'ioc' }), of({ kind: 'market', timeInForce: 'fok' }), of({ kind: 'twap', timeInForce: 'fok' })]).toEqual([undefined, undefined, 'fok', undefined]);
    expect(of({ kind: 'bracket', entry: 'post_only', timeInForce: 'gtd', expires_at: '2030-01-01T00:00' })).toBe('gtd');
    for (const kind of kinds) expect(timesInForce(form({ kind }))[0] ?? 'gtc', kind).toBe(kind === 'market' ? 'ioc' : 'gtc');
  });
  it('lets the stop of a list trail, from a price or at once', () => {
    const list = (change: Partial<TicketForm>) => requestOf(form({ kind: 'oco', side: 'sell', quantity: '1', take_profit_price: '120', ...change }), 'X', 'c').body;
    expect(list({ stopBy: 'bps', stop_trail_bps: '50' })).toMatchObject({ stop_trail_bps: 50 });
    expect(list({ stopBy: 'amount', stop_trail_amount: '2', stop_price: '90' })).toMatchObject({ stop_trail_amount: '2', stop_price: '90' });
    expect(list({ stopBy: 'price', stop_price: '90' })).not.toHaveProperty('stop_trail_bps');
    expect(check(form({ kind: 'bracket', price: '100', quantity: '1', stopBy: 'bps' }), around())).toEqual({});
  });
  it('sends linked orders as a list', () => {
    expect(requestOf(form({ kind: 'oco', quantity: '1', take_profit_price: '9', stop_price: '11' }), 'X', 'c')).toMatchObject({ path: '/order-lists', body: { kind: 'oco', take_profit_price: '9', stop_price: '11' } });
  });
});

describe('the estimate', () => {
  it('reckons a buy up and its fee against the payer', () => {
    const estimate = estimateOf(form({ price: '100.01', quantity: '0.12345' }), around(), { maker: units('0.001'), taker: units('0.001') })!;
    expect([format(estimate.notional), estimate.asset, format(estimate.fee), estimate.feeAsset]).toEqual(['12.3462345', 'USDT', '0.00012345', 'BTC']);
  });
  it('has nothing to say while fields are empty', () => {
    expect(estimateOf(form({}), around(), { maker: 0n, taker: 0n })).toBeNull();
  });
  it('spends no more than the share that was asked for', () => {
    const filled = form({ price: '99.99' });
    filled.quantity = quantityFor(100, filled, around());
    expect(filled.quantity).toBe('10.001');
    expect(check(filled, around())).toEqual({});
    expect(quantityFor(25, form({ side: 'sell', price: '1' }), around({ available: units('0.123456') }))).toBe('0.03086');
  });
  it('leaves a market buy what its collar holds', () => {
    expect(units(quantityFor(100, form({ kind: 'market' }), around())) * units('100.01') * 105n / 100n).toBeLessThanOrEqual(units('1000') * 100_000_000n);
  });
});

it('puts a refusal beside its field, where the form shows it', () => {
  expect(fieldOfProblem('price', form({}))).toBe('price');
  expect(fieldOfProblem('price', form({ kind: 'market' }))).toBeNull();
  expect(fieldOfProblem('quantity', form({ kind: 'market', byQuote: true }))).toBe('quote_quantity');
  expect(fieldOfProblem('trigger_price', form({ kind: 'oco' }))).toBe('stop_price');
  expect(fieldOfProblem('slicing', form({ kind: 'twap' }))).toBe('slices');
  expect(fieldOfProblem('symbol', form({}))).toBeNull();
  expect(fieldsOf(form({ kind: 'market', byQuote: true }))).toEqual(['quote_quantity']);
});
