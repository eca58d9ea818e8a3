import fc from 'fast-check';
import { parseScalingPolicy, type ScalingPolicy } from 'loadline/scaling';
import {
  type SimulatedService,
  type SimulationResult,
  simulate,
  type Trace,
} from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 5, 6, 12);

/** Ten requests at once of 50 ms each are 200 a second; most of that is carried within 250 ms. */
const service: SimulatedService = {
  serviceMs: 50,
  serviceVariability: 1,
  arrivalVariability: 1,
  concurrency: 10,
  startMs: 2 * minuteMs,
  target: { quantile: 0.95, latencyMs: 250 },
  timeoutMs: 10_000,
};

function traceOf(rates: readonly number[], stepMs = minuteMs): Trace {
  return { name: 'a trace', startMs, stepMs, ratesPerSecond: Float64Array.from(rates) };
}

/** So many minutes at each rate. */
function levels(...parts: readonly (readonly [minutes: number, rate: number])[]): Trace {
  return traceOf(parts.flatMap(([minutes, rate]) => Array.from({ length: minutes }, () => rate)));
}

function policyOf(written: object): ScalingPolicy {
  const parsed = parseScalingPolicy({ replicas: { min: 1, max: 50 }, ...written });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const fixed = (replicas: number): ScalingPolicy =>
  policyOf({ replicas: { min: replicas, max: replicas }, metrics: { cpuRatio: { target: 0.5 } } });
const sized = policyOf({ sizing: { latency: '250ms', service: '50ms', concurrency: 10 } });

function hpa(percent: number): ScalingPolicy {
  const parsed = parseScalingPolicy({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      minReplicas: 1,
      maxReplicas: 50,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
        },
      ],
    },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const minutesViolated = ({ violatedRatio, durationMs }: SimulationResult): number =>
  (violatedRatio * durationMs) / minuteMs;

describe('simulate()', () => {
  it('counts instance hours, requests and how busy it is', () => {
    const result = simulate(fixed(4), { trace: levels([90, 400]), service });
    expect(result).toMatchObject({
      instanceHours: 6,
      instancesMax: 4,
      requests: 400 * 90 * 60,
      violatedRatio: 0,
      lostRequestRatio: 0,
      scaleOuts: 0,
      scaleIns: 0,
    });
    expect(result.busyRatio).toBeCloseTo(0.5, 9);
  });

  it('misses the target where queueing says so, though everything is served', () => {
    expect(simulate(fixed(2), { trace: levels([10, 375]), service }).violatedRatio).toBe(0);
    const tight = simulate(fixed(2), { trace: levels([10, 395]), service });
    expect(tight).toMatchObject({ violatedRatio: 1, violatedRequestRatio: 1, lostRequestRatio: 0 });
  });

  it('lets a backlog be felt until it is worked off', () => {
    // Ten minutes of 40 a second too much are 24,000 requests, of which no more wait than 10 s of work: 4,000.
    const trace = levels([10, 440], [10, 200], [10, 200]);
    const result = simulate(fixed(2), { trace, service });
    // 200 a second are worked off beside what comes: 20 s.
    expect(minutesViolated(result)).toBeGreaterThan(10);
    expect(minutesViolated(result)).toBeLessThan(11);
    expect(result.lostRequestRatio).toBeCloseTo((24_000 - 4_000) / result.requests, 4);
  });

  it('is late for a jump by a start and a decision, and serves it then', () => {
    const result = simulate(sized, { trace: levels([30, 150], [30, 1500]), service });
    expect(result.scaleOuts).toBe(1);
    expect(minutesViolated(result)).toBeGreaterThanOrEqual(2.25);
    // What has queued up meanwhile is worked off by the reserve alone.
    expect(minutesViolated(result)).toBeLessThan(5);
  });

  it('tells each step with its reason, and why it held in between', () => {
    const { steps, course } = simulate(sized, { trace: levels([30, 150], [30, 1500]), service });
    const [step, ...others] = steps;
    expect(others).toEqual([]);
    expect(step).toMatchObject({ atMs: startMs + 30.25 * minuteMs, from: 1 });
    expect(step?.reason).toMatch(/^Scale out the service from 1 to \d+: ratePerSecond is 1,?500\/s/);
    expect(course[30]?.reason).toBe(step?.reason);
    expect(course[29]?.reason).toMatch(/^Hold the service at 1: /);
  });

  it('keeps the reasons of a thousand steps, and counts them all', () => {
    const swinging = levels(
      ...Array.from({ length: 1100 }, (_, at) => [3, at % 2 === 0 ? 150 : 1500] as const),
    );
    const quick = policyOf({
      metrics: { ratePerSecond: { target: 150 } },
      scaleIn: { stabilization: '0s', cooldown: '0s' },
    });
    const { steps, scaleOuts, scaleIns } = simulate(quick, { trace: swinging, service });
    expect(steps).toHaveLength(1000);
    expect(scaleOuts + scaleIns).toBeGreaterThan(1000);
  });

  it('takes instances away again, and knows what that saves', () => {
    const trace = levels([30, 1500], [60, 150]);
    const shrinking = simulate(sized, { trace, service });
    const largest = simulate(fixed(shrinking.instancesMax), { trace, service });
    expect(shrinking.scaleIns).toBeGreaterThan(0);
    expect(shrinking.instanceHours).toBeLessThan(0.6 * largest.instanceHours);
  });

  it("tries Kubernetes' own algorithm, which holds its target", () => {
    const result = simulate(hpa(50), { trace: levels([60, 150], [120, 1500]), service, instances: 1 });
    // 15 would be at 50 %; within a tenth of that, it rests.
    expect(Math.abs((result.course.at(-1)?.instances ?? 0) - 15)).toBeLessThanOrEqual(1.5);
    expect(result.scaleOuts).toBeGreaterThan(1);
  });

  it('foresees what comes every day, and is there in time', () => {
    const day = Array.from({ length: 1440 }, (_, minute) =>
      minute % 1440 < 720 ? 200 : 1000 + 2 * (minute % 1440),
    );
    const history = traceOf([...day, ...day, ...day, ...day]);
    const trace = { ...traceOf(day), startMs: startMs + 4 * 1440 * minuteMs };
    const options = { trace, history, service, intervalMs: minuteMs / 2 };
    const sizing = { latency: '250ms', service: '50ms', concurrency: 10 };
    const foreseeing = policyOf({ sizing, forecast: { ratePerSecond: { quantile: 0.9, margin: '2m' } } });
    const seeing = minutesViolated(simulate(sized, options));
    expect(seeing).toBeGreaterThan(3);
    expect(minutesViolated(simulate(foreseeing, options))).toBeLessThan(seeing / 3);
  });

  it('holds where nobody looked, while what came before goes on', () => {
    const gap = [...levels([30, 1500]).ratesPerSecond, ...Array.from({ length: 30 }, () => Number.NaN)];
    const result = simulate(sized, { trace: traceOf(gap), service });
    expect(result).toMatchObject({ scaleIns: 0, scaleOuts: 0, violatedRatio: 0, durationMs: 60 * minuteMs });
    expect(result.requests).toBe(1500 * 3600);
  });

  it('gives its course in pieces that add up', () => {
    const trace = traceOf(Array.from({ length: 1000 }, (_, at) => 100 + at));
    const { course, instancesMean, durationMs } = simulate(sized, { trace, service });
    expect(course.length).toBeLessThanOrEqual(240);
    expect(course[0]?.startMs).toBe(startMs);
    const weights = course.map(
      ({ startMs: at }, index) => (course[index + 1]?.startMs ?? startMs + durationMs) - at,
    );
    const mean =
      course.reduce((sum, { instances }, at) => sum + instances * (weights[at] as number), 0) / durationMs;
    expect(mean).toBeCloseTo(instancesMean, 9);
  });

  it('stays within the limits of the policy, whatever comes', () => {
    const rates = fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(rates, fc.constantFrom(sized, hpa(50), fixed(3)), (each, policy) => {
        const result = simulate(policy, { trace: traceOf(each), service });
        for (const { instances } of result.course) {
          expect(instances).toBeGreaterThanOrEqual(policy.replicas.min);
          expect(instances).toBeLessThanOrEqual(policy.replicas.max);
        }
        expect(result.violatedRatio).toBeLessThanOrEqual(1);
        expect(result.lostRequestRatio).toBeLessThanOrEqual(1);
        expect(simulate(policy, { trace: traceOf(each), service })).toEqual(result);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });
});
