import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { type DecisionSpan, scalingPresets } from 'loadline/scaling';
import { openStore, type Store } from 'loadline/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeScalingMemory,
  scalingEvent,
} from '../../../../packages/loadline/test/contracts/scaling-memory-contract.ts';
import { createStoreScalingMemory } from '../../src/scaling/index.ts';

let server: StartedPostgres;
let postgres: Postgres;
let store: Store;

beforeAll(async () => {
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
  store = await openStore(postgres, { clock: systemClock });
});

afterAll(async () => {
  await store.close();
  await postgres.close();
  await server.stop();
});

describeScalingMemory(
  'the store in PostgreSQL',
  async () => {
    await postgres.query({ text: 'TRUNCATE documents, auto_scaling_events' });
    const open = (): ReturnType<typeof createStoreScalingMemory> =>
      createStoreScalingMemory(store, () => systemClock.now());
    return { memory: open(), again: open, [Symbol.asyncDispose]: async () => undefined };
  },
  // The database keeps whole microseconds.
  Math.floor(systemClock.now()),
);

it('keeps and tells a step once where the database has kept it and its answer was lost', async () => {
  await postgres.query({ text: 'TRUNCATE documents, auto_scaling_events' });
  const told: string[] = [];
  let losses = 2;
  const scalingEvents: Store['scalingEvents'] = {
    ...store.scalingEvents,
    async appendOnce(event) {
      const kept = await store.scalingEvents.appendOnce(event);
      if (losses-- > 0) throw new Error('The connection was lost.');
      return kept;
    },
  };
  const memory = createStoreScalingMemory(
    { ...store, scalingEvents },
    () => systemClock.now(),
    ({ id }) => told.push(id),
  );
  const events = [0.1, 0.2].map((ms) => scalingEvent('api', systemClock.now() + ms));
  for (const event of events) {
    await memory.record(event).catch(() => undefined);
    await memory.record(event).catch(() => undefined);
    await memory.record(event);
    await memory.record(event);
  }
  expect(await memory.events({ limit: 10 })).toHaveLength(2);
  expect([told.length, new Set(told).size]).toEqual([2, 2]);
});

it('gives back after a restart the steps of each group, whatever was taken or refused since then', async () => {
  await postgres.query({ text: 'TRUNCATE documents, auto_scaling_events' });
  const nowMs = Math.floor(systemClock.now());
  const memory = createStoreScalingMemory(store, () => nowMs);
  const configuration = { version: 1, policy: scalingPresets.foodshare.api_servers, changedBy: 'ada' };
  for (const group of ['api', 'bots'])
    await memory.saveConfiguration({ ...configuration, group, changedAtMs: nowMs });
  const steps = [5000, 4000].map((ms) => scalingEvent('api', nowMs - ms));
  for (const step of steps) await memory.record(step);
  await memory.record(scalingEvent('bots', nowMs - 3000));
  const noise = (group: string, outcome: string): Promise<unknown> =>
    postgres.query(
      {
        text: `INSERT INTO auto_scaling_events (scaling_group, scaling_action, previous_capacity, new_capacity, trigger_metric,
            trigger_value, threshold_value, timestamp, detail)
          SELECT $1, scaling_action, previous_capacity, new_capacity, trigger_metric, trigger_value, threshold_value,
            timestamp + n * interval '1 ms', jsonb_set(detail, '{outcome}', to_jsonb($2::text))
          FROM auto_scaling_events, generate_series(1, 2000) AS n WHERE scaling_group = 'bots' AND reason IS NOT NULL`,
      },
      [group, outcome],
    );
  await noise('bots', 'accepted');
  await noise('api', 'refused');
  const { events } = await memory.load();
  expect(events.filter(({ group }) => group === 'api')).toEqual(steps);
  const bots = events.filter(({ group }) => group === 'bots').map(({ atMs }) => atMs);
  expect([bots.length, bots[0], bots.at(-1)]).toEqual([1000, nowMs - 1999, nowMs - 1000]);
});

it('tells what was decided at any moment, and all of a time part by part, however many there are', async () => {
  await postgres.query({ text: 'TRUNCATE documents' });
  const memory = createStoreScalingMemory(store, () => systemClock.now());
  const startMs = Math.floor(systemClock.now()) - 86_400_000;
  const count = 3000;
  const spans = Array.from({ length: count }, (_, at): DecisionSpan => {
    const fromMs = startMs + at * 1000;
    const { decision } = scalingEvent('api', fromMs);
    return {
      group: 'api',
      fromMs,
      untilMs: fromMs,
      count: 1,
      decision,
      outcome: undefined,
      problem: undefined,
      seen: {},
    };
  });
  for (const group of ['api', 'api-2'])
    await memory.recordDecisions(spans.map((span) => ({ ...span, group })));
  const asked = { group: 'api', fromMs: startMs, toMs: startMs + 86_400_000 };
  for (const at of [0, 1, 1499, 2999]) {
    const atMs = startMs + at * 1000 + 500;
    const [found] = await memory.decisions({ ...asked, fromMs: atMs - 60_000, toMs: atMs + 1, limit: 1 });
    expect(found?.fromMs).toBe(startMs + at * 1000);
  }
  const all: DecisionSpan[] = [];
  for (let toMs = asked.toMs; ; toMs = all.at(-1)?.fromMs ?? 0) {
    const part = await memory.decisions({ ...asked, toMs, limit: 1000 });
    all.push(...part);
    if (part.length < 1000) break;
  }
  expect(all.map(({ fromMs }) => fromMs)).toEqual(spans.map(({ fromMs }) => fromMs).toReversed());
});

it('forgets what is older than a week, of each group by itself', async () => {
  await postgres.query({ text: 'TRUNCATE documents' });
  let nowMs = Math.floor(systemClock.now());
  const memory = createStoreScalingMemory(store, () => nowMs);
  const span = (group: string, fromMs: number): DecisionSpan => {
    const { decision } = scalingEvent(group, fromMs);
    return {
      group,
      fromMs,
      untilMs: fromMs,
      count: 1,
      decision,
      outcome: undefined,
      problem: undefined,
      seen: {},
    };
  };
  const old = Array.from({ length: 1200 }, (_, at) => span('api', nowMs - at * 1000));
  await memory.recordDecisions([...old, span('bots', nowMs)]);
  nowMs += 7 * 86_400_000 + 2000;
  await memory.recordDecisions([span('api', nowMs)]);
  const { rows } = await postgres.query<{ id: string }>({ text: 'SELECT id FROM documents ORDER BY id' });
  expect(rows.map(({ id }) => id.split(' ')[0])).toEqual(['api', 'bots']);
});
