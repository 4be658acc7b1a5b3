// The candles a chart shows: a page from the API, older ones as one scrolls back, live ones as they come.
import { api } from './api';
import { toNumber } from './decimal';
import type { Candle } from './types';

export const intervals = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'] as const;
const PAGE = 500;
const MOST = 20_000;

export const secondsOf = (iso: string): number => Math.floor(Date.parse(iso) / 1000);

/** Oldest first, one for each open time; a later word about the same candle replaces the earlier. */
export class CandleSeries {
  readonly list: Candle[] = [];
  hasOlder = true;
  private isLoading = false;

  constructor(readonly symbol: string, readonly interval: string) {}

  async loadLatest(): Promise<void> {
    const page = await this.read(undefined);
    for (const one of page) this.take(one);
  }

  /** Reads the page before the oldest; false when there was none, or it is read already. */
  async loadOlder(): Promise<boolean> {
    const oldest = this.list[0];
    if (!oldest || !this.hasOlder || this.isLoading || this.list.length >= MOST) return false;
    this.isLoading = true;
    try {
      const page = (await this.read(Date.parse(oldest.open_time))).filter((one) => one.open_time < oldest.open_time);
      this.hasOlder = page.length > 0;
      this.list.unshift(...page);
      return page.length > 0;
    } finally {
      this.isLoading = false;
    }
  }

  private async read(before: number | undefined): Promise<Candle[]> {
    const answer = await api.get<Candle[] | { items: Candle[] }>(`/markets/${this.symbol}/candles`, { interval: this.interval, limit: PAGE, to: before });
    return Array.isArray(answer) ? answer : answer.items;
  }

  /** True when it is the newest one and nothing else moved: the chart may update in place. */
  take(candle: Candle): boolean {
    const last = this.list[this.list.length - 1];
    if (!last || candle.open_time > last.open_time) {
      this.list.push(candle);
      if (this.list.length <= MOST + PAGE) return true;
      this.list.splice(0, PAGE); // a page that stays open for days keeps its bound
      this.hasOlder = true;
      return false;
    }
    if (candle.open_time === last.open_time) {
      this.list[this.list.length - 1] = candle;
      return true;
    }
    const at = this.list.findIndex((one) => one.open_time >= candle.open_time);
    if (this.list[at]?.open_time === candle.open_time) this.list[at] = candle;
    else this.list.splice(at, 0, candle);
    return false;
  }
}

/** Was the candle of this time (seconds) closed with other values before? `list` rises. */
export function isCorrected(list: Candle[], time: number): boolean {
  const text = new Date(time * 1000).toISOString().slice(0, 19); // whole seconds, whatever follows
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.open_time < text) low = middle + 1;
    else high = middle;
  }
  const found = list[low];
  return found !== undefined && found.corrected === true && found.open_time.startsWith(text);
}

export interface Bar { time: number; open: number; high: number; low: number; close: number; volume: number }
export const barOf = (one: Candle): Bar => ({
  time: secondsOf(one.open_time), open: toNumber(one.open), high: toNumber(one.high), low: toNumber(one.low), close: toNumber(one.close), volume: toNumber(one.volume),
});
