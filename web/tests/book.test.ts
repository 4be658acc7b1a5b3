import { beforeEach, describe, expect, it } from 'vitest';
import { Book, groupsFor } from '../src/lib/book';

const spec = { tick_size: '0.01', lot_size: '0.00001' };
let book: Book;
beforeEach(() => {
  book = new Book(spec);
  book.take({ type: 'snapshot', symbol: 'X', last_update: 1, bids: [['99.98', '1'], ['99.99', '2'], ['99.91', '4']], asks: [['100.01', '3'], ['100.02', '1'], ['100.11', '5']] });
});

describe('the book', () => {
  it('sorts each side with the best first and cumulates', () => {
    expect(book.rows('bids', 5, 1).map((row) => [book.priceText(row.price), book.sizeText(row.total)])).toEqual([['99.99', '2.00000'], ['99.98', '3.00000'], ['99.91', '7.00000']]);
    expect(book.bestAsk()).toBe(10_001);
  });
  it('lays a difference over what it has; quantity 0 takes a level away', () => {
    book.take({ type: 'diff', symbol: 'X', first_update: 2, last_update: 2, bids: [['99.99', '0']], asks: [['100.00', '0.5']] });
    expect(book.bestBid()).toBe(9_998);
    expect(book.rows('asks', 1, 1)[0]).toEqual({ price: 10_000, size: 50_000, total: 50_000 });
  });
  it('forgets everything at a snapshot', () => {
    book.take({ type: 'snapshot', symbol: 'X', last_update: 9, bids: [], asks: [['101', '1']] });
    expect(book.bestBid()).toBeNull();
    expect(book.rows('bids', 5, 1)).toEqual([]);
    expect(book.rows('asks', 5, 1)).toHaveLength(1);
  });
  it('groups bids down and asks up: a row never promises a better price', () => {
    expect(book.rows('bids', 5, 10).map((row) => [row.price, row.size])).toEqual([[9_990, 700_000]]);
    expect(book.rows('asks', 5, 10).map((row) => [row.price, row.size])).toEqual([[10_010, 400_000], [10_020, 500_000]]);
  });
  it('shows at most so many rows, each of them whole', () => {
    expect(book.rows('asks', 1, 10)).toEqual([{ price: 10_010, size: 400_000, total: 400_000 }]);
  });
  it('cuts the depth at a share of the middle', () => {
    expect(book.depth('asks', 0.0005).map((one) => one.price)).toEqual([10_001, 10_002]);
    expect(new Book(spec).depth('bids', 0.01)).toEqual([]);
  });
  it('offers groups below a hundredth of the price', () => {
    expect(groupsFor(6_000_000)).toEqual([1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000]);
    expect(groupsFor(3)).toEqual([1]);
  });
});
