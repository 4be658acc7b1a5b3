import { describe, expect, it } from 'vitest';
import { barAt, fillMarks, orderLines, shownPrice, snappedPrice } from '../src/lib/chart_model';
import type { Execution, Order } from '../src/lib/types';

const order = (change: Partial<Order>): Order => ({
  order_id: 1, client_order_id: null, symbol: 'X', side: 'buy', type: 'limit', time_in_force: 'gtc', status: 'new', price: '100.00', quantity: '1', executed_quantity: '0', executed_quote: '0',
  reason: null, expires_at: null, display_quantity: null, trigger: null, peg: null, peg_offset: null, list_id: null, parent_id: null, slicing: null, created_at: '', updated_at: '', ...change,
});
const fill = (change: Partial<Execution>): Execution => ({
  number: 1, order_id: 1, symbol: 'X', side: 'buy', trade_id: 1, price: '100', quantity: '0.1', notional: '10', fee: '0', fee_asset: 'X', is_maker: false, time: '1970-01-01T00:01:30Z', ...change,
});

describe('a dragged line', () => {
  it('rests on the nearest tick, exactly', () => {
    expect(snappedPrice(100.004, '0.01')).toBe('100.00');
    expect(snappedPrice(100.006, '0.01')).toBe('100.01');
    expect(snappedPrice(0.1 + 0.2, '0.1')).toBe('0.3');
    expect(snappedPrice(123.4, '0.5')).toBe('123.5');
    expect(snappedPrice(1234, '10')).toBe('1230');
    expect(snappedPrice(0.000000014, '0.00000001')).toBe('0.00000001');
  });
  it('never comes to zero or below, nor from outside the chart', () => {
    expect(snappedPrice(-5, '0.01')).toBe('0.01');
    for (const bad of [null, NaN, Infinity]) expect(snappedPrice(bad, '0.01')).toBeNull();
    expect(snappedPrice(1, '0')).toBeNull();
  });
});

describe('order lines', () => {
  const lines = (...orders: Partial<Order>[]) => orderLines(orders.map(order), 'X', (one) => `#${one.order_id}`);
  it('are those of the market, and can be dragged where the engine would amend', () => {
    expect(lines({}, { order_id: 2, symbol: 'Y' })).toEqual([{ id: 1, side: 'buy', price: '100.00', isMovable: true, isWaiting: false, title: '#1' }]);
    for (const fixed of [{ list_id: 7 }, { parent_id: 7 }, { peg: 'mid' }, { trigger: 'stop', trigger_price: '90.00' }]) expect(lines(fixed)[0]?.isMovable, JSON.stringify(fixed)).toBe(false);
    expect(lines({ trigger: 'stop', trigger_price: '90.00', triggered: true })[0]).toMatchObject({ price: '100.00', isMovable: true });
  });
  it('show a waiting order where it wakes, and none without a price or in slices', () => {
    expect(lines({ trigger: 'stop', trigger_price: '90.00' })[0]).toMatchObject({ price: '90.00', isWaiting: true });
    expect(lines({ price: null }, { slicing: 'twap' })).toEqual([]);
    expect(shownPrice(order({ price: null, trigger: 'stop', trigger_price: null }))).toBeNull();
  });
});

describe('fill marks', () => {
  it('find the bar that holds a time', () => {
    expect([59, 60, 119, 120, 9_999].map((time) => barAt([60, 120], time))).toEqual([null, 60, 60, 120, 120]);
    expect(barAt([], 5)).toBeNull();
  });
  it('add up what one side traded in a bar, exactly and in order', () => {
    const marks = fillMarks([fill({ time: '1970-01-01T00:02:10Z', side: 'sell' }), fill({ quantity: '0.2' }), fill({}), fill({ symbol: 'Y' }), fill({ time: '1970-01-01T00:00:01Z' })], 'X', [60, 120]);
    expect(marks).toEqual([{ side: 'buy', time: 60, text: '0.3' }, { side: 'sell', time: 120, text: '0.1' }]);
  });
});
