import { afterEach, expect, it, vi } from 'vitest';
import { PagedList } from '../src/lib/paged.svelte';
import { answerWith, problem } from './edges';

afterEach(() => vi.unstubAllGlobals());

// A list of 60 rows behind a cursor that is the next row's number.
const numbers = ({ query }: { query: URLSearchParams }): unknown => {
  const from = Number(query.get('cursor') ?? 0);
  const until = Math.min(60, from + Number(query.get('limit')));
  return { items: Array.from({ length: until - from }, (_, at) => from + at), next_cursor: until < 60 ? String(until) : null };
};
const settled = (list: PagedList<number>): Promise<void> => vi.waitFor(() => expect(list.isLoading).toBe(false));

it('a list goes forth and back by its cursors', async () => {
  answerWith(numbers);
  const list = new PagedList<number>('/orders');
  list.open({ symbol: 'X' });
  await settled(list);
  expect([list.rows.length, list.rows[0], list.hasNext]).toEqual([25, 0, true]);
  list.next();
  await settled(list);
  list.next();
  await settled(list);
  expect([list.page, list.rows.length, list.rows[0], list.hasNext]).toEqual([3, 10, 50, false]);
  list.next();
  expect(list.page).toBe(3);
  list.previous();
  await settled(list);
  expect([list.page, list.rows[0]]).toEqual([2, 25]);
});
it('a download has every page of the filter', async () => {
  const log = answerWith(numbers);
  const list = new PagedList<number>('/orders');
  list.open({ symbol: 'X' });
  await settled(list);
  expect(await list.all()).toEqual(Array.from({ length: 60 }, (_, at) => at));
  expect(log.every((one) => one.query.get('symbol') === 'X')).toBe(true);
});
it('an answer to an older question is not shown', async () => {
  const gates: (() => void)[] = [];
  answerWith(({ query }) => new Promise((done) => gates.push(() => done({ items: [Number(query.get('of'))], next_cursor: null }))));
  const list = new PagedList<number>('/orders');
  list.open({ of: 1 });
  await vi.waitFor(() => expect(gates.length).toBe(1));
  list.open({ of: 2 });
  await vi.waitFor(() => expect(gates.length).toBe(2));
  gates[1]!();
  await settled(list);
  gates[0]!();
  await new Promise((done) => setTimeout(done));
  expect(list.rows).toEqual([2]);
});
it('a list that cannot be read says so, and reads again when asked', async () => {
  let isDown = true;
  answerWith((asked) => (isDown ? problem(503, 'unavailable') : numbers(asked)));
  const list = new PagedList<number>('/orders');
  list.open({});
  await settled(list);
  expect(list.hasFailed).toBe(true);
  isDown = false;
  list.refresh();
  await settled(list);
  expect([list.hasFailed, list.rows.length]).toEqual([false, 25]);
});
