import { createVirtualClock } from 'loadline/base';
import { RollingForecast } from 'loadline/capacity';
import {
  createScalingMemory,
  createSimulatedDriver,
  decide,
  type MetricSeries,
  type Observation,
  openScaler,
  parseScalingPolicy,
  type Readings,
  type Recommendation,
  type ScalingPolicy,
  type ScalingStep,
  type Standing,
} from 'loadline/scaling';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';

/** How long does a decision take that has much to look at, and how long do a thousand? */
export async function measureDeciding(options: BenchOptions): Promise<readonly Row[]> {
  const rounds = options.short ? 3 : 15;
  const forecasts = [0, 1, 2].map((phase) => new RollingForecast({ history: past(phase) }));
  const services = Array.from({ length: 1000 }, (_, index) =>
    standingOf(`service-${index}`, forecasts[index % forecasts.length] as RollingForecast),
  );
  const [standing] = services as [Standing];
  const each = 200;
  options.progress('one decision');
  const one = await timed(rounds, () => {
    for (let index = 0; index < each; index++) decide(standing, seenAt(0.4 + (index % 10) / 20));
  });
  const chosen = await timed(3, () => {
    decide(standingOf('api', new RollingForecast({ history: past(1) })), seenAt(0.5));
  });
  options.progress('a thousand services');
  const thousand = await timed(rounds, () => {
    for (const service of services) decide(service, seenAt(0.55));
  });
  const round = await timeRounds(rounds);
  const row = (
    name: string,
    unit: string,
    values: readonly number[],
    target?: readonly [string, number],
  ): Row => {
    const { median, spread } = figureOf(values);
    const what = { name, unit, value: median, spread };
    return target === undefined ? rowOf(what) : rowOf(what, { target: target[0], met: median < target[1] });
  };
  return [
    row(
      'one decision by 10 rules, with 10,000 recommendations, 10,000 steps and a past of 10,000 values',
      'ms',
      one.map((ms) => ms / each),
      ['under 1 ms', 1],
    ),
    row('the same where the way to forecast is chosen anew, once a day', 'ms', chosen),
    row(
      '1,000 services, a decision each, of that size',
      's',
      thousand.map((ms) => ms / 1000),
      ['under 1 s', 1],
    ),
    row(
      'a round of a scaler with 1,000 groups, from looking to remembering',
      's',
      round.map((ms) => ms / 1000),
      ['under 1 s', 1],
    ),
  ];
}

const nowMs = Date.UTC(2026, 5, 6, 12);
const points = 10_000;

function policyOf(written: object): ScalingPolicy {
  const parsed = parseScalingPolicy(written);
  if (!parsed.ok) throw new Error(`the policy cannot work: ${JSON.stringify(parsed.problems)}`);
  return parsed.value;
}

const tenRules = policyOf({
  replicas: { min: 2, max: 50 },
  scaleOut: { stabilization: '1h', limits: [{ percent: 100, within: '1m' }] },
  scaleIn: { stabilization: '1h', limits: [{ instances: 4, within: '1h' }] },
  metrics: {
    cpuRatio: { target: 0.6 },
    memoryRatio: { scaleOutAbove: 0.8 },
    eventLoopRatio: { scaleOutAbove: 0.9 },
    connections: { scaleOutAbove: 1000 },
    latencyMsP95: { scaleOutAbove: 500 },
    queueDepth: { target: 100, per: 'replica' },
    'custom:orders': { target: 20, per: 'replica' },
  },
  sizing: { latency: '200ms', service: '20ms', concurrency: 8 },
  forecast: { ratePerSecond: { target: 50, lead: '2m' } },
  calendar: {
    timeZone: 'Europe/London',
    events: [{ name: 'Saturdays in June', every: 'saturday', in: 'june', from: '06:00' }],
    floors: { 'Saturdays in June': { replicas: 3, lead: '2h' } },
  },
  cost: { instanceHoursPerDayMax: 2000 },
});

/** Sixty-nine days of ten minutes each, with a day's wave. */
function past(phase = 0): MetricSeries {
  const stepMs = 600_000;
  const values = Float64Array.from(
    { length: points },
    (_, at) => 300 + 200 * Math.sin((at / 144) * 2 * Math.PI + phase),
  );
  return { startMs: nowMs - points * stepMs, stepMs, values };
}

const recommendations = Array.from(
  { length: points },
  (_, at): Recommendation => ({ atMs: nowMs - (points - at) * 350, replicas: 6 + (at % 3) }),
);
const history = Array.from({ length: points }, (_, at): ScalingStep => {
  const [from, to] = at % 2 === 0 ? [6, 7] : [7, 6];
  return { atMs: nowMs - (points - at) * 8600, from, to, askers: ['target cpuRatio'] };
});

function standingOf(group: string, forecast: RollingForecast): Standing {
  const configuration = { group, version: 1, policy: tenRules, changedBy: 'bench', changedAtMs: 0 };
  const foresight = { startMs: 30_000, forecasts: { ratePerSecond: forecast } };
  return { configuration, manual: undefined, history, recommendations, foresight };
}

function seenAt(cpuRatio: number): Observation {
  return {
    atMs: nowMs,
    wanted: 6,
    ready: 6,
    starting: 0,
    stopping: 0,
    readings: readingsAt(cpuRatio, nowMs),
  };
}

function readingsAt(cpuRatio: number, atMs: number): Readings {
  const values = {
    cpuRatio,
    memoryRatio: 0.5,
    eventLoopRatio: 0.5,
    connections: 500,
    latencyMsP95: 100,
    queueDepth: 200,
    'custom:orders': 100,
    ratePerSecond: 40,
  };
  return Object.fromEntries(Object.entries(values).map(([metric, value]) => [metric, { value, atMs }]));
}

/** A whole round of every group, on a clock that stands still meanwhile. */
async function timeRounds(rounds: number): Promise<readonly number[]> {
  const clock = createVirtualClock(nowMs);
  const names = Array.from({ length: 1000 }, (_, index) => `service-${index}`);
  const driver = createSimulatedDriver({ clock, groups: Object.fromEntries(names.map((name) => [name, 6])) });
  const memory = createScalingMemory();
  for (const group of names)
    await memory.saveConfiguration({
      group,
      version: 1,
      policy: tenRules,
      changedBy: 'bench',
      changedAtMs: 0,
    });
  const scaler = await openScaler({
    clock,
    driver,
    memory,
    readings: { read: async () => readingsAt(0.5, clock.now()) },
  });
  const all = (): Promise<unknown> => Promise.all(names.map((name) => scaler.round(name)));
  await all();
  const times = await timed(rounds, all);
  await scaler.close();
  return times;
}

async function timed(rounds: number, work: () => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  await work();
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  return times;
}
