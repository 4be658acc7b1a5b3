// What a person types for an API key, as the API wants it, and what is shown of a key. Pure.

export interface ApiKey {
  key: string; label: string; type: 'hmac' | 'ed25519' | 'rsa'; scopes: string[]; ip_allow: string[];
  account_id: number; created_at: string; expires_at: string | null; public_key: string | null;
}
/** The answer that makes one: the only one with the secret of an hmac key. */
export interface MadeApiKey extends ApiKey { secret?: string }

/** "192.0.2.7, 10.0.0.0/8" or one a line. */
export const addressesOf = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

/** The last second of a day that a date field gives, UTC. */
export const endOfDay = (date: string): string => `${date}T23:59:59Z`;

/** Enough of a key to know it by. */
export const shortKey = (key: string): string => (key.length <= 16 ? key : `${key.slice(0, 8)}…${key.slice(-4)}`);

export const isOver = (key: ApiKey, nowMs: number): boolean => key.expires_at !== null && Date.parse(key.expires_at) <= nowMs;
