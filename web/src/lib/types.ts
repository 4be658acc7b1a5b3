// The shapes of the native API, as /openapi.json names them. Decimals and times are texts.

export type Side = 'buy' | 'sell';

export interface FeeTier { volume_min: string; maker_fee: string; taker_fee: string }

export interface Instrument {
  symbol: string; base: string; quote: string;
  tick_size: string; lot_size: string;
  notional_min: string; quantity_min: string; quantity_max: string;
  maker_fee: string; taker_fee: string; fee_tiers: FeeTier[]; collar: string;
  status: MarketStatus; mode: 'own' | 'mirrored';
  band: string; halt_move: string; halt_window_seconds: number; halt_seconds: number;
  stale: boolean;
}
export type MarketStatus = 'open' | 'post_only' | 'cancel_only' | 'halted' | 'auction';

export interface Auction {
  until: string; cause: string; price: string | null; volume: string; imbalance: string;
  imbalance_side: Side | null;
}
export interface Ticker {
  symbol: string; last_price: string | null;
  open_24h: string | null; high_24h: string | null; low_24h: string | null;
  volume_24h: string; quote_volume_24h: string; trades_24h: number;
  bid: string | null; bid_quantity: string | null; ask: string | null; ask_quantity: string | null;
  auction: Auction | null; status: MarketStatus; stale: boolean; time: string;
}

export type Level = [price: string, quantity: string];
export interface BookMessage {
  type: 'snapshot' | 'diff'; symbol: string; last_update: number; first_update?: number;
  bids: Level[]; asks: Level[];
}
export interface Trade { id: number; price: string; quantity: string; side: Side; time: string }
export interface Candle {
  open_time: string; close_time: string; open: string; high: string; low: string; close: string;
  volume: string; quote_volume: string; trades: number; closed: boolean; corrected?: boolean;
}

export interface Fill {
  trade_id: number; price: string; quantity: string; notional: string; fee: string;
  fee_asset: string; is_maker: boolean; time: string;
}
export type OrderStatus = 'new' | 'partially_filled' | 'filled' | 'cancelled' | 'expired' | 'rejected';
export interface Order {
  order_id: number; client_order_id: string | null; symbol: string | null; side: Side;
  type: string; time_in_force: string; status: OrderStatus; price: string | null;
  quantity: string | null; executed_quantity: string | null; executed_quote: string;
  reason: string | null; expires_at: string | null; display_quantity: string | null;
  trigger: string | null; trigger_price?: string | null; trail_amount?: string | null;
  trail_bps?: number | null; triggered?: boolean; peg: string | null; peg_offset: string | null;
  list_id: number | null; pending?: boolean; parent_id: number | null; slicing: string | null;
  slices?: number; slices_sent?: number; created_at: string; updated_at: string; fills?: Fill[];
}
export interface Execution {
  number: number; order_id: number; symbol: string; side: Side; trade_id: number; price: string;
  quantity: string; notional: string; fee: string; fee_asset: string; is_maker: boolean; time: string;
}
export interface Balance { asset: string; available: string; hold: string }
export interface Position {
  symbol: string | null; quantity: string; cost: string; average_price: string | null;
  realised_pnl: string; mark_price: string | null; market_value: string | null;
  unrealised_pnl: string | null;
}
export interface Fees { symbol: string; maker_fee: string; taker_fee: string; volume_30d: string; tier: number }
export interface Account { account_id: number; label: string }
export interface User { user_id: number; email: string; role: 'trader' | 'admin'; created_at: string; accounts: Account[] }
export interface Platform { name: string; version: string; demo: boolean; feed: string; registration: boolean; time: string }

/** What an API answer of lists looks like. */
export interface Page<T> { items: T[]; next_cursor: string | null }

export const isOpen = (order: Order): boolean => order.status === 'new' || order.status === 'partially_filled';

/** What the engine lets be amended: a limit of its own, not one of linked or sliced orders. */
export const canAmend = (order: Order): boolean => order.price !== null && order.list_id === null && order.parent_id === null && !order.slicing;
