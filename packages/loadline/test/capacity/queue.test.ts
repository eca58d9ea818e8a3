import fc from 'fast-check';
import { createRandom, exponential, type Random } from 'loadline/base';
import {
  erlangB,
  erlangC,
  type Queue,
  rateWithin,
  responseExceeds,
  responseMsAt,
  sizeInstances,
  waitingMsMean,
} from 'loadline/capacity';
import { describe, expect, it } from 'vitest';
import { type Simulated, simulateQueue } from './queue-simulation.ts';

/** The recursion upwards that every textbook has. */
function erlangBUpwards(servers: number, load: number): number {
  let blocked = 1;
  for (let each = 1; each <= servers; each++) blocked = (load * blocked) / (each + load * blocked);
  return blocked;
}

describe('erlangB()', () => {
  // Traffic tables give the load at which so many servers turn away one in a hundred, or one in a thousand.
  it.each([
    [1, 0.0101, 0.01],
    [10, 4.46, 0.01],
    [20, 12.03, 0.01],
    [50, 37.9, 0.01],
    [100, 84.06, 0.01],
    [10, 3.09, 0.001],
    [20, 9.41, 0.001],
    [100, 75.24, 0.001],
  ])('agrees with the tables for %i servers at %f', (servers, load, expected) => {
    expect(erlangB(servers, load) / expected).toBeCloseTo(1, 1);
  });

  it('agrees with the recursion, for up to thousands of servers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (servers, ratio) => {
          const expected = erlangBUpwards(servers, servers * ratio);
          expect(Math.abs(erlangB(servers, servers * ratio) - expected)).toBeLessThan(
            1e-9 * expected + 1e-300,
          );
        },
      ),
    );
  });

  it('stays a share where numbers overflow', () => {
    expect(erlangB(10_000, 1)).toBe(0);
    expect(erlangB(100_000, 99_000)).toBeGreaterThan(0);
    expect(erlangB(0, 5)).toBe(1);
    expect(erlangB(5, 0)).toBe(0);
  });
});

describe('erlangC()', () => {
  it('is the load itself for one server, and a third for two at half', () => {
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12);
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12);
  });

  it('grows with the load and falls with servers, from 0 to 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (servers, at) => {
          const load = servers * at;
          const here = erlangC(servers, load);
          expect(here).toBeGreaterThanOrEqual(0);
          expect(here).toBeLessThanOrEqual(1);
          expect(erlangC(servers + 1, load)).toBeLessThanOrEqual(here + 1e-12);
          expect(erlangC(servers, load * 1.01)).toBeGreaterThanOrEqual(here - 1e-12);
        },
      ),
    );
  });

  it('is 1 where more comes than can be done', () => {
    expect(erlangC(4, 4)).toBe(1);
    expect(erlangC(4, 9)).toBe(1);
  });
});

/** Requests a second for a busy share. */
const rateFor = (servers: number, serviceMs: number, busy: number): number =>
  (busy * servers * 1000) / serviceMs;

describe('a queue against its simulation', () => {
  const serviceMs = 20;

  function simulate(
    servers: number,
    busy: number,
    service: (random: Random) => number,
    seed: string,
  ): Simulated {
    const random = createRandom(seed);
    const gapMs = 1000 / rateFor(servers, serviceMs, busy);
    return simulateQueue({
      servers,
      requests: 300_000,
      random,
      gap: () => exponential(random, gapMs),
      service: () => service(random),
    });
  }

  it.each([
    [1, 0.7],
    [4, 0.85],
    [16, 0.9],
  ])('is exact where service is exponential: %i servers, %f busy', (servers, busy) => {
    const seen = simulate(
      servers,
      busy,
      (random) => exponential(random, serviceMs),
      `exponential ${servers}`,
    );
    const queue: Queue = { servers, serviceMs, ratePerSecond: rateFor(servers, serviceMs, busy) };
    expect(erlangC(servers, servers * busy) / seen.waitedRatio).toBeCloseTo(1, 1);
    expect(Math.abs(waitingMsMean(queue) / seen.waitingMsMean - 1)).toBeLessThan(0.08);
    for (const quantile of [0.5, 0.95, 0.99]) {
      const measured = seen.responseMs[Math.floor(quantile * seen.responseMs.length)] as number;
      expect(Math.abs(responseMsAt(queue, quantile) / measured - 1)).toBeLessThan(0.06);
    }
  });

  // One exponential kind of service in ten takes ten times as long: its squared variation is 2 · 0.1 · … − 1.
  const mixed = { often: 0.9, shortMs: serviceMs / 1.9, longMs: (10 * serviceMs) / 1.9 };
  const mixedVariability =
    (2 * (mixed.often * mixed.shortMs ** 2 + (1 - mixed.often) * mixed.longMs ** 2)) / serviceMs ** 2 - 1;

  it.each([
    ['constant', 0, (): number => serviceMs],
    ['even', 1 / 3, (random: Random): number => 2 * serviceMs * random()],
    [
      'mixed',
      mixedVariability,
      (random: Random): number => exponential(random, random() < mixed.often ? mixed.shortMs : mixed.longMs),
    ],
  ] as const)('is near where service is %s', (name, serviceVariability, service) => {
    for (const [servers, busy] of [
      [1, 0.8],
      [8, 0.85],
    ] as const) {
      const seen = simulate(servers, busy, service, `${name} ${servers}`);
      const queue = {
        servers,
        serviceMs,
        ratePerSecond: rateFor(servers, serviceMs, busy),
        serviceVariability,
      };
      const measured = seen.responseMs[Math.floor(0.95 * seen.responseMs.length)] as number;
      expect(Math.abs(responseMsAt(queue, 0.95) / measured - 1)).toBeLessThan(0.15);
      expect(Math.abs(waitingMsMean(queue) / seen.waitingMsMean - 1)).toBeLessThan(0.2);
    }
  });
});

const queues: fc.Arbitrary<Queue> = fc.record({
  servers: fc.integer({ min: 1, max: 500 }),
  ratePerSecond: fc.double({ min: 0, max: 5000, noNaN: true }),
  serviceMs: fc.double({ min: 0.1, max: 1000, noNaN: true }),
  serviceVariability: fc.double({ min: 0, max: 20, noNaN: true }),
  arrivalVariability: fc.double({ min: 0, max: 20, noNaN: true }),
});

describe('responseMsAt()', () => {
  it('is where the tail has just fallen to the rest', () => {
    fc.assert(
      fc.property(queues, fc.constantFrom(0.5, 0.9, 0.95, 0.999), (queue, quantile) => {
        const latencyMs = responseMsAt(queue, quantile);
        if (latencyMs === Number.POSITIVE_INFINITY) return;
        expect(responseExceeds(queue, latencyMs)).toBeLessThanOrEqual(1 - quantile);
        expect(responseExceeds(queue, latencyMs * 0.999)).toBeGreaterThanOrEqual((1 - quantile) * (1 - 1e-6));
      }),
    );
  });

  it('is the service time itself where nothing varies', () => {
    const even = {
      servers: 4,
      ratePerSecond: 100,
      serviceMs: 10,
      serviceVariability: 0,
      arrivalVariability: 0,
    };
    expect(responseMsAt(even, 0.95)).toBeCloseTo(10, 6);
    expect(responseExceeds(even, 10)).toBe(0);
    for (const arrivalVariability of [0, Number.MIN_VALUE, 1e-300])
      expect(responseExceeds({ ...even, arrivalVariability }, 11)).toBe(0);
  });

  it('is without end where more comes than can be done', () => {
    const queue = { servers: 2, ratePerSecond: 200, serviceMs: 10 };
    expect(responseMsAt(queue, 0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(responseExceeds(queue, 1e9)).toBe(1);
    expect(waitingMsMean(queue)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('sizeInstances()', () => {
  it('gives the fewest that hold the aim', () => {
    fc.assert(
      fc.property(queues, fc.integer({ min: 1, max: 32 }), (queue, concurrency) => {
        const aim = { ...queue, concurrency, quantile: 0.95, latencyMs: queue.serviceMs * 12 };
        const sizing = sizeInstances(aim);
        if (sizing.kind === 'never') {
          expect(responseMsAt({ ...queue, servers: 1e6 }, 0.95)).toBeGreaterThan(aim.latencyMs);
          return;
        }
        const tail = (instances: number): number =>
          responseExceeds({ ...queue, servers: instances * concurrency }, aim.latencyMs);
        expect(tail(sizing.instances)).toBeLessThanOrEqual(0.05 * (1 + 1e-6));
        if (sizing.instances > 1) expect(tail(sizing.instances - 1)).toBeGreaterThan(0.05 * (1 - 1e-6));
        expect(sizing.latencyMs).toBeLessThanOrEqual(aim.latencyMs * (1 + 1e-6));
        expect(sizing.busyRatio).toBeLessThan(1);
      }),
    );
  });

  it('needs a smaller share in reserve the larger it is', () => {
    const aim = { serviceMs: 50, concurrency: 1, quantile: 0.95, latencyMs: 250 };
    const busy = [10, 100, 1000, 10_000].map((ratePerSecond) => {
      const sizing = sizeInstances({ ...aim, ratePerSecond });
      return sizing.kind === 'enough' ? sizing.busyRatio : Number.NaN;
    });
    expect(busy).toEqual(busy.toSorted((a, b) => a - b));
    expect(busy[0]).toBeLessThan(0.5);
    expect(busy[3]).toBeGreaterThan(0.97);
  });

  it('says when no number of instances holds it', () => {
    const aim = { ratePerSecond: 10, serviceMs: 100, concurrency: 4, quantile: 0.95 };
    expect(sizeInstances({ ...aim, latencyMs: 200 })).toEqual({
      kind: 'never',
      because: 'served at once, it takes 300 ms, above 200 ms',
    });
    expect(sizeInstances({ ...aim, latencyMs: 500, ratePerSecond: 1e6 })).toEqual({
      kind: 'never',
      because: 'it takes more than 10000 instances',
    });
  });
});

describe('rateWithin()', () => {
  it('is the most with which the aim is held', () => {
    const queue = { servers: 12, serviceMs: 40 };
    const most = rateWithin(queue, 0.95, 200);
    expect(responseMsAt({ ...queue, ratePerSecond: most * 0.999 }, 0.95)).toBeLessThan(200);
    expect(responseMsAt({ ...queue, ratePerSecond: most * 1.001 }, 0.95)).toBeGreaterThan(200);
    expect(rateWithin(queue, 0.95, 30)).toBe(0);
  });
});
