import { isLoadlineError } from 'loadline/base';
import type { ReadingSource } from 'loadline/monitoring';
import type { Metrics, Summary } from 'loadline/store';
import { type MergedGroup, readingsOf } from './rule-readings.ts';

/** Where a monitor reads, and what it could not. */
export interface StoreReadings extends ReadingSource {
  /** Times that a metric had too many series or rows to be read. */
  readonly leftOut: number;
}

/**
 * Reads what rules ask for from what was measured: of all rules with the same window at once. A metric that has too much to be
 * read is left out and counted, so that it takes no other's readings away.
 */
export function createStoreReadings(metrics: Pick<Metrics, 'summaries'>): StoreReadings {
  let leftOut = 0;

  async function read(names: readonly string[], window: Window): Promise<readonly Summary[]> {
    try {
      return await metrics.summaries({ metrics: names, ...window, isFollowed: true });
    } catch (error) {
      if (!isLoadlineError(error, 'STORE_QUERY_TOO_LARGE')) throw error;
      if (names.length > 1) return readHalves(names, window);
      leftOut++;
      return [];
    }
  }

  async function readHalves(names: readonly string[], window: Window): Promise<readonly Summary[]> {
    const middle = Math.ceil(names.length / 2);
    // One after the other: together they may be more than there is room for.
    const first = await read(names.slice(0, middle), window);
    return [...first, ...(await read(names.slice(middle), window))];
  }

  return {
    get leftOut() {
      return leftOut;
    },
    async read(rules, nowMs, signal) {
      const readings = [];
      for (const [windowMs, own] of Map.groupBy(rules, (rule) => rule.windowMs)) {
        signal.throwIfAborted();
        const names = new Set(own.flatMap(({ metric, of }) => (of === undefined ? [metric] : [metric, of])));
        // The window ends before its last moment.
        const summaries = await read([...names], { fromMs: nowMs + 1 - windowMs, toMs: nowMs + 1 });
        const found = Map.groupBy(summaries, ({ series }) => series.metric);
        const merged = new Map<string, readonly MergedGroup[]>();
        for (const rule of own) readings.push(...readingsOf(rule, found, merged));
      }
      return readings;
    },
  };
}

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}
