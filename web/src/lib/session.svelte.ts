// Who is logged in, and the one stream of the page.
import { accessToken, api, tokenStore, useAccount, usedAccount, whenSessionEnds } from './api';
import { isProblem } from './problem';
import { StreamClient, type SocketLike, type StreamState } from './stream';
import type { Platform, User } from './types';

const ACCOUNT_KEY = 'rialto.account';

export const session = $state({
  user: null as User | null,
  account: null as number | null,
  platform: null as Platform | null,
  isReady: false, // it is known whether somebody is logged in
  stream: 'connecting' as StreamState,
  latencyMs: null as number | null,
  reconnects: 0,
});

function streamUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/stream`;
}

export const stream = new StreamClient({
  open: () => new WebSocket(streamUrl()) as unknown as SocketLike,
  token: accessToken,
  account: usedAccount,
});

stream.onState((state) => {
  session.stream = state;
  session.reconnects = stream.reconnects;
});
setInterval(() => (session.latencyMs = stream.latencyMs), 2_000);
addEventListener('online', () => stream.nudge());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && stream.nudge());

export function chooseAccount(id: number): void {
  session.account = id;
  useAccount(id);
  localStorage.setItem(ACCOUNT_KEY, String(id));
  stream.restart();
}

/** Reads who the tokens belong to; nobody when they are no good any more. */
export async function enter(): Promise<void> {
  useAccount(null);
  session.user = tokenStore.read() ? await api.get<User>('/me').catch((error: unknown) => {
    if (isProblem(error) && error.status !== 0 && error.status < 500) return null;
    throw error;
  }) : null;
  const accounts = session.user?.accounts ?? [];
  const kept = Number(localStorage.getItem(ACCOUNT_KEY));
  const account = accounts.find((one) => one.account_id === kept) ?? accounts[0];
  session.account = account?.account_id ?? null;
  useAccount(session.account);
  session.isReady = true;
  stream.restart();
}

export async function leave(): Promise<void> {
  await api.logout();
  forget();
}

function forget(): void {
  session.user = session.account = null;
  useAccount(null);
  stream.restart();
}

whenSessionEnds(forget);

// Another tab logged in or out.
addEventListener('storage', (event) => {
  if (event.key !== 'rialto.tokens') return;
  const isIn = tokenStore.read() !== null;
  if (isIn !== (session.user !== null)) void enter().catch(() => undefined);
});

export async function begin(): Promise<void> {
  stream.start();
  for (let pause = 500; ; pause = Math.min(pause * 2, 8_000)) {
    try {
      session.platform = await api.get<Platform>('/platform').catch((error: unknown) => {
        if (isProblem(error) && error.status === 404) return null;
        throw error;
      });
      return await enter();
    } catch {
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}
