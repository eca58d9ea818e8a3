import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pruneSeries } from '../../src/store/unused-series.ts';
import { type OpenedStore, openFresh, sampleAt, seriesNamed } from './opened-store.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

const gone = seriesNamed('gone');
const alive = seriesNamed('alive');

/** A store with two old series, of one of which nothing is kept any more. */
async function openOld(): Promise<OpenedStore> {
  const opened = await openFresh(server.url);
  const { store, clock, postgres } = opened;
  await store.metrics.write([sampleAt(gone, clock.now(), 1), sampleAt(alive, clock.now(), 1)]);
  await postgres.query({
    text: `DELETE FROM performance_metrics WHERE instance = 'gone';
      UPDATE metric_series SET created_at = now() - interval '3 days'`,
  });
  return opened;
}

async function instances({ postgres }: OpenedStore): Promise<string[]> {
  const { rows } = await postgres.query<{ instance: string }>({
    text: 'SELECT instance FROM metric_series ORDER BY instance',
  });
  return rows.map(({ instance }) => instance);
}

describe('a series of which nothing is kept', () => {
  it('is forgotten, and what has samples, minutes or hours, or was added just now, is not', async () => {
    await using opened = await openOld();
    const { store, clock, postgres } = opened;
    await store.metrics.write(
      ['minutes', 'hours'].map((name) => sampleAt(seriesNamed(name), clock.now(), 1)),
    );
    await postgres.query({
      text: `UPDATE metric_series SET created_at = now() - interval '3 days';
        DELETE FROM performance_metrics WHERE instance IN ('minutes', 'hours');
        INSERT INTO metric_minutes SELECT id, '2026-01-15T10:20Z', 1, 1, 1, 1, 1, 1, now(), '' FROM metric_series
          WHERE instance = 'minutes';
        INSERT INTO metric_hours SELECT id, '2026-01-15T10:00Z', 1, 1, 1, 1, 1, 1, now(), '' FROM metric_series
          WHERE instance = 'hours'`,
    });
    await store.metrics.write([sampleAt(seriesNamed('new'), clock.now(), 1)]);
    await postgres.query({ text: `DELETE FROM performance_metrics WHERE instance = 'new'` });
    expect(await pruneSeries(postgres, 0)).toEqual({ pruned: 1, nextId: 0 });
    expect(await instances(opened)).toEqual(['alive', 'hours', 'minutes', 'new']);
    expect(await pruneSeries(postgres, 0)).toEqual({ pruned: 0, nextId: 0 });
  });

  it('is added anew by who has it in mind and measures it again', async () => {
    await using opened = await openOld();
    const { store, clock, postgres } = opened;
    await pruneSeries(postgres, 0);
    const written = store.metrics.write([sampleAt(gone, clock.now(), 7)]);
    while (store.counts.committed < 3) await clock.advance(100);
    expect((await written).accepted).toBe(1);
    const latest = await store.metrics.latest({ metric: gone.metric, sinceMs: 0 });
    expect(latest.map(({ value }) => value).toSorted()).toEqual([1, 7]);
  });

  it('stays while its next sample is being written', async () => {
    await using opened = await openOld();
    const { postgres } = opened;
    await postgres.transaction(async (transaction) => {
      await transaction.query({
        text: `INSERT INTO performance_metrics (metric_type, service_name, metric_value, unit, timestamp, series_id)
          SELECT metric_type, service_name, 7, unit, '2026-01-15T10:20:30Z', id FROM metric_series WHERE instance = 'gone'`,
      });
      expect(await pruneSeries(postgres, 0)).toEqual({ pruned: 0, nextId: 0 });
    });
    expect(await pruneSeries(postgres, 0)).toEqual({ pruned: 0, nextId: 0 });
    expect(await instances(opened)).toEqual(['alive', 'gone']);
  });

  it('is looked for a part at a time, round and round', async () => {
    await using opened = await openOld();
    const { postgres } = opened;
    await postgres.query({
      text: `INSERT INTO metric_series (family_id, metric_type, service_name, unit, instance, created_at)
        SELECT f.id, metric_type, service_name, unit, 'i' || n, now() - interval '3 days'
        FROM metric_families f, generate_series(1, 4500) n`,
    });
    const pruned: number[] = [];
    let from = 0;
    do {
      const outcome = await pruneSeries(postgres, from);
      pruned.push(outcome.pruned);
      from = outcome.nextId;
    } while (from > 0);
    expect(pruned.reduce((sum, each) => sum + each)).toBe(4501);
    expect(pruned).toHaveLength(3);
    expect(await instances(opened)).toEqual(['alive']);
  });

  it('goes by itself', async () => {
    await using opened = await openOld();
    const { store, clock, postgres } = opened;
    // Its minute is written once more by who has measured it.
    await clock.advance(120_000);
    await vi.waitUntil(() => store.counts.rolledUp === 2, { timeout: 10_000, interval: 5 });
    await postgres.query({
      text: `DELETE FROM metric_minutes m USING metric_series s WHERE s.id = m.series_id AND s.instance = 'gone'`,
    });
    // Rounds take real time, in which the clock of the test stands still.
    const look = async (): Promise<boolean> => {
      await clock.advance(60_000);
      return store.counts.prunedSeries > 0;
    };
    await vi.waitUntil(look, { timeout: 10_000, interval: 5 });
    expect(store.counts).toMatchObject({ prunedSeries: 1, upkeepFailures: 0 });
    expect(await instances(opened)).toEqual(['alive']);
  });
});
