import { afterEach, describe, expect, it, vi } from 'vitest';
import { CandleSeries, isCorrected } from '../src/lib/candles';
import type { Candle } from '../src/lib/types';
import { answerWith } from './edges';

afterEach(() => vi.unstubAllGlobals());

const at = (minute: number): string => new Date(minute * 60_000).toISOString();
const candle = (minute: number, close = '1'): Candle => ({ open_time: at(minute), close_time: at(minute + 1), open: '1', high: '1', low: '1', close, volume: '1', quote_volume: '1', trades: 1, closed: true });
const minutes = (series: CandleSeries): number[] => series.list.map((one) => Date.parse(one.open_time) / 60_000);

describe('the candles of a chart', () => {
  it('take the newest in place, and say when an older one moved', () => {
    const series = new CandleSeries('X', '1m');
    expect([series.take(candle(1)), series.take(candle(2)), series.take(candle(2, '5'))]).toEqual([true, true, true]);
    expect(series.take({ ...candle(1, '7'), corrected: true })).toBe(false);
    expect(series.list.map((one) => one.close)).toEqual(['7', '5']);
  });
  it('put a late one in its place', () => {
    const series = new CandleSeries('X', '1m');
    for (const minute of [1, 4, 2]) series.take(candle(minute));
    expect(minutes(series)).toEqual([1, 2, 4]);
  });
  it('read older pages without a repeat, until there are none', async () => {
    const log = answerWith(({ query }) => {
      const to = query.get('to');
      if (to === null) return { items: [candle(10), candle(11)] };
      return { items: Number(to) / 60_000 > 8 ? [candle(8), candle(9), candle(10)] : [] };
    });
    const series = new CandleSeries('X', '1m');
    await series.loadLatest();
    expect(await series.loadOlder()).toBe(true);
    expect(minutes(series)).toEqual([8, 9, 10, 11]);
    expect([await series.loadOlder(), await series.loadOlder(), log.length]).toEqual([false, false, 3]);
  });
  it('keep a live candle that came before the page was read', async () => {
    answerWith(() => ({ items: [candle(1), candle(2)] }));
    const series = new CandleSeries('X', '1m');
    series.take(candle(3));
    await series.loadLatest();
    expect(minutes(series)).toEqual([1, 2, 3]);
  });
  it('know which of them were corrected, by the time of their bar', () => {
    const series = new CandleSeries('X', '1m');
    for (const minute of [1, 2, 4]) series.take(candle(minute));
    series.list[1] = { ...candle(2), open_time: '1970-01-01T00:02:00.000000Z', corrected: true }; // the node writes microseconds
    expect([0, 60, 120, 180, 240, 300].map((time) => isCorrected(series.list, time))).toEqual([false, false, true, false, false, false]);
    expect(isCorrected([], 60)).toBe(false);
  });
  it('stay within a bound, and can read again what was let go', () => {
    const series = new CandleSeries('X', '1s');
    const news = Array.from({ length: 20_501 }, (_, minute) => series.take(candle(minute)));
    expect(news.indexOf(false)).toBe(20_500);
    expect([series.list.length, minutes(series)[0], series.hasOlder]).toEqual([20_001, 500, true]);
  });
});
