// The order book of one market as the stream tells it, and the rows a ladder shows of it.
//
// Prices and sizes are whole numbers of the instrument's tick and lot here, so grouping is exact.
import { units } from './decimal';
import type { BookMessage, Instrument, Level } from './types';

export interface LadderRow { price: number; size: number; total: number }

export class Book {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  lastUpdate = 0;
  version = 0;
  private readonly tick: bigint;
  private readonly lot: bigint;
  private sorted: { version: number; bids: number[]; asks: number[] } = { version: -1, bids: [], asks: [] };

  constructor(spec: Pick<Instrument, 'tick_size' | 'lot_size'>) {
    this.tick = units(spec.tick_size);
    this.lot = units(spec.lot_size);
  }

  take(message: BookMessage): void {
    if (message.type === 'snapshot') {
      this.bids.clear();
      this.asks.clear();
    }
    this.lay(this.bids, message.bids);
    this.lay(this.asks, message.asks);
    this.lastUpdate = message.last_update;
    ++this.version;
  }

  private lay(side: Map<number, number>, levels: Level[]): void {
    for (const [price, quantity] of levels) {
      const ticks = Number(units(price) / this.tick);
      const lots = Number(units(quantity) / this.lot);
      if (lots === 0) side.delete(ticks);
      else side.set(ticks, lots);
    }
  }

  private order(): { bids: number[]; asks: number[] } {
    if (this.sorted.version !== this.version) {
      this.sorted = {
        version: this.version,
        bids: [...this.bids.keys()].sort((a, b) => b - a),
        asks: [...this.asks.keys()].sort((a, b) => a - b),
      };
    }
    return this.sorted;
  }

  bestBid(): number | null {
    return this.order().bids[0] ?? null;
  }
  bestAsk(): number | null {
    return this.order().asks[0] ?? null;
  }

  /** The best `count` rows of a side, `group` ticks to a row: bids are rounded down, asks up, so that a row never promises a better price. */
  rows(side: 'bids' | 'asks', count: number, group: number): LadderRow[] {
    const levels = this[side];
    const rows: LadderRow[] = [];
    let total = 0;
    for (const ticks of this.order()[side]) {
      const price = side === 'bids' ? Math.floor(ticks / group) * group : Math.ceil(ticks / group) * group;
      const size = levels.get(ticks) ?? 0;
      const last = rows[rows.length - 1];
      if (last && last.price === price) {
        last.size += size;
        last.total = total += size;
        continue;
      }
      if (rows.length === count) break;
      total += size;
      rows.push({ price, size, total });
    }
    return rows;
  }

  /** Cumulated size by price, best first, within `share` of the middle: what a depth chart draws. */
  depth(side: 'bids' | 'asks', share: number): { price: number; total: number }[] {
    const bid = this.bestBid();
    const ask = this.bestAsk();
    const middle = bid !== null && ask !== null ? (bid + ask) / 2 : (bid ?? ask);
    if (middle === null) return [];
    const levels = this[side];
    const points: { price: number; total: number }[] = [];
    let total = 0;
    for (const price of this.order()[side]) {
      if (Math.abs(price - middle) > middle * share) break;
      total += levels.get(price) ?? 0;
      points.push({ price, total });
    }
    return points;
  }

  priceText(ticks: number): string {
    return unitsText(BigInt(ticks) * this.tick, this.tick);
  }
  sizeText(lots: number): string {
    return unitsText(BigInt(lots) * this.lot, this.lot);
  }
  ticksOf(price: string): number {
    return Number(units(price) / this.tick);
  }
}

function unitsText(value: bigint, step: bigint): string {
  let digits = 8;
  for (let size = step; digits > 0 && size > 0n && size % 10n === 0n; size /= 10n) --digits;
  const whole = value / 100_000_000n;
  const fraction = (value % 100_000_000n).toString().padStart(8, '0').slice(0, digits);
  return digits === 0 ? whole.toString() : `${whole}.${fraction}`;
}

/** Group sizes in ticks that people pick from: 1, 10, 100 ... as long as they are below 1 % of the price. */
export function groupsFor(priceTicks: number): number[] {
  const groups = [1];
  for (const factor of [5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000]) if (factor <= priceTicks / 100) groups.push(factor);
  return groups;
}
