// The edges of the page in a test without a browser: storage, and a node that answers fetch.
import { vi } from 'vitest';

export interface Asked { method: string; path: string; query: URLSearchParams; body: unknown; token: string | null }

/** Answers fetch with what `node` says: a value as JSON 200, or a Response, or an Error for a lost connection. */
export function answerWith(node: (asked: Asked) => unknown): Asked[] {
  const log: Asked[] = [];
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) });
  vi.stubGlobal('navigator', {}); // without locks, as beyond a secure context
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const url = new URL(path, 'http://node');
    const asked = {
      method: init.method ?? 'GET', path: url.pathname, query: url.searchParams, body: init.body ? JSON.parse(init.body as string) : undefined,
      token: (init.headers as Record<string, string>).Authorization?.replace('Bearer ', '') ?? null,
    };
    log.push(asked);
    const answer = await node(asked);
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer), { status: 200 });
  });
  return log;
}
export const problem = (status: number, code: string, field?: string): Response => new Response(JSON.stringify({ status, code, detail: code, field }), { status });
