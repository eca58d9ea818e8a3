import type { Clock } from '../base/index.ts';

/** How something ended that had a limit. */
export type Limited<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' }
  /** Whoever asked for it has ended it. */
  | { readonly kind: 'ended' };

/** Runs `work` for at most `limitMs`, or until `end` aborts. Work that ignores its signal is not waited for. */
export async function withTimeLimit<Value>(
  { clock, limitMs, end }: { readonly clock: Clock; readonly limitMs: number; readonly end: AbortSignal },
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Limited<Value>> {
  const late = new AbortController();
  const timer = clock.setTimer(() => late.abort(new Error('timeout')), limitMs);
  const signal = AbortSignal.any([late.signal, end]);
  try {
    return { kind: 'done', value: await Promise.race([rejectionOf(signal), work(signal)]) };
  } catch (error) {
    if (end.aborted) return { kind: 'ended' };
    return late.signal.aborted ? { kind: 'late' } : { kind: 'failed', error };
  } finally {
    timer.cancel();
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
