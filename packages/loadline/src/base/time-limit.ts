import type { Clock } from './clock.ts';

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
  const stop = new AbortController();
  let isLate = false;
  const timer = clock.setTimer(() => {
    isLate = true;
    stop.abort(new Error('timeout'));
  }, limitMs);
  // `AbortSignal.any` would say it more shortly; but what it makes is kept, once listened to, for as long as `end` is:
  // for one that asks again and again until it is closed, all its life.
  const onEnd = (): void => stop.abort(end.reason);
  if (end.aborted) onEnd();
  else end.addEventListener('abort', onEnd, { once: true });
  try {
    return { kind: 'done', value: await Promise.race([rejectionOf(stop.signal), work(stop.signal)]) };
  } catch (error) {
    if (end.aborted) return { kind: 'ended' };
    return isLate ? { kind: 'late' } : { kind: 'failed', error };
  } finally {
    timer.cancel();
    end.removeEventListener('abort', onEnd);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
