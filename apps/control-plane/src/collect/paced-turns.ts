import { type Clock, pause } from 'loadline/base';

/** Over which time something is spread. */
export interface Pace {
  readonly clock: Clock;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

const atOnceMax = 64;
const togetherMax = 2;

/**
 * Does something with each, spread over a while and a few at a time: what a large fleet answers all at once would hold up whoever asks
 * something here meanwhile. At most 64 are under way; once the signal aborts no other is begun.
 */
export async function inPacedTurns<Item>(
  items: readonly Item[],
  { clock, withinMs, signal }: Pace,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const startMs = clock.monotonicMs();
  const stepMs = withinMs / Math.ceil(items.length / togetherMax);
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of rest) {
      const waitMs = startMs + Math.floor(at / togetherMax) * stepMs - clock.monotonicMs();
      if (waitMs > 0) await pause(clock, waitMs, signal);
      if (signal.aborted) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, lane));
}
