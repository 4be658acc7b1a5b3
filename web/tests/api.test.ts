import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, keepTokens, tokenStore } from '../src/lib/api';
import { answerWith, problem } from './edges';

afterEach(() => vi.unstubAllGlobals());

const tokens = (name: string) => ({ access_token: name, refresh_token: `${name}-refresh`, expires_in: 900 });

describe('requests', () => {
  it('refresh once for many that find the token stale, and go on with the new one', async () => {
    const log = answerWith(({ path, token }) => (path.endsWith('/auth/refresh') ? tokens('fresh') : token === 'fresh' ? { ok: true } : problem(401, 'token-expired')));
    keepTokens(tokens('stale'));
    await Promise.all([api.get('/me'), api.get('/orders'), api.get('/ledger')]);
    expect(log.filter((one) => one.path.endsWith('/auth/refresh'))).toHaveLength(1);
    expect(tokenStore.read()?.access).toBe('fresh');
  });
  it('end the session when the refresh is refused, but not when the node is away', async () => {
    answerWith(({ path }) => (path.endsWith('/auth/refresh') ? problem(503, 'unavailable') : problem(401, 'token-expired')));
    keepTokens(tokens('stale'));
    await expect(api.get('/me')).rejects.toMatchObject({ status: 503 });
    expect(tokenStore.read()?.access).toBe('stale');
    answerWith(({ path }) => problem(401, path.endsWith('/auth/refresh') ? 'session-ended' : 'token-expired'));
    keepTokens(tokens('stale'));
    await expect(api.get('/me')).rejects.toMatchObject({ status: 401 });
    expect(tokenStore.read()).toBeNull();
  });
  it('try a read again after a lost connection, and what changes something never', async () => {
    let calls = 0;
    answerWith(() => (++calls === 1 ? new TypeError('lost') : { ok: true }));
    expect(await api.get('/instruments')).toEqual({ ok: true });
    calls = 0;
    answerWith(() => (++calls, new TypeError('lost')));
    await expect(api.post('/orders', {})).rejects.toMatchObject({ status: 0 });
    expect(calls).toBe(1);
  });
  it('leave empty filters out of the address', async () => {
    const log = answerWith(() => ({}));
    await api.get('/orders', { symbol: '', status: 'open', cursor: null, limit: 5 });
    expect(log[0]?.query.toString()).toBe('status=open&limit=5');
  });
});
