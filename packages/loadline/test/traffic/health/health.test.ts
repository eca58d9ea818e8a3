import { createVirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { createHealth, type HealthOptions } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const well = async (): Promise<void> => undefined;
const unwell = async (): Promise<void> => {
  throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
};

/** A check that answers when the test says so, and counts how often it was asked. */
function createCheck() {
  const check = { asked: 0, answer: Promise.withResolvers<void>(), signals: [] as AbortSignal[] };
  return Object.assign(check, {
    check(signal: AbortSignal) {
      check.asked++;
      check.signals.push(signal);
      return check.answer.promise;
    },
  });
}

describe('createHealth()', () => {
  it('says what the guide says, with every check by its name', async () => {
    const health = createHealth({ checks: { database: well, cache: well, externalApi: well } });
    expect(await health.ready()).toEqual({
      status: 'healthy',
      checks: { database: 'ok', cache: 'ok', externalApi: 'ok' },
    });
  });

  it('is ready without what it can do without, and not without what it needs', async () => {
    const cache = { check: unwell, isCritical: false };
    expect(await createHealth({ checks: { database: well, cache } }).ready()).toMatchObject({
      status: 'degraded',
      checks: { database: 'ok', cache: 'failed' },
    });
    expect(await createHealth({ checks: { database: unwell, cache } }).ready()).toMatchObject({
      status: 'unhealthy',
      checks: { database: 'failed', cache: 'failed' },
    });
  });

  it('takes a check that throws at once for one that fails', async () => {
    const checks = {
      database: () => {
        throw new Error('not connected');
      },
    };
    expect(await createHealth({ checks }).ready()).toMatchObject({ checks: { database: 'failed' } });
  });

  it('goes on where the log of its failures fails, and recovers', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    let isWell = false;
    const health = createHealth({
      clock,
      registry,
      checks: { database: () => (isWell ? well() : unwell()) },
      onFailure() {
        throw new Error('the disk is full');
      },
    });
    expect(await health.ready()).toMatchObject({ status: 'unhealthy', checks: { database: 'failed' } });
    isWell = true;
    await clock.advance(1000);
    expect(await health.ready()).toMatchObject({ status: 'healthy' });
    const failures = registry
      .snapshot()
      .find(({ name }) => name === 'service_health_check_failures_total')?.series;
    expect(failures).toMatchObject([
      { labels: ['database'], value: 1 },
      { labels: ['onFailure'], value: 1 },
    ]);
  });

  it('is not ready before it has come up, nor from the moment in which it drains', async () => {
    const database = createCheck();
    const health = createHealth({ isStarting: true, checks: { database: database.check }, version: '1.4.2' });
    const notAsked = { checks: { database: 'not asked' }, version: '1.4.2' };
    expect(await health.ready()).toEqual({ status: 'starting', ...notAsked });
    health.started();
    database.answer.resolve();
    expect(await health.ready()).toMatchObject({ status: 'healthy' });
    health.drain();
    expect(await health.ready()).toEqual({ status: 'draining', ...notAsked });
    health.started();
    expect(health.phase).toBe('draining');
    expect(database.asked).toBe(1);
  });

  it('is draining for whoever asked before and hears after', async () => {
    const database = createCheck();
    const health = createHealth({ checks: { database: database.check } });
    const asking = health.ready();
    health.drain();
    database.answer.resolve();
    expect(await asking).toMatchObject({ status: 'draining' });
  });

  it('refuses options that cannot work, with every problem', () => {
    const options = { checks: { a: 'yes', b: { check: well, timeoutMs: 0 } }, path: 'health/', chekcs: {} };
    expect(() => createHealth(options as unknown as HealthOptions)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        message: expect.stringMatching(/chekcs.*checks\.a .*checks\.b\.timeoutMs .*path must begin/),
      }),
    );
  });
});

describe('a check', () => {
  it('is asked once for everybody who wants to know meanwhile and shortly after', async () => {
    const clock = createVirtualClock();
    const database = createCheck();
    const health = createHealth({ checks: { database: database.check }, clock });
    const asking = Promise.all(Array.from({ length: 10_000 }, () => health.ready()));
    await clock.advance(1000);
    database.answer.resolve();
    expect(new Set((await asking).map(({ status }) => status))).toEqual(new Set(['healthy']));
    await clock.advance(499);
    await health.ready();
    expect(database.asked).toBe(1);
    await clock.advance(1);
    await health.ready();
    expect(database.asked).toBe(2);
  });

  it('that takes too long counts as unwell, is told to stop, and is not asked again until it has come back', async () => {
    const clock = createVirtualClock();
    const database = createCheck();
    const health = createHealth({ checks: { database: database.check }, clock, timeoutMs: 300, keptMs: 0 });
    const first = health.ready();
    await clock.advance(300);
    expect(await first).toMatchObject({ status: 'unhealthy', checks: { database: 'no answer in time' } });
    expect(database.signals[0]?.aborted).toBe(true);
    expect(await health.ready()).toMatchObject({ checks: { database: 'no answer in time' } });
    expect(database.asked).toBe(1);
    database.answer.resolve();
    await clock.advance(1);
    expect(await health.ready()).toMatchObject({ status: 'healthy' });
    expect([database.asked, clock.pending]).toEqual([2, 0]);
  });

  it('tells the log and the metrics why it failed, and nobody else', async () => {
    const told: unknown[] = [];
    const registry = createRegistry();
    const health = createHealth({
      checks: { database: unwell },
      registry,
      onFailure: (name, error) => told.push([name, (error as Error).message]),
    });
    expect(JSON.stringify(await health.ready())).not.toContain('10.0.0.7');
    expect(told).toEqual([['database', 'connect ECONNREFUSED 10.0.0.7:5432']]);
    const failures = registry.snapshot().find(({ name }) => name === 'service_health_check_failures_total');
    expect(failures?.series).toMatchObject([{ labels: ['database'], value: 1 }]);
  });
});
