import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamClient, type SocketLike, type StreamMessage, type StreamState } from '../src/lib/stream';

// A socket as the browser has it, whose far end is the test.
class Socket implements SocketLike {
  readyState = 0;
  sent: { id: number; op: string; channel?: string; resume_from?: number; access_token?: string; account_id?: number }[] = [];
  closed: number | null = null;
  onopen: ((event: never) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1000): void {
    this.closed = code;
    this.readyState = 3;
  }
  async opens(): Promise<void> {
    this.readyState = 1;
    this.onopen?.(undefined as never);
    await vi.advanceTimersByTimeAsync(0);
  }
  async says(message: unknown): Promise<void> {
    this.onmessage?.({ data: JSON.stringify(message) });
    await vi.advanceTimersByTimeAsync(0);
  }
  breaks(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  of(op: string) {
    return this.sent.filter((one) => one.op === op);
  }
  async answers(op: string, result: unknown = {}): Promise<void> {
    for (const one of this.of(op)) await this.says({ id: one.id, ok: true, result });
  }
}

let sockets: Socket[] = [];
let token: string | null = null;
let refused: boolean[] = [];
let states: StreamState[] = [];
const last = (): Socket => sockets[sockets.length - 1]!;

function client(): StreamClient {
  const made = new StreamClient({
    open: () => (sockets.push(new Socket()), last()), account: () => 7, random: () => 1,
    token: async (isRefused) => (refused.push(isRefused), token),
  });
  made.onState((state) => states.push(state));
  made.start();
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
  refused = [];
  token = null;
});
afterEach(() => vi.useRealTimers());

describe('the stream', () => {
  it('gets a snapshot first and goes on after a break where it stopped', async () => {
    const seen: StreamMessage[] = [];
    const stream = client();
    stream.subscribe('trades.X', (message) => seen.push(message));
    await last().opens();
    expect(last().of('subscribe')).toEqual([{ id: 1, op: 'subscribe', channel: 'trades.X' }]);
    await last().says({ channel: 'trades.X', seq: 41, snapshot: true, data: 'all' });
    await last().says({ channel: 'trades.X', seq: 42, data: 'next' });
    last().breaks();
    expect(stream.state).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(250);
    await last().opens();
    expect(sockets).toHaveLength(2);
    expect(last().of('subscribe')[0]).toMatchObject({ channel: 'trades.X', resume_from: 42 });
    await last().says({ channel: 'trades.X', seq: 43, data: 'missed' });
    expect(seen.map((one) => one.data)).toEqual(['all', 'next', 'missed']);
    expect(states).toEqual(['closed', 'connecting', 'live', 'reconnecting', 'live']);
  });
  it('backs off further each time, within a bound, and begins anew after a success', async () => {
    const stream = client();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 9; ++attempt) {
      const before = sockets.length;
      last().breaks();
      let waited = 0;
      while (sockets.length === before) await vi.advanceTimersByTimeAsync(50), (waited += 50);
      pauses.push(waited);
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    await last().opens();
    last().breaks();
    await vi.advanceTimersByTimeAsync(250);
    expect(sockets).toHaveLength(11);
    expect(stream.reconnects).toBe(10);
  });
  it('asks for private channels only once it is known who asks, and for the account that is chosen', async () => {
    token = 'secret';
    client().subscribe('orders', () => undefined);
    await last().opens();
    expect(last().sent.map((one) => one.op)).toEqual(['authenticate']);
    expect(last().sent[0]).toMatchObject({ access_token: 'secret', account_id: 7 });
    await last().answers('authenticate');
    expect(last().of('subscribe')).toMatchObject([{ channel: 'orders' }]);
  });
  it('without anybody logged in shows the public and leaves the private alone', async () => {
    const stream = client();
    stream.subscribe('orders', () => undefined);
    stream.subscribe('book.X', () => undefined);
    await last().opens();
    expect(last().of('subscribe').map((one) => one.channel)).toEqual(['book.X']);
  });
  it('takes a fresh token when its own expired, and resumes the private channels', async () => {
    token = 'old';
    client().subscribe('orders', () => undefined);
    await last().opens();
    await last().answers('authenticate');
    await last().says({ channel: 'orders', seq: 9, snapshot: true, data: [] });
    token = 'new';
    await last().says({ channel: 'session', data: { event: 'token-expired', closed: ['orders'] } });
    expect(last().of('authenticate').at(-1)).toMatchObject({ access_token: 'new' });
    await last().says({ id: last().of('authenticate').at(-1)!.id, ok: true, result: {} });
    expect(last().of('subscribe').at(-1)).toMatchObject({ channel: 'orders', resume_from: 9 });
    expect(refused.at(-1)).toBe(true);
  });
  it('a session that ended asks for another token before it comes back', async () => {
    token = 'x';
    client();
    await last().opens();
    await last().answers('authenticate');
    last().breaks(4001);
    await vi.advanceTimersByTimeAsync(250);
    await last().opens();
    expect(refused).toEqual([false, true]);
  });
  it('leaves a socket that does not answer a ping', async () => {
    const stream = client();
    await last().opens();
    await last().answers('ping');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(last().of('ping')).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(8_000);
    expect([sockets[0]!.closed, stream.state]).toEqual([4000, 'reconnecting']);
  });
  it('asks for a whole snapshot again when a channel failed', async () => {
    client().subscribe('book.X', () => undefined);
    await last().opens();
    await last().says({ channel: 'book.X', seq: 5, snapshot: true, data: {} });
    await last().says({ channel: 'book.X', error: { code: 'unavailable' } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().of('subscribe').at(-1)).toEqual({ id: expect.any(Number), op: 'subscribe', channel: 'book.X' });
  });
  it('ends a subscription with its last handler, and requests with the socket', async () => {
    const stream = client();
    const ends = [stream.subscribe('book.X', () => undefined), stream.subscribe('book.X', () => undefined)];
    await last().opens();
    ends[0]!();
    expect(last().of('unsubscribe')).toHaveLength(0);
    ends[1]!();
    expect(last().of('unsubscribe')).toMatchObject([{ channel: 'book.X' }]);
    const asked = stream.request('order.place').catch((error: unknown) => error);
    last().breaks();
    expect(await asked).toMatchObject({ code: 'no-answer' });
  });
  it('logging in while it connects waits for that connection', async () => {
    const stream = client();
    token = 'one';
    stream.restart();
    await last().opens();
    expect([sockets.length, last().closed, last().sent[0]]).toMatchObject([1, null, { op: 'authenticate', access_token: 'one' }]);
  });
  it('logging in or out begins the private channels anew and keeps the place in the public ones', async () => {
    token = 'one';
    const stream = client();
    stream.subscribe('orders', () => undefined);
    stream.subscribe('trades.X', () => undefined);
    await last().opens();
    await last().answers('authenticate');
    await last().says({ channel: 'orders', seq: 9, snapshot: true, data: [] });
    await last().says({ channel: 'trades.X', seq: 4, snapshot: true, data: [] });
    stream.restart();
    await last().opens();
    await last().answers('authenticate');
    const asked = last().of('subscribe').map((one) => [one.channel, one.resume_from]);
    expect(asked).toEqual([['orders', undefined], ['trades.X', 4]]);
  });
});
