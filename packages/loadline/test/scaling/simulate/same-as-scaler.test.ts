import { createVirtualClock } from 'loadline/base';
import { createScalingMemory, createSimulatedDriver, openScaler, parseScalingPolicy } from 'loadline/scaling';
import { simulate } from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';

const intervalMs = 15_000;
const startMs = Date.UTC(2026, 5, 6, 12);
const written = {
  replicas: { min: 1, max: 40 },
  scaleIn: { stabilization: '3m', cooldown: '2m', limits: [{ percent: 50, within: '1m' }] },
  scaleOut: {
    limits: [
      { instances: 3, within: '1m' },
      { percent: 100, within: '1m' },
    ],
  },
  sizing: { latency: '250ms', service: '50ms', concurrency: 8 },
};
const service = {
  serviceMs: 50,
  serviceVariability: 1,
  arrivalVariability: 1,
  concurrency: 8,
  startMs: 45_000,
  target: { quantile: 0.95, latencyMs: 250 },
  timeoutMs: 30_000,
};
/** Up, a plateau, a burst, down. */
const rates = Float64Array.from({ length: 240 }, (_, step) => {
  const slope = 300 + 900 * Math.max(0, Math.sin((Math.PI * step) / 200));
  return step > 120 && step < 132 ? slope * 2 : slope;
});

/** How many are wanted after each decision of a real scaler, on a driver that simulates, in virtual time. */
async function wantedByScaler(instances: number): Promise<number[]> {
  const clock = createVirtualClock(startMs);
  const driver = createSimulatedDriver({
    clock,
    groups: { api: instances },
    startMs: service.startMs,
    stopMs: 0,
  });
  const { signal } = new AbortController();
  const stepNow = (): number => Math.round((clock.now() - startMs) / intervalMs) - 1;
  const readings = {
    read: async () => {
      const fleet = await driver.observe('api', signal);
      const ready = fleet.kind === 'seen' ? fleet.ready : 0;
      return {
        ratePerSecond: { value: (rates[stepNow()] as number) / Math.max(1, ready), atMs: clock.now() },
      };
    },
  };
  await using scaler = await openScaler({
    clock,
    driver,
    readings,
    memory: createScalingMemory(),
    intervalMs: 100_000_000,
  });
  const wanted: number[] = [];
  for (let step = 0; step < rates.length; step++) {
    await clock.advance(intervalMs);
    if (step === 0) await scaler.configure('api', { policy: written, changedBy: 'ada' });
    const round = await scaler.round('api');
    if (round.kind === 'decided') wanted.push(round.decision.to);
  }
  return wanted;
}

describe('a simulation', () => {
  it('decides as a scaler would have, step by step', async () => {
    const parsed = parseScalingPolicy(written);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const trace = { name: 'a trace', startMs, stepMs: intervalMs, ratesPerSecond: rates };
    const { course, scaleOuts, scaleIns } = simulate(parsed.value, { trace, service, instances: 2 });
    const wanted = await wantedByScaler(2);
    // What is there in a step is what was wanted after the one before.
    expect(course.slice(1).map(({ instances }) => instances)).toEqual(wanted.slice(0, -1));
    expect(scaleOuts).toBeGreaterThan(5);
    expect(scaleIns).toBeGreaterThan(5);
  });
});
