import { createVirtualClock, sleep, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import type { InstanceKind, RunningUnit } from '../../../src/scaling/drivers/instance-kind.ts';
import { ManagedInstance } from '../../../src/scaling/drivers/managed-instance.ts';
import { Passage, type PassageCounts } from '../../../src/scaling/drivers/passage.ts';
import { SimulatedGate } from './simulated-gate.ts';

/** A unit that does as a test says. It is ready after a second, and ends a second after it was told to. */
class Unit implements RunningUnit {
  readonly host = '10.0.0.1';
  readonly port: number;
  readonly url: string;
  readonly ended: Promise<string>;
  readonly words: string[] = [];
  readonly #end = Promise.withResolvers<string>();
  readonly #clock: VirtualClock;
  readonly #isStubborn: boolean;

  constructor(clock: VirtualClock, port: number, isStubborn: boolean) {
    this.#clock = clock;
    this.port = port;
    this.#isStubborn = isStubborn;
    this.url = `http://10.0.0.1:${port}`;
    this.ended = this.#end.promise;
  }

  terminate(): void {
    this.words.push('terminate');
    if (!this.#isStubborn) this.#clock.setTimer(() => this.crash('ended'), 1000);
  }

  kill(): void {
    this.words.push('kill');
    this.crash('was killed');
  }

  crash(how = 'exited with 3'): void {
    this.#end.resolve(how);
  }
}

interface Stage {
  readonly clock: VirtualClock;
  readonly gate: SimulatedGate;
  readonly counts: PassageCounts;
  readonly units: readonly Unit[];
  readonly instance: ManagedInstance<Unit>;
  /** Lets the first one start, where it is held. */
  readonly begun: PromiseWithResolvers<void>;
}

async function stage({ isStubborn = false, startMs = 0, isHeld = false } = {}): Promise<Stage> {
  const begun = Promise.withResolvers<void>();
  const clock = createVirtualClock();
  const gate = new SimulatedGate();
  const counts: PassageCounts = { drained: 0, overdue: 0, unverified: 0, notAdmitted: 0 };
  const units: Unit[] = [];
  const kind: InstanceKind<Unit> = {
    timing: { drainGraceMs: 5000, restartDelayMs: 100, restartDelayMsMax: 10_000, stableMs: 60_000 },
    async start() {
      if (startMs > 0) await sleep(clock, startMs);
      if (isHeld) await begun.promise;
      const unit = new Unit(clock, 8000 + units.length, isStubborn);
      units.push(unit);
      return unit;
    },
    untilReady: async (_, signal) => {
      await sleep(clock, 1000, signal).catch(() => undefined);
      return undefined;
    },
    untilBroken: (_, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve(undefined);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
  };
  const passage = new Passage({ gate, clock, counts });
  const instance = new ManagedInstance({ group: 'api', id: 'api-1', kind, clock, passage });
  await clock.advance(1);
  return { clock, gate, counts, units, instance, begun };
}

const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('an instance behind a balancer', () => {
  it('is ready when it was let in, not before', async () => {
    const { clock, gate, instance } = await stage();
    const open = Promise.withResolvers<void>();
    gate.admitting = () => open.promise;
    await clock.advance(1500);
    expect([gate.asked, instance.state]).toEqual([['admit api-1'], 'starting']);
    open.resolve();
    await clock.advance(1);
    expect(instance.state).toBe('ready');
    expect(gate.inside.get('api-1')).toEqual({ group: 'api', id: 'api-1', host: '10.0.0.1', port: 8000 });
  });

  it('says why it is not let in, and tries again until it is', async () => {
    const { clock, gate, instance, counts } = await stage();
    gate.admitting = async () => {
      throw new Error('the proxy is away');
    };
    await clock.advance(3500);
    expect(instance.describe()).toMatchObject({
      state: 'starting',
      remark: 'is ready, and waits to be let into the traffic: the proxy is away',
    });
    expect(counts.notAdmitted).toBe(3);
    gate.admitting = async () => undefined;
    await clock.advance(1000);
    expect(instance.describe().state).toBe('ready');
    expect(instance.describe()).not.toHaveProperty('remark');
  });

  it('says from the first moment that it is ready, and what it waits for now', async () => {
    const { clock, gate, instance } = await stage();
    gate.admitting = hang;
    await clock.advance(500);
    expect(instance.describe()).not.toHaveProperty('remark');
    await clock.advance(1000);
    expect(instance.describe().remark).toBe('is ready, and waits to be let into the traffic');
    for (const why of ['edge does not answer', 'at edge it has not passed its checks yet']) {
      gate.keepingOut = why;
      expect(instance.describe()).toMatchObject({
        state: 'starting',
        remark: `is ready, and waits to be let into the traffic: ${why}`,
      });
    }
    void instance.drain('it is too many');
    expect(instance.describe().remark).toBe('leaves because it is too many');
  });

  it('says why the one before has ended, until it is ready', async () => {
    const { clock, instance, units } = await stage();
    await clock.advance(1500);
    units[0]?.crash();
    await clock.advance(200);
    expect(instance.describe()).toMatchObject({
      state: 'starting',
      remark: 'starts again after one that exited with 3 after 1.5 s',
    });
    await clock.advance(1000);
    expect(instance.describe()).toMatchObject({ state: 'ready', restarts: 1 });
    expect(instance.describe()).not.toHaveProperty('remark');
  });

  it('is not asked about for ever: a balancer that hangs is asked again', async () => {
    const { clock, gate, instance, counts } = await stage();
    gate.admitting = hang;
    await clock.advance(62_500);
    expect([counts.notAdmitted, gate.asked.length]).toEqual([1, 2]);
    gate.admitting = async () => undefined;
    await clock.advance(61_500);
    expect(instance.state).toBe('ready');
  });

  it('is told to stop only when it has nothing in flight any more', async () => {
    const { clock, gate, instance, units, counts } = await stage();
    await clock.advance(1500);
    const drained = Promise.withResolvers<{ kind: 'drained' }>();
    gate.withdrawing = () => drained.promise;
    const gone = instance.drain('it is the youngest');
    await clock.advance(4000);
    expect([gate.asked.at(-1), units[0]?.words]).toEqual(['withdraw api-1 5000', []]);
    drained.resolve({ kind: 'drained' });
    await clock.advance(1);
    expect(units[0]?.words).toEqual(['terminate']);
    expect(instance.describe()).toMatchObject({
      state: 'draining',
      remark: 'leaves because it is the youngest; nothing was in flight any more',
    });
    await clock.advance(1000);
    await gone;
    expect(counts).toEqual({ drained: 1, overdue: 0, unverified: 0, notAdmitted: 0 });
    expect(clock.pending).toBe(0);
  });

  it('that still serves when its grace is over is told to end what it has, and has time for it', async () => {
    const { clock, gate, instance, units, counts } = await stage({ isStubborn: true });
    await clock.advance(1500);
    gate.withdrawing = async ({ graceMs }) => {
      await sleep(clock, graceMs);
      return { kind: 'overdue', inFlight: 3 };
    };
    void instance.drain();
    await clock.advance(5001);
    expect(instance.describe().remark).toBe('3 was still in flight after 5 s');
    await clock.advance(4900);
    expect(units[0]?.words).toEqual(['terminate']);
    await clock.advance(200);
    await instance.gone;
    expect([units[0]?.words[1], counts.overdue]).toEqual(['kill', 1]);
  });

  it.each([
    ['throws', async () => Promise.reject(new Error('the proxy is away')), 'the proxy is away'],
    ['hangs', (_: unknown, signal: AbortSignal) => hang(signal), 'no answer within 15 s'],
  ])('stops in order also where the balancer %s, and that is counted', async (_, withdrawing, said) => {
    const { clock, gate, instance, units, counts } = await stage();
    await clock.advance(1500);
    gate.withdrawing = withdrawing;
    void instance.drain();
    await clock.advance(15_001);
    expect(instance.describe().remark ?? '').toContain(said);
    await clock.advance(1001);
    await instance.gone;
    expect([units[0]?.words[0], counts.unverified, counts.drained]).toEqual(['terminate', 1, 0]);
  });

  it('stops as soon as the balancer says that it cannot tell, and that is counted', async () => {
    const { clock, gate, instance, units, counts } = await stage();
    await clock.advance(1500);
    gate.withdrawing = async () => ({ kind: 'unverified', because: 'edge gave no answer for 5 s' });
    void instance.drain();
    await clock.advance(1);
    expect(instance.describe().remark).toBe('nobody knows what was in flight: edge gave no answer for 5 s');
    expect([units[0]?.words[0], counts.unverified]).toEqual(['terminate', 1]);
  });

  it('is taken out when it has crashed, before the next one is let in under its name', async () => {
    const { clock, gate, instance, units } = await stage();
    await clock.advance(1500);
    units[0]?.crash();
    await clock.advance(50);
    expect([instance.state, gate.inside.size, gate.asked.at(-1)]).toEqual(['waiting', 0, 'withdraw api-1 0']);
    await clock.advance(2000);
    expect(gate.asked).toEqual(['admit api-1', 'withdraw api-1 0', 'admit api-1']);
    expect([instance.state, gate.inside.get('api-1')?.port]).toEqual(['ready', 8001]);
  });

  it('has no successor in the traffic before it is out of it, however long that takes', async () => {
    const { clock, gate, units } = await stage();
    await clock.advance(1500);
    gate.withdrawing = async () => {
      await sleep(clock, 8000);
      gate.asked.push('is out');
      return { kind: 'drained' };
    };
    units[0]?.crash();
    await clock.advance(12_000);
    expect(gate.asked).toEqual(['admit api-1', 'withdraw api-1 0', 'is out', 'admit api-1']);
  });

  it('is told to stop once, also where that and its start come at the same moment', async () => {
    const { clock, instance, units, begun } = await stage({ isHeld: true });
    begun.resolve();
    await Promise.resolve();
    void instance.drain();
    await clock.advance(2000);
    await instance.gone;
    expect(units[0]?.words.filter((word) => word === 'terminate')).toHaveLength(1);
  });

  it('that is killed while it drains is gone, and out of the traffic', async () => {
    const { clock, gate, instance, units } = await stage();
    await clock.advance(1500);
    gate.withdrawing = async () => {
      await sleep(clock, 2000);
      return { kind: 'drained' };
    };
    let isGone = false;
    void instance.drain().then(() => {
      isGone = true;
    });
    await clock.advance(500);
    units[0]?.crash();
    await clock.advance(1000);
    expect([isGone, units.length]).toEqual([false, 1]);
    await clock.advance(1000);
    expect([isGone, gate.inside.size, units.length]).toEqual([true, 0, 1]);
  });

  it('that is to go while it starts, never comes into the traffic', async () => {
    const { clock, gate, instance, units } = await stage({ startMs: 3000 });
    void instance.drain();
    await clock.advance(2900);
    expect(units).toEqual([]);
    await clock.advance(2000);
    await instance.gone;
    expect([gate.asked, units[0]?.words[0]]).toEqual([[], 'terminate']);
  });

  it('that is to go while it is being let in is taken out again', async () => {
    const { clock, gate, instance } = await stage();
    gate.admitting = hang;
    await clock.advance(1500);
    void instance.drain();
    await clock.advance(2000);
    await instance.gone;
    expect(gate.asked).toEqual(['admit api-1', 'withdraw api-1 5000']);
    expect(gate.inside.size).toBe(0);
  });
});
