import { describe, expect, it } from 'vitest';
import { addressesOf, endOfDay, isOver, shortKey, type ApiKey } from '../src/lib/api_keys';

describe('API keys', () => {
  it('takes addresses apart however they are typed', () => {
    expect(addressesOf('')).toEqual([]);
    expect(addressesOf(' \n')).toEqual([]);
    expect(addressesOf('192.0.2.7')).toEqual(['192.0.2.7']);
    expect(addressesOf(' 192.0.2.7,10.0.0.0/8;\n2001:db8::/32 ')).toEqual(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']);
  });
  it('ends with the last second of the last day', () => {
    expect(endOfDay('2030-01-31')).toBe('2030-01-31T23:59:59Z');
    const key = { expires_at: endOfDay('2030-01-31') } as ApiKey;
    expect(isOver(key, Date.parse('2030-01-31T23:59:58Z'))).toBe(false);
    expect(isOver(key, Date.parse('2030-01-31T23:59:59Z'))).toBe(true);
    expect(isOver({ expires_at: null } as ApiKey, Date.parse('2100-01-01T00:00:00Z'))).toBe(false);
  });
  it('shows enough of a key to know it by, never all of it', () => {
    const key = 'abcdefgh' + 'x'.repeat(52) + '1234';
    expect(shortKey(key)).toBe('abcdefgh…1234');
    expect(shortKey('short')).toBe('short');
  });
});
