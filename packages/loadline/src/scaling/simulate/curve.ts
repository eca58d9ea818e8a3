import type { SimulationResult } from './tally.ts';

/** What a policy costs, and how often it misses the target. */
export type CurvePoint = Pick<SimulationResult, 'instanceHours' | 'violatedRatio'>;

/** The points that no other beats in both, cheapest first: what it takes to miss the target less. */
export function frontOf<Point extends CurvePoint>(points: readonly Point[]): readonly Point[] {
  const sorted = points.toSorted(
    (a, b) => a.instanceHours - b.instanceHours || a.violatedRatio - b.violatedRatio,
  );
  let least = Number.POSITIVE_INFINITY;
  return sorted.filter(({ violatedRatio }) => {
    if (violatedRatio >= least) return false;
    least = violatedRatio;
    return true;
  });
}

/**
 * How often the target is missed at this many instance hours, on the line between two points of the front; at more
 * hours than it has as at its most, and undefined at fewer than any point of it needs.
 */
export function violatedRatioAt(points: readonly CurvePoint[], instanceHours: number): number | undefined {
  const front = frontOf(points);
  const above = front.findIndex((point) => point.instanceHours >= instanceHours);
  if (above === 0) return front[0]?.instanceHours === instanceHours ? front[0].violatedRatio : undefined;
  const low = front[above === -1 ? front.length - 1 : above - 1];
  const high = front[above];
  if (low === undefined || high === undefined) return low?.violatedRatio;
  const share = (instanceHours - low.instanceHours) / (high.instanceHours - low.instanceHours);
  return low.violatedRatio + share * (high.violatedRatio - low.violatedRatio);
}
