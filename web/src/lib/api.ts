// The native API over HTTP: tokens, refresh, problems. One place knows how a request is made.
//
//   A1  a refresh token works once, so tabs take turns: who waited uses what the other one got
//   A2  a request that changes something is sent once; only reads are tried again after a lost connection
import { Problem, problemOf } from './problem';

export interface Tokens { access: string; refresh: string; expiresAt: number }

const KEY = 'rialto.tokens';
const EARLY_MS = 30_000; // an access token is renewed so long before its end
const TIMEOUT_MS = 15_000;

/** What a page keeps of its log-in; another tab sees it too. */
export const tokenStore = {
  read(): Tokens | null {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Tokens | null;
      return kept && typeof kept.access === 'string' && typeof kept.refresh === 'string' ? kept : null;
    } catch {
      return null;
    }
  },
  write(tokens: Tokens | null): void {
    if (tokens) localStorage.setItem(KEY, JSON.stringify(tokens));
    else localStorage.removeItem(KEY);
  },
};

interface TokenAnswer { access_token: string; refresh_token: string; expires_in: number }

export function keepTokens(answer: TokenAnswer): void {
  tokenStore.write({ access: answer.access_token, refresh: answer.refresh_token, expiresAt: Date.now() + answer.expires_in * 1000 });
}

let onEnded: () => void = () => undefined;
/** Called when the session is over for good: the tokens are gone by then. */
export function whenSessionEnds(call: () => void): void {
  onEnded = call;
}

let account: number | null = null;
/** Requests of an account are for this one; null: the user's first. */
export function useAccount(id: number | null): void {
  account = id;
}
export const usedAccount = (): number | null => account;

export type Query = Record<string, string | number | boolean | null | undefined>;

function pathOf(path: string, query?: Query): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null && value !== '') words.set(name, String(value));
  const text = words.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

async function send(method: string, path: string, token: string | null, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (token && account !== null) headers['X-Account-Id'] = String(account);
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Problem(0, 'no-answer', '');
  }
  const text = await answer.text();
  let value: unknown = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!answer.ok) throw problemOf(answer.status, value, answer.headers.get('Retry-After'));
  return value;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request('rialto.refresh', work) : work();
}

let refreshing: Promise<Tokens | null> | null = null;

async function refreshOnce(stale: string): Promise<Tokens | null> {
  return inTurn(async () => {
    const kept = tokenStore.read();
    if (!kept || kept.access !== stale) return kept; // A1
    try {
      keepTokens((await send('POST', '/api/v1/auth/refresh', null, { refresh_token: kept.refresh })) as TokenAnswer);
      return tokenStore.read();
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 0 || error.status >= 500 || error.status === 429) throw error;
      tokenStore.write(null);
      onEnded();
      return null;
    }
  });
}

/** A token that is good for a while, refreshed if need be; null: nobody is logged in. */
export async function accessToken(isRefused = false): Promise<string | null> {
  const kept = tokenStore.read();
  if (!kept) return null;
  if (!isRefused && kept.expiresAt - EARLY_MS > Date.now()) return kept.access;
  refreshing ??= refreshOnce(kept.access).finally(() => (refreshing = null));
  return (await refreshing)?.access ?? null;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let token = await accessToken();
  for (let attempt = 0; ; ++attempt) {
    try {
      return (await send(method, path, token, body)) as T;
    } catch (error) {
      if (!(error instanceof Problem) || attempt > 0) throw error;
      const isStale = error.status === 401 && (error.code === 'token-expired' || error.code === 'unauthenticated') && token;
      if (isStale) token = await accessToken(true);
      else if (method === 'GET' && error.status === 0) await new Promise((go) => setTimeout(go, 400)); // A2
      else throw error;
      if (isStale && !token) throw error;
    }
  }
}

export const api = {
  get: <T>(path: string, query?: Query): Promise<T> => call<T>('GET', pathOf(path, query)),
  post: <T>(path: string, body: unknown): Promise<T> => call<T>('POST', pathOf(path), body),
  patch: <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', pathOf(path), body),
  delete: <T>(path: string, query?: Query): Promise<T> => call<T>('DELETE', pathOf(path, query)),

  async login(email: string, password: string): Promise<void> {
    keepTokens((await send('POST', '/api/v1/auth/login', null, { email, password })) as TokenAnswer);
  },
  async register(email: string, password: string): Promise<void> {
    await send('POST', '/api/v1/auth/register', null, { email, password });
    await api.login(email, password);
  },
  async tryDemo(): Promise<void> {
    keepTokens((await send('POST', '/api/v1/demo', null, {})) as TokenAnswer);
  },
  /** Ends the session here and there; offline, it ends here and the server's runs out by itself. */
  async logout(): Promise<void> {
    const kept = tokenStore.read();
    tokenStore.write(null);
    if (kept) await send('POST', '/api/v1/auth/logout', kept.access).catch(() => undefined);
  },
};
