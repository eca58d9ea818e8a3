import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import fc from 'fast-check';
import { createHistogram, Histogram } from 'loadline/metrics';
import { type Point, type Sample, type Series, type SeriesQuery, scaleOf } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenedStore, openAt, openFresh } from './opened-store.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const silenceMaxMs = 5 * minuteMs;
let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

/** Of several services, instances and endpoints; some differ by a label alone, and one metric has two units. */
const series: readonly Series[] = [
  { instance: 'a', endpoint: 'GET /' },
  { instance: 'a', endpoint: 'GET /', labels: { zone: 'x' } },
  { instance: 'a', endpoint: 'GET /', labels: { zone: 'X' } },
  { instance: 'b', endpoint: 'GET /food' },
  { instance: 'b' },
  { service: 'Shop', instance: 'a' },
  { unit: 's', instance: 'a' },
  { metric: 'other', instance: 'a' },
].map((each) => Object.freeze({ metric: 'wait', service: 'shop', unit: 'ms', ...each }));

const sample = fc.record({
  at: fc.nat(series.length - 1),
  agoMs: fc.oneof(fc.nat(20_000), fc.nat(10 * minuteMs), fc.nat(3 * hourMs)),
  values: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.array(fc.nat(5000), { minLength: 1, maxLength: 5 })),
});
const step = fc.oneof(
  fc.record({ writer: fc.nat(1), samples: fc.array(sample, { minLength: 1, maxLength: 25 }) }),
  fc.record({ passMs: fc.constantFrom(10_000, minuteMs, 13 * minuteMs, hourMs) }),
);
const question = fc.record(
  {
    service: fc.constantFrom('shop', 'Shop'),
    instance: fc.constantFrom('a', 'b'),
    endpoint: fc.constantFrom('GET /', 'GET /food'),
    by: fc.constantFrom('service', 'instance', 'endpoint'),
    combine: fc.constantFrom('merge', 'sum'),
    stepMs: fc.constantFrom(7000, 15_000, minuteMs, 90_000, 5 * minuteMs, 50 * minuteMs, hourMs, 2 * hourMs),
    agoMs: fc.constantFrom(11 * minuteMs, 95 * minuteMs, 6 * hourMs),
    endsAgoMs: fc.constantFrom(0, 3 * minuteMs),
  },
  { requiredKeys: ['combine', 'stepMs', 'agoMs', 'endsAgoMs'] },
);

describe('what was measured', () => {
  it('is answered as a model of it says, however it is asked for', async () => {
    await using opened = await openFresh(server.url);
    await using other = await openAt(opened.url, { clock: opened.clock });
    const stores = [opened.store, other.store];
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.array(question, { minLength: 12, maxLength: 12 }),
        async (steps, questions) => {
          const run = runs++;
          const own = series.map((each) => Object.freeze({ ...each, metric: `${each.metric} ${run}` }));
          const written: Sample[] = [];
          for (const each of steps) {
            if ('passMs' in each) {
              await opened.pass(each.passMs);
              continue;
            }
            const samples = each.samples.map(({ at, agoMs, values }): Sample => {
              return {
                series: own[at] as Series,
                atMs: opened.clock.now() - agoMs,
                value: encoded(values, own[at]?.unit),
              };
            });
            written.push(...samples);
            const receipt = await stores[each.writer]?.metrics.write(samples);
            expect(receipt).toMatchObject({ state: 'committed', refused: 0 });
          }
          for (const { agoMs, endsAgoMs, ...asked } of questions) {
            const nowMs = opened.clock.now();
            const window = { fromMs: nowMs - agoMs, toMs: nowMs + 1 - endsAgoMs };
            const query: SeriesQuery = {
              ...asked,
              ...window,
              metric: `wait ${run}`,
              unit: 'ms',
              ...(asked.combine === 'sum' ? {} : { quantiles: [0.5] }),
            };
            await expectModel(opened, query, written);
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});

function encoded(values: number | readonly number[], unit = 'ms'): number | Uint8Array {
  if (typeof values === 'number') return values;
  const histogram = createHistogram();
  for (const value of values) histogram.record(value / scaleOf(unit));
  return histogram.encode();
}

async function expectModel(
  opened: OpenedStore,
  query: SeriesQuery,
  written: readonly Sample[],
): Promise<void> {
  const { level, stepMs, lines } = await opened.store.metrics.series(query);
  const plan = {
    stepMs,
    fromMs: Math.floor(query.fromMs / stepMs) * stepMs,
    toMs: Math.ceil(query.toMs / stepMs) * stepMs,
    spanMs: { raw: stepMs, minute: minuteMs, hour: hourMs }[level],
    nowMs: opened.clock.now(),
  };
  const asked = written.filter(
    ({ series, atMs }) =>
      series.metric === query.metric &&
      series.unit === query.unit &&
      (['service', 'instance', 'endpoint'] as const).every(
        (part) => query[part] === undefined || series[part] === query[part],
      ) &&
      atMs >= plan.fromMs &&
      atMs < plan.toMs,
  );
  const byName = Map.groupBy(asked, ({ series }) => (query.by === undefined ? '' : (series[query.by] ?? '')));
  const modelled = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({
      name,
      points: query.combine === 'sum' ? summed(own, plan) : merged(own, plan, query),
    }));
  expect(lines, JSON.stringify(query)).toEqual(
    modelled.map(({ name, points }) => ({ name, points: points.map(closely) })),
  );
}

type Plan = Readonly<Record<'stepMs' | 'spanMs' | 'fromMs' | 'toMs' | 'nowMs', number>>;

function closely({ quantiles, ...point }: Point): object {
  const near = Object.fromEntries(
    Object.entries(point).map(([name, value]) => [name, expect.closeTo(value, 6)]),
  );
  return { ...near, quantiles: quantiles.map((value) => expect.closeTo(value, 6)) };
}

interface Figures {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastAtMs: number;
}

/** Of some samples together. */
function figuresOf(samples: readonly Sample[]): Figures {
  const each = samples.map(({ atMs, value, series }): Figures => {
    if (typeof value === 'number')
      return { count: 1, sum: value, min: value, max: value, last: value, lastAtMs: atMs };
    const scale = scaleOf(series.unit);
    const { count, sum, min, max, mean } = Histogram.decode(value);
    return {
      count,
      sum: sum * scale,
      min: min * scale,
      max: max * scale,
      last: mean * scale,
      lastAtMs: atMs,
    };
  });
  const latest = each.toSorted((x, y) => x.lastAtMs - y.lastAtMs || x.last - y.last).at(-1) as Figures;
  return {
    count: total(each.map(({ count }) => count)),
    sum: total(each.map(({ sum }) => sum)),
    min: Math.min(...each.map(({ min }) => min)),
    max: Math.max(...each.map(({ max }) => max)),
    last: latest.last,
    lastAtMs: latest.lastAtMs,
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function inSpans(samples: readonly Sample[], spanMs: number): [startMs: number, own: Sample[]][] {
  return [...Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / spanMs) * spanMs)].sort(
    ([x], [y]) => x - y,
  );
}

function merged(samples: readonly Sample[], { stepMs }: Plan, { quantiles = [] }: SeriesQuery): Point[] {
  return inSpans(samples, stepMs).map(([atMs, own]) => {
    const { count, sum, min, max, last } = figuresOf(own);
    const all = createHistogram();
    const scale = scaleOf(own[0]?.series.unit ?? '');
    for (const { value } of own) {
      if (typeof value === 'number') all.record(Math.round(value / scale));
      else all.merge(Histogram.decode(value));
    }
    const told = quantiles.map((quantile) => Math.min(max, Math.max(min, all.quantile(quantile) * scale)));
    return { atMs, count, mean: sum / count, min, max, last, quantiles: told };
  });
}

/** Of each span the sum of what each series was or, where it said nothing, of what it was last. */
function summed(samples: readonly Sample[], plan: Plan): Point[] {
  const each = [...Map.groupBy(samples, ({ series }) => series).values()];
  const spans = inSpans(samples, plan.spanMs).map(([startMs]): [number, Point] => {
    const shares = each.flatMap((own) => shareOf(own, startMs, plan) ?? []);
    const known = shares.map(({ lastAtMs }) => lastAtMs).filter(Number.isFinite);
    const latestMs = Math.max(...known);
    const point = {
      atMs: Math.floor(startMs / plan.stepMs) * plan.stepMs,
      count: total(shares.map(({ count }) => count)),
      mean: total(shares.map(({ mean }) => mean)),
      min: total(shares.map(({ min }) => min)),
      max: total(shares.map(({ max }) => max)),
      last: total(shares.map(({ last, lastAtMs }) => (lastAtMs >= latestMs - silenceMaxMs ? last : 0))),
      quantiles: [],
    };
    return [startMs, point];
  });
  return [...Map.groupBy(spans, ([, { atMs }]) => atMs)].map(([atMs, own]) => ({
    atMs,
    count: total(own.map(([, { count }]) => count)),
    mean: total(own.map(([, { mean }]) => mean)) / own.length,
    min: Math.min(...own.map(([, { min }]) => min)),
    max: Math.max(...own.map(([, { max }]) => max)),
    last: own.at(-1)?.[1].last ?? Number.NaN,
    quantiles: [],
  }));
}

type Share = Figures & { readonly mean: number };

/** What a series was in a span; undefined where it is not known to have been there. */
function shareOf(
  own: readonly Sample[],
  startMs: number,
  { spanMs, fromMs, toMs, nowMs }: Plan,
): Share | undefined {
  const spans = inSpans(own, spanMs).map(([at, samples]) => ({ at, ...figuresOf(samples) }));
  const here = spans.find(({ at }) => at === startMs);
  if (here !== undefined) return { ...here, mean: here.sum / here.count };
  const before = spans.filter(({ at }) => at < startMs).toReversed();
  const next = spans.filter(({ at }) => at > startMs);
  const as = ({ last }: Figures): Share => {
    return { count: 0, sum: 0, mean: last, min: last, max: last, last, lastAtMs: Number.POSITIVE_INFINITY };
  };
  const [previous, earlier] = before;
  const [first, second] = next;
  if (previous === undefined) {
    if (first === undefined || second === undefined) return undefined;
    const isNext = first.lastAtMs - fromMs <= Math.min(silenceMaxMs, second.lastAtMs - first.lastAtMs);
    return isNext ? as(first) : undefined;
  }
  if (first !== undefined) return first.at - previous.lastAtMs <= silenceMaxMs ? as(previous) : undefined;
  const everyMs = earlier === undefined ? minuteMs : previous.lastAtMs - earlier.lastAtMs;
  const endMs = Math.min(toMs, nowMs);
  const isLate = endMs > previous.lastAtMs + Math.min(silenceMaxMs, 2 * everyMs);
  return isLate || startMs >= endMs ? undefined : as(previous);
}
