// Keys that work everywhere outside a field: one letter each, all of them on the help sheet.
import { account } from './account.svelte';
import { cancelAll } from './actions';
import { t } from './i18n.svelte';
import { prefs } from './prefs.svelte';
import { toast } from './toasts.svelte';
import type { Kind } from './ticket';
import type { Side } from './types';

/** What one part asks of another: the ticket takes `wish`, the picker `isPicking`. */
export const ui = $state({
  isHelpOpen: false, isPicking: false, isWaiting: false,
  wish: null as { side?: Side; kind?: Kind; price?: string; focuses?: boolean } | null,
  phoneTab: 'chart' as 'chart' | 'book' | 'trades' | 'order',
});

const CANCEL_AGAIN_MS = 2_000;
let cancelAsked = 0;

export interface Hotkey { key: string; word: string; run(): void }

const order = (wish: NonNullable<typeof ui.wish>): void => {
  ui.phoneTab = 'order';
  ui.wish = { ...wish, focuses: true };
};

export const hotkeys: Hotkey[] = [
  { key: 'b', word: 'help.buy', run: () => order({ side: 'buy' }) },
  { key: 's', word: 'help.sell', run: () => order({ side: 'sell' }) },
  { key: '1', word: 'kind.limit', run: () => order({ kind: 'limit' }) },
  { key: '2', word: 'kind.market', run: () => order({ kind: 'market' }) },
  { key: '3', word: 'kind.post_only', run: () => order({ kind: 'post_only' }) },
  { key: 'x', word: 'help.cancelAll', run: askCancelAll },
  { key: '/', word: 'help.search', run: () => (ui.isPicking = true) },
  { key: '?', word: 'help.help', run: () => (ui.isHelpOpen = !ui.isHelpOpen) },
];

function askCancelAll(): void {
  if (account.orders.length === 0) return;
  const now = Date.now();
  if (now - cancelAsked < CANCEL_AGAIN_MS) {
    cancelAsked = 0;
    void cancelAll();
    return;
  }
  cancelAsked = now;
  toast('plain', t('help.cancelAgain'));
}

export function takeKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    ui.isHelpOpen = ui.isPicking = false;
    return;
  }
  const target = event.target as HTMLElement;
  if (target.closest('input, select, textarea, [contenteditable]')) return;
  if (!prefs.hotkeys && event.key !== '?') return;
  const hotkey = hotkeys.find((one) => one.key === event.key.toLowerCase());
  if (!hotkey) return;
  event.preventDefault();
  hotkey.run();
}
