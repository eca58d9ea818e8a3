/** What a request costs more where somebody watches, in CPU time: pairs of batches, in processes that are started anew. */
import { criticalT, meanOf } from 'loadline/statistics';
import { type BenchOptions, figureOf } from '../harness.ts';
import { cores } from '../load/processes.ts';
import type { Behind } from './behind.ts';
import { type Child, startChild } from './child.ts';
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

/** So many on each side before the other has its turn, until both are warm. */
const warmUpRequests = 500;

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
  const [launches, rivalsEvery] = options.short ? [2, 1] : [12, 4];
  const found = new Map<WatchName, Launch[]>(names.map((name) => [name, []]));
  for (let nth = 0; nth < launches; nth++) {
    // Rivals are told apart with fewer of them than our small share of the target.
    const contenders = names.filter((name) => !isRival(name) || nth % rivalsEvery === 0);
    options.progress(`${kind}, ${nth + 1} of ${launches}: ${contenders.join(', ')}`);
    for (const name of contenders) {
      const isWatchedFirst = nth % 2 === 1;
      found.get(name)?.push(await measureLaunch(kind, name, { ...options, isWatchedFirst }));
    }
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

/** One after the other: whoever else takes turns would drive the code of both sides out of the caches, which no service pays for. */
async function measureLaunch(
  kind: Kind,
  name: WatchName,
  {
    behind,
    short,
    isWatchedFirst,
  }: BenchOptions & { readonly behind: Behind; readonly isWatchedFirst: boolean },
): Promise<Launch> {
  const [pairs, batchMs, warmUpMs] = short ? [6, 50, 200] : [pairsOf(kind, name), 250, 2000];
  await using started = new AsyncDisposableStack();
  const start = async (watch: WatchName): Promise<Child> =>
    started.use(await startChild({ kind, watch, behind, isWatchedFirst, core: cores.target }));
  const watched = await start(name);
  // OpenTelemetry changes what its whole process does, so that the other half of its pairs is in another.
  const plain = name === 'OpenTelemetry' ? await start('nobody') : watched;
  // Long enough that neither half is still being compiled: else the one that came second seems dear. A service may end a connection
  // on which nothing was ever asked, so that both are asked in turns.
  const startMs = performance.now();
  let asked = 0;
  while (performance.now() - startMs < warmUpMs) {
    await plain.serve('plain', warmUpRequests);
    await watched.serve('watched', warmUpRequests);
    asked += 2 * warmUpRequests;
  }
  const requests = Math.max(1, Math.round((asked * batchMs) / (performance.now() - startMs)));
  const us: [plain: number, watched: number][] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Who begins alternates, so that neither always comes after the other.
    const first = pair % 2 === 0 ? await plain.serve('plain', requests) : undefined;
    const second = await watched.serve('watched', requests);
    us.push([first ?? (await plain.serve('plain', requests)), second]);
  }
  return {
    plainUs: figureOf(us.map(([plain]) => plain)).median,
    moreUs: figureOf(us.map(([plain, seen]) => seen - plain)).median,
    moreShare: figureOf(us.map(([plain, seen]) => seen / plain)).median - 1,
    collections: await watched.checkCount(),
  };
}

/** Who has servers behind it differs from itself by more. */
function pairsOf(kind: Kind, name: WatchName): number {
  if (isRival(name)) return 6;
  return kind.startsWith('bare') ? 16 : 32;
}

function isRival(name: WatchName): boolean {
  return name === 'prom-client' || name === 'OpenTelemetry';
}
