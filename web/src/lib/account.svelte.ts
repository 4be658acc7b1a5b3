// The account's own orders, balances, positions and fills, live.
import { api } from './api';
import { cut, digitsOf, divide, format, units } from './decimal';
import { onNextFrame } from './frames';
import { t } from './i18n.svelte';
import { find } from './markets.svelte';
import { session, stream } from './session.svelte';
import { toast } from './toasts.svelte';
import { isOpen, type Balance, type Execution, type Fees, type Order, type Position } from './types';

const FILLS_MOST = 500;

/** Rose when an order or fill was final: lists of the past are read again. */
export const account = $state({
  orders: [] as Order[], // open, newest first
  balances: [] as Balance[],
  positions: [] as Position[],
  fills: [] as Execution[], // of this visit and the last page before it, newest first
  fees: {} as Record<string, Fees>,
  changes: 0,
  hasOrders: false,
  hasBalances: false,
});

const open = new Map<number, Order>();

function drawOrders(): void {
  account.orders = [...open.values()].sort((a, b) => b.order_id - a.order_id);
  account.hasOrders = true;
}

function takeOrder(order: Order): void {
  if (isOpen(order)) {
    open.set(order.order_id, { ...order, fills: undefined });
    return;
  }
  const known = open.delete(order.order_id);
  ++account.changes;
  const name = `${t(`side.${order.side}`)} ${order.symbol ?? ''} #${order.order_id}`;
  if (order.status === 'rejected') toast('bad', t('toast.rejected'), `${name}: ${reasonText(order.reason)}`);
  else if (order.parent_id !== null) return; // a slice that ends is no news: its parent shows what came of it
  else if (order.status === 'expired') toast('plain', t('toast.expired'), `${name}${order.reason ? `: ${reasonText(order.reason)}` : ''}`);
  else if (order.status === 'cancelled' && known) toast('plain', t('toast.cancelled'), name);
}

export function reasonText(code: string | null): string {
  return code ? t(`reason.${code}`, {}, code) : '';
}

function takeFill(fill: Execution): void {
  if (account.fills.some((one) => one.number === fill.number)) return;
  account.fills = [fill, ...account.fills].slice(0, FILLS_MOST);
  ++account.changes;
  const of = account.fills.filter((one) => one.order_id === fill.order_id);
  const quantity = of.reduce((sum, one) => sum + units(one.quantity), 0n);
  const notional = of.reduce((sum, one) => sum + units(one.notional), 0n);
  const digits = digitsOf(find(fill.symbol)?.tick_size ?? '0.00000001');
  toast('good', t(`toast.filled.${fill.side}`), `${format(quantity)} ${fill.symbol} @ ${cut(divide(notional, quantity), digits)}`, `fill${fill.order_id}`);
}

function put<T>(list: T[], fresh: T[], key: (one: T) => string | null): T[] {
  const byKey = new Map(list.map((one) => [key(one), one]));
  for (const one of fresh) byKey.set(key(one), one);
  return [...byKey.values()];
}

/** Starts following the account that is chosen; the answer stops it. */
export function followAccount(): () => void {
  if (session.account === null) return () => undefined;
  clear();
  void loadPast();
  const list = <T>(data: unknown): T[] => (Array.isArray(data) ? data : [data]) as T[];
  const ends = [
    stream.subscribe('orders', (message) => {
      if (message.snapshot) open.clear();
      if (message.snapshot) for (const one of list<Order>(message.data)) open.set(one.order_id, one);
      else for (const one of list<Order>(message.data)) takeOrder(one);
      onNextFrame(drawOrders);
    }),
    stream.subscribe('executions', (message) => {
      if (!message.snapshot) for (const one of list<Execution>(message.data)) takeFill(one);
    }),
    stream.subscribe('balances', (message) => {
      const fresh = list<Balance>(message.data);
      account.balances = message.snapshot ? fresh : put(account.balances, fresh, (one) => one.asset);
      account.hasBalances = true;
    }),
    stream.subscribe('positions', (message) => {
      const fresh = list<Position>(message.data);
      account.positions = message.snapshot ? fresh : put(account.positions, fresh, (one) => one.symbol);
    }),
  ];
  return () => {
    ends.forEach((end) => end());
    clear();
  };
}

function clear(): void {
  open.clear();
  account.orders = [];
  account.balances = [];
  account.positions = [];
  account.fills = [];
  account.fees = {};
  account.hasOrders = account.hasBalances = false;
}

async function loadPast(): Promise<void> {
  const of = session.account;
  const page = await api.get<{ items: Execution[] }>('/executions', { limit: 200 }).catch(() => null);
  const fees = await api.get<Fees[]>('/account/fees').catch(() => null);
  if (session.account !== of) return;
  if (page) account.fills = put(page.items, account.fills, (one) => String(one.number)).sort((a, b) => b.number - a.number);
  if (fees) account.fees = Object.fromEntries(fees.map((one) => [one.symbol, one]));
}

export const balanceOf = (asset: string): Balance =>
  account.balances.find((one) => one.asset === asset) ?? { asset, available: '0', hold: '0' };
