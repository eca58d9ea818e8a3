/** What a request costs more where somebody watches, in CPU time: pairs of batches, in processes that are started anew. */
import { criticalT, meanOf } from 'loadline/statistics';
import { type BenchOptions, figureOf } from '../harness.ts';
import type { Behind } from './behind.ts';
import { type Child, connections, startChild } from './child.ts';
import type { Kind } from './service.ts';
import type { WatchName } from './watches.ts';

export interface Compared {
  readonly plainUs: number;
  readonly moreUs: number;
  /** What that is below, 19 times in 20. */
  readonly highUs: number;
  /** What it is of its neighbour: a median of ratios, that whoever else is on the machine raises on both sides. */
  readonly moreShare: number;
  /** Collections of garbage a request, where they were counted. */
  readonly collections: number;
}

/** Rivals are told apart with fewer pairs than our small share of the target. */
const rivalsEvery = 5;

/**
 * Two processes of one program differ by more than what is looked for: in what their compilers made of it, and in where it
 * lies. So neighbours in one process are compared, and that in several processes. Nobody is compared with nobody as often as
 * we are: what comes of that is what all this cannot tell from nothing.
 */
export async function compareWatches(
  kind: Kind,
  names: readonly WatchName[],
  options: BenchOptions & { readonly behind: Behind },
): Promise<Map<WatchName, Compared>> {
  const launches = options.short ? 2 : 8;
  const found = new Map<WatchName, Launch[]>(names.map((name) => [name, []]));
  for (let nth = 0; nth < launches; nth++) {
    options.progress(`${kind}, ${nth + 1} of ${launches}: ${names.join(', ')}`);
    for (const [name, launch] of await measureLaunch(kind, names, { ...options, nth }))
      found.get(name)?.push(launch);
  }
  return new Map([...found].map(([name, all]) => [name, summaryOf(all)]));
}

/** Medians of one process. */
type Launch = Omit<Compared, 'highUs'>;

function summaryOf(all: readonly Launch[]): Compared {
  const [plain, more] = [all.map(({ plainUs }) => plainUs), all.map(({ moreUs }) => moreUs)];
  const moreUs = meanOf(more);
  const variance = more.reduce((sum, each) => sum + (each - moreUs) ** 2, 0) / (more.length - 1);
  const highUs = moreUs + criticalT(0.9, more.length - 1) * Math.sqrt(variance / more.length);
  const moreShare = meanOf(all.map((each) => each.moreShare));
  const collections = meanOf(all.map((each) => each.collections));
  return { plainUs: meanOf(plain), moreUs, highUs, moreShare, collections };
}

async function measureLaunch(
  kind: Kind,
  names: readonly WatchName[],
  { behind, short, nth }: BenchOptions & { readonly behind: Behind; readonly nth: number },
): Promise<Map<WatchName, Launch>> {
  // With each change of sides the code of the other has to come back into the caches, which no service pays for: with batches of
  // 125 requests, that was up to half of what was found.
  const [pairs, requests, warmUps] = short ? [12, 100, 500] : [30, 1000, 2000];
  await using started = new AsyncDisposableStack();
  const start = async (watch: WatchName): Promise<Child> =>
    started.use(await startChild({ kind, watch, behind, isWatchedFirst: nth % 2 === 1 }));
  const children = await Promise.all(names.map((name) => start(name)));
  // OpenTelemetry changes what its whole process does, so that the other half of its pairs is in another, of its own: one that
  // serves other pairs as well would be warmer there.
  const unwatched = names.includes('OpenTelemetry') ? await start('nobody') : undefined;
  const sides = children.map((watched, at) => {
    const name = names[at] as WatchName;
    const plain = name === 'OpenTelemetry' ? (unwatched ?? watched) : watched;
    return { name, watched, plain, us: [] as number[][] };
  });
  // A service may end a connection on which nothing was ever asked.
  for (const { plain, watched } of sides) {
    await plain.serve('plain', connections);
    await watched.serve('watched', connections);
  }
  // Long enough that neither half is still being compiled: else the one that came second seems dear.
  for (let round = 0; round < 6; round++) {
    for (const { plain, watched } of sides) {
      await plain.serve('plain', warmUps);
      await watched.serve('watched', warmUps);
    }
  }
  for (let pair = 0; pair < pairs; pair++) {
    for (const { name, plain, watched, us } of sides) {
      if (isRival(name) && pair % rivalsEvery !== 0) continue;
      // Who begins alternates, so that neither always comes after the other.
      const first = us.length % 2 === 0 ? await plain.serve('plain', requests) : undefined;
      const second = await watched.serve('watched', requests);
      us.push([first ?? (await plain.serve('plain', requests)), second]);
    }
  }
  const launches = sides.map(async ({ name, watched, us }) => {
    const collections = await watched.checkCount();
    const plainUs = figureOf(us.map(([plain = 0]) => plain)).median;
    const moreUs = figureOf(us.map(([plain = 0, seen = 0]) => seen - plain)).median;
    const moreShare = figureOf(us.map(([plain = 1, seen = 1]) => seen / plain)).median - 1;
    return [name, { plainUs, moreUs, moreShare, collections }] as const;
  });
  return new Map(await Promise.all(launches));
}

function isRival(name: WatchName): boolean {
  return name === 'prom-client' || name === 'OpenTelemetry';
}
