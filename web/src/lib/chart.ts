// The drawing of candles (lightweight-charts): colours from the page's own, order lines that can be dragged.
import {
  CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineStyle,
  type AutoscaleInfo, type IChartApi, type IPriceLine, type ISeriesApi, type ISeriesMarkersPluginApi, type Time, type UTCTimestamp,
} from 'lightweight-charts';
import type { Bar } from './candles';
import { snappedPrice, type FillMark, type OrderLine } from './chart_model';
import { digitsOf, toNumber, units } from './decimal';
import type { Instrument, Side } from './types';

/** What the chart tells the page. */
export interface Told {
  onOlder(): void;
  onAmend(id: number, price: string): void;
  onBar(bar: Bar | null): void; // under the pointer; null: none
}

const NEAR_PX = 6;
const NEAR_SHARE = 0.02; // orders so far from a price without a range, or half a range beyond one, still widen the scale
const FAR_SHARE = 0.05; // lines so far from the last price have no label: those would pile up at the edge
const OLDER_BARS = 30; // older candles are asked for when so few are left on the left

export class PriceChart {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<'Candlestick'>;
  private readonly volume: ISeriesApi<'Histogram'>;
  private readonly marks: ISeriesMarkersPluginApi<Time>;
  private lines = new Map<number, { order: OrderLine; line: IPriceLine }>();
  private dragged: { order: OrderLine; line: IPriceLine; price: string } | null = null;
  private last: Bar | null = null;
  private readonly ends = new AbortController();

  constructor(private readonly area: HTMLElement, private readonly spec: Instrument, private readonly told: Told) {
    this.chart = createChart(area, {
      autoSize: true,
      layout: { attributionLogo: false, background: { color: 'transparent' } },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 6 },
      crosshair: { mode: 0 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: false, priceFormat: { type: 'price', precision: digitsOf(spec.tick_size), minMove: toNumber(spec.tick_size) } });
    this.candles.applyOptions({ autoscaleInfoProvider: (usual: () => AutoscaleInfo | null) => this.scaleOf(usual()) });
    this.volume = this.chart.addSeries(HistogramSeries, { priceFormat: { type: 'volume' }, priceScaleId: 'volume', lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
    this.marks = createSeriesMarkers(this.candles, []);
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < OLDER_BARS) this.told.onOlder();
    });
    this.chart.subscribeCrosshairMove((at) => {
      const bar = at.seriesData.get(this.candles) as Omit<Bar, 'volume'> | undefined;
      const volume = (at.seriesData.get(this.volume) as { value?: number } | undefined)?.value ?? 0;
      this.told.onBar(bar ? { ...bar, volume } : null);
    });
    const listen = { signal: this.ends.signal, capture: true };
    area.addEventListener('pointerdown', (event) => this.grab(event), listen);
    area.addEventListener('pointermove', (event) => this.drag(event), listen);
    area.addEventListener('pointerup', () => this.drop(true), listen);
    area.addEventListener('pointercancel', () => this.drop(false), listen);
    addEventListener('keydown', (event) => event.key === 'Escape' && this.drop(false), { signal: this.ends.signal });
    this.paint();
  }

  /** The candles' own range, and the own orders that are near: those can be seen and dragged. */
  private scaleOf(usual: AutoscaleInfo | null): AutoscaleInfo | null {
    const range = usual?.priceRange;
    if (!usual || !range) return usual;
    const height = range.maxValue - range.minValue;
    const reach = height > range.maxValue * NEAR_SHARE * 0.1 ? height / 2 : range.maxValue * NEAR_SHARE;
    const prices = [...this.lines.values()].map((one) => toNumber(one.order.price)).filter((price) => price > range.minValue - reach && price < range.maxValue + reach);
    return { ...usual, priceRange: { minValue: Math.min(range.minValue, ...prices), maxValue: Math.max(range.maxValue, ...prices) } };
  }

  close(): void {
    this.ends.abort();
    this.lines.clear();
    this.chart.remove();
  }

  private colour(name: string): string {
    return getComputedStyle(this.area).getPropertyValue(name).trim();
  }

  /** Takes the colours of the theme that is chosen now. */
  paint(): void {
    if (this.isClosed) return;
    const line = { color: this.colour('--line') };
    const grid = { color: this.colour('--grid') };
    const up = this.colour('--up');
    const down = this.colour('--down');
    this.chart.applyOptions({
      layout: { textColor: this.colour('--dim'), fontFamily: getComputedStyle(document.documentElement).fontFamily },
      grid: { vertLines: grid, horzLines: grid }, rightPriceScale: { borderColor: line.color }, timeScale: { borderColor: line.color },
    });
    this.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    for (const { order, line: one } of this.lines.values()) one.applyOptions({ color: this.sideColour(order.side) });
  }

  private sideColour(side: Side): string {
    return this.colour(side === 'buy' ? '--up' : '--down');
  }
  private volumeOf(bar: Bar): { time: UTCTimestamp; value: number; color: string } {
    return { time: bar.time as UTCTimestamp, value: bar.volume, color: this.colour(bar.close >= bar.open ? '--up-soft' : '--down-soft') };
  }

  /** Who reads or draws late may still ask: a closed chart takes nothing any more. */
  private get isClosed(): boolean {
    return this.ends.signal.aborted;
  }

  fill(bars: Bar[]): void {
    if (this.isClosed) return;
    const soft = { up: this.colour('--up-soft'), down: this.colour('--down-soft') };
    const candles = (): void => this.candles.setData(bars.map((one) => ({ ...one, time: one.time as UTCTimestamp })));
    const volume = (): void => this.volume.setData(bars.map((one) => ({ time: one.time as UTCTimestamp, value: one.volume, color: one.close >= one.open ? soft.up : soft.down })));
    // The library looks for a bar below the pointer at once, and fails where candles have times that an empty volume has not.
    for (const set of bars.length > 0 ? [volume, candles] : [candles, volume]) set();
    this.last = bars.at(-1) ?? null;
    const step = bars.length > 1 ? bars[1]!.time - bars[0]!.time : 60;
    this.chart.timeScale().applyOptions({ secondsVisible: step < 60 });
  }

  update(bar: Bar): void {
    if (this.isClosed || (this.last && bar.time < this.last.time)) return;
    this.last = bar;
    this.volume.update(this.volumeOf(bar)); // before the candles, as in fill()
    this.candles.update({ ...bar, time: bar.time as UTCTimestamp });
  }

  mark(fills: FillMark[]): void {
    if (this.isClosed) return;
    this.marks.setMarkers(
      fills.map((one) => ({
        time: one.time as Time, position: one.side === 'buy' ? 'belowBar' : 'aboveBar', shape: one.side === 'buy' ? 'arrowUp' : 'arrowDown', color: this.sideColour(one.side), text: one.text,
      })),
    );
  }

  drawOrders(orders: OrderLine[]): void {
    if (this.isClosed) return;
    const fresh = new Map(orders.map((one) => [one.id, one]));
    for (const [id, { line }] of this.lines)
      if (!fresh.has(id)) {
        this.candles.removePriceLine(line);
        this.lines.delete(id);
        if (this.dragged?.order.id === id) this.dragged = null;
      }
    for (const order of orders) {
      const isFar = this.last !== null && Math.abs(toNumber(order.price) / this.last.close - 1) > FAR_SHARE;
      const options = { price: toNumber(order.price), title: isFar ? '' : order.title, color: this.sideColour(order.side), lineStyle: order.isWaiting ? LineStyle.Dashed : LineStyle.Solid, lineWidth: 1 as const, axisLabelVisible: !isFar };
      const kept = this.lines.get(order.id);
      if (!kept) this.lines.set(order.id, { order, line: this.candles.createPriceLine(options) });
      else if (this.dragged?.order.id !== order.id) {
        kept.order = order;
        kept.line.applyOptions(options);
      }
    }
  }

  private near(event: PointerEvent): { order: OrderLine; line: IPriceLine } | null {
    const y = event.clientY - this.area.getBoundingClientRect().top;
    for (const one of this.lines.values()) {
      const at = this.candles.priceToCoordinate(toNumber(one.order.price));
      if (one.order.isMovable && at !== null && Math.abs(at - y) <= NEAR_PX) return one;
    }
    return null;
  }

  private grab(event: PointerEvent): void {
    const found = event.button === 0 ? this.near(event) : null;
    if (!found) return;
    this.dragged = { ...found, price: found.order.price };
    this.chart.applyOptions({ handleScroll: false, handleScale: false });
    this.area.setPointerCapture(event.pointerId);
    event.stopPropagation();
  }

  private drag(event: PointerEvent): void {
    if (!this.dragged) {
      this.area.style.cursor = this.near(event) ? 'ns-resize' : '';
      return;
    }
    const price = snappedPrice(this.candles.coordinateToPrice(event.clientY - this.area.getBoundingClientRect().top), this.spec.tick_size);
    if (price === null) return;
    this.dragged.price = price;
    this.dragged.line.applyOptions({ price: Number(this.dragged.price) });
    event.stopPropagation();
  }

  private drop(isMeant: boolean): void {
    const one = this.dragged;
    if (!one) return;
    this.dragged = null;
    this.chart.applyOptions({ handleScroll: true, handleScale: true });
    const isMoved = units(one.price) !== units(one.order.price);
    if (isMeant && isMoved) this.told.onAmend(one.order.id, one.price);
    else one.line.applyOptions({ price: toNumber(one.order.price) });
  }
}
