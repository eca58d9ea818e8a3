import type { TimeWindow } from 'loadline/metrics';
import type { Line, Store } from 'loadline/store';

/** Fewer values of a metric say nothing of a service. */
const valuesMin = 5;
const stepMs = 60_000;

/** Asks for figures of whole services over one window. */
export interface ServiceFigures {
  readonly metrics: Store['metrics'];
  readonly window: TimeWindow;
  /** What each service was on average, over its instances and the window, where there is enough of it. */
  meansOf(metric: string, unit: string): Promise<ReadonlyMap<string, number>>;
}

export function createServiceFigures(metrics: Store['metrics'], window: TimeWindow): ServiceFigures {
  return {
    metrics,
    window,
    async meansOf(metric, unit) {
      const { lines } = await metrics.series({ metric, unit, ...window, stepMs, by: 'service' });
      return new Map(lines.flatMap((line) => (countOf(line) < valuesMin ? [] : [[line.name, meanOf(line)]])));
    },
  };
}

export function countOf({ points }: Pick<Line, 'points'>): number {
  return points.reduce((sum, { count }) => sum + count, 0);
}

/** Of a line that has values. */
export function meanOf({ points }: Pick<Line, 'points'>): number {
  return points.reduce((sum, { mean, count }) => sum + mean * count, 0) / countOf({ points });
}
