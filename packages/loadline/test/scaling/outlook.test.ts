import { createVirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  openScaler,
  type Readings,
  type ReadingsPort,
  type SeriesByMetric,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const noonMs = Date.UTC(2026, 0, 15, 12);

/** Two weeks at ten minutes each: 100/s at night, 900/s from noon to midnight. */
function past(): SeriesByMetric {
  const stepMs = 10 * minuteMs;
  const startMs = noonMs - 14 * dayMs;
  const count = (14 * dayMs - 10 * minuteMs) / stepMs;
  const values = Array.from({ length: count }, (_, at) =>
    (startMs + at * stepMs) % dayMs < dayMs / 2 ? 100 : 900,
  );
  return { ratePerSecond: { startMs, stepMs, values } };
}

async function start(forecast: object, history: NonNullable<ReadingsPort['history']>) {
  const clock = createVirtualClock(noonMs - 10 * minuteMs);
  const driver = createSimulatedDriver({ clock, groups: { api: 2 }, startMs: 20_000 });
  const asked: string[] = [];
  const scaler = await openScaler({
    clock,
    driver,
    memory: createScalingMemory(),
    readings: {
      async read(): Promise<Readings> {
        return {
          ratePerSecond: { value: 50, atMs: clock.now() },
          cpuRatio: { value: 0.6, atMs: clock.now() },
        };
      },
      history(group, metrics, signal) {
        asked.push(metrics.map(({ metric }) => metric).join());
        return history(group, metrics, signal);
      },
    },
  });
  await scaler.configure('api', {
    changedBy: 'ada',
    policy: { replicas: { min: 2, max: 20 }, metrics: { cpuRatio: { target: 0.6 } }, forecast },
  });
  await clock.advance(0);
  return { clock, scaler, asked };
}

describe("a scaler's outlook", () => {
  it('scales ahead by the past that its source has, read once', async () => {
    const { clock, scaler, asked } = await start(
      { ratePerSecond: { target: 100, lead: '15m', margin: 0 } },
      async () => past(),
    );
    await clock.advance(5 * minuteMs);
    expect(scaler.status('api').last).toMatchObject({ fleet: { wanted: 9 } });
    const steps = await scaler.history({ group: 'api', limit: 10 });
    expect(steps[0]?.reason).toMatch(/ratePerSecond will be at most 9\d\d\/s within 15 m/);
    await clock.advance(60 * minuteMs);
    expect(asked).toEqual(['ratePerSecond']);
    await scaler.close();
  });

  it('looks further ahead as soon as its policy does, by what it knows already', async () => {
    const forecast = (lead: string) => ({ ratePerSecond: { target: 100, lead, margin: 0 } });
    const { clock, scaler, asked } = await start(forecast('1m'), async () => past());
    await clock.advance(minuteMs);
    const policy = { replicas: { min: 2, max: 20 }, metrics: { cpuRatio: { target: 0.6 } } };
    await scaler.configure('api', { changedBy: 'ada', policy: { ...policy, forecast: forecast('90m') } });
    await clock.advance(5 * minuteMs);
    const { last } = scaler.status('api');
    const proposals = last?.kind === 'decided' ? last.decision.proposals : [];
    expect(proposals.find(({ kind }) => kind === 'forecast')?.because).toMatch(
      /^will be at most [89]\d\d\/s within 1 h 30 m/,
    );
    expect(asked).toEqual(['ratePerSecond']);
    await scaler.close();
  });

  it('takes for its lead as long as starts have taken', async () => {
    const { clock, scaler } = await start({ ratePerSecond: { target: 100, margin: 0 } }, async () => past());
    await clock.advance(15_000);
    const because = () => {
      const { last } = scaler.status('api');
      const proposals = last?.kind === 'decided' ? last.decision.proposals : [];
      return proposals.find(({ kind }) => kind === 'forecast')?.because;
    };
    expect(because()).toContain('how long a start takes was not measured yet');
    await scaler.scaleManually('api', { replicas: 3, forMs: 15_000, setBy: 'ada', reason: 'a test' });
    await clock.advance(45_000);
    expect(because()).toContain('within 20 s');
    await scaler.close();
  });

  it('goes on without a past that cannot be had, counts it, and asks again later', async () => {
    const { clock, scaler, asked } = await start({ ratePerSecond: { target: 100, lead: '15m' } }, () =>
      Promise.reject(new Error('no database')),
    );
    expect(scaler.status('api')).toMatchObject({
      last: { kind: 'decided', unread: 'the source of the past failed: no database' },
      counts: { unread: 1 },
    });
    await clock.advance(4 * minuteMs);
    expect(asked).toHaveLength(1);
    await clock.advance(2 * minuteMs);
    expect(asked).toHaveLength(2);
    await scaler.close();
  });
});
