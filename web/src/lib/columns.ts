// The columns of the account's tables: what a cell says, here and in a CSV file.
import type { Cell } from './csv';
import { add, cut, grouped, units, format } from './decimal';
import { clockText, t, timeText } from './i18n.svelte';
import type { Balance, Execution, Order, Position } from './types';

export interface Column<T> {
  word: string; // of the dictionary; its last part names the CSV column
  text(row: T): string;
  csv?(row: T): Cell; // where it differs from the text
  isNumber?: boolean;
  tone?(row: T): string; // a class
}

const sideTone = (row: { side: string }): string => (row.side === 'buy' ? 'up' : 'down');
const pnlTone = (text: string | null): string => (units(text) < 0n ? 'down' : units(text) > 0n ? 'up' : '');

export const typeText = (order: Order): string => {
  const isTrailing = Boolean(order.trail_amount || order.trail_bps);
  const kind = order.slicing ?? (order.peg ? 'pegged' : isTrailing ? 'trailing_stop' : order.trigger ? `${order.trigger}_${order.type === 'market' ? 'market' : 'limit'}` : order.type);
  const usual = order.type === 'market' ? 'ioc' : 'gtc';
  const words = [t(`kind.${kind}`, {}, kind), order.display_quantity && t('kind.iceberg'), order.list_id !== null && t('kind.linked'), order.time_in_force !== usual && order.time_in_force.toUpperCase()];
  return words.filter(Boolean).join(' · ');
};
export const triggerText = (order: Order): string =>
  order.trigger_price ?? (order.trail_amount ? `±${order.trail_amount}` : order.trail_bps ? `±${order.trail_bps} bp` : '');

/** The short time of what is of today. */
const nearTime = (iso: string): string => (new Date(iso).toDateString() === new Date().toDateString() ? clockText(iso) : timeText(iso));

export const orderColumns: Column<Order>[] = [
  { word: 'column.time', text: (one) => nearTime(one.created_at), csv: (one) => one.created_at },
  { word: 'column.id', text: (one) => String(one.order_id) },
  { word: 'column.symbol', text: (one) => one.symbol ?? '' },
  { word: 'column.side', text: (one) => t(`side.${one.side}`), csv: (one) => one.side, tone: sideTone },
  { word: 'column.type', text: typeText, csv: (one) => one.type },
  { word: 'column.price', text: (one) => one.price ?? '–', csv: (one) => one.price, isNumber: true },
  { word: 'column.quantity', text: (one) => one.quantity ?? '–', csv: (one) => one.quantity, isNumber: true },
  { word: 'column.filled', text: (one) => one.executed_quantity ?? '0', isNumber: true },
  { word: 'column.status', text: (one) => t(`orderStatus.${one.status}`), csv: (one) => one.status },
  { word: 'column.reason', text: (one) => (one.reason ? t(`reason.${one.reason}`, {}, one.reason) : ''), csv: (one) => one.reason },
];

export const executionColumns: Column<Execution>[] = [
  { word: 'column.time', text: (one) => nearTime(one.time), csv: (one) => one.time },
  { word: 'column.symbol', text: (one) => one.symbol },
  { word: 'column.side', text: (one) => t(`side.${one.side}`), csv: (one) => one.side, tone: sideTone },
  { word: 'column.price', text: (one) => one.price, isNumber: true },
  { word: 'column.quantity', text: (one) => one.quantity, isNumber: true },
  { word: 'column.notional', text: (one) => one.notional, isNumber: true },
  { word: 'column.fee', text: (one) => `${one.fee} ${one.fee_asset}`, isNumber: true },
  { word: 'column.liquidity', text: (one) => t(one.is_maker ? 'liquidity.maker' : 'liquidity.taker'), csv: (one) => (one.is_maker ? 'maker' : 'taker') },
  { word: 'column.order', text: (one) => String(one.order_id) },
  { word: 'column.trade', text: (one) => String(one.trade_id) },
];

export const balanceColumns: Column<Balance>[] = [
  { word: 'column.asset', text: (one) => one.asset },
  { word: 'column.available', text: (one) => grouped(one.available), csv: (one) => one.available, isNumber: true },
  { word: 'column.hold', text: (one) => grouped(one.hold), csv: (one) => one.hold, isNumber: true },
  { word: 'column.total', text: (one) => grouped(format(add(one.available, one.hold))), csv: (one) => format(add(one.available, one.hold)), isNumber: true },
];

/** Six decimals are enough to read; the download has them all. */
const short = (text: string | null): string => (text === null ? '–' : grouped(cut(units(text), 6).replace(/0+$/, '').replace(/\.$/, '')));

export const positionColumns: Column<Position>[] = [
  { word: 'column.symbol', text: (one) => one.symbol ?? '' },
  { word: 'column.quantity', text: (one) => one.quantity, isNumber: true },
  { word: 'column.average', text: (one) => short(one.average_price), csv: (one) => one.average_price, isNumber: true },
  { word: 'column.mark', text: (one) => one.mark_price ?? '–', isNumber: true },
  { word: 'column.value', text: (one) => short(one.market_value), csv: (one) => one.market_value, isNumber: true },
  { word: 'column.unrealised', text: (one) => short(one.unrealised_pnl), csv: (one) => one.unrealised_pnl, isNumber: true, tone: (one) => pnlTone(one.unrealised_pnl) },
  { word: 'column.realised', text: (one) => short(one.realised_pnl), csv: (one) => one.realised_pnl, isNumber: true, tone: (one) => pnlTone(one.realised_pnl) },
];

export const headerOf = <T,>(columns: Column<T>[]): string[] => columns.map((one) => one.word.split('.').at(-1) ?? one.word);
export const csvRow = <T,>(columns: Column<T>[], row: T): Cell[] => columns.map((one) => (one.csv ? one.csv(row) : one.text(row)));
