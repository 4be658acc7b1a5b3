// Keys that work everywhere outside a field; all of them are on the help sheet.
import { account } from './account.svelte';
import { cancelAll } from './actions';
import { t } from './i18n.svelte';
import { keyNames, meaningOf, Twice, type KeyName } from './keys';
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
const cancelling = new Twice(CANCEL_AGAIN_MS);

const order = (wish: NonNullable<typeof ui.wish>): void => {
  ui.phoneTab = 'order';
  ui.wish = { ...wish, focuses: true };
};

const meanings: Record<KeyName, { word: string; run(): void }> = {
  buy: { word: 'help.buy', run: () => order({ side: 'buy' }) },
  sell: { word: 'help.sell', run: () => order({ side: 'sell' }) },
  limit: { word: 'kind.limit', run: () => order({ kind: 'limit' }) },
  market: { word: 'kind.market', run: () => order({ kind: 'market' }) },
  post_only: { word: 'kind.post_only', run: () => order({ kind: 'post_only' }) },
  cancelAll: { word: 'help.cancelAll', run: askCancelAll },
  search: { word: 'help.search', run: () => (ui.isPicking = true) },
  help: { word: 'help.help', run: () => (ui.isHelpOpen = !ui.isHelpOpen) },
};
export const hotkeys = (Object.entries(keyNames) as [string, KeyName][]).map(([key, name]) => ({ key, word: meanings[name].word }));

function askCancelAll(): void {
  if (account.orders.length === 0) toast('plain', t('orders.empty'));
  else if (cancelling.ask(Date.now())) void cancelAll();
  else toast('plain', t('help.cancelAgain'));
}

export function takeKey(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  const isInField = Boolean(target?.closest('input:not([type=checkbox]), select, textarea, [contenteditable]'));
  const name = meaningOf({ key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey, altKey: event.altKey, repeat: event.repeat, isInField }, prefs.hotkeys);
  if (name === null) return;
  if (name === 'escape') {
    ui.isHelpOpen = ui.isPicking = false;
    return;
  }
  event.preventDefault();
  meanings[name].run();
}
