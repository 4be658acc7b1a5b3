// What a person does to orders, with the retries that are safe and the words for what went wrong.
import { api } from './api';
import { t } from './i18n.svelte';
import { isProblem, type Problem } from './problem';
import type { Request } from './ticket';
import { toast } from './toasts.svelte';
import type { Order } from './types';

/** In words; the API's own detail where it says more. */
export function wordsOf(error: unknown): string {
  if (!isProblem(error)) return String(error);
  if (error.status === 0) return t('problem.noAnswer');
  const own = t(`reason.${error.code}`, {}, '');
  return own || error.detail || error.code;
}

const isUncertain = (error: unknown): error is Problem =>
  isProblem(error) && (error.status === 0 || error.status === 503 || error.status === 504);

/** Sends an order; when no answer came it is sent again with the same client order id, which the account knows. */
export async function place(request: Request): Promise<void> {
  for (let attempt = 0; ; ++attempt) {
    try {
      await api.post(request.path, request.body);
      return;
    } catch (error) {
      if (!isUncertain(error) || attempt === 4) throw error;
      await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** attempt, (error.retryAfterSeconds ?? 4) * 1_000)));
    }
  }
}

async function told(work: () => Promise<unknown>, title: string): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    toast('bad', title, wordsOf(error));
    return false;
  }
}

export const cancel = (order: Order): Promise<boolean> => told(() => api.delete(`/orders/${order.order_id}`), t('toast.cancelFailed'));

export const cancelAll = (symbol?: string): Promise<boolean> => told(() => api.delete('/orders', { symbol }), t('toast.cancelFailed'));

export const amend = (order: Order, change: { price?: string; quantity?: string }): Promise<boolean> =>
  told(async () => {
    const after = await api.patch<Order>(`/orders/${order.order_id}`, change);
    toast('plain', t('toast.amended'), `#${after.order_id} ${after.quantity ?? ''} @ ${after.price ?? ''}`);
  }, t('toast.amendFailed'));
