import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createSimulatedDriver,
  type RestartProgress,
  type ScalingGate,
  type SimulatedDriver,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { describeScalingMemory } from '../../../../packages/loadline/test/contracts/scaling-memory-contract.ts';
import { createStoreScalingMemory, type ServiceDescription } from '../../src/scaling/index.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';
import { type Plane, startPlane } from '../plane.ts';

describeScalingMemory(
  'a store within the process',
  async () => {
    const store = createMemoryStore(createVirtualClock());
    const open = (): ReturnType<typeof createStoreScalingMemory> => createStoreScalingMemory(store, () => 0);
    return { memory: open(), again: open, [Symbol.asyncDispose]: async () => undefined };
  },
  1_000_000,
);

const policy = {
  replicas: { min: 2, max: 6 },
  scaleOut: { step: 2 },
  scaleIn: { step: 1, cooldown: '30s' },
  metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '10s' } },
};
const shop: ServiceDescription = { name: 'shop', command: { command: 'node', environment: {} }, policy };

function start(
  further: {
    store?: MemoryStore;
    clock?: VirtualClock;
    services?: readonly ServiceDescription[];
    scalingGate?: ScalingGate;
    driver?: SimulatedDriver;
  } = {},
) {
  const { services = [shop], ...rest } = further;
  return startPlane({ ...rest, configuration: { services } });
}

/** What a collector would have measured of every instance that is ready. */
async function measure({ store, clock, driver }: Plane, cpuRatio: number): Promise<void> {
  const fleet = await driver.observe('shop', new AbortController().signal);
  if (fleet.kind === 'unseen') return;
  const ready = fleet.instances.filter(({ state }) => state === 'ready');
  await store.metrics.write(
    ready.map(({ id }) => ({
      series: { metric: 'cpu_ratio', service: 'shop', instance: id, unit: 'ratio' },
      atMs: clock.now(),
      value: cpuRatio,
    })),
  );
}

async function statusOf(plane: Plane) {
  const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/status?group=shop');
  return json.items[0];
}

/** Two instances that are ready. */
async function started(further: Parameters<typeof start>[0] = {}): Promise<Plane> {
  const plane = await start(further);
  await plane.clock.advance(20_000);
  return plane;
}

describe('why a service has the size that it has', () => {
  it('is told for every moment, also where nothing was done', async () => {
    await using plane = await started();
    const startMs = plane.clock.now();
    await measure(plane, 0.9);
    await plane.clock.advance(15_000);
    await measure(plane, 0.5);
    await plane.clock.advance(30_000);
    const ask = async (query: string) => {
      const { json } = await plane.ask('viewer', 'GET', `/performance/scaling/decisions?group=shop${query}`);
      return json.items;
    };
    expect((await ask('')).slice(0, 2)).toMatchObject([
      {
        action: 'hold',
        before: 4,
        after: 4,
        reason: expect.stringContaining('between'),
        seen: { cpuRatio: [0.5, 0.5] },
      },
      {
        action: 'scale out',
        before: 2,
        after: 4,
        recommended: 4,
        outcome: 'accepted',
        sure: expect.any(Number),
        reason: 'Scale out shop from 2 to 4: cpuRatio is 90 %, above 70 %.',
        otherwise: 'It would have stayed at 2 with cpuRatio at most 70 %.',
        proposals: [{ metric: 'cpuRatio', says: 'more', wants: 4, seen: 0.9 }],
      },
    ]);
    const at = (ms: number) => ask(`&at=${new Date(ms).toISOString()}`);
    expect(await at(plane.clock.now())).toMatchObject([{ action: 'hold' }]);
    expect(await at(startMs + 12_000)).toMatchObject([{ action: 'scale out' }]);
    expect(await at(startMs - 3_600_000)).toEqual([]);
  });

  it('is told until the next round, however long that takes', async () => {
    const seldom = { ...shop, policy: { ...policy, interval: '1h' } };
    await using plane = await started({ services: [seldom] });
    const at = async (ms: number) => {
      const time = new Date(plane.clock.now() - ms).toISOString();
      return (await plane.ask('viewer', 'GET', `/performance/scaling/decisions?group=shop&at=${time}`)).json
        .items;
    };
    await plane.clock.advance(50 * 60_000);
    expect(await at(0)).toMatchObject([{ after: 2, action: 'scale out' }]);
    expect(await at(3 * 3_600_000)).toEqual([]);
  });

  it('is refused for what is not there, and for two times at once', async () => {
    await using plane = await started();
    const ask = (query: string) => plane.ask('viewer', 'GET', `/performance/scaling/decisions?${query}`);
    expect(await ask('group=shap')).toMatchObject({
      status: 404,
      json: { detail: 'There is no group "shap"; did you mean shop?' },
    });
    expect((await ask('')).status).toBe(400);
    const at = '2026-01-01T00:00:00Z';
    expect((await ask(`group=shop&at=${at}&from=${at}`)).json).toMatchObject({
      status: 400,
      errors: [{ pointer: '/at' }],
    });
  });
});

describe('a service that is described', () => {
  it('is brought to its minimum, and is followed up and down by what was measured', async () => {
    await using plane = await started();
    expect(await statusOf(plane)).toMatchObject({
      group: 'shop',
      version: 1,
      changedBy: 'services file',
      policy: { replicas: { min: 2, max: 6 } },
      fleet: { wanted: 2, ready: 2 },
    });
    await measure(plane, 0.9);
    await plane.clock.advance(15_000);
    expect(await statusOf(plane)).toMatchObject({ fleet: { wanted: 4 }, last: { action: 'scale out' } });
    for (let round = 0; round < 3; round++) {
      await measure(plane, 0.2);
      await plane.clock.advance(15_000);
    }
    expect((await statusOf(plane)).fleet.wanted).toBe(3);

    const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/history');
    expect(json.items).toMatchObject([
      { action: 'scale_down', previousCapacity: 4, newCapacity: 3, outcome: 'accepted', actor: 'scaler' },
      {
        action: 'scale_up',
        trigger: { metric: 'cpuRatio', value: 0.9, threshold: 0.7 },
        reason: 'Scale out shop from 2 to 4: cpuRatio is 90 %, above 70 %.',
      },
      { action: 'scale_up', previousCapacity: 0, newCapacity: 2, trigger: { metric: 'minimum' } },
    ]);
  });

  it('is in the list no more once it is described no more, and can be asked for by its name', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    const before = await started({ clock, store, services: [shop, { ...shop, name: 'till' }] });
    const groupsOf = async (plane: Plane, query = ''): Promise<string[]> => {
      const { json } = await plane.ask('viewer', 'GET', `/performance/scaling/status${query}`);
      return json.items.map(({ group }: { group: string }) => group);
    };
    expect(await groupsOf(before)).toEqual(['shop', 'till']);
    await before[Symbol.asyncDispose]();
    await using after = await started({ clock, store });
    expect(await groupsOf(after)).toEqual(['shop']);
    expect(await groupsOf(after, '?group=till')).toEqual(['till']);
  });

  it('goes by those of its instances alone that take requests', async () => {
    await using plane = await started();
    await plane.store.metrics.write([
      {
        series: { metric: 'cpu_ratio', service: 'shop', instance: 'gone', unit: 'ratio' },
        atMs: plane.clock.now(),
        value: 0.99,
      },
    ]);
    await measure(plane, 0.5);
    await plane.clock.advance(15_000);
    expect(await statusOf(plane)).toMatchObject({
      fleet: { wanted: 2 },
      last: { proposals: [{ seen: 0.5 }] },
    });
  });

  it('is left alone where nothing was measured, and says so', async () => {
    await using plane = await started();
    await plane.clock.advance(60_000);
    const { last } = await statusOf(plane);
    expect(last.reason).toBe('Hold shop at 2: cpuRatio was not measured; nothing is taken away unseen.');
  });

  it('keeps over a restart what was set over the API, until the file says otherwise', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    {
      await using plane = await started({ clock, store });
      const wider = { ...policy, replicas: { min: 3, max: 9 } };
      await plane.ask('operator', 'PUT', '/performance/scaling/config', {
        body: { group: 'shop', policy: wider },
      });
    }
    {
      await using plane = await started({ clock, store });
      expect(await statusOf(plane)).toMatchObject({ version: 2, policy: { replicas: { min: 3, max: 9 } } });
      const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/history?limit=1');
      expect(json.items).toHaveLength(1);
    }
    const changed = { ...shop, policy: { ...policy, replicas: { min: 4, max: 8 } } };
    await using plane = await started({ clock, store, services: [changed] });
    expect(await statusOf(plane)).toMatchObject({ version: 3, policy: { replicas: { min: 4, max: 8 } } });
  });
});

describe('PUT /performance/scaling/config', () => {
  it('takes effect at once, and gives the version to change next', async () => {
    await using plane = await started();
    const answer = await plane.ask('operator', 'PUT', '/performance/scaling/config', {
      body: { group: 'shop', policy: { ...policy, replicas: { min: 5, max: 8 } }, version: 1 },
    });
    expect(answer.status).toBe(200);
    expect(answer.json.version).toBe(2);
    expect(answer.headers.etag).toBe('"2"');
    // No time has passed.
    await plane.clock.advance(0);
    expect(await statusOf(plane)).toMatchObject({ fleet: { wanted: 5 } });
  });

  it('is refused where somebody was quicker', async () => {
    await using plane = await started();
    const put = (how: { version?: number; match?: string }) =>
      plane.ask('operator', 'PUT', '/performance/scaling/config', {
        body: { group: 'shop', policy, ...(how.version === undefined ? {} : { version: how.version }) },
        headers: how.match === undefined ? {} : { 'if-match': how.match },
      });
    expect((await put({ match: '"1"' })).status).toBe(200);
    const late = await put({ match: '"1"' });
    expect(late.status).toBe(409);
    expect(late.json.detail).toContain('the present one is 2');
    expect((await put({ version: 1 })).status).toBe(409);
    expect((await put({ version: 2, match: '"1"' })).status).toBe(400);
    expect((await put({ match: '*' })).status).toBe(200);
    expect((await put({})).json.version).toBe(4);
  });

  it('is refused with a pointer to each mistake', async () => {
    await using plane = await started();
    const wrong = { replicas: { min: 9, max: 2 }, metrics: { 'cpu/Ratio': { scaleOutAbove: 0.7 } }, more: 1 };
    const { status, json } = await plane.ask('operator', 'PUT', '/performance/scaling/config', {
      body: { group: 'shop', policy: wrong },
    });
    expect(status).toBe(400);
    const pointers = json.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(
      expect.arrayContaining(['/policy/more', '/policy/replicas/min', '/policy/metrics/cpu~1Ratio']),
    );
  });

  it('takes the name of a preset, and knows no other group', async () => {
    await using plane = await started();
    const put = (body: object) => plane.ask('operator', 'PUT', '/performance/scaling/config', { body });
    expect((await put({ group: 'shop', policy: 'foodshare/api_servers' })).json.policy.replicas).toEqual({
      min: 1,
      max: 10,
    });
    expect((await put({ group: 'shop', policy: 'foodshare/api_server' })).json).toMatchObject({
      detail: expect.stringMatching(/^\/policy must be .* did you mean foodshare\/api_servers\?$/),
      errors: [{ pointer: '/policy' }],
    });
    expect((await put({ group: 'none', policy })).status).toBe(404);
  });

  it('takes an autoscaler object as it is, gives it back, and says where one is wrong', async () => {
    await using plane = await started();
    const put = (object: object) =>
      plane.ask('operator', 'PUT', '/performance/scaling/config', {
        body: { group: 'shop', policy: object },
      });
    const object = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'shop', namespace: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' },
        minReplicas: 2,
        maxReplicas: 6,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    };
    expect((await put(object)).json.policy).toEqual(object);
    await measure(plane, 0.9);
    await plane.clock.advance(15_000);
    expect((await statusOf(plane)).last).toMatchObject({
      action: 'scale out',
      to: 4,
      reason: 'Scale out shop from 2 to 4: cpuRatio is 90 % of a target of 50 %, for 4.',
      proposals: [{ kind: 'hpa', wants: 4 }],
    });
    const { status, json } = await put({ ...object, spec: { ...object.spec, maxReplicas: 1 } });
    expect([status, json.errors[0].pointer]).toEqual([400, '/policy/spec/minReplicas']);
  });
});

describe('flags', () => {
  it('keep a policy out, and let it in as soon as they say so', async () => {
    let isOn = false;
    await using plane = await started({ scalingGate: (name) => name !== 'scaling-policy' || isOn });
    await measure(plane, 0.9);
    await plane.clock.advance(15_000);
    expect(await statusOf(plane)).toMatchObject({
      fleet: { wanted: 2 },
      last: { action: 'hold', reason: expect.stringContaining('the flag scaling-policy is off') },
    });

    isOn = true;
    await measure(plane, 0.9);
    await plane.clock.advance(15_000);

    expect(await statusOf(plane)).toMatchObject({ fleet: { wanted: 4 }, last: { action: 'scale out' } });
  });
});

describe('POST /performance/scaling/manual', () => {
  it('holds for as long as it was asked for, with who and why', async () => {
    await using plane = await started();
    const order = { group: 'shop', replicas: 5, duration: '10m', reason: 'sale' };
    const { status, json } = await plane.ask('operator', 'POST', '/performance/scaling/manual', {
      body: order,
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ fleet: { wanted: 5 }, manual: { replicas: 5, reason: 'sale' } });
    expect(json.manual.setBy).toMatch(/^\w{12}$/);
    const { json: history } = await plane.ask('viewer', 'GET', '/performance/scaling/history?limit=1');
    expect(history.items[0]).toMatchObject({ actor: 'manual', trigger: { metric: 'manual' } });
    await plane.clock.advance(620_000);
    expect((await statusOf(plane)).manual).toBeUndefined();
  });

  it('is given back to the policy before its time', async () => {
    await using plane = await started();
    await plane.ask('operator', 'POST', '/performance/scaling/manual', {
      body: { group: 'shop', replicas: 5 },
    });
    const ended = await plane.ask('operator', 'DELETE', '/performance/scaling/manual/shop');
    expect(ended.status).toBe(200);
    expect(ended.json.manual).toBeUndefined();
    expect((await plane.ask('operator', 'DELETE', '/performance/scaling/manual/none')).status).toBe(404);
  });

  it.each([
    [{ replicas: 7 }, '/replicas', 'got 7'],
    [{ replicas: 1 }, '/replicas', 'got 1'],
    [{ replicas: 3, duration: 'soon' }, '/duration', 'got "soon"'],
    [{ replicas: 3, duration: '8d' }, '/duration', ''],
    [{ replicas: 3.5 }, '/replicas', ''],
  ])('is refused outside of the policy and of a week: %j', async (order, pointer, found) => {
    await using plane = await started();
    const { status, json } = await plane.ask('operator', 'POST', '/performance/scaling/manual', {
      body: { group: 'shop', ...order },
    });
    expect(status).toBe(400);
    expect(json.errors[0].pointer).toBe(pointer);
    expect(json.errors[0].detail).toContain(found);
  });
});

describe('POST /performance/scaling/restart', () => {
  /** Says that it replaces instances as a test has it. */
  function replacing(clock: VirtualClock) {
    const simulated = createSimulatedDriver({ clock, groups: { shop: 0 } });
    const on: { restart: RestartProgress | undefined } = { restart: undefined };
    const driver: SimulatedDriver = {
      ...simulated,
      async observe(group, signal) {
        const seen = await simulated.observe(group, signal);
        return seen.kind === 'seen' && on.restart !== undefined ? { ...seen, restart: on.restart } : seen;
      },
      async restart() {
        on.restart = { state: 'going', startedAtMs: clock.now(), of: 2, replaced: 0 };
        return { kind: 'accepted' };
      },
      async endRestart(_, because) {
        const startedAtMs = on.restart?.startedAtMs ?? 0;
        on.restart = { state: 'stopped', startedAtMs, endedAtMs: clock.now(), of: 2, replaced: 1, because };
        return { kind: 'accepted' };
      },
    };
    return driver;
  }

  it('has all instances replaced, tells how far it is, and remembers who wanted that and how it ended', async () => {
    const clock = createVirtualClock();
    await using plane = await started({ clock, driver: replacing(clock) });
    const order = { group: 'shop', reason: 'new code' };
    const begun = await plane.ask('operator', 'POST', '/performance/scaling/restart', { body: order });
    expect(begun.status).toBe(202);
    expect(begun.json.fleet.restart).toMatchObject({ state: 'going', of: 2, replaced: 0 });
    await plane.clock.advance(5000);
    const ended = await plane.ask('operator', 'DELETE', '/performance/scaling/restart/shop');
    expect(ended.json.fleet.restart).toMatchObject({
      ...{ state: 'stopped', replaced: 1, endedAt: expect.any(String) },
      because: expect.stringMatching(/^ended by \w{12}$/),
    });
    const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/history?action=restart');
    expect(json.items).toMatchObject([
      {
        outcome: 'failed',
        reason: expect.stringContaining('with 1 of 2 replaced; the others are as they were'),
      },
      { outcome: 'accepted', actor: 'manual', previousCapacity: 2, newCapacity: 2 },
    ]);
    expect(json.items[1].reason).toMatch(
      /^Restart the 2 instances of shop one after the other, by \w{12}: new code\.$/,
    );
  });

  it('is refused where whatever runs the group cannot, and for a group that nobody knows', async () => {
    await using plane = await started();
    const ask = (group: string) =>
      plane.ask('operator', 'POST', '/performance/scaling/restart', { body: { group } });
    const refused = await ask('shop');
    expect([refused.status, refused.json.detail]).toEqual([
      409,
      'Cannot restart shop: what runs this group replaces no instances by itself.',
    ]);
    expect(await ask('shap')).toMatchObject({
      status: 404,
      json: { detail: 'There is no group "shap"; did you mean shop?' },
    });
    expect((await plane.ask('operator', 'DELETE', '/performance/scaling/restart/shop')).status).toBe(409);
  });
});

describe('GET /performance/scaling/history', () => {
  it('has filters, and pages that nothing moves', async () => {
    await using plane = await started();
    const set = (replicas: number) =>
      plane.ask('operator', 'POST', '/performance/scaling/manual', { body: { group: 'shop', replicas } });
    for (const replicas of [3, 4, 3, 5]) await set(replicas);
    const list = async (query: string) =>
      (await plane.ask('viewer', 'GET', `/performance/scaling/history${query}`)).json;
    const first = await list('?limit=2');
    await set(6);
    const second = await list(`?limit=2&cursor=${first.nextCursor}`);
    const steps = [...first.items, ...second.items].map(
      ({ newCapacity }: { newCapacity: number }) => newCapacity,
    );
    expect(steps).toEqual([5, 3, 4, 3]);
    expect((await list('?action=scale_down')).items).toHaveLength(1);
    expect((await list('?group=none')).items).toEqual([]);
    expect((await list(`?to=${new Date(0).toISOString()}`)).items).toEqual([]);
    const unknown = await plane.ask('viewer', 'GET', '/performance/scaling/status?group=none');
    expect([unknown.status, unknown.json.detail]).toEqual([404, 'There is no group "none"; there are shop.']);
  });
});
