// What the chart shows of the account: open orders as lines, fills as marks, and where a dragged line may rest. Pure.
import { add, digitsOf, format, units } from './decimal';
import { canAmend, type Execution, type Order, type Side } from './types';

export interface OrderLine { id: number; side: Side; price: string; isMovable: boolean; isWaiting: boolean; title: string }
export interface FillMark { side: Side; time: number; text: string }

/** The price at which an order shows: of one that waits, where it wakes. Null: it has none that is known. */
export function shownPrice(order: Order): string | null {
  return order.trigger && !order.triggered ? (order.trigger_price ?? order.price) : order.price;
}

/** Lines of the market's open orders. A line can be dragged when it is the order's limit and the engine would amend it. */
export function orderLines(orders: Order[], symbol: string, title: (order: Order) => string): OrderLine[] {
  const lines: OrderLine[] = [];
  for (const one of orders) {
    const price = shownPrice(one);
    if (one.symbol !== symbol || price === null || one.slicing) continue;
    const isWaiting = Boolean(one.pending || (one.trigger && !one.triggered));
    lines.push({ id: one.order_id, side: one.side, price, isWaiting, isMovable: canAmend(one) && !isWaiting && !one.peg, title: title(one) });
  }
  return lines;
}

/** The begin of the bar that holds `time`; null: it lies before the first. `times` rise. */
export function barAt(times: number[], time: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : times[low - 1]!;
}

/** One mark a bar and side, with what was traded there together. */
export function fillMarks(fills: Execution[], symbol: string, times: number[]): FillMark[] {
  const marks = new Map<string, FillMark>();
  for (const one of fills) {
    if (one.symbol !== symbol) continue;
    const time = barAt(times, Math.floor(Date.parse(one.time) / 1000));
    if (time === null) continue;
    const key = `${time}${one.side}`;
    const kept = marks.get(key);
    marks.set(key, { side: one.side, time, text: format(kept ? add(kept.text, one.quantity) : units(one.quantity)) });
  }
  return [...marks.values()].sort((a, b) => a.time - b.time || a.side.localeCompare(b.side));
}

/** The price of the tick nearest to a place on the chart, at least one tick; null: no place of the chart. */
export function snappedPrice(place: number | null, tick: string): string | null {
  const step = units(tick);
  if (place === null || !Number.isFinite(place) || step <= 0n) return null;
  const ticks = BigInt(Math.max(1, Math.min(Math.round((place * 1e8) / Number(step)), Number.MAX_SAFE_INTEGER)));
  return format(ticks * step, digitsOf(tick));
}
