// Which key means what: one letter each, outside fields and without modifiers. Pure; hotkeys.svelte.ts does it.

export const keyNames = { b: 'buy', s: 'sell', '1': 'limit', '2': 'market', '3': 'post_only', x: 'cancelAll', '/': 'search', '?': 'help' } as const;
export type KeyName = (typeof keyNames)[keyof typeof keyNames];

export interface KeyPress { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; isInField: boolean; repeat?: boolean }

/** Null: not ours. With the hotkeys off only the help sheet can be called, where they are switched on again. */
export function meaningOf(press: KeyPress, isOn: boolean): KeyName | 'escape' | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return null;
  if (press.key === 'Escape') return 'escape';
  if (press.isInField) return null;
  const name = (keyNames as Record<string, KeyName>)[press.key.toLowerCase()] ?? null;
  return isOn || name === 'help' ? name : null;
}

/** Something that must be asked for twice within `withinMs`. */
export class Twice {
  private askedAt = -Infinity;
  constructor(private readonly withinMs: number) {}

  /** True at the second time. */
  ask(now: number): boolean {
    const isSecond = now - this.askedAt < this.withinMs;
    this.askedAt = isSecond ? -Infinity : now;
    return isSecond;
  }
}
