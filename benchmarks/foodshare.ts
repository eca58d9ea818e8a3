/** How fast is discovery over ten million posts, and what does the service carry under a day's peak? */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startLocalStack } from '@loadline/local-stack';
import { createRandom, formatDuration, systemClock } from 'loadline/base';
import {
  createHttp1Transport,
  type LoadPlan,
  type LoadReport,
  readLoadPlan,
  runLoad,
  type Stage,
} from 'loadline/load';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { type Child, startChild } from '../examples/foodshare/demo/children.ts';
import { writeLoadFiles } from '../examples/foodshare/demo/load-files.ts';
import { decodeCursor } from '../examples/foodshare/src/food/cursor.ts';
import {
  type DiscoveryFilter,
  discoveryIndex,
  drawDiscovery,
  explainDiscovery,
  type FoundPage,
  findFood,
  prepareFoodshare,
  type Seeker,
} from '../examples/foodshare/src/index.ts';
import { type BenchOptions, type Row, rowOf } from './harness.ts';

const discoveryP95MsMax = 10;

export async function run(options: BenchOptions): Promise<Row[]> {
  const posts = options.short ? 200_000 : 10_000_000;
  const folder = resolve(process.env.LOADLINE_HOME ?? '.loadline', `bench-foodshare-${posts}`);
  await mkdir(folder, { recursive: true });
  await using stack = await startLocalStack({
    folder: join(folder, 'stack'),
    settings: { shared_buffers: '1GB' },
  });
  const databaseUrl = stack.postgres.url;
  const generation = await generate(databaseUrl, posts, options);
  const postgres = createPostgres({ url: databaseUrl, connectionsMax: 1 });
  const discovery = await measureDiscovery(postgres, posts, options).finally(() => postgres.close());

  const tokenSecret = randomBytes(32).toString('hex');
  const file = await writeLoadFiles({ folder: join(folder, 'load'), databaseUrl, tokenSecret, people: 5000 });
  const environment = {
    DATABASE_URL: databaseUrl,
    VALKEY_CACHE_URL: stack.valkeyCache.url,
    VALKEY_LOG_URL: stack.valkeyLog.url,
    FOODSHARE_TOKEN_SECRET: tokenSecret,
  };
  await using instance = await startChild(
    new URL('../examples/foodshare/demo/instance.ts', import.meta.url),
    { env: environment },
  );
  return [...generation, ...discovery, ...(await measureService(file, instance, options))];
}

async function generate(databaseUrl: string, posts: number, options: BenchOptions): Promise<Row[]> {
  const startedMs = performance.now();
  let shown = -1;
  const prepared = await prepareFoodshare({
    databaseUrl,
    posts,
    onProgress: (fraction, label) => {
      const twentieth = Math.floor(fraction * 20);
      if (twentieth === shown) return;
      shown = twentieth;
      options.progress(`${Math.round(fraction * 100)} % of ${posts.toLocaleString('en')} posts: ${label}`);
    },
  });
  const minutes = (performance.now() - startedMs) / 60_000;
  const name = `${posts.toLocaleString('en')} posts, generated`;
  if (!prepared.generated) return [];
  const target = options.short ? undefined : { target: 'within 15 minutes', met: minutes <= 15 };
  return [rowOf({ name, unit: 'min', value: minutes }, target)];
}

/** One client asks with the mix of filters, and in one of ten cases goes on to the next page. */
async function measureDiscovery(postgres: Postgres, posts: number, options: BenchOptions): Promise<Row[]> {
  const seekers = await readSeekers(postgres);
  const random = createRandom(1);
  const [warmUps, asked] = options.short ? [200, 500] : [3000, 5000];
  options.progress(`discovery: ${warmUps} to warm up, ${asked} measured`);
  const times: Record<'ask' | 'floor', number[]> = { ask: [], floor: [] };
  let found = 0;
  for (let index = 0; index < warmUps + asked; index++) {
    const seeker = seekers[Math.floor(random() * seekers.length)] as Seeker;
    const filter = drawDiscovery(random, seeker, Date.now());
    const isMeasured = index >= warmUps;
    // Each page is a sample of its own: two in one would make a tenth of the samples twice as long.
    const ask = async (filter: DiscoveryFilter): Promise<FoundPage> => {
      const [page, askMs] = await timed(() => findFood(postgres, filter));
      if (isMeasured) times.ask.push(askMs);
      return page;
    };
    const page = await ask(filter);
    found += page.items.length;
    const after = page.next_cursor === null || random() > 0.1 ? undefined : decodeCursor(page.next_cursor);
    if (after !== undefined) await ask({ ...filter, after });
    const [, floorMs] = await timed(() => postgres.query({ name: 'floor', text: 'SELECT 1' }));
    if (isMeasured) times.floor.push(floorMs);
  }
  const name = `discovery over ${posts.toLocaleString('en')} posts`;
  const target = {
    target: `at most ${discoveryP95MsMax} ms`,
    met: quantile(times.ask, 0.95) <= discoveryP95MsMax,
  };
  const intended = await countIntendedPlans(postgres, seekers);
  return [
    rowOf({ name: `${name}, p50`, unit: 'ms', value: quantile(times.ask, 0.5) }, beside(times.floor, 0.5)),
    rowOf(
      { name: `${name}, p95`, unit: 'ms', value: quantile(times.ask, 0.95) },
      { ...beside(times.floor, 0.95), ...target },
    ),
    rowOf({ name: `${name}, p99`, unit: 'ms', value: quantile(times.ask, 0.99) }, beside(times.floor, 0.99)),
    rowOf({ name: `${name}, posts on a first page`, unit: '', value: found / (warmUps + asked) }),
    rowOf(
      { name: `plans of the prepared statement by ${discoveryIndex} alone`, unit: 'of 20', value: intended },
      { target: 'all', met: intended === 20 },
    ),
  ];
}

/** People drawn evenly, so that those in the largest groups are among them as often as they are in the world. */
async function readSeekers(postgres: Postgres): Promise<Seeker[]> {
  const { rows } = await postgres.query<Seeker>({
    name: 'bench_seekers',
    text: 'SELECT id AS "userId", latitude, longitude FROM users ORDER BY md5(id::text) LIMIT 2000',
  });
  return [...rows];
}

async function countIntendedPlans(postgres: Postgres, seekers: readonly Seeker[]): Promise<number> {
  const random = createRandom(2);
  let intended = 0;
  for (const seeker of seekers.slice(0, 20)) {
    const plan = await explainDiscovery(postgres, drawDiscovery(random, seeker, Date.now()));
    if (plan.isIntended) intended++;
  }
  return intended;
}

/**
 * What one instance carries, with its database and the generator on the same machine. First as much as it can:
 * the mix of daily_peak without pauses. Then the pauses' rate: 70 % of that as arrivals, whoever is busy.
 */
async function measureService(file: string, instance: Child, options: BenchOptions): Promise<Row[]> {
  const plan = await readLoadPlan(file, {
    target: `http://127.0.0.1:${instance.port}`,
    profile: 'daily_peak',
  });
  const seconds = options.short ? 5 : 30;
  options.progress('daily_peak: warm-up');
  await load(withoutPauses(plan, [closed(32, seconds)]), instance);
  options.progress('daily_peak without pauses: as much as the service carries');
  const full = await load(withoutPauses(plan, [closed(32, seconds)]), instance);
  const perIteration = full.total.requests / Math.max(1, full.iterations.completed);
  const rate = (full.offered.achievedPerSecond * 0.7) / perIteration;
  options.progress(
    `daily_peak at 70 % of it, ${Math.round(rate)} iterations a second, for ${formatDuration(seconds * 1000)}`,
  );
  const steady = await load(
    withoutPauses(plan, [{ kind: 'arrivals', from: rate, to: rate, durationMs: seconds * 1000 }]),
    instance,
  );
  return [
    rowOf({
      name: 'daily_peak, most that one instance answers',
      unit: '/s',
      value: full.offered.achievedPerSecond,
    }),
    rowOf({
      name: 'daily_peak at 70 % of that, answered',
      unit: '/s',
      value: steady.offered.achievedPerSecond,
    }),
    rowOf({
      name: 'daily_peak at 70 % of that, p95',
      unit: 'ms',
      value: steady.total.latencyMs?.p95 ?? Number.NaN,
    }),
    rowOf(
      { name: 'daily_peak at 70 % of that, errors', unit: '%', value: steady.total.errorRatio * 100 },
      {
        target: 'below 0.1 %',
        met: steady.total.requests > 0 && steady.total.errorRatio < 0.001,
      },
    ),
    rowOf({
      name: 'the generator was the bottleneck',
      unit: 'runs',
      value: [full, steady].filter((each) => each.generator.wasBottleneck).length,
    }),
  ];
}

function load(plan: LoadPlan, instance: Child): Promise<LoadReport> {
  const target = new URL(`http://127.0.0.1:${instance.port}`);
  return runLoad(plan, {
    transport: createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock }),
  });
}

function withoutPauses(plan: LoadPlan, stages: readonly Stage[]): LoadPlan {
  const scenarios = plan.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.filter((step) => step.kind === 'request'),
  }));
  return { ...plan, scenarios, stages, thresholds: [] };
}

function closed(users: number, seconds: number): Stage {
  return { kind: 'users', from: users, to: users, durationMs: seconds * 1000 };
}

function beside(floor: readonly number[], q: number): { rival: string; rivalValue: number } {
  return { rival: 'SELECT 1 over the same connection', rivalValue: quantile(floor, q) };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] as number;
}

async function timed<Result>(
  work: () => Promise<Result>,
): Promise<readonly [result: Result, tookMs: number]> {
  const startedMs = performance.now();
  const result = await work();
  return [result, performance.now() - startedMs];
}
