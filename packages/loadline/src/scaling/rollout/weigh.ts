import type { Upstream, WantedUpstream } from '../../traffic/index.ts';

/** The upstreams of both builds. */
export interface BuildUpstreams {
  readonly baseline: readonly BuildUpstream[];
  readonly candidate: readonly BuildUpstream[];
}

export interface BuildUpstream extends Upstream {
  /** It ends what it has and gets nothing new; whoever is not named at all is taken out with what it has. */
  readonly isDraining?: boolean;
}

/**
 * Gives upstreams whole weights from 0 to 256 so that the candidate's together get this share of new requests, to
 * within a five-hundredth, and of a very small share to within a 256th. Within a build each keeps its proportion, as far
 * as whole numbers allow: where the share is too small for all of its upstreams to get something, some get nothing. Pure.
 *
 * The heaviest come first: a proxy that takes one order after the other has somebody to send requests to all along.
 *
 * @param share 0 to 1; where a build has no upstream, the other gets everything.
 */
export function weigh(upstreams: BuildUpstreams, share: number): WantedUpstream[] {
  const baseline = upstreams.baseline.filter(isServing);
  const candidate = upstreams.candidate.filter(isServing);
  const sides = { baseline: proportionsOf(baseline), candidate: proportionsOf(candidate) };
  const wanted = effectiveShare(sides, share);
  const parts = [
    ...sides.baseline.map((part) => part * (1 - wanted)),
    ...sides.candidate.map((part) => part * wanted),
  ];
  const largest = Math.max(...parts, 0);
  const scale = largest === 0 ? 0 : weightMax / largest;
  const weights = [
    ...spread(sides.baseline, totalOf(sides.baseline, (1 - wanted) * scale)),
    ...spread(sides.candidate, totalOf(sides.candidate, wanted * scale)),
  ];
  const weighed = [...baseline, ...candidate].map(
    (upstream, index): WantedUpstream & { readonly weight: number } => ({
      ...plainOf(upstream),
      weight: weights[index] as number,
      mode: 'serving',
    }),
  );
  const leaving = [...upstreams.baseline, ...upstreams.candidate].filter((each) => !isServing(each));
  return [...weighed.sort((a, b) => b.weight - a.weight), ...leaving.map(toDraining)];
}

function isServing({ isDraining = false }: BuildUpstream): boolean {
  return !isDraining;
}

function toDraining(upstream: BuildUpstream): WantedUpstream {
  return { ...plainOf(upstream), mode: 'draining' };
}

function plainOf({ isDraining: _, ...upstream }: BuildUpstream): Upstream {
  return upstream;
}

const weightMax = 256;

function effectiveShare(
  sides: Readonly<Record<'baseline' | 'candidate', readonly number[]>>,
  share: number,
): number {
  if (sides.candidate.length === 0) return 0;
  return sides.baseline.length === 0 ? 1 : share;
}

/** Each one's part of its build, 1 in all. */
function proportionsOf(upstreams: readonly Upstream[]): number[] {
  const weights = upstreams.map(({ weight = 1 }) => weight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  // Nobody has a weight: then all have the same.
  return weights.map((weight) => (sum === 0 ? 1 / weights.length : weight / sum));
}

/** A build that is to get anything gets at least one in 256. */
function totalOf(proportions: readonly number[], total: number): number {
  return total === 0 || proportions.length === 0 ? 0 : Math.max(1, Math.round(total));
}

/** Whole numbers in these proportions that make up the total: largest remainders first. */
function spread(proportions: readonly number[], total: number): number[] {
  const exact = proportions.map((part) => part * total);
  const whole = exact.map((each) => Math.min(weightMax, Math.floor(each + 1e-9)));
  let left = total - whole.reduce((sum, each) => sum + each, 0);
  const byRemainder = exact
    .map((each, index) => ({ index, remainder: each - (whole[index] as number) }))
    .sort((x, y) => y.remainder - x.remainder);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    if ((whole[index] as number) >= weightMax) continue;
    whole[index] = (whole[index] as number) + 1;
    left--;
  }
  return whole;
}
