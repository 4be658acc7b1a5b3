// The instruments, their tickers for the picker, and the live book and tape of the one that is shown.
import { api } from './api';
import { Book } from './book';
import { onNextFrame } from './frames';
import { stream } from './session.svelte';
import type { BookMessage, Instrument, Ticker, Trade } from './types';

export const TAPE_MOST = 200;

export const markets = $state({ instruments: [] as Instrument[], isLoaded: false });
/** Replaced as a whole, symbol by symbol. */
export const tickers = $state<Record<string, Ticker>>({});

export const find = (symbol: string): Instrument | undefined => markets.instruments.find((one) => one.symbol === symbol);

export async function loadMarkets(): Promise<void> {
  const list = await api.get<Instrument[]>('/instruments');
  markets.instruments = list.sort((a, b) => a.symbol.localeCompare(b.symbol));
  markets.isLoaded = true;
}

/** Tickers of every market while somebody looks at a list of them. */
export function watchTickers(): () => void {
  const waiting = new Map<string, Ticker>();
  const draw = (): void => {
    for (const [symbol, ticker] of waiting) tickers[symbol] = ticker;
    waiting.clear();
  };
  const ends = markets.instruments.slice(0, 100).map((one) =>
    stream.subscribe(`ticker.${one.symbol}`, (message) => {
      const ticker = message.data as Ticker | null;
      if (!ticker) return;
      waiting.set(ticker.symbol, ticker);
      onNextFrame(draw);
    }),
  );
  return () => ends.forEach((end) => end());
}

/** One market as it trades. `frame` rises once a frame when something changed: whoever reads it is drawn anew. */
export class LiveMarket {
  readonly book: Book;
  trades: Trade[] = []; // newest first
  frame = $state(0);
  hasBook = $state(false);
  private readonly ends: (() => void)[] = [];
  private readonly draw = (): void => void ++this.frame;

  constructor(readonly spec: Instrument) {
    this.book = new Book(spec);
    this.ends.push(stream.subscribe(`book.${spec.symbol}`, (message) => {
      this.book.take(message.data as BookMessage);
      this.hasBook = true;
      onNextFrame(this.draw);
    }));
    this.ends.push(stream.subscribe(`trades.${spec.symbol}`, (message) => {
      const { trades } = message.data as { trades: Trade[] };
      const newest = this.trades[0]?.id ?? 0;
      const fresh = trades.filter((one) => one.id > newest).reverse();
      this.trades = [...fresh, ...this.trades].slice(0, TAPE_MOST);
      onNextFrame(this.draw);
    }));
    this.ends.push(stream.subscribe(`ticker.${spec.symbol}`, (message) => {
      const ticker = message.data as Ticker | null;
      if (ticker) onNextFrame(() => void Object.assign(tickers, { [ticker.symbol]: ticker }));
    }));
  }

  close(): void {
    this.ends.forEach((end) => end());
  }
}
