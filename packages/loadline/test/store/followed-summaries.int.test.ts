import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import type { Postgres } from 'loadline/postgres';
import type { Sample, Series, Summary, SummaryQuery } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenedStore, openAt, openFresh } from './opened-store.ts';

const minuteMs = 60_000;
let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

const sample = fc.record({
  series: fc.nat(4),
  // Late ones, and those of a clock that is ahead.
  agoMs: fc.oneof(fc.nat(3000), fc.integer({ min: -4 * minuteMs, max: 10 * minuteMs })),
  values: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.array(fc.nat(5000), { minLength: 1, maxLength: 5 })),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ writer: fc.nat(1), samples: fc.array(sample, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.constantFrom(2000, 20_000, 3 * minuteMs) }) },
  { weight: 1, arbitrary: fc.record({ holds: sample }) },
  { weight: 1, arbitrary: fc.record({ ends: fc.constantFrom('commit', 'rollback') }) },
  { weight: 1, arbitrary: fc.record({ setBackMs: fc.constantFrom(2000, 5 * minuteMs) }) },
);

describe('a question that is followed', () => {
  it('is answered with what a slow transaction has committed, though later ones were seen before', async () => {
    await using opened = await openFresh(server.url);
    const own = { metric: 'slow', service: 'shop', instance: 'a', unit: 'ms' };
    const nowMs = opened.clock.now();
    const write = (value: number) => opened.store.metrics.write([{ series: own, atMs: nowMs, value }]);
    const query = { metrics: ['slow'], fromMs: nowMs - minuteMs, toMs: nowMs + 1, isFollowed: true };
    const count = async () => (await opened.store.metrics.summaries(query))[0]?.count;
    await write(1);
    const slow = await hold(opened.postgres, { series: own, atMs: nowMs, value: 2 });
    await write(3);
    expect(await count()).toBe(2);
    await slow.end('commit');
    expect(await count()).toBe(3);
    expect(await count()).toBe(3);
  });

  it('has the answer of whoever reads everything, whatever comes late, ahead or slowly', async () => {
    await using opened = await openFresh(server.url);
    await using other = await openAt(opened.url, { clock: opened.clock });
    const stores = [opened.store, other.store];
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const run = runs++;
        const metrics = [`wait ${run}`, `count ${run}`];
        const sampleOf = (each: Written): Sample => {
          const own = { ...series[each.series], metric: metrics[each.series % 2] as string };
          return { series: own as Series, atMs: opened.clock.now() - each.agoMs, value: keptValue(each) };
        };
        await opened.store.metrics.write(
          series.map((_, at) => sampleOf({ series: at, agoMs: 0, values: 1 })),
        );
        const held: Held[] = [];
        let backMs = 0;
        for (const each of steps) {
          if ('samples' in each) await stores[each.writer]?.metrics.write(each.samples.map(sampleOf));
          else if ('passMs' in each) await opened.pass(each.passMs);
          else if ('holds' in each) held.push(await hold(opened.postgres, sampleOf(each.holds)));
          else if ('ends' in each) await held.shift()?.end(each.ends);
          else backMs = each.setBackMs;
          const nowMs = opened.clock.now() - backMs;
          for (const windowMs of [minuteMs, 10 * minuteMs])
            await expectSame(opened, { metrics, fromMs: nowMs + 1 - windowMs, toMs: nowMs + 1 });
        }
        for (const each of held) await each.end('rollback');
      }),
      { numRuns: 8 },
    );
  });
});

interface Written {
  readonly series: number;
  readonly agoMs: number;
  readonly values: number | readonly number[];
}

const series = [
  { unit: 'ms', instance: 'a' },
  { unit: 'count', instance: 'a' },
  { unit: 'ms', instance: 'b' },
  { unit: 'count', instance: 'b', labels: { zone: 'x' } },
  { unit: 's', instance: 'a' },
].map((each) => ({ service: 'shop', ...each }));

function keptValue({ values }: Written): number | Uint8Array {
  if (typeof values === 'number') return values;
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram.encode();
}

async function expectSame({ store }: OpenedStore, query: SummaryQuery): Promise<void> {
  const followed = await store.metrics.summaries({ ...query, isFollowed: true });
  expect(followed.map(shown)).toEqual((await store.metrics.summaries(query)).map(shown));
}

function shown({ series: own, count, mean, min, max, last, lastAtMs, histogram }: Summary): object {
  const bytes = Buffer.from(histogram.encode()).toString('hex');
  return { own, count, mean: mean.toPrecision(12), min, max, last, lastAtMs, bytes };
}

interface Held {
  end(how: 'commit' | 'rollback'): Promise<void>;
}

/** A row in a transaction that stays open: of others that begin later, many are seen before it. */
async function hold(postgres: Postgres, { series: own, atMs, value }: Sample): Promise<Held> {
  let end = (_how: 'commit' | 'rollback'): void => undefined;
  const ending = new Promise<'commit' | 'rollback'>((resolve) => {
    end = resolve;
  });
  let isHeld = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    isHeld = resolve;
  });
  const done = postgres
    .transaction(async (transaction) => {
      await transaction.query({ text: insertText }, [
        own.metric,
        own.instance,
        typeof value === 'number' ? value : 1,
        atMs,
        typeof value === 'number' ? null : Buffer.from(value),
      ]);
      isHeld();
      if ((await ending) === 'rollback') throw new Error('It was not meant.');
    })
    .catch(() => undefined);
  await holding;
  return {
    async end(how) {
      end(how);
      await done;
    },
  };
}

const insertText = `INSERT INTO performance_metrics (metric_type, service_name, metric_value, unit, timestamp, histogram, series_id)
  SELECT metric_type, service_name, $3, unit, to_timestamp($4::float8 / 1000), $5, id FROM metric_series
  WHERE metric_type = $1 AND instance = $2 ORDER BY id LIMIT 1`;
