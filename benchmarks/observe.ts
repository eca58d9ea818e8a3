/** How much CPU time does it take a service to be observed? */
import { startPostgres } from '@loadline/local-stack';
import { createPostgres } from 'loadline/postgres';
import { type BenchOptions, figureOf, type Row, rowOf } from './harness.ts';
import { type Child, dishes, startChild } from './observe/child.ts';
import { collectionUs } from './observe/collections.ts';
import type { Kind } from './observe/service.ts';
import type { WatchName } from './observe/watches.ts';

/** The rule of the project: at most this share, for requests and for the rest together. */
const shareMax = 0.02;

const kinds: Readonly<Record<string, Kind>> = {
  node: 'bare node:http',
  fastify: 'bare Fastify',
  query: 'Fastify and a query',
};
export const parts: readonly string[] = Object.keys(kinds);

/**
 * A request has its price, and so has a second: sampling, and being read. The first is found by batches of requests in
 * pairs, watched and not, right after each other in one process; the second in a process that does nothing else. Both are
 * CPU time: wall time would be that of the machine. What Node.js takes to report a collection of garbage is measured
 * alone, since both halves of a pair pay for it, and added by how often there was one.
 *
 * Bare services answer a fixed JSON and do nothing else, so that the price is as large a share as it can be. The target is
 * judged where a request does what most do: one query for one row. The price of a second is that of an idle process, whose
 * every waking is dear: a busy one pays less.
 */
export async function run(options: BenchOptions): Promise<readonly Row[]> {
  await using server = await startPostgres();
  await cookDishes(server.url);
  const { rows, second } = await measureIdle(options);
  options.progress('collections');
  const reportUs = await collectionUs(options.short ? 10 : 60);
  rows.push(rowOf({ name: 'to report a collection of garbage', unit: 'µs', value: reportUs }));
  for (const [part, kind] of Object.entries(kinds)) {
    if (options.only !== undefined && options.only !== part) continue;
    rows.push(...(await measureKind(kind, { ...options, databaseUrl: server.url, second, reportUs })));
  }
  return rows;
}

async function cookDishes(url: string): Promise<void> {
  const postgres = createPostgres({ url });
  const columns = 'id int PRIMARY KEY, owner text, title text, portions int, allergens text[], lat float8';
  const text = `CREATE TABLE dishes (${columns}, lon float8, created_at timestamptz DEFAULT now())`;
  await postgres.query({ text });
  await postgres.query({
    text: `INSERT INTO dishes SELECT id, 'user-' || id % 500, 'Lentil soup ' || id, id % 5, '{celery}', 52.5, 13.4 FROM generate_series(1, ${dishes}) AS id`,
  });
  await postgres.query({ text: 'ANALYZE dishes' });
  await postgres.close();
}

/** What watching takes where nothing else happens, and what it takes to be read. */
async function measureIdle(options: BenchOptions): Promise<{ rows: Row[]; second: number }> {
  options.progress('idle');
  const forMs = options.short ? 3000 : 20_000;
  const shares = ['loadline', 'prom-client'] as const;
  const found = await Promise.all(
    shares.map(async (name) => {
      using quiet = await startChild('bare node:http', name, '');
      using read = await startChild('bare node:http', name, '');
      const [alone, withReads] = await Promise.all([
        quiet.idleShare(forMs, undefined),
        read.idleShare(forMs, 1000),
      ]);
      return { alone, read: withReads - alone };
    }),
  );
  const [ours, theirs] = found as [Idle, Idle];
  const second = ours.alone + ours.read / (readEveryMs / 1000);
  const [rival, name] = ['prom-client', 'idle and watched'];
  const besides = [
    rowOf(
      { name: `${name}, of one core`, unit: '%', value: ours.alone * 100 },
      { rival, rivalValue: theirs.alone * 100 },
    ),
    rowOf(
      { name: `${name}, to be read once`, unit: 'ms', value: ours.read * 1000 },
      { rival, rivalValue: theirs.read * 1000 },
    ),
    rowOf({
      name: `${name}, read every ${readEveryMs / 1000} s, of one core`,
      unit: '%',
      value: second * 100,
    }),
  ];
  return { rows: besides, second };
}

/** Shares of a core. */
interface Idle {
  readonly alone: number;
  /** What is added by being read once a second. */
  readonly read: number;
}

/** As often as the control plane does where nobody says otherwise. */
const readEveryMs = 5000;

interface KindOptions extends BenchOptions {
  readonly databaseUrl: string;
  readonly second: number;
  readonly reportUs: number;
}

async function measureKind(kind: Kind, options: KindOptions): Promise<Row[]> {
  const isBare = kind !== 'Fastify and a query';
  // Where the service itself reads who asks, being told costs little more; elsewhere it is shown what reading costs.
  const ours: WatchName = isBare ? 'loadline' : 'loadline with users';
  const names: WatchName[] = [ours, 'prom-client', 'OpenTelemetry'];
  if (isBare) names.push('loadline with users');
  const found = await comparePairs(kind, names, options);
  const { plain, more, collections } = found.get(ours) as Compared;
  const all = (more.median + collections * options.reportUs) / plain + options.second;
  const name = `${kind}, more a request`;
  const rivals = names.slice(1).map((rival) => {
    const { median } = (found.get(rival) as Compared).more;
    if (rival === 'loadline with users')
      return rowOf({ name: `${name}, who asks read from a header as well`, unit: 'µs', value: median });
    return rowOf({ name, unit: 'µs', value: more.median }, { rival, rivalValue: median });
  });
  const target = { target: `at most ${shareMax * 100} %`, met: all <= shareMax };
  return [
    rowOf(
      { name: `${kind}, CPU time a request`, unit: 'µs', value: plain + more.median },
      { rival: 'not watched', rivalValue: plain },
    ),
    rowOf({ name, unit: 'µs', value: more.median, spread: more.spread }),
    rowOf({ name: `${name}, 19 times in 20 below`, unit: 'µs', value: more.high }),
    ...rivals,
    rowOf({ name, unit: '%', value: (more.median / plain) * 100 }),
    rowOf(
      { name: `${kind}, in all, on a busy core`, unit: '%', value: all * 100 },
      isBare ? undefined : target,
    ),
  ];
}

/** Rivals are told apart with fewer pairs than our small share of the target. */
const rivalsEvery = 8;

interface Compared {
  readonly plain: number;
  readonly more: { readonly median: number; readonly spread: number; readonly high: number };
  /** Collections of garbage a request, where they were counted. */
  readonly collections: number;
}

/** Medians; that of the differences is of the pairs, since two neighbours share what disturbs the machine. */
async function comparePairs(
  kind: Kind,
  names: readonly WatchName[],
  { databaseUrl, short, progress }: KindOptions,
): Promise<Map<WatchName, Compared>> {
  const [pairs, requests] = short ? [24, 100] : [400, 250];
  progress(`${kind}, ${pairs} pairs of ${requests} requests, ${names.join(', ')}`);
  await using started = new AsyncDisposableStack();
  const start = async (name: WatchName): Promise<Child> =>
    started.use(await startChild(kind, name, databaseUrl));
  // OpenTelemetry changes what its whole process does, so that the other half of its pairs is in another.
  const nobody = await start('nobody');
  const sides = new Map<WatchName, { plain: Child; watched: Child; us: number[][] }>();
  for (const name of names) {
    const watched = await start(name);
    sides.set(name, { plain: name === 'OpenTelemetry' ? nobody : watched, watched, us: [] });
  }
  for (let round = 0; round < 4; round++) {
    for (const { plain, watched } of sides.values()) {
      await plain.serve('plain', short ? 500 : 1000);
      await watched.serve('watched', short ? 500 : 1000);
    }
  }
  for (let pair = 0; pair < pairs; pair++) {
    for (const [name, { plain, watched, us }] of sides) {
      if (name !== names[0] && pair % rivalsEvery !== 0) continue;
      // Who begins alternates, so that neither always comes after the other.
      const first = us.length % 2 === 0 ? await plain.serve('plain', requests) : undefined;
      const second = await watched.serve('watched', requests);
      us.push([first ?? (await plain.serve('plain', requests)), second]);
    }
  }
  const compared = [...sides].map(async ([name, { watched, us }]) => {
    const collections = await watched.checkCount();
    const differences = us.map(([plain = 0, seen = 0]) => seen - plain);
    const more = { ...figureOf(differences), high: highOf(differences) };
    return [name, { plain: figureOf(us.map(([plain = 0]) => plain)).median, more, collections }] as const;
  });
  return new Map(await Promise.all(compared));
}

/** What the true median is below, 19 times in 20: by how many samples may lie above it by chance (a sign test). */
function highOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.ceil(sorted.length / 2 + 0.82 * Math.sqrt(sorted.length));
  return sorted[Math.min(rank, sorted.length - 1)] as number;
}
