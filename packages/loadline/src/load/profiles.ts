import type { Stage } from './plan.ts';
import type { ThinkTime } from './steps/think-time.ts';
import { parseThreshold, type Threshold } from './threshold.ts';

/** A load under a name, for any scenario file that has no test of that name. */
export interface LoadProfile {
  readonly stages: readonly Stage[];
  /** For scenarios that have no pause of their own. */
  readonly think: ThinkTime | undefined;
  /** For files that have none of their own. */
  readonly thresholds: readonly Threshold[];
  /** What it stands for, in one sentence. */
  readonly note: string;
}

/**
 * Where two documents mean different things by a name, `enterprise/` and `guide/` say which, and the bare name
 * is the stricter of the two.
 */
export function findProfile(name: string): LoadProfile | undefined {
  const known = aliases.get(name) ?? name;
  return profiles.get(known);
}

/** Every name that `findProfile` knows, bare names first. */
export function profileNames(): readonly string[] {
  const names = [...profiles.keys(), ...aliases.keys()];
  return names.toSorted((a, b) => Number(a.includes('/')) - Number(b.includes('/')));
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const platformTargets = ['latency: p50 < 500ms, p95 < 1500ms, p99 < 2s', 'errors: ratio < 0.1%'];
const enterpriseTargets = ['latency: p95 < 50ms', 'errors: ratio < 0.1%'];
const guideTargets = ['latency: p50 < 100ms, p95 < 200ms, p99 < 500ms, p99.9 < 1s'];
const weddingTargets = ['latency: p95 < 200ms', 'errors: ratio < 0.1%'];

const profiles: ReadonlyMap<string, LoadProfile> = new Map([
  [
    'daily_peak',
    profile({
      stages: users(5000, { rampMs: 5 * minuteMs, totalMs: 30 * minuteMs }),
      thresholds: platformTargets,
      note: 'The peak of a usual day: 5,000 users for half an hour.',
    }),
  ],
  [
    'viral_growth',
    profile({
      stages: users(50_000, { rampMs: 10 * minuteMs, totalMs: hourMs }),
      thresholds: platformTargets,
      note: 'Ten times the traffic within ten minutes: 50,000 users, for an hour.',
    }),
  ],
  [
    'sustained_growth',
    profile({
      stages: users(15_000, { rampMs: 5 * minuteMs, totalMs: 3 * hourMs }),
      thresholds: platformTargets,
      note: 'Growth that lasts: 15,000 users for three hours.',
    }),
  ],
  [
    'enterprise/baseline',
    profile({
      stages: users(1000, { rampMs: 2 * minuteMs, totalMs: 10 * minuteMs }),
      thinkMs: 1000,
      thresholds: enterpriseTargets,
      note: 'Normal traffic: 1,000 users with a pause of a second.',
    }),
  ],
  [
    'enterprise/stress',
    profile({
      stages: users(5000, { rampMs: 5 * minuteMs, totalMs: 15 * minuteMs }),
      thinkMs: 500,
      thresholds: enterpriseTargets,
      note: 'The highest load that is expected and half as much again: 5,000 users with a pause of half a second.',
    }),
  ],
  [
    'enterprise/spike',
    profile({
      stages: users(10_000, { rampMs: 30_000, totalMs: 5 * minuteMs }),
      thinkMs: 100,
      thresholds: enterpriseTargets,
      note: '10,000 users within half a minute, with a pause of a tenth of a second.',
    }),
  ],
  [
    'enterprise/endurance',
    profile({
      stages: users(1000, { rampMs: 2 * minuteMs, totalMs: 2 * hourMs }),
      thinkMs: 1000,
      thresholds: enterpriseTargets,
      note: 'A load that is kept up, without figures of its own: the baseline for two hours.',
    }),
  ],
  [
    'volume',
    profile({
      stages: users(50, { rampMs: minuteMs, totalMs: 15 * minuteMs }),
      thinkMs: 500,
      thresholds: enterpriseTargets,
      note: 'Much data, not many users: 50 of them, on ten million rows, with deep pages and large bodies.',
    }),
  ],
  [
    'guide/baseline',
    profile({
      stages: arrivals(1000, { rampMs: minuteMs, totalMs: 10 * minuteMs }),
      thresholds: guideTargets,
      note: 'Normal traffic: 1,000 a second, whoever is busy.',
    }),
  ],
  [
    'peak',
    profile({
      stages: arrivals(5000, { rampMs: 2 * minuteMs, totalMs: 15 * minuteMs }),
      thresholds: guideTargets,
      note: 'The peak that is expected: 5,000 a second.',
    }),
  ],
  [
    'guide/stress',
    profile({
      stages: arrivals(10_000, { rampMs: 5 * minuteMs, totalMs: 15 * minuteMs }),
      thresholds: guideTargets,
      note: 'Twice the peak: 10,000 a second.',
    }),
  ],
  [
    'guide/spike',
    profile({
      stages: arrivals(5000, { rampMs: 10_000, totalMs: 5 * minuteMs }),
      thresholds: guideTargets,
      note: 'From nothing to 5,000 a second within ten seconds.',
    }),
  ],
  [
    'guide/endurance',
    profile({
      stages: arrivals(5000, { rampMs: 2 * minuteMs, totalMs: 2 * hourMs }),
      thresholds: guideTargets,
      note: 'The peak for two hours.',
    }),
  ],
  [
    'wedding_day',
    profile({
      stages: users(50_000, { rampMs: 10 * minuteMs, totalMs: hourMs }),
      thresholds: weddingTargets,
      note: 'A Saturday in June on a wedding platform: 50,000 users at once.',
    }),
  ],
]);

/**
 * A rate does not give way when the service is slow, as users do who wait for an answer: where both ask for
 * about as much, the rate is stricter. 10,000 users with a pause of 100 ms ask for more than 5,000 a second
 * until an answer takes two seconds.
 */
const aliases: ReadonlyMap<string, string> = new Map([
  ['baseline', 'guide/baseline'],
  ['stress', 'guide/stress'],
  ['spike', 'enterprise/spike'],
  ['endurance', 'guide/endurance'],
  ['enterprise/volume', 'volume'],
  ['guide/peak', 'peak'],
]);

function profile(written: {
  readonly stages: readonly Stage[];
  readonly thinkMs?: number;
  readonly thresholds: readonly string[];
  readonly note: string;
}): LoadProfile {
  const { stages, thinkMs, note } = written;
  const think = thinkMs === undefined ? undefined : ({ kind: 'fixed', durationMs: thinkMs } as const);
  return { stages, think, thresholds: written.thresholds.flatMap(readTargets), note };
}

interface Length {
  readonly rampMs: number;
  /** The ramp included. */
  readonly totalMs: number;
}

function users(count: number, length: Length): Stage[] {
  return level('users', count, length);
}

function arrivals(rate: number, length: Length): Stage[] {
  return level('arrivals', rate, length);
}

function level(kind: 'users' | 'arrivals', to: number, { rampMs, totalMs }: Length): Stage[] {
  return [
    { kind, from: 0, to, durationMs: rampMs },
    { kind, from: to, to, durationMs: totalMs - rampMs },
  ];
}

/** `latency: p95 < 200ms, p99 < 500ms` as two thresholds. */
function readTargets(text: string): Threshold[] {
  const [metric, conditions] = text.split(': ') as ['latency' | 'errors', string];
  return conditions.split(', ').map((condition) => {
    const threshold = parseThreshold(metric, undefined, condition);
    if ('problem' in threshold) throw new Error(`${text}: ${threshold.problem}`);
    return threshold;
  });
}
