// A list of the API read page by page, with a way back, and as a whole for a download.
import { api, type Query } from './api';
import type { Page } from './types';

const PAGE_ROWS = 25;
const DOWNLOAD_PAGE = 200;
const DOWNLOAD_MOST = 10_000;

export class PagedList<T> {
  rows = $state.raw<T[]>([]);
  page = $state(1);
  isLoading = $state(false);
  hasFailed = $state(false);
  hasNext = $state(false);
  private cursors: (string | null)[] = [null]; // where each page begins
  private query: Query = {};
  private asked = 0;

  constructor(private readonly path: string) {}

  /** Begins anew with these filters. */
  open(query: Query): void {
    this.query = query;
    this.cursors = [null];
    this.page = 1;
    void this.read();
  }
  /** Reads the page that is shown again. */
  refresh(): void {
    void this.read();
  }
  next(): void {
    if (!this.hasNext) return;
    ++this.page;
    void this.read();
  }
  previous(): void {
    if (this.page === 1) return;
    --this.page;
    void this.read();
  }

  private async read(): Promise<void> {
    const mine = ++this.asked;
    this.isLoading = true;
    try {
      const answer = await api.get<Page<T>>(this.path, { ...this.query, limit: PAGE_ROWS, cursor: this.cursors[this.page - 1] });
      if (mine !== this.asked) return;
      this.rows = answer.items;
      this.hasNext = answer.next_cursor !== null;
      this.cursors[this.page] = answer.next_cursor;
      this.hasFailed = false;
    } catch {
      if (mine === this.asked) this.hasFailed = true;
    }
    if (mine === this.asked) this.isLoading = false;
  }

  /** Every row the filters leave, up to 10,000. */
  async all(): Promise<T[]> {
    const rows: T[] = [];
    for (let cursor: string | null = null; rows.length < DOWNLOAD_MOST; ) {
      const answer: Page<T> = await api.get<Page<T>>(this.path, { ...this.query, limit: DOWNLOAD_PAGE, cursor });
      rows.push(...answer.items);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return rows;
  }
}
