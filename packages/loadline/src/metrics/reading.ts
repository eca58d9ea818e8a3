import type { NumberSeries } from './family.ts';
import type { FamilyNames } from './names.ts';
import { labelValues } from './series-table.ts';

/** Gives the value of a metric that somebody else keeps, when it is looked at. */
export type ReadNumber = () => number;

/** Gives all series of a metric that somebody else keeps, when it is looked at. */
export type ReadSeries<Label extends string> = () => Iterable<
  readonly [labels: Readonly<Record<Label, string>>, value: number]
>;

/**
 * What a metric's `read` gives at this moment. A `read` that throws, gives no number, gives one label set
 * twice or more than `seriesMax` of them must not spoil everybody else's metrics: what is wrong is left out
 * and `onFailure` hears of it.
 */
export function* readSeries(
  names: FamilyNames,
  options: {
    readonly read: ReadNumber | ReadSeries<string>;
    readonly seriesMax: number;
    readonly onFailure: () => void;
  },
): Generator<NumberSeries> {
  const { seriesMax, onFailure } = options;
  const seen = new Set<string>();
  try {
    const read = options.read();
    const all = typeof read === 'number' ? [[{}, read] as const] : read;
    for (const [given, value] of all) {
      if (typeof value !== 'number') throw new TypeError(`read() gave ${typeof value} instead of a number`);
      const labels = labelValues(names, given);
      const key = JSON.stringify(labels);
      if (seen.size < seriesMax && !seen.has(key)) {
        seen.add(key);
        yield { labels, value };
      } else {
        onFailure();
        if (seen.size >= seriesMax) return;
      }
    }
  } catch {
    onFailure();
  }
}
