// An answer of the API that is read again every few seconds while somebody looks at it.
import { api } from './api';

export class Polled<T> {
  value = $state.raw<T | null>(null);
  hasFailed = $state(false);

  constructor(private readonly path: string) {}

  /** Answers how to stop. */
  watch(everyMs: number): () => void {
    const read = (): void => {
      if (document.visibilityState !== 'visible') return;
      api.get<T>(this.path).then((value) => ((this.value = value), (this.hasFailed = false)), () => (this.hasFailed = true));
    };
    read();
    const timer = setInterval(read, everyMs);
    return () => clearInterval(timer);
  }
}
