import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';
import { type Answer, type Plane, startPlane } from '../plane.ts';
import { deepQueue, measure, toldChanges } from './watched-plane.ts';

interface Two extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly first: Plane;
  readonly second: Plane;
  /** The first reaches the database no more. */
  cutOff(): void;
  rejoin(): void;
}

/** Two control planes on one database; the first judges. */
async function startTwo(): Promise<Two> {
  const clock = createVirtualClock();
  const store = createMemoryStore(clock);
  const leases = { ...store.leases };
  const first = await startPlane({ clock, store: { ...store, leases } });
  const second = await startPlane({ clock, store });
  return {
    clock,
    store,
    first,
    second,
    cutOff() {
      leases.take = () => Promise.reject(new Error('away'));
    },
    rejoin() {
      leases.take = store.leases.take;
    },
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

const rulesPath = '/performance/alert-rules';

async function isJudge(plane: Plane): Promise<boolean> {
  return (await plane.ask('viewer', 'GET', '/metrics')).text.includes('loadline_alert_judge 1');
}

describe('of two control planes on one database', () => {
  it('one judges and tells; the other shows the same, and sends whoever wants to change it there', async () => {
    await using two = await startTwo();
    const { first, second } = two;
    expect([await isJudge(first), await isJudge(second)]).toEqual([true, false]);
    await first.ask('operator', 'POST', rulesPath, { body: deepQueue });
    await measure(first, 20, 7);
    expect(toldChanges(first.log)).toEqual(['deep-queue fired']);
    expect(toldChanges(second.log)).toEqual([]);
    const [alert, shown] = await Promise.all(
      [first, second].map(
        async (plane) => (await plane.ask('viewer', 'GET', '/performance/alerts')).json.items[0],
      ),
    );
    expect(shown).toMatchObject({ rule: 'deep-queue', state: 'firing', incidentId: alert.incidentId });
    const incident = `/performance/incidents/${alert.incidentId}`;
    expect((await second.ask('viewer', 'GET', incident)).json.alerts).toHaveLength(1);
    expect((await second.ask('viewer', 'GET', rulesPath)).text).toContain('deep-queue');

    const changes = [
      ['POST', `/performance/alerts/${alert.fingerprint}/acknowledge`, undefined],
      ['POST', rulesPath, { ...deepQueue, name: 'other' }],
      ['POST', '/performance/silences', { match: { service: 'shop' }, for: '1h', why: 'tested' }],
      ['POST', `${incident}/notes`, { text: 'looking' }],
    ] as const;
    for (const [method, path, body] of changes) {
      const refused: Answer = await second.ask('operator', method, path, body === undefined ? {} : { body });
      expect(refused.status, path).toBe(503);
      expect(refused.json.detail).toContain(`process ${process.pid}`);
      expect(refused.headers['retry-after']).toBe('5');
      expect(
        (await first.ask('operator', method, path, body === undefined ? {} : { body })).status,
      ).toBeLessThan(300);
    }
    await two.clock.advance(5000);
    const seen = (await second.ask('viewer', 'GET', `/performance/alerts/${alert.fingerprint}`)).json;
    expect(seen).toMatchObject({ acknowledged: { by: 'operator' } });
  });

  it('the other goes on within seconds when the first is cut off, and fires nothing anew', async () => {
    await using two = await startTwo();
    const { first, second } = two;
    await first.ask('operator', 'POST', rulesPath, { body: deepQueue });
    await measure(first, 20, 7);
    two.cutOff();
    await measure(first, 8, 7);
    expect([await isJudge(first), await isJudge(second)]).toEqual([false, true]);
    await measure(first, 4, 7);
    expect(toldChanges(second.log)).toEqual([]);
    await measure(first, 4, 1);
    expect([toldChanges(first.log), toldChanges(second.log)]).toEqual([
      ['deep-queue fired'],
      ['deep-queue resolved'],
    ]);
    const body = { ...deepQueue, name: 'other' };
    expect((await second.ask('operator', 'POST', rulesPath, { body })).status).toBe(201);
  });

  it('the other goes on at once when the first ends in order', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    await using second = await (async () => {
      await using first = await startPlane({ clock, store });
      expect(await isJudge(first)).toBe(true);
      return startPlane({ clock, store });
    })();
    await clock.advance(1500);
    expect(await isJudge(second)).toBe(true);
  });

  it('the one that judges keeps what it knows while the database is away, and nothing is told anew after that', async () => {
    await using two = await startTwo();
    const { first, second, store } = two;
    await first.ask('operator', 'POST', rulesPath, { body: deepQueue });
    await measure(first, 20, 7);
    const { summaries } = store.metrics;
    const { list } = store.documents;
    const { take } = store.leases;
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    store.metrics.summaries = away;
    store.documents.list = away;
    store.leases.take = away;
    two.cutOff();
    await two.clock.advance(60_000);
    expect((await first.ask('viewer', 'GET', '/performance/alerts')).json.items).toMatchObject([
      { rule: 'deep-queue', state: 'firing' },
    ]);
    expect((await first.ask('viewer', 'GET', '/metrics')).text).toContain('loadline_alert_judge 0');
    Object.assign(store.metrics, { summaries });
    Object.assign(store.documents, { list });
    Object.assign(store.leases, { take });
    two.rejoin();
    await measure(first, 10, 7);
    const judges = [await isJudge(first), await isJudge(second)];
    expect(judges.filter(Boolean)).toHaveLength(1);
    expect([...toldChanges(first.log), ...toldChanges(second.log)]).toEqual(['deep-queue fired']);
    await measure(first, 6, 1);
    expect([...toldChanges(first.log), ...toldChanges(second.log)].toSorted()).toEqual([
      'deep-queue fired',
      'deep-queue resolved',
    ]);
  });
});
