import { describe, expect, it } from 'vitest';
import { keyNames, meaningOf, Twice } from '../src/lib/keys';

const press = (key: string, change = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, isInField: false, ...change });

describe('hotkeys', () => {
  it('mean what the help sheet says, in either case', () => {
    for (const [key, name] of Object.entries(keyNames)) expect(meaningOf(press(key), true)).toBe(name);
    expect(meaningOf(press('B'), true)).toBe('buy');
    expect(meaningOf(press('q'), true)).toBeNull();
  });
  it('leave fields, browser shortcuts and held keys alone', () => {
    expect(meaningOf(press('b', { isInField: true }), true)).toBeNull();
    for (const modifier of ['ctrlKey', 'metaKey', 'altKey', 'repeat']) expect(meaningOf(press('x', { [modifier]: true }), true)).toBeNull();
  });
  it('close with Escape from within a field as well', () => {
    expect(meaningOf(press('Escape', { isInField: true }), true)).toBe('escape');
  });
  it('can be switched off, all but the help where they are switched on', () => {
    expect(meaningOf(press('b'), false)).toBeNull();
    expect(meaningOf(press('?'), false)).toBe('help');
  });
});

it('what must be asked twice happens at the second time within its time, and then begins anew', () => {
  const twice = new Twice(2_000);
  expect([twice.ask(0), twice.ask(1_999), twice.ask(2_000), twice.ask(4_000), twice.ask(4_001)]).toEqual([false, true, false, false, true]);
});
