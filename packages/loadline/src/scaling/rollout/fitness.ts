import type { SeenUpstream, Upstream } from '../../traffic/index.ts';

/** How whoever spreads the requests finds the candidate's instances. */
export type Fitness =
  /** Every one of them may get requests, everywhere. */
  | { readonly kind: 'fit' }
  /** Some may not yet, or somebody does not tell. */
  | { readonly kind: 'partly fit'; readonly because: string }
  /** Somewhere none of them may. */
  | { readonly kind: 'unfit'; readonly because: string };

/** What a proxy has, as it says itself; undefined where it does not tell. */
export interface ProxyView {
  readonly name: string;
  readonly seen: readonly SeenUpstream[] | undefined;
}

/** One proxy is enough for unfit: its users get nothing of the candidate, and others may follow. Pure. */
export function fitnessOf(candidate: readonly Upstream[], views: readonly ProxyView[]): Fitness {
  const found = views.map((view) => fitnessAt(candidate, view));
  const worst = found.find(({ kind }) => kind === 'unfit') ?? found.find(({ kind }) => kind !== 'fit');
  return worst ?? { kind: 'fit' };
}

function fitnessAt(candidate: readonly Upstream[], { name, seen }: ProxyView): Fitness {
  if (seen === undefined) return { kind: 'partly fit', because: `${name} does not tell` };
  if (candidate.length === 0) return { kind: 'partly fit', because: 'no instance of the candidate is known' };
  const statuses = candidate.map(({ id }) => seen.find((each) => each.id === id)?.status);
  const up = statuses.filter((status) => status === 'up').length;
  if (up === candidate.length) return { kind: 'fit' };
  if (statuses.every((status) => status === 'down')) {
    return {
      kind: 'unfit',
      because: `${name} has found all of its instances unfit, ${statuses.length} in number`,
    };
  }
  return { kind: 'partly fit', because: `${name} has ${up} of its ${candidate.length} instances up` };
}
