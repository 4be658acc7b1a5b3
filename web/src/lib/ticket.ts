// What an order ticket means: which fields a kind of order has, which rule a field breaks, the body
// that is sent, and what it would cost. Pure; the engine checks all of it again.
import { ONE, floorTo, format, isMultiple, multiply, parse, units, type Units } from './decimal';
import type { Instrument, Side } from './types';

export const kinds = [
  'limit', 'market', 'post_only', 'stop_limit', 'stop_market', 'take_profit_limit', 'take_profit_market',
  'trailing_stop', 'pegged', 'twap', 'vwap', 'oco', 'bracket',
] as const;
export type Kind = (typeof kinds)[number];

export const fieldNames = [
  'price', 'quantity', 'quote_quantity', 'trigger_price', 'trail_amount', 'trail_bps', 'peg_offset', 'slices', 'duration_seconds',
  'take_profit_price', 'stop_price', 'stop_trail_amount', 'stop_trail_bps', 'stop_limit_price', 'display_quantity', 'min_quantity', 'expires_at', 'start_at',
] as const;
export type Field = (typeof fieldNames)[number];

export interface TicketForm extends Record<Field, string> {
  kind: Kind; side: Side; byQuote: boolean; trailBy: 'amount' | 'bps'; peg: 'primary' | 'market' | 'mid';
  timeInForce: TimeInForce; entry: 'limit' | 'market' | 'post_only'; stopBy: 'price' | 'amount' | 'bps'; selfTrade: string;
}
export type TimeInForce = 'gtc' | 'gtd' | 'ioc' | 'fok';

export const emptyForm = (): TicketForm => ({
  kind: 'limit', side: 'buy', byQuote: false, trailBy: 'bps', peg: 'primary', timeInForce: 'gtc', entry: 'limit', stopBy: 'price', selfTrade: '',
  price: '', quantity: '', quote_quantity: '', trigger_price: '', trail_amount: '', trail_bps: '100', peg_offset: '', slices: '10',
  duration_seconds: '600', take_profit_price: '', stop_price: '', stop_trail_amount: '', stop_trail_bps: '100', stop_limit_price: '', display_quantity: '', min_quantity: '', expires_at: '', start_at: '',
});

const pricedKinds = new Set<Kind>(['limit', 'post_only', 'stop_limit', 'take_profit_limit', 'pegged', 'twap', 'vwap']);
const triggered = new Set<Kind>(['stop_limit', 'stop_market', 'take_profit_limit', 'take_profit_market']);

/** Which fields the form shows, in this order. */
export function fieldsOf(form: TicketForm): Field[] {
  const { kind } = form;
  const list: Field[] = [];
  if (triggered.has(kind) || kind === 'trailing_stop') list.push('trigger_price');
  if (kind === 'trailing_stop') list.push(form.trailBy === 'amount' ? 'trail_amount' : 'trail_bps');
  if (kind === 'pegged') list.push('peg_offset');
  if (pricedKinds.has(kind) || (kind === 'bracket' && form.entry !== 'market')) list.push('price');
  list.push(kind === 'market' && form.byQuote ? 'quote_quantity' : 'quantity');
  if (kind === 'twap' || kind === 'vwap') list.push('slices', 'duration_seconds', 'start_at');
  if (kind === 'oco' || kind === 'bracket') {
    list.push('take_profit_price', 'stop_price');
    if (form.stopBy !== 'price') list.push(form.stopBy === 'amount' ? 'stop_trail_amount' : 'stop_trail_bps');
    list.push('stop_limit_price');
  }
  if (timesInForce(form).includes('gtd') && form.timeInForce === 'gtd') list.push('expires_at');
  return list;
}

/** How long such an order may last, the usual first; empty: there is no choice. */
export function timesInForce(form: TicketForm): TimeInForce[] {
  const type = form.kind === 'bracket' ? form.entry : form.kind;
  if (type === 'market') return ['ioc', 'fok'];
  if (type === 'post_only' || type === 'pegged') return ['gtc', 'gtd'];
  return type === 'limit' || type === 'stop_limit' || type === 'take_profit_limit' ? ['gtc', 'gtd', 'ioc', 'fok'] : [];
}

/** Fields behind "more". */
export function extraFieldsOf(form: TicketForm): Field[] {
  if (form.kind === 'limit') return form.timeInForce === 'gtc' || form.timeInForce === 'gtd' ? ['display_quantity', 'min_quantity'] : ['min_quantity'];
  if (form.kind === 'post_only') return ['display_quantity'];
  return [];
}

const optional = new Set<Field>(['peg_offset', 'stop_limit_price', 'display_quantity', 'min_quantity', 'start_at']);
const isOptional = (form: TicketForm, field: Field): boolean =>
  optional.has(field) ||
  (field === 'trigger_price' && form.kind === 'trailing_stop') ||
  (field === 'stop_price' && form.stopBy !== 'price') ||
  (form.kind === 'bracket' && (field === 'take_profit_price' || field === 'stop_price'));

export const isOptionalField = (form: TicketForm, field: Field): boolean => isOptional(form, field);

/** A broken rule: a word of the dictionary and what it names. */
export interface FieldError { rule: string; of?: string }
export type Errors = Partial<Record<Field, FieldError>>;

export interface Surroundings {
  spec: Instrument; available: Units; // of what the order spends
  bestBid: Units; bestAsk: Units; last: Units; now: number;
}

const prices = new Set<Field>(['price', 'trigger_price', 'trail_amount', 'peg_offset', 'take_profit_price', 'stop_price', 'stop_trail_amount', 'stop_limit_price']);
const sizes = new Set<Field>(['quantity', 'display_quantity', 'min_quantity']);

function checkWhole(text: string, least: number, most: number): FieldError | null {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : NaN;
  return value >= least && value <= most ? null : { rule: 'rule.whole', of: `${least}-${most}` };
}

function checkOne(field: Field, text: string, at: Surroundings): FieldError | null {
  if (field === 'slices') return checkWhole(text, 2, 1_000);
  if (field === 'duration_seconds') return checkWhole(text, 1, 86_400);
  if (field === 'trail_bps' || field === 'stop_trail_bps') return checkWhole(text, 1, 9_999);
  if (field === 'expires_at' || field === 'start_at') {
    const time = Date.parse(text);
    return Number.isNaN(time) ? { rule: 'rule.time' } : time <= at.now ? { rule: 'rule.future' } : null;
  }
  const value = parse(text);
  if (value === null) return { rule: 'rule.number' };
  if (value === 0n && field !== 'peg_offset') return { rule: 'rule.positive' };
  if (prices.has(field) && !isMultiple(value, units(at.spec.tick_size))) return { rule: 'rule.tick', of: format(units(at.spec.tick_size)) };
  if (sizes.has(field) && !isMultiple(value, units(at.spec.lot_size))) return { rule: 'rule.lot', of: format(units(at.spec.lot_size)) };
  if (field === 'quantity' && value < units(at.spec.quantity_min)) return { rule: 'rule.least', of: format(units(at.spec.quantity_min)) };
  if (field === 'quantity' && units(at.spec.quantity_max) > 0n && value > units(at.spec.quantity_max))
    return { rule: 'rule.most', of: format(units(at.spec.quantity_max)) };
  return null;
}

/** Every field that breaks a rule of its own, or one between fields. */
export function check(form: TicketForm, at: Surroundings): Errors {
  const errors: Errors = {};
  const shown = [...fieldsOf(form), ...extraFieldsOf(form)];
  for (const field of shown) {
    const text = form[field].trim();
    if (!text && isOptional(form, field)) continue;
    const broken = text ? checkOne(field, text, at) : { rule: 'rule.required' };
    if (broken) errors[field] = broken;
  }
  if (form.kind === 'bracket' && form.stopBy === 'price' && !form.take_profit_price.trim() && !form.stop_price.trim()) errors.take_profit_price ??= { rule: 'rule.oneExit' };
  if (Object.keys(errors).length > 0) return errors;
  for (const field of ['display_quantity', 'min_quantity'] as const)
    if (shown.includes(field) && form[field] && units(form[field]) > units(form.quantity)) errors[field] = { rule: 'rule.withinQuantity' };
  const estimate = estimateOf(form, at, { maker: 0n, taker: 0n });
  const amountField: Field = form.kind === 'market' && form.byQuote ? 'quote_quantity' : 'quantity';
  if (estimate && estimate.notional < units(at.spec.notional_min)) errors[amountField] ??= { rule: 'rule.notional', of: `${format(units(at.spec.notional_min))} ${at.spec.quote}` };
  if (estimate && estimate.spends > at.available) errors[amountField] ??= { rule: 'rule.funds', of: estimate.asset };
  return errors;
}

const wholes = new Set<Field>(['trail_bps', 'stop_trail_bps', 'slices', 'duration_seconds']);
const times = new Set<Field>(['expires_at', 'start_at']);

function put(body: Record<string, unknown>, form: TicketForm, fields: Field[]): void {
  for (const field of fields) {
    const text = form[field].trim();
    if (!text) continue;
    body[field] = wholes.has(field) ? Number(text) : times.has(field) ? new Date(text).toISOString() : text;
  }
}

export interface Request { path: '/orders' | '/order-lists'; op: 'order.place' | 'order.place_list'; body: Record<string, unknown> }

/** What is sent; the same `clientOrderId` makes a second try harmless. */
export function requestOf(form: TicketForm, symbol: string, clientOrderId: string): Request {
  const body: Record<string, unknown> = { symbol, side: form.side, client_order_id: clientOrderId };
  if (form.selfTrade) body.self_trade_prevention = form.selfTrade;
  const fields = [...fieldsOf(form), ...extraFieldsOf(form)];
  if (form.kind === 'oco' || form.kind === 'bracket') {
    body.kind = form.kind;
    if (form.kind === 'bracket') {
      body.type = form.entry;
      if (form.timeInForce !== timesInForce(form)[0]) body.time_in_force = form.timeInForce;
    }
    put(body, form, fields);
    return { path: '/order-lists', op: 'order.place_list', body };
  }
  const isMarket = form.kind === 'market' || form.kind === 'stop_market' || form.kind === 'take_profit_market' || form.kind === 'trailing_stop';
  body.type = form.kind === 'post_only' ? 'post_only' : isMarket ? 'market' : 'limit';
  const usual = timesInForce(form)[0];
  if (usual && form.timeInForce !== usual) body.time_in_force = form.timeInForce;
  if (form.kind.startsWith('stop_') || form.kind === 'trailing_stop') body.trigger = 'stop';
  if (form.kind.startsWith('take_profit_')) body.trigger = 'take_profit';
  if (form.kind === 'pegged') body.peg = form.peg;
  if (form.kind === 'twap' || form.kind === 'vwap') body.slicing = form.kind;
  put(body, form, fields);
  return { path: '/orders', op: 'order.place', body };
}

export interface Estimate {
  notional: Units; // price times quantity in the quote asset
  spends: Units; asset: string; // what would be held, and of what
  fee: Units; feeAsset: string; // at most, of what is received
}

/** The price an order is reckoned with: its own, or what a market order would pay at the top of the book. */
export function reckonedPrice(form: TicketForm, at: Surroundings): Units {
  const touch = (form.side === 'buy' ? at.bestAsk : at.bestBid) || at.last;
  if (form.kind === 'oco') return form.side === 'buy' ? (units(form.stop_limit_price || form.stop_price) || touch) : units(form.take_profit_price);
  if (pricedKinds.has(form.kind) || (form.kind === 'bracket' && form.entry !== 'market')) return parse(form.price) ?? 0n;
  if (form.kind === 'stop_market' || form.kind === 'take_profit_market') return parse(form.trigger_price) ?? touch;
  return touch;
}

/** Null: not enough is filled in. Buys are reckoned up, sells down; fees are rounded against the payer. */
export function estimateOf(form: TicketForm, at: Surroundings, rates: { maker: Units; taker: Units }): Estimate | null {
  const price = reckonedPrice(form, at);
  const byQuote = form.kind === 'market' && form.byQuote;
  const quantity = byQuote ? (price === 0n ? 0n : floorTo((units(form.quote_quantity) * ONE) / price, units(at.spec.lot_size))) : (parse(form.quantity) ?? 0n);
  if (price === 0n || quantity === 0n) return null;
  const notional = byQuote ? units(form.quote_quantity) : multiply(price, quantity, form.side === 'buy' ? 'up' : 'down');
  const rate = form.kind === 'post_only' || (form.kind === 'bracket' && form.entry === 'post_only') ? rates.maker : rates.taker;
  const isBuy = form.side === 'buy';
  const received = isBuy ? quantity : notional;
  const fee = rate < 0n ? -multiply(received, -rate, 'down') : multiply(received, rate, 'up');
  return {
    notional, fee,
    spends: isBuy ? notional : quantity,
    asset: isBuy ? at.spec.quote : at.spec.base,
    feeAsset: isBuy ? at.spec.base : at.spec.quote,
  };
}

/** The quantity that spends `percent` of what is available, on the lot; as text. */
export function quantityFor(percent: number, form: TicketForm, at: Surroundings): string {
  const share = (at.available * BigInt(percent)) / 100n;
  if (form.kind === 'market' && form.byQuote && form.side === 'buy') return format(floorTo(share, 1_000_000n));
  const lot = units(at.spec.lot_size);
  if (form.side === 'sell') return format(floorTo(share, lot));
  let price = reckonedPrice(form, at);
  if (form.kind === 'market' || (form.kind === 'bracket' && form.entry === 'market')) price += multiply(price, units(at.spec.collar), 'up'); // what is held may be so much dearer
  return price === 0n ? '' : format(floorTo((share * ONE) / price, lot));
}

// Where a refusal belongs when the form has no field of the API's name.
const kin: Record<string, Field[]> = {
  quantity: ['quote_quantity'], trigger: ['trigger_price'], trigger_price: ['stop_price'], price: ['take_profit_price', 'stop_limit_price'],
  trail_bps: ['stop_trail_bps'], trail_amount: ['stop_trail_amount'], peg: ['peg_offset'], slicing: ['slices'], kind: ['take_profit_price'],
};

/** A field of the API's refusal, as the field of the form it concerns; null: none that is shown. */
export function fieldOfProblem(field: string | null, form: TicketForm): Field | null {
  if (!field) return null;
  const shown: string[] = [...fieldsOf(form), ...extraFieldsOf(form)];
  const found = [field, ...(kin[field] ?? [])].find((name) => shown.includes(name));
  return (found as Field | undefined) ?? null;
}
