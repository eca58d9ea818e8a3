import type { InstanceState } from '../driver.ts';

/** Of an instance what matters for whether it goes. */
export interface Candidate {
  readonly state: InstanceState;
  /** Requests in flight; undefined where nobody tells. */
  readonly inFlight: number | undefined;
}

export interface Leaver<One extends Candidate> {
  readonly candidate: One;
  /** For people, to follow `leaves because`. */
  readonly because: string;
}

/**
 * Who goes first when a group becomes smaller. Pure. Whoever carries nothing goes first; of those that carry, who has
 * far less in flight, which is told where connections live long and would have to be waited for; of those that have
 * about as much, the youngest, whose caches are the coldest.
 *
 * @param candidates oldest first.
 */
export function chooseLeavers<One extends Candidate>(
  candidates: readonly One[],
  count: number,
): readonly Leaver<One>[] {
  const heaviest = Math.max(0, ...candidates.filter(({ state }) => state === 'ready').map(loadOf));
  return candidates
    .toReversed()
    .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || loadOf(a) - loadOf(b))
    .slice(0, Math.max(0, count))
    .map((candidate) => ({ candidate, because: reasonOf(candidate, heaviest) }));
}

const order: readonly InstanceState[] = ['waiting', 'starting', 'ready', 'draining'];

/** Within a doubling, more or fewer is chance; a few are as good as none. */
function loadOf({ inFlight = 0 }: Candidate): number {
  return Math.floor(Math.log2(1 + inFlight / 8));
}

function reasonOf(one: Candidate, heaviest: number): string {
  if (one.state === 'waiting') return 'it had crashed and carries nothing';
  if (one.state === 'starting') return 'it was not ready yet and carries nothing';
  return loadOf(one) < heaviest
    ? `it has the least in flight, ${one.inFlight ?? 0}`
    : 'it is the youngest of those that carry as much';
}
