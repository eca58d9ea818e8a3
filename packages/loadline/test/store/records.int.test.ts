import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store, type TestFigures, type TestWish } from 'loadline/store';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

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

beforeEach(async () => {
  await postgres.query({ text: 'TRUNCATE load_tests, load_test_results, documents, auto_scaling_events' });
});

describe('tests', () => {
  it('are queued, claimed in order, and end with report and figures', async () => {
    const first = await queue({ name: 'first' });
    await queue({ name: 'second' });
    expect(await store.tests.claim({ runner: 'r1', runningMax: 1 })).toMatchObject({
      id: first,
      state: 'running',
    });
    expect(await store.tests.claim({ runner: 'r2', runningMax: 1 })).toBeUndefined();
    expect(await store.tests.advance(first, 'r1', { done: 0.5 })).toBe('running');
    expect(await store.tests.get(first)).toMatchObject({
      progress: { done: 0.5 },
      runner: 'r1',
      hasReport: false,
    });

    const ended = await store.tests.finish(first, 'r1', { state: 'finished', report: '{"p95":1}', figures });
    expect(ended).toMatchObject({ state: 'finished', hasReport: true });
    expect(await store.tests.report(first)).toBe('{"p95":1}');
    expect((await store.results.list({ testType: 'load' })).items).toEqual([{ ...figures, id: first }]);
    expect(await store.tests.claim({ runner: 'r2', runningMax: 1 })).toMatchObject({ name: 'second' });
  });

  it('end with their figures as long after as a test may be taken up, and later without', async () => {
    for (const daysAgo of [390, 500]) {
      const id = await queue({ name: 'left' });
      await store.tests.claim({ runner: 'r', runningMax: 1 });
      const old = { ...figures, completedAtMs: endedAtMs - daysAgo * dayMs };
      const ended = await store.tests.finish(id, 'r', { state: 'interrupted', report: '{}', figures: old });
      expect(ended).toMatchObject({ state: 'interrupted', hasReport: true });
    }
    const kept = (await store.results.list()).items.map(({ completedAtMs }) => completedAtMs);
    expect(kept).toEqual([endedAtMs - 390 * dayMs]);
  });

  it('are claimed once, however many runners ask at the same time', async () => {
    for (let at = 0; at < 6; at++) await queue({ name: `t${at}` });
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, at) => store.tests.claim({ runner: `r${at}`, runningMax: 4 })),
    );
    const names = claims.flatMap((test) => (test === undefined ? [] : [test.name]));
    expect(names.sort()).toEqual(['t0', 't1', 't2', 't3']);
  });

  it('are one where the same wish is sent twice, and another wish under its key is told', async () => {
    const wish = { idempotencyKey: 'k', fingerprint: 'f' };
    const made = await Promise.all([1, 2, 3].map(() => store.tests.enqueue({ ...base, ...wish })));
    expect(made.map(({ outcome }) => outcome).sort()).toEqual(['queued', 'repeated', 'repeated']);
    expect(await store.tests.enqueue({ ...base, ...wish, fingerprint: 'g' })).toMatchObject({
      outcome: 'key-taken',
    });
    expect(await store.tests.enqueue({ ...base, ...wish, requestedBy: 'eve' })).toMatchObject({
      outcome: 'queued',
    });
  });

  it('are interrupted with what was measured when nothing is heard of their runner, which then has lost them', async () => {
    const id = await queue({});
    await store.tests.claim({ runner: 'r', runningMax: 1 });
    await store.tests.advance(id, 'r', { requests: 7 });
    expect(await store.tests.interruptSilent(60_000)).toEqual([]);
    const [interrupted] = await store.tests.interruptSilent(-1000);
    expect(interrupted).toMatchObject({ id, state: 'interrupted', progress: { requests: 7 } });
    expect(interrupted?.reason).toContain('not been heard of since');
    expect(await store.tests.advance(id, 'r', {})).toBeUndefined();
    expect(await store.tests.finish(id, 'r', { state: 'finished', figures })).toBeUndefined();
    expect((await store.results.list()).items).toEqual([]);
  });

  it('are listed newest first, in pages that neither miss nor repeat one', async () => {
    for (let at = 0; at < 7; at++) await queue({ name: `t${at}`, type: at % 2 === 0 ? 'stress' : 'load' });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.tests.list({ limit: 3, ...(after === undefined ? {} : { after }) });
      seen.push(...page.items.map(({ name }) => name));
      if (seen.length === 3) await queue({ name: 'meanwhile' });
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(['t6', 't5', 't4', 't3', 't2', 't1', 't0']);
    const stress = await store.tests.list({ type: 'stress', state: 'queued' });
    expect(stress.items.map(({ name }) => name)).toEqual(['t6', 't4', 't2', 't0']);
    const none = await store.tests.list({ toMs: 0 });
    expect(none).toEqual({ items: [], next: undefined });
  });

  it.each([
    '',
    'x',
    'AAAA',
    `${Buffer.from("1.'; DROP TABLE load_tests").toString('base64url')}`,
    'A'.repeat(10_000),
  ])('refuse the cursor %#, which is none of theirs', async (after) => {
    await expect(store.tests.list({ after })).rejects.toMatchObject({ code: 'STORE_QUERY_INVALID' });
  });

  it('refuse a plan that is too large', () => {
    const plan = { text: 'x'.repeat(5 * 1024 * 1024) };
    expect(() => store.tests.enqueue({ ...base, plan })).toThrow(
      expect.objectContaining({ code: 'STORE_TOO_LARGE' }),
    );
  });
});

describe('a lease', () => {
  const age = (byMs: number): Promise<unknown> =>
    postgres.query(
      { text: "UPDATE documents SET updated_at = updated_at - $1::float8 * interval '1 millisecond'" },
      [byMs],
    );

  it('is had by one of many who want it at once, and renewed by that one', async () => {
    const take = (holder: string) => store.leases.take('alerts', { holder, forMs: 5000 });
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const answers = await Promise.all(names.map(take));
    const held = names.filter((_, index) => answers[index]?.isHeld);
    expect(held).toHaveLength(1);
    await age(4000);
    expect(await take(held[0] as string)).toEqual({ isHeld: true, holder: held[0] });
    await age(4000);
    expect(await take('other')).toEqual({ isHeld: false, holder: held[0] });
  });

  it('is another’s once its time is over, by the clock of the database, and the time that its holder said', async () => {
    expect((await store.leases.take('alerts', { holder: 'a', forMs: 60_000 })).isHeld).toBe(true);
    await age(59_000);
    expect((await store.leases.take('alerts', { holder: 'b', forMs: 10 })).isHeld).toBe(false);
    await age(1100);
    const answers = await Promise.all(
      ['b', 'c', 'd'].map((holder) => store.leases.take('alerts', { holder, forMs: 60_000 })),
    );
    expect(answers.filter(({ isHeld }) => isHeld)).toHaveLength(1);
    expect((await store.leases.take('alerts', { holder: 'a', forMs: 60_000 })).isHeld).toBe(false);
  });

  it('is given up by its holder alone, and others are not touched by it', async () => {
    await store.leases.take('alerts', { holder: 'a', forMs: 60_000 });
    expect((await store.leases.take('other', { holder: 'b', forMs: 60_000 })).isHeld).toBe(true);
    await store.leases.release('alerts', 'b');
    expect((await store.leases.take('alerts', { holder: 'b', forMs: 60_000 })).isHeld).toBe(false);
    await store.leases.release('alerts', 'a');
    expect((await store.leases.take('alerts', { holder: 'b', forMs: 60_000 })).isHeld).toBe(true);
  });
});

describe('documents', () => {
  it('are written, read, changed and removed', async () => {
    const put = await store.documents.put('rule', 'cpu', { limit: 80 });
    expect(put).toMatchObject({ outcome: 'stored', document: { version: 1, body: { limit: 80 } } });
    expect(await store.documents.put('rule', 'cpu', { limit: 90 })).toMatchObject({
      document: { version: 2 },
    });
    expect(await store.documents.get('rule', 'cpu')).toMatchObject({ body: { limit: 90 }, version: 2 });
    expect(await store.documents.get('silence', 'cpu')).toBeUndefined();
    expect(await store.documents.remove('rule', 'cpu', { ifVersion: 1 })).toBe(false);
    expect(await store.documents.remove('rule', 'cpu')).toBe(true);
  });

  it('let one of two win who have seen the same version', async () => {
    const first = await Promise.all(
      [1, 2].map((body) => store.documents.put('s', 'x', body, { ifVersion: 0 })),
    );
    expect(first.map(({ outcome }) => outcome).sort()).toEqual(['conflict', 'stored']);
    const second = await Promise.all(
      [3, 4].map((body) => store.documents.put('s', 'x', body, { ifVersion: 1 })),
    );
    const lost = second.find(({ outcome }) => outcome === 'conflict');
    expect(lost).toMatchObject({ found: { version: 2 } });
  });

  it('are listed by their ids, a part at a time', async () => {
    for (const id of ['b', 'a', 'C']) await store.documents.put('k', id, id);
    const ids = async (options: object): Promise<string[]> =>
      (await store.documents.list('k', options)).map(({ id }) => id);
    expect(await ids({ limit: 2 })).toEqual(['C', 'a']);
    expect(await ids({ after: 'a' })).toEqual(['b']);
  });

  it('are listed from the highest id on, too, and between two of them', async () => {
    await store.documents.change(['a 1', 'a 2', 'a 3', 'a-b 1'].map((id) => ({ kind: 'k', id, body: id })));
    const ids = async (options: object): Promise<string[]> =>
      (await store.documents.list('k', options)).map(({ id }) => id);
    expect(await ids({ isDescending: true, limit: 2 })).toEqual(['a-b 1', 'a 3']);
    expect(await ids({ isDescending: true, after: 'a ', before: 'a 3' })).toEqual(['a 2', 'a 1']);
    expect(await ids({ after: 'a 1', before: 'a-' })).toEqual(['a 2', 'a 3']);
  });

  it('are trimmed to the highest ids of those that begin alike', async () => {
    const many = ['a 1', 'a 2', 'a 3', 'a 4', 'a-b 1'].map((id) => ({ kind: 'k', id, body: id }));
    const left = async (below: string, keep: number): Promise<string[]> => {
      await store.documents.change(many);
      await store.documents.trim('k', 'a ', { below, keep });
      return (await store.documents.list('k')).map(({ id }) => id);
    };
    expect(await left('a 2', 9)).toEqual(['a 2', 'a 3', 'a 4', 'a-b 1']);
    expect(await left('a 1', 2)).toEqual(['a 3', 'a 4', 'a-b 1']);
    expect(await left('a 4', 2)).toEqual(['a 4', 'a-b 1']);
    await store.documents.change(many);
    expect(await store.documents.trim('k', 'a ', { below: 'a 3', keep: 4 })).toBe(2);
  });

  it('change together, all of them or none', async () => {
    await store.documents.put('k', 'gone', 1);
    await store.documents.put('k', 'kept', 1);
    await store.documents.change([
      { kind: 'k', id: 'gone', body: undefined },
      { kind: 'k', id: 'kept', body: 1 },
      { kind: 'k', id: 'kept', body: { odd: 'ü"\\\0' } },
      { kind: 'k', id: 'new', body: null },
      { kind: 'k', id: 'brief', body: 1 },
      { kind: 'k', id: 'brief', body: undefined },
    ]);
    const all = async (): Promise<unknown[]> =>
      (await store.documents.list('k')).map(({ id, body, version }) => [id, body, version]);
    const after = [
      ['kept', { odd: 'ü"\\\uFFFD' }, 2],
      ['new', null, 1],
    ];
    expect(await all()).toEqual(after);
    const tooLarge = { kind: 'k', id: 'large', body: 'x'.repeat(1024 * 1024) };
    const changes = [{ kind: 'k', id: 'kept', body: undefined }, tooLarge];
    await expect(store.documents.change(changes)).rejects.toMatchObject({ code: 'STORE_TOO_LARGE' });
    await expect(store.documents.change([{ kind: '', id: 'x', body: 1 }])).rejects.toMatchObject({
      code: 'STORE_QUERY_INVALID',
    });
    await store.documents.change([]);
    expect(await all()).toEqual(after);
  });

  it('keep whatever JSON can say, but for a character that PostgreSQL has no place for', async () => {
    const body = { 'a\0': ['b\0', null, { c: 'ü𝄞"\\', '\uD834': '\uDD1E x \uD834' }] };
    await store.documents.put('k', 'odd', body);
    expect((await store.documents.get('k', 'odd'))?.body).toEqual({
      'a\uFFFD': ['b\uFFFD', null, { c: 'ü𝄞"\\', '\uFFFD': '\uFFFD x \uFFFD' }],
    });
  });
});

describe('audit', () => {
  it('keeps who did what, and cannot be rewritten', async () => {
    const entry = { actor: 'ann', action: 'keys.revoke', target: 'k1', outcome: 'done', address: '10.0.0.1' };
    const record = await store.audit.append({ ...entry, detail: { why: 'left' } });
    await store.audit.append({ actor: 'bob', action: 'tests.start', outcome: 'refused' });
    expect((await store.audit.list({ actor: 'ann' })).items).toEqual([record]);
    expect((await store.audit.list({ fromMs: record.atMs })).items).toHaveLength(2);
    for (const text of [
      'UPDATE audit_log SET actor = $$eve$$',
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
    ]) {
      await expect(postgres.query({ text })).rejects.toThrow('only grows');
    }
  });
});

describe('scaling events and readings', () => {
  const draft = {
    scalingGroup: 'api',
    scalingAction: 'scale_up',
    previousCapacity: 2,
    newCapacity: 4,
    triggerMetric: 'memory_bytes',
    triggerValue: 8_589_934_592.5,
    thresholdValue: 70,
    reason: 'above its threshold for 60 s',
  };

  it('are kept and listed', async () => {
    const event = await store.scalingEvents.append(draft);
    expect(event).toMatchObject(draft);
    await store.scalingEvents.append({ ...draft, scalingGroup: 'bots' });
    expect((await store.scalingEvents.list({ scalingGroup: 'api' })).items).toEqual([event]);
  });

  it('are kept once where they are offered again, also by two at a time', async () => {
    const id = '7d444840-9dc0-81d1-8245-5ffdce74fad2';
    const event = { ...draft, id, atMs: Math.floor(Date.now()) };
    const both = await Promise.all([
      store.scalingEvents.appendOnce(event),
      store.scalingEvents.appendOnce(event),
    ]);
    expect([...both, await store.scalingEvents.appendOnce(event)]).toEqual([event, event, event]);
    const [kept, ...more] = (await store.scalingEvents.list()).items;
    expect([kept, more]).toEqual([event, []]);
  });

  it('tell the latest reading of each server and cache', async () => {
    const atMs = systemClock.now() - 1000;
    const server = {
      serverId: 's1',
      cpuUsagePercent: 6400,
      networkIoBytesPerSec: 5e12,
      activeConnections: 3,
    };
    await store.readings.writeResources([
      // Of what was a mean on the way: the column holds whole numbers.
      { ...server, atMs: atMs - 5000, cpuUsagePercent: 1, activeConnections: 0.2 },
      { ...server, atMs },
    ]);
    expect(await store.readings.latestResources(atMs - 10_000)).toEqual([{ ...server, atMs }]);
    const cache = { cacheType: 'redis', atMs, hitRatePercent: 91.25, averageResponseTimeMs: 0.125 };
    await store.readings.writeCaches([cache]);
    expect(await store.readings.latestCaches(atMs)).toEqual([cache]);
  });
});

describe('the tables of the wedding platform', () => {
  it.each(Object.entries(tables()))('has %s with the columns as written', async (table, columns) => {
    const { rows } = await postgres.query<{ name: string }>(
      { text: 'SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1' },
      [table],
    );
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(columns));
  });

  it('takes a row as its design would write it', async () => {
    const text = `INSERT INTO performance_metrics (metric_type, service_name, metric_value, unit)
      VALUES ('throughput', 'api', 17179869184.5, 'bytes') RETURNING id, metadata`;
    const { rows } = await postgres.query({ text });
    expect(rows).toEqual([{ id: expect.stringMatching(/^[0-9a-f-]{14}7/), metadata: {} }]);
  });
});

function tables(): Record<string, string[]> {
  const words = (text: string): string[] => text.trim().split(/\s+/);
  return {
    performance_metrics: words('id metric_type service_name endpoint metric_value unit timestamp metadata'),
    system_resources: words(`id server_id cpu_usage_percent memory_usage_percent disk_usage_percent
      network_io_bytes_per_sec active_connections timestamp`),
    cache_performance: words(`id cache_type cache_key_pattern hit_rate miss_rate eviction_rate
      average_response_time_ms timestamp`),
    load_test_results:
      words(`id test_name test_type virtual_users duration_seconds total_requests successful_requests
      failed_requests average_response_time_ms p95_response_time_ms p99_response_time_ms throughput_rps
      error_rate_percent started_at completed_at`),
    auto_scaling_events: words(`id scaling_group scaling_action previous_capacity new_capacity trigger_metric
      trigger_value threshold_value timestamp`),
  };
}

const base: TestWish = { name: 'checkout', type: 'load', plan: { users: 1 }, requestedBy: 'ann' };

async function queue(wish: Partial<TestWish>): Promise<string> {
  const made = await store.tests.enqueue({ ...base, ...wish });
  if (made.outcome === 'full') throw new Error('The queue was full.');
  return made.test.id;
}

const dayMs = 86_400_000;
const endedAtMs = systemClock.now() - 60_000;
const figures: TestFigures = {
  testName: 'checkout',
  testType: 'load',
  virtualUsers: 10,
  durationSeconds: 30,
  totalRequests: 5_000_000_000,
  successfulRequests: 4_999_999_999,
  failedRequests: 1,
  averageResponseTimeMs: 123_456.789,
  p95ResponseTimeMs: 2,
  p99ResponseTimeMs: 3.5,
  throughputRps: 100.25,
  errorRatePercent: 0.01,
  startedAtMs: endedAtMs - 30_000,
  completedAtMs: endedAtMs,
};
