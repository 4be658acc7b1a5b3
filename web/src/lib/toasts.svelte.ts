// Short notices: fills, refusals, things done. At most five are shown; a refusal stays longer.

export type ToastKind = 'good' | 'bad' | 'plain';
export interface Toast { id: number; kind: ToastKind; title: string; text: string }

const MOST = 5;
let next = 1;
export const toasts = $state<Toast[]>([]);

export function dismiss(id: number): void {
  const at = toasts.findIndex((one) => one.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

export function toast(kind: ToastKind, title: string, text = ''): void {
  const id = next++;
  toasts.push({ id, kind, title, text });
  if (toasts.length > MOST) toasts.shift();
  setTimeout(() => dismiss(id), kind === 'bad' ? 9_000 : 5_000);
}
