// One WebSocket for the whole page: reconnects with back-off, authenticates, resumes every channel
// where it stopped, and says in which state it is.
//
//   S1  a channel's handler sees its messages in their order, each once; after a hole comes a snapshot
//   S2  at most one socket is open; it is closed when it has been silent for PONG_MS after a ping

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'closed';

export interface StreamMessage { channel: string; seq: number; snapshot?: boolean; data: unknown }
export type Handler = (message: StreamMessage) => void;

export interface SocketLike {
  readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface StreamSettings {
  open(): SocketLike;
  /** Null: public channels only. `isRefused`: the last one was not taken. */
  token(isRefused: boolean): Promise<string | null>;
  account(): number | null;
  random?: () => number;
}

const PING_MS = 10_000;
const PONG_MS = 8_000;
const ANSWER_MS = 15_000;
const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000];
const PRIVATE = new Set(['orders', 'executions', 'balances', 'positions', 'guards']);

interface Subscription { handlers: Set<Handler>; seq: number }
interface Waiting { done(result: unknown): void; failed(error: unknown): void; timer: ReturnType<typeof setTimeout> }

export class StreamError extends Error {
  constructor(readonly code: string, message: string, readonly field: string | null = null) {
    super(message || code);
  }
}

export class StreamClient {
  state: StreamState = 'closed';
  latencyMs: number | null = null;
  reconnects = 0;
  private socket: SocketLike | null = null;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Set<(state: StreamState) => void>();
  private nextId = 1;
  private failures = 0;
  private isAuthenticated = false;
  private isWanted = false;
  private isTokenRefused = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private pings: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly settings: StreamSettings) {}

  onState(listener: (state: StreamState) => void): () => void {
    this.listeners.add(listener);
    listener(this.state);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    this.isWanted = true;
    if (!this.socket && !this.retry) this.connect();
  }

  stop(): void {
    this.isWanted = false;
    this.dropTimers();
    const socket = this.socket;
    this.forget('closed');
    socket?.close(1000);
    for (const one of this.subscriptions.values()) one.seq = 0;
  }

  /** Somebody logged in or out, or chose another account: private channels begin anew. */
  restart(): void {
    for (const [channel, one] of this.subscriptions) if (PRIVATE.has(channel)) one.seq = 0;
    this.isTokenRefused = false;
    if (!this.isWanted || this.socket?.readyState === 0) return; // one that opens asks for the token then
    this.dropTimers();
    const socket = this.socket;
    this.forget('connecting');
    socket?.close(1000);
    this.connect();
  }

  /** The network is said to be back: do not wait for the timer. */
  nudge(): void {
    if (!this.isWanted || this.socket || !this.retry) return;
    clearTimeout(this.retry);
    this.retry = null;
    this.connect();
  }

  /** The handler gets a snapshot, then what follows; the answer ends it. */
  subscribe(channel: string, handler: Handler): () => void {
    let one = this.subscriptions.get(channel);
    if (!one) {
      one = { handlers: new Set(), seq: 0 };
      this.subscriptions.set(channel, one);
    }
    one.handlers.add(handler);
    one.seq = 0; // a second handler needs a snapshot as well
    if (this.state === 'live') this.open(channel, one);
    return () => {
      const kept = this.subscriptions.get(channel);
      if (!kept?.handlers.delete(handler) || kept.handlers.size > 0) return;
      this.subscriptions.delete(channel);
      if (this.state === 'live') this.request('unsubscribe', { channel }).catch(() => undefined);
    };
  }

  request<T = unknown>(op: string, members: Record<string, unknown> = {}): Promise<T> {
    return new Promise<T>((done, failed) => {
      if (!this.socket || this.socket.readyState !== 1) return failed(new StreamError('no-answer', ''));
      const id = this.nextId++;
      const timer = setTimeout(() => this.settle(id, (one) => one.failed(new StreamError('no-answer', ''))), ANSWER_MS);
      this.waiting.set(id, { done: done as (result: unknown) => void, failed, timer });
      this.socket.send(JSON.stringify({ id, op, ...members }));
    });
  }

  private settle(id: number, how: (one: Waiting) => void): void {
    const one = this.waiting.get(id);
    if (!one) return;
    this.waiting.delete(id);
    clearTimeout(one.timer);
    how(one);
  }

  private become(state: StreamState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }

  private dropTimers(): void {
    if (this.retry) clearTimeout(this.retry);
    if (this.pings) clearInterval(this.pings);
    this.retry = this.pings = null;
  }

  private forget(state: StreamState): void {
    const socket = this.socket;
    this.socket = null;
    this.isAuthenticated = false;
    if (socket) socket.onopen = socket.onclose = socket.onmessage = socket.onerror = null;
    for (const id of [...this.waiting.keys()]) this.settle(id, (one) => one.failed(new StreamError('no-answer', '')));
    this.become(state);
  }

  private connect(): void {
    this.become(this.failures === 0 && this.reconnects === 0 ? 'connecting' : 'reconnecting');
    const socket = this.settings.open();
    this.socket = socket;
    socket.onopen = () => void this.greet(socket);
    socket.onmessage = (event) => this.take(socket, event.data);
    socket.onclose = (event) => this.lose(socket, event.code);
    socket.onerror = () => undefined; // a close follows
  }

  private lose(socket: SocketLike, code: number): void {
    if (this.socket !== socket) return;
    this.dropTimers();
    this.forget('reconnecting');
    if (code === 4001) this.isTokenRefused = true; // the session has ended
    if (!this.isWanted) return;
    const most = BACKOFF_MS[Math.min(this.failures++, BACKOFF_MS.length - 1)] ?? 15_000;
    const pause = most * (0.5 + 0.5 * (this.settings.random ?? Math.random)());
    this.reconnects++;
    this.retry = setTimeout(() => {
      this.retry = null;
      this.connect();
    }, pause);
  }

  private async greet(socket: SocketLike): Promise<void> {
    try {
      const token = await this.settings.token(this.isTokenRefused);
      if (this.socket !== socket) return;
      if (token) {
        const account = this.settings.account();
        await this.request('authenticate', { access_token: token, ...(account === null ? {} : { account_id: account }) });
        this.isAuthenticated = true;
        this.isTokenRefused = false;
      }
    } catch (error) {
      if (this.socket !== socket) return;
      this.isTokenRefused = error instanceof StreamError && error.code !== 'no-answer';
      if (!this.isTokenRefused) return this.abandon(socket);
    }
    if (this.socket !== socket) return;
    this.failures = 0;
    this.become('live');
    for (const [channel, one] of this.subscriptions) this.open(channel, one);
    this.pings = setInterval(() => void this.ping(socket), PING_MS);
    void this.ping(socket);
  }

  private abandon(socket: SocketLike): void {
    socket.close(4000);
    this.lose(socket, 4000);
  }

  private async ping(socket: SocketLike): Promise<void> {
    const began = performance.now();
    const late = setTimeout(() => this.socket === socket && this.abandon(socket), PONG_MS); // S2
    try {
      await this.request('ping');
      this.latencyMs = Math.round(performance.now() - began);
    } catch {
      // the timer or the close has it
    } finally {
      clearTimeout(late);
    }
  }

  private open(channel: string, one: Subscription): void {
    if (PRIVATE.has(channel) && !this.isAuthenticated) return;
    const from = one.seq > 0 ? { resume_from: one.seq } : {};
    this.request('subscribe', { channel, ...from }).catch(() => undefined);
  }

  private take(socket: SocketLike, data: unknown): void {
    if (this.socket !== socket || typeof data !== 'string') return;
    const message = JSON.parse(data) as Record<string, unknown>;
    if (typeof message.channel === 'string') return this.deliver(message as unknown as StreamMessage & { error?: unknown });
    const id = typeof message.id === 'number' ? message.id : -1;
    this.settle(id, (one) => {
      if (message.ok === true) return one.done(message.result);
      const error = (message.error ?? {}) as { code?: string; detail?: string; title?: string; field?: string };
      one.failed(new StreamError(error.code ?? 'refused', error.detail ?? error.title ?? '', error.field ?? null));
    });
  }

  private deliver(message: StreamMessage & { error?: unknown }): void {
    if (message.channel === 'session') return this.renew();
    const one = this.subscriptions.get(message.channel);
    if (!one) return;
    if (message.error) {
      one.seq = 0;
      setTimeout(() => this.state === 'live' && this.subscriptions.get(message.channel) === one && this.open(message.channel, one), 1_000);
      return;
    }
    one.seq = message.seq;
    for (const handler of one.handlers) handler(message);
  }

  /** The token expired: the private channels were closed and go on with a fresh one. */
  private renew(): void {
    this.isAuthenticated = false;
    const socket = this.socket;
    void (async () => {
      const token = await this.settings.token(true).catch(() => null);
      if (!token || !socket || this.socket !== socket) return;
      const account = this.settings.account();
      await this.request('authenticate', { access_token: token, ...(account === null ? {} : { account_id: account }) });
      this.isAuthenticated = true;
      for (const [channel, one] of this.subscriptions) if (PRIVATE.has(channel)) this.open(channel, one);
    })().catch(() => socket && this.socket === socket && this.abandon(socket));
  }
}
