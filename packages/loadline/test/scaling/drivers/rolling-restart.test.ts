import fc from 'fast-check';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createGivenDriver,
  type Fleet,
  type GivenDriver,
  type GivenServer,
  type InstanceState,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { planRestart, type RestartMember } from '../../../src/scaling/drivers/plan-restart.ts';
import { SimulatedGate } from './simulated-gate.ts';

const { signal } = new AbortController();

interface Stage {
  readonly clock: VirtualClock;
  readonly driver: GivenDriver;
  readonly gate: SimulatedGate;
  /** From now on those that are started crash at once. */
  isBroken: boolean;
  readonly crash: Map<string, () => void>;
  fleet(): Promise<Fleet>;
  /** Lets time pass, and tells the fewest that served meanwhile and the most that there were. */
  pass(ms: number): Promise<{ readonly readyMin: number; readonly thereMax: number }>;
}

/** Three servers that serve; each takes a second to start, and one to stop. */
async function stage(replicas = 3): Promise<Stage> {
  const clock = createVirtualClock();
  const gate = new SimulatedGate();
  const crash = new Map<string, () => void>();
  const start = async (id: string): Promise<GivenServer> => {
    if (on.isBroken) throw new Error('it does not fit the machine');
    await new Promise<void>((resolve) => clock.setTimer(resolve, 1000));
    const end = Promise.withResolvers<string>();
    crash.set(id, () => end.resolve('exited with 1'));
    return {
      ...{ host: '10.0.0.1', port: 5000 + crash.size, url: 'http://10.0.0.1', isReady: async () => true },
      ended: end.promise,
      stop: () => void clock.setTimer(() => end.resolve('stopped'), 1000),
      kill: () => end.resolve('was killed'),
    };
  };
  const groups = { api: { start, replicasMax: 9, lookMs: 100, restartDelayMs: 2000 } };
  const driver = createGivenDriver({ clock, gate, groups });
  const fleet = async (): Promise<Fleet> => {
    const observed = await driver.observe('api', signal);
    if (observed.kind === 'unseen') throw new Error(observed.because);
    return observed;
  };
  const pass: Stage['pass'] = async (ms) => {
    let [readyMin, thereMax] = [Number.POSITIVE_INFINITY, 0];
    for (let passed = 0; passed < ms; passed += 50) {
      await clock.advance(50);
      const { ready, instances } = await fleet();
      [readyMin, thereMax] = [Math.min(readyMin, ready), Math.max(thereMax, instances.length)];
    }
    return { readyMin, thereMax };
  };
  const on: Stage = { clock, driver, gate, isBroken: false, crash, fleet, pass };
  await driver.apply('api', replicas, signal);
  await clock.advance(1500);
  return on;
}

async function idsOf({ fleet }: Stage): Promise<readonly string[]> {
  return (await fleet()).instances.map(({ id }) => id);
}

describe('a rolling restart', () => {
  it('lets the next one in before it takes one out, one after the other', async () => {
    const on = await stage();
    on.gate.asked.length = 0;
    expect(await on.driver.restart('api', signal)).toEqual({ kind: 'accepted' });
    expect(await on.pass(2500)).toMatchObject({ readyMin: 3, thereMax: 4 });
    expect((await on.fleet()).restart).toMatchObject({ state: 'going', of: 3, replaced: 1 });
    expect(await on.pass(6000)).toMatchObject({ readyMin: 3, thereMax: 4 });
    expect(on.gate.asked).toEqual([
      ...['admit api-4', 'withdraw api-1 30000'],
      ...['admit api-5', 'withdraw api-2 30000'],
      ...['admit api-6', 'withdraw api-3 30000'],
    ]);
    expect(await on.fleet()).toMatchObject({
      ...{ wanted: 3, ready: 3, starting: 0, stopping: 0 },
      restart: { state: 'done', of: 3, replaced: 3 },
    });
    expect(await idsOf(on)).toEqual(['api-4', 'api-5', 'api-6']);
  });

  it('waits for what an old one still has in flight before it starts another', async () => {
    const on = await stage();
    const drained = Promise.withResolvers<{ kind: 'drained' }>();
    on.gate.withdrawing = () => drained.promise;
    await on.driver.restart('api', signal);
    expect(await on.pass(20_000)).toMatchObject({ readyMin: 3, thereMax: 4 });
    expect((await on.fleet()).instances[0]?.remark).toBe('leaves because a rolling restart has replaced it');
    drained.resolve({ kind: 'drained' });
    await on.pass(8000);
    expect((await on.fleet()).restart).toMatchObject({ state: 'done' });
  });

  it('stops at a new one that crashes, and leaves the others as they are', async () => {
    const on = await stage();
    await on.driver.restart('api', signal);
    await on.pass(500);
    on.isBroken = true;
    expect(await on.pass(5000)).toMatchObject({ readyMin: 3 });
    const { restart, instances } = await on.fleet();
    expect(restart).toMatchObject({ state: 'stopped', of: 3, replaced: 1 });
    expect(restart?.state === 'stopped' && restart.because).toMatch(
      /^api-\d could not be started: it does not fit the machine$/,
    );
    expect(instances.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'api-2 ready',
      'api-3 ready',
      'api-4 ready',
    ]);
  });

  it('stops at a new one that the balancer does not let in, when its time is over', async () => {
    const on = await stage();
    on.gate.admitting = async () => Promise.reject(new Error('the proxy is away'));
    await on.driver.restart('api', signal);
    await on.clock.advance(299_000);
    expect((await on.fleet()).restart?.state).toBe('going');
    await on.clock.advance(20_000);
    expect((await on.fleet()).restart).toMatchObject({
      state: 'stopped',
      because:
        'api-4 took no requests within 5 m (it is ready, and waits to be let into the traffic: the proxy is away)',
    });
    expect(await idsOf(on)).toEqual(['api-1', 'api-2', 'api-3']);
  });

  it('can be ended, and then lets go the one that was to come', async () => {
    const on = await stage();
    await on.driver.restart('api', signal);
    await on.pass(300);
    expect(await on.driver.endRestart('api', 'Ann wants it', signal)).toEqual({ kind: 'accepted' });
    await on.pass(3000);
    expect((await on.fleet()).restart).toMatchObject({ state: 'stopped', because: 'Ann wants it' });
    expect(await idsOf(on)).toEqual(['api-1', 'api-2', 'api-3']);
    expect(await on.driver.endRestart('api', 'again', signal)).toMatchObject({ kind: 'refused' });
  });

  it('is done at once where nothing runs, and not done twice at a time', async () => {
    const none = await stage(0);
    await none.driver.restart('api', signal);
    await none.pass(50);
    expect((await none.fleet()).restart).toMatchObject({ state: 'done', of: 0 });
    const on = await stage();
    await on.driver.restart('api', signal);
    expect(await on.driver.restart('api', signal)).toEqual({
      kind: 'refused',
      because: 'a rolling restart of api goes on: 0 of 3 are replaced',
    });
    expect(await on.driver.restart('nobody', signal)).toMatchObject({ kind: 'refused' });
  });

  it('goes on while the group grows and shrinks, and while one crashes that is to go anyway', async () => {
    const on = await stage();
    await on.driver.restart('api', signal);
    await on.pass(300);
    await on.driver.apply('api', 3, signal);
    expect(await idsOf(on), 'what is wanted already changes nothing').toHaveLength(4);
    on.crash.get('api-2')?.();
    await on.driver.apply('api', 5, signal);
    await on.pass(4000);
    await on.driver.apply('api', 2, signal);
    expect(await on.pass(20_000)).toMatchObject({ readyMin: 2 });
    expect(await on.fleet()).toMatchObject({ wanted: 2, ready: 2, restart: { state: 'done', replaced: 3 } });
    for (const id of await idsOf(on)) expect(['api-1', 'api-2', 'api-3']).not.toContain(id);
  });

  it('takes each new one by its own time, also where the group has grown', async () => {
    const on = await stage(8);
    await on.driver.restart('api', signal);
    await on.pass(300);
    await on.driver.apply('api', 9, signal);
    // Nobody says that they have ended what they had: each waits for its time.
    on.gate.withdrawing = () => new Promise(() => undefined);
    for (let seconds = 0; seconds < 500; seconds++) await on.clock.advance(1000);
    expect((await on.fleet()).restart).toMatchObject({ state: 'done', of: 8, replaced: 8 });
  });

  it('stops at one that came because the group grew, and that the balancer does not let in', async () => {
    const on = await stage();
    await on.driver.restart('api', signal);
    await on.pass(1500);
    on.gate.admitting = async () => Promise.reject(new Error('the proxy is away'));
    await on.driver.apply('api', 5, signal);
    await on.clock.advance(290_000);
    expect((await on.fleet()).restart?.state).toBe('going');
    await on.clock.advance(30_000);
    expect((await on.fleet()).restart).toMatchObject({
      state: 'stopped',
      because: expect.stringContaining('took no requests within 5 m'),
    });
  });

  it('ends with its driver, and leaves no timer behind', async () => {
    const on = await stage();
    await on.driver.restart('api', signal);
    await on.pass(300);
    const closed = on.driver.close();
    await on.clock.advance(40_000);
    await closed;
    expect(on.clock.pending).toBe(0);
    expect(await on.driver.restart('api', signal)).toMatchObject({ kind: 'refused' });
  });
});

interface Model {
  readonly id: string;
  readonly isOld: boolean;
  state: InstanceState;
}

describe('planRestart()', () => {
  it('never has fewer that serve, nor two too many, whatever happens to the old ones, and ends', () => {
    const anyEvent = fc.record({ kind: fc.constantFrom('crash', 'back', 'step'), at: fc.nat(9) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(anyEvent, { maxLength: 40 }), (wanted, events) => {
        let members: Model[] = Array.from({ length: wanted }, (_, index) => ({
          ...{ id: `old-${index}`, isOld: true, state: 'ready' },
        }));
        let made = 0;
        const ready = (): number => members.filter(({ state }) => state === 'ready').length;
        const move = (): boolean => {
          const next = planRestart(members satisfies readonly RestartMember[], wanted);
          const before = ready();
          if (next.kind === 'start') members.push({ id: `new-${made++}`, isOld: false, state: 'starting' });
          if (next.kind === 'retire') {
            for (const each of members) if (each.id === next.id) each.state = 'draining';
            expect(ready()).toBeGreaterThanOrEqual(Math.min(wanted, before));
          }
          expect(members.length).toBeLessThanOrEqual(wanted + 1);
          return next.kind !== 'done';
        };
        const step = (): void => {
          members = members.filter(({ state }) => state !== 'draining');
          for (const each of members) if (!each.isOld) each.state = 'ready';
        };
        let isGoing = true;
        for (const { kind, at } of events) {
          if (!isGoing) break;
          const old = members.filter((each) => each.isOld && each.state !== 'draining');
          const one = old[at % Math.max(1, old.length)];
          if (kind === 'crash' && one !== undefined) one.state = 'waiting';
          if (kind === 'back' && one !== undefined)
            one.state = one.state === 'waiting' ? 'starting' : 'ready';
          if (kind === 'step') step();
          isGoing = move();
        }
        for (let rounds = 0; isGoing; rounds++) {
          expect(rounds).toBeLessThan(50);
          step();
          isGoing = move();
        }
        expect(members.map(({ isOld, state }) => `${isOld} ${state}`)).toEqual(
          Array.from({ length: wanted }, () => 'false ready'),
        );
      }),
    );
  });
});
