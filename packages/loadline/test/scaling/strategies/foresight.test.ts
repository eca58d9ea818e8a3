import { type Foreseen, RollingForecast, sizeInstances } from 'loadline/capacity';
import {
  type Decision,
  decide,
  type Foresight,
  type Observation,
  parseScalingPolicy,
  type ScalingPolicy,
  type ScalingStep,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { spanOf } from '../../../src/scaling/decision-span.ts';
import { eventOf, stepOf } from '../../../src/scaling/event.ts';
import { minuteMs, noonMs } from '../policies.ts';

const hourMs = 60 * minuteMs;

function policyOf(written: object): ScalingPolicy {
  const parsed = parseScalingPolicy({ replicas: { min: 1, max: 100 }, ...written });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

interface Scene extends Partial<Observation> {
  readonly foresight?: Foresight;
  readonly history?: readonly ScalingStep[];
}

/** What is decided for so many requests a second in all. */
function decideOn(written: object, ratePerSecond: number, scene: Scene = {}): Decision {
  const { foresight, history = [], atMs = noonMs, wanted = 4, ...others } = scene;
  const configuration = {
    group: 'api',
    version: 1,
    policy: policyOf(written),
    changedBy: 'ada',
    changedAtMs: 0,
  };
  const standing = {
    configuration,
    manual: undefined,
    history,
    recommendations: [],
    ...(foresight === undefined ? {} : { foresight }),
  };
  const readings = { ratePerSecond: { value: ratePerSecond / wanted, atMs } };
  return decide(standing, { atMs, wanted, ready: wanted, starting: 0, stopping: 0, readings, ...others });
}

const sizing = { latency: '250ms', service: '50ms', concurrency: 2 };
const enoughFor = (ratePerSecond: number, serviceMs = 50): number => {
  const aim = { ratePerSecond, serviceMs, concurrency: 2, quantile: 0.95, latencyMs: 250 };
  const found = sizeInstances(aim);
  return found.kind === 'enough' ? found.instances : Number.NaN;
};

describe('a sizing rule', () => {
  it('takes as many as hold the response time, at once, in both directions', () => {
    const more = decideOn({ sizing }, 600);
    expect(more).toMatchObject({ action: 'scale out', to: enoughFor(600) });
    expect(more.reason).toContain(`for which ${enoughFor(600)} hold p95 within 250 ms`);
    expect(decideOn({ sizing }, 600, { wanted: 40 })).toMatchObject({
      action: 'scale in',
      to: enoughFor(600),
    });
  });

  it('goes by the service time that is measured, and by its own where none is', () => {
    const readings = { ratePerSecond: { value: 150, atMs: noonMs }, serviceMs: { value: 80, atMs: noonMs } };
    expect(decideOn({ sizing }, 600, { readings }).to).toBe(enoughFor(600, 80));
    const { service: _, ...unknown } = sizing;
    expect(decideOn({ sizing: unknown }, 600, { readings }).to).toBe(enoughFor(600, 80));
    const blind = decideOn({ sizing: unknown }, 600);
    expect(blind).toMatchObject({ action: 'hold', bound: { kind: 'blind' } });
    expect(blind.reason).toContain('tells nothing without a service time, which was not measured;');
    const failed = { ...readings, serviceMs: { because: 'Prometheus answered 503 to worked' } };
    expect(decideOn({ sizing: unknown }, 600, { readings: failed }).reason).toContain(
      'a service time, which was not measured: Prometheus answered 503 to worked;',
    );
  });

  it('says so where no number of instances holds it', () => {
    const readings = { ratePerSecond: { value: 1, atMs: noonMs }, serviceMs: { value: 200, atMs: noonMs } };
    const { action, reason } = decideOn({ sizing }, 4, { readings });
    expect(action).toBe('hold');
    expect(reason).toContain('cannot be held: served at once, a request takes 599 ms, above 250 ms');
  });

  it('leaves a small surplus alone, within its tolerance', () => {
    const wanted = enoughFor(600) + 1;
    expect(decideOn({ sizing: { ...sizing, scaleInTolerance: 0.2 } }, 600, { wanted }).action).toBe('hold');
    expect(decideOn({ sizing: { ...sizing, scaleInTolerance: 0 } }, 600, { wanted }).action).toBe('scale in');
  });

  it('provides for more than it sees, by its headroom', () => {
    expect(decideOn({ sizing: { ...sizing, headroom: 0.25 } }, 600).to).toBe(enoughFor(750));
  });

  it('tells with which rates it would have stayed', () => {
    const { proposals } = decideOn({ sizing }, 600, { wanted: enoughFor(600) });
    const [{ scaleOutAbove = 0, scaleInBelow = 0 } = {}] = proposals;
    const each = enoughFor(600);
    expect(enoughFor(scaleOutAbove * each * 0.999)).toBe(each);
    expect(enoughFor(scaleOutAbove * each * 1.001)).toBe(each + 1);
    expect(scaleInBelow).toBeLessThan(scaleOutAbove);
  });
});

/** Foresees this from a time on, and little before. */
function foresees(demand: number, fromMs: number): Foresight {
  const at = (atMs: number): Foreseen => ({
    expected: atMs >= fromMs ? demand : 10,
    quantile: (share) => (atMs >= fromMs ? demand * (0.5 + share) : 10),
  });
  return { startMs: 2 * minuteMs, forecasts: { ratePerSecond: { at, verdict: undefined } } };
}

const target = { metrics: { ratePerSecond: { target: 50 } } };
const forecast = { ratePerSecond: { target: 50, quantile: 0.9, margin: '1m' } };

describe('a forecast rule', () => {
  it('starts instances so much ahead as a start takes, and a margin', () => {
    const rules = { ...target, forecast };
    const peakMs = noonMs + 10 * minuteMs;
    const before = decideOn(rules, 200, { foresight: foresees(700, peakMs) });
    expect(before).toMatchObject({ action: 'hold', to: 4 });
    const inTime = decideOn(rules, 200, { foresight: foresees(700, peakMs), atMs: peakMs - 3 * minuteMs });
    // Nine in ten is 1.4 times what is expected.
    expect(inTime).toMatchObject({ action: 'scale out', to: Math.ceil((700 * 1.4) / 50) });
    expect(inTime.reason).toContain('will be at most 980/s within 3 m, 90 % sure, which takes 20');
  });

  it('keeps no threshold of the same metric from asking for more, and goes on beside its cooldown', () => {
    const rules = { metrics: { ratePerSecond: { scaleOutAbove: 80, scaleOutCooldown: '3m' } }, forecast };
    const beforehand = decideOn(rules, 280, { foresight: foresees(200, 0) });
    expect(beforehand).toMatchObject({ action: 'scale out', from: 4, to: 6 });
    // It had asked for nothing; half a minute later far more comes than was foreseen.
    const scene = { atMs: noonMs + minuteMs / 2, wanted: 6, foresight: foresees(200, 0) };
    const emergency = decideOn(rules, 900, { ...scene, history: [stepOf(beforehand)] });
    expect(emergency).toMatchObject({ action: 'scale out', to: 7 });
    const later = { ...scene, wanted: 7, history: [stepOf(beforehand), stepOf(emergency)] };
    expect(decideOn(rules, 900, later)).toMatchObject({ action: 'hold', bound: { kind: 'cooldown' } });
    expect(decideOn(rules, 900, { ...later, foresight: foresees(400, 0) })).toMatchObject({ to: 12 });
  });

  it('keeps a threshold waiting no longer, however often it asks itself meanwhile', () => {
    const rules = { metrics: { ratePerSecond: { scaleOutAbove: 80, scaleOutCooldown: '3m' } }, forecast };
    const askers = ['threshold ratePerSecond', 'forecast ratePerSecond'] as const;
    // The threshold was above its limit all the time, and its wish counted with the first step alone.
    const history = [0, 1, 2].map((at) => ({
      ...{ atMs: noonMs + at * minuteMs, from: 4 + at, to: 5 + at },
      askers,
    }));
    const scene = { wanted: 7, foresight: foresees(200, 0), history };
    const at = (ms: number): Decision => decideOn(rules, 900, { ...scene, atMs: noonMs + ms });
    expect(at(3 * minuteMs - 1)).toMatchObject({
      action: 'hold',
      bound: { kind: 'cooldown', untilMs: noonMs + 3 * minuteMs },
    });
    expect(at(3 * minuteMs)).toMatchObject({ action: 'scale out', to: 8 });
    // Its own step then counts.
    const own = [...history, { atMs: noonMs + 3 * minuteMs, from: 7, to: 8, askers }];
    expect(
      decideOn(rules, 900, { ...scene, wanted: 8, history: own, atMs: noonMs + 5 * minuteMs }),
    ).toMatchObject({
      action: 'hold',
      bound: { untilMs: noonMs + 6 * minuteMs },
    });
  });

  it('is what is told to have triggered its step, not a threshold of the same metric that was content', () => {
    const rules = { metrics: { ratePerSecond: { scaleOutAbove: 80 } }, forecast };
    const beforehand = decideOn(rules, 280, { foresight: foresees(200, 0) });
    expect(eventOf(beforehand, { kind: 'accepted' }).trigger).toMatchObject({
      metric: 'ratePerSecond',
      value: beforehand.proposals.find(({ kind }) => kind === 'forecast')?.seen,
    });
  });

  it('is not told for what was measured, where another rule sees the same metric', () => {
    const rules = { metrics: { ratePerSecond: { scaleOutAbove: 80 } }, forecast };
    const decision = decideOn(rules, 280, { foresight: foresees(200, 0) });
    const fleet = { kind: 'seen', wanted: 4, ready: 4, starting: 0, stopping: 0, instances: [] } as const;
    const rest = { outcome: undefined, unread: undefined };
    const { seen } = spanOf('api', { kind: 'decided', atMs: noonMs, fleet, decision, ...rest });
    expect(seen).toEqual({ ratePerSecond: [70, 70] });
  });

  it('takes nothing away by itself, however little is foreseen', () => {
    const foresight = foresees(0.1, 0);
    expect(decideOn({ ...target, forecast }, 200, { foresight })).toMatchObject({ action: 'hold', to: 4 });
    expect(decideOn({ ...target, forecast }, 60, { foresight })).toMatchObject({ action: 'scale in', to: 2 });
  });

  it('keeps what will be needed soon', () => {
    const foresight = foresees(100, 0);
    const { to, bound } = decideOn({ ...target, forecast }, 20, { foresight, wanted: 8 });
    expect(to).toBe(3);
    expect(bound).toMatchObject({ kind: 'floor', metric: 'ratePerSecond', replicas: 3 });
  });

  it('sizes what it foresees by queueing, where the policy does', () => {
    const rules = { sizing, forecast: { ratePerSecond: { quantile: 0.5 } } };
    expect(decideOn(rules, 100, { foresight: foresees(900, 0) }).to).toBe(enoughFor(900));
  });

  it('leaves it to the others while it knows too little', () => {
    const unknown = { startMs: minuteMs, forecasts: { ratePerSecond: new RollingForecast() } };
    for (const foresight of [unknown, { forecasts: foresees(900, 0).forecasts ?? {} }, {}]) {
      expect(decideOn({ ...target, forecast }, 50, { foresight, wanted: 2 })).toMatchObject({
        action: 'scale in',
        to: 1,
      });
    }
  });

  it('makes its forecast of the past, where that is what it is given', () => {
    const values = Array.from({ length: 288 * 7 }, (_, at) => 500 - 400 * Math.cos((2 * Math.PI * at) / 288));
    const series = { ratePerSecond: { startMs: noonMs - 7 * 24 * hourMs, stepMs: 5 * minuteMs, values } };
    // It ends as each day begins, at 100; an hour later it was 113 every day.
    const rules = { ...target, forecast: { ratePerSecond: { target: 50, lead: '55m', margin: '5m' } } };
    expect(decideOn(rules, 100, { wanted: 2, foresight: { series } }).to).toBe(3);
  });
});

describe('a calendar rule', () => {
  const rules = {
    ...target,
    calendar: {
      timeZone: 'Europe/London',
      events: [{ name: 'wedding Saturdays', every: 'saturday', in: 'june', from: '13:30', to: '23:00' }],
      floors: { 'wedding Saturdays': { replicas: 12, lead: '45m' } },
    },
  };
  // The noon of these tests is 13:00 in London, on a Saturday in June.

  it('holds its floor beforehand, and until the end', () => {
    const floored = decideOn(rules, 100, { wanted: 4 });
    expect(floored).toMatchObject({ action: 'scale out', to: 12 });
    expect(floored.reason).toContain('holds at least 12 for wedding Saturdays, which begins in 30 m');
    expect(decideOn(rules, 100, { wanted: 15 })).toMatchObject({ action: 'scale in', to: 12 });
    const lateMs = noonMs + 9.9 * hourMs;
    expect(decideOn(rules, 100, { wanted: 12, atMs: lateMs })).toMatchObject({ action: 'hold', to: 12 });
  });

  it('is of no weight at other times', () => {
    expect(decideOn(rules, 100, { wanted: 4, atMs: noonMs - hourMs })).toMatchObject({ to: 2 });
    expect(decideOn(rules, 100, { wanted: 4, atMs: noonMs + 10.1 * hourMs })).toMatchObject({ to: 2 });
  });
});
