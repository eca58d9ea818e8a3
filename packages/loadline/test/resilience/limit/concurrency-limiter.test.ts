import { createRandom, createVirtualClock } from 'loadline/base';
import {
  createConcurrencyLimiter,
  type LimiterOptions,
  type Place,
  type Priority,
} from 'loadline/resilience';
import { describe, expect, it } from 'vitest';
import { createHandClock, type Model, type Second, simulate } from './queueing-model.ts';

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;
const doneASecond = (seconds: readonly Second[]): number => meanOf(seconds.map(({ done }) => done));
const latencyMsP95 = (seconds: readonly Second[]): number => {
  const sorted = seconds.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] as number;
};

function run(
  model: Omit<Model, 'random'>,
  seconds: number,
  seed: number,
  options: LimiterOptions = {},
): Promise<Second[]> {
  const clock = createHandClock();
  const limiter = createConcurrencyLimiter({ ...options, clock });
  return simulate({ ...model, random: createRandom(seed) }, { seconds, clock, limiter });
}

const seeds = [1, 2, 3];

describe('a limiter that finds its own limit', () => {
  // Exponential service of 20 ms: alone, 95 in 100 take less than 60 ms.
  const alone = { p95: 60 };

  it.each([
    [4, 200],
    [16, 800],
    [64, 3200],
  ])('keeps %i servers busy at twice their load, and requests quick', async (servers, capacity) => {
    for (const seed of seeds) {
      const model = { servers, serviceMsAt: () => 20, ratePerSecondAt: () => capacity * 2 };
      const settled = (await run(model, 60, seed)).slice(20);
      expect(doneASecond(settled), `seed ${seed}`).toBeGreaterThan(capacity * 0.9);
      expect(latencyMsP95(settled), `seed ${seed}`).toBeLessThan(alone.p95 * 3);
    }
  });

  it('sheds next to nothing at three quarters of the load', async () => {
    for (const seed of seeds) {
      const model = { servers: 16, serviceMsAt: () => 20, ratePerSecondAt: () => 600 };
      const settled = (await run(model, 60, seed)).slice(20);
      const shed = meanOf(settled.map((second) => second.shed.critical / second.offered.critical));
      expect(shed, `seed ${seed}`).toBeLessThan(0.01);
    }
  });

  it('follows a service that has become slower, and one that is quick again', async () => {
    for (const seed of seeds) {
      const serviceMsAt = (nowMs: number): number => (nowMs > 60_000 && nowMs < 120_000 ? 60 : 20);
      const model = { servers: 16, serviceMsAt, ratePerSecondAt: () => 1600 };
      const seconds = await run(model, 180, seed);
      const slow = seconds.slice(80, 120);
      expect(doneASecond(slow), `seed ${seed}`).toBeGreaterThan((800 / 3) * 0.85);
      expect(latencyMsP95(slow), `seed ${seed}`).toBeLessThan(180 * 3);
      const again = seconds.slice(140);
      expect(doneASecond(again), `seed ${seed}`).toBeGreaterThan(800 * 0.9);
      expect(latencyMsP95(again), `seed ${seed}`).toBeLessThan(alone.p95 * 3);
    }
  });

  it('notices at once that what has become slower does not wait', async () => {
    for (const seed of seeds) {
      const serviceMsAt = (nowMs: number): number => (nowMs > 30_000 ? 100 : 20);
      const model = { servers: 32, serviceMsAt, ratePerSecondAt: () => 3200 };
      // Not because it was measured anew meanwhile.
      const seconds = await run(model, 60, seed, { measureEveryMs: 3_600_000 });
      expect(doneASecond(seconds.slice(45)), `seed ${seed}`).toBeGreaterThan(320 * 0.85);
    }
  });

  it('is back within seconds after a spike of ten times the load', async () => {
    for (const seed of seeds) {
      const ratePerSecondAt = (nowMs: number): number => (nowMs > 30_000 && nowMs < 60_000 ? 8000 : 600);
      const seconds = await run({ servers: 16, serviceMsAt: () => 20, ratePerSecondAt }, 90, seed);
      expect(doneASecond(seconds.slice(35, 60)), `seed ${seed}`).toBeGreaterThan(800 * 0.9);
      const after = seconds.slice(63);
      expect(latencyMsP95(after), `seed ${seed}`).toBeLessThan(alone.p95 * 2);
      expect(meanOf(after.map(({ shed }) => shed.critical)), `seed ${seed}`).toBeLessThan(10);
    }
  });

  it('does not drift away under an overload of many minutes', async () => {
    const model = { servers: 8, serviceMsAt: () => 20, ratePerSecondAt: () => 1200 };
    const seconds = await run(model, 600, 7);
    expect(latencyMsP95(seconds.slice(540))).toBeLessThan(alone.p95 * 3);
    expect(doneASecond(seconds.slice(540))).toBeGreaterThan(400 * 0.9);
  });

  it('sheds what matters least first', async () => {
    const priorities: readonly Priority[] = ['critical', 'normal', 'low'];
    const model = {
      servers: 16,
      serviceMsAt: () => 20,
      ratePerSecondAt: () => 1200,
      priorityOf: (random: () => number) => priorities[Math.floor(random() * 3)] as Priority,
    };
    for (const seed of seeds) {
      const settled = (await run(model, 60, seed)).slice(20);
      const shedShare = (priority: Priority): number =>
        meanOf(settled.map(({ shed, offered }) => shed[priority] / offered[priority]));
      expect(shedShare('critical'), `seed ${seed}`).toBeLessThan(0.1);
      expect(shedShare('low'), `seed ${seed}`).toBeGreaterThan(0.6);
      expect(shedShare('normal'), `seed ${seed}`).toBeLessThan(shedShare('low'));
    }
  });

  it('shrinks when requests are given up, and heeds nothing of those whose client went away', async () => {
    const clock = createHandClock();
    const limiter = createConcurrencyLimiter({ clock, limitFirst: 150 });
    const window = (how: 'overdue' | 'unknown'): void => {
      const places = Array.from({ length: 120 }, () => limiter.enter('critical'));
      clock.nowMs += 200;
      for (const place of places) place?.leave(how);
    };
    window('unknown');
    expect(limiter.limit).toBe(150);
    window('overdue');
    expect([limiter.limit, limiter.inFlight]).toEqual([105, 0]);
  });

  it('is not shrunk by clients that would not wait, but by those that waited for longer than it takes', async () => {
    const clock = createHandClock();
    const limiter = createConcurrencyLimiter({ clock, limitFirst: 150 });
    const window = (how: 'done' | 'given up', tookMs: number): void => {
      const places = Array.from({ length: 120 }, () => limiter.enter('critical'));
      clock.nowMs += tookMs;
      for (const place of places) place?.leave(how);
    };
    window('given up', 200);
    window('done', 200);
    const { limit } = limiter;
    window('given up', 250);
    expect(limiter.limit).toBe(limit);
    window('given up', 301);
    expect(limiter.limit).toBeLessThan(limit);
  });

  it('lets wait whom it has no place for, as long as they may, in the order of what matters', async () => {
    const clock = createVirtualClock();
    const limits = { limitMin: 1, limitMax: 1, limitFirst: 1 };
    const limiter = createConcurrencyLimiter({ ...limits, clock, queueMax: 3, queueTimeoutMs: 50 });
    const first = limiter.enterOrWait('low') as Place;
    const told: string[] = [];
    const ask = (priority: Priority, waitMsMax?: number): void => {
      void (limiter.enterOrWait(priority, waitMsMax) as Promise<Place | undefined>).then((place) => {
        told.push(`${priority} ${place === undefined ? 'turned away' : 'let in'}`);
        place?.leave('done');
      });
    };
    ask('normal', 20);
    ask('low');
    ask('critical');
    ask('low');
    expect([limiter.waiting, limiter.enter('critical')]).toEqual([3, undefined]);
    await clock.advance(40);
    expect(told).toEqual(['low turned away', 'normal turned away']);
    first.leave('done');
    await clock.advance(0);
    expect(told.slice(2)).toEqual(['critical let in', 'low let in']);
    expect([limiter.waiting, limiter.inFlight]).toEqual([0, 0]);
    limiter.enterOrWait('low');
    ask('low');
    await clock.advance(70);
    expect(told.slice(4)).toEqual(['low turned away']);
    expect(limiter.waiting).toBe(0);
  });

  it('lets bursts wait for a moment, and is as quick in an overload as without a queue', async () => {
    const queue = { queueMax: 100, queueTimeoutMs: 50 };
    const shedOf = (settled: readonly Second[]): number =>
      meanOf(settled.map(({ shed, offered }) => shed.critical / offered.critical));
    for (const seed of seeds) {
      const busy = { servers: 16, serviceMsAt: () => 20, ratePerSecondAt: () => 720 };
      const [without = [], queued = []] = [
        (await run(busy, 40, seed)).slice(10),
        (await run(busy, 40, seed, queue)).slice(10),
      ];
      expect(shedOf(queued), `seed ${seed}`).toBeLessThan(shedOf(without) / 2);
      const overload = { ...busy, ratePerSecondAt: () => 1600 };
      const settled = (await run(overload, 40, seed, queue)).slice(10);
      expect(doneASecond(settled), `seed ${seed}`).toBeGreaterThan(800 * 0.9);
      // Those who are served are the newest: they have hardly waited.
      expect(latencyMsP95(settled), `seed ${seed}`).toBeLessThan(alone.p95 * 1.6);
    }
  });

  it('refuses limits that cannot be', async () => {
    expect(() => createConcurrencyLimiter({ limitMin: 10, limitMax: 5, tolerance: 1, queueMax: -1 })).toThrow(
      expect.objectContaining({
        code: 'RESILIENCE_OPTIONS_INVALID',
        message: expect.stringMatching(/limitMax.*tolerance.*queueMax/),
      }),
    );
  });
});
