// Short notices: fills, refusals, things done. At most five are shown; a refusal stays longer.

export type ToastKind = 'good' | 'bad' | 'plain';
export interface Toast { id: number; kind: ToastKind; title: string; text: string; key?: string }

const MOST = 5;
let next = 1;
export const toasts = $state<Toast[]>([]);

export function dismiss(id: number): void {
  const at = toasts.findIndex((one) => one.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

/** With a `key` it takes the place of the notice that has it: one order's fills are told in one. */
export function toast(kind: ToastKind, title: string, text = '', key?: string): void {
  const shown = key === undefined ? -1 : toasts.findIndex((one) => one.key === key);
  const made = { id: next++, kind, title, text, key };
  if (shown >= 0) toasts[shown] = made;
  else toasts.push(made);
  if (toasts.length > MOST) toasts.shift();
  setTimeout(() => dismiss(made.id), kind === 'bad' ? 9_000 : 5_000);
}
