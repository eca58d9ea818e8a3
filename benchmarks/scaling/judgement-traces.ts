import { createRandom, type Random } from 'loadline/base';
import { generateTrace, type Span, type Trace, type TraceShape } from 'loadline/scaling/simulate';

/**
 * The seeds of the last judgement. They were chosen, with everything else in this file, before any strategy of the
 * scaler existed, let alone was tuned; tuning uses `developmentSeeds`, and nobody looks at a trace of these before.
 */
export const judgementSeeds: readonly number[] = [
  20261129, 411, 86028121, 1597, 27644437, 3301, 514229, 9973, 65537, 1299709,
];

/** For whoever tunes. */
export const developmentSeeds: readonly number[] = [1, 2, 3, 4, 5, 6];

/** `daily`: what comes every day dominates; `bursty`: several times a day, much more comes than anybody foresaw. */
export type TraceKind = 'daily' | 'bursty';
export const traceKinds: readonly TraceKind[] = ['daily', 'bursty'];

/** A service, and a trace of what was asked of it: three weeks to learn from, and four days that are judged. */
export interface JudgedCase {
  readonly trace: Trace;
  /** The steps before this one are history. */
  readonly judgedFrom: number;
  /** How long a request takes where none waits; its squared coefficient of variation. */
  readonly serviceMs: number;
  readonly serviceVariation: number;
  /** Requests that one instance serves at once. */
  readonly slots: number;
  /** From the wish for an instance until it serves. */
  readonly startMs: number;
  /** The 95th percentile of the response time that is to be held. */
  readonly targetMsP95: number;
}

/** The case of a kind and seed; the same two give the same case. */
export function judgedCase(kind: TraceKind, seed: number): JudgedCase {
  const random = createRandom(`${kind} ${seed}`);
  const trace = generateTrace(drawShape(kind, seed, random), random);
  const serviceMs = draw(random, { from: 20, to: 120 });
  const slots = 2 + Math.floor(random() * 7);
  const meanPerSecond =
    trace.ratesPerSecond.reduce((sum, rate) => sum + rate, 0) / trace.ratesPerSecond.length;
  const instances = draw(random, { from: 6, to: 30 });
  // The service is scaled to its trace, so that on average so many instances have all their slots busy.
  const fitted = (1000 * instances * slots) / meanPerSecond;
  const factor = fitted / serviceMs;
  return {
    trace: { ...trace, ratesPerSecond: trace.ratesPerSecond.map((rate) => rate * factor) },
    judgedFrom: Math.round((historyDays * dayMs) / trace.stepMs),
    serviceMs,
    serviceVariation: draw(random, { from: 0.5, to: 2 }),
    slots,
    startMs: draw(random, { from: 30_000, to: 150_000 }),
    // An exponential service has its 95th percentile at three times the mean.
    targetMsP95: serviceMs * draw(random, { from: 4.5, to: 7 }),
  };
}

const dayMs = 86_400_000;
const historyDays = 21;
const judgedDays = 4;

function drawShape(kind: TraceKind, seed: number, random: Random): TraceShape {
  const isBursty = kind === 'bursty';
  return {
    name: `${kind} ${seed}`,
    // Some Monday, and up to six days later: the judged days hold any part of a week.
    startMs: Date.UTC(2026, 2, 2) + Math.floor(random() * 7) * dayMs,
    days: historyDays + judgedDays,
    stepMs: 60_000,
    meanPerSecond: 1000,
    day: {
      swing: draw(random, isBursty ? { from: 0.2, to: 0.6 } : { from: 0.4, to: 0.85 }),
      peakHour: draw(random, { from: 0, to: 24 }),
      peakedness: random(),
    },
    weekendFactor: draw(random, { from: 0.5, to: 1.2 }),
    growthPerWeek: draw(random, { from: -0.05, to: 0.15 }),
    noise: {
      deviation: draw(random, { from: 0.03, to: 0.12 }),
      persistence: draw(random, { from: 0.5, to: 0.95 }),
    },
    bursts: {
      perDay: isBursty ? draw(random, { from: 4, to: 16 }) : draw(random, { from: 0, to: 1 }),
      height: { from: 0.3, to: isBursty ? 2.5 : 1 },
      riseMs: { from: 60_000, to: 900_000 },
      fallMs: { from: 300_000, to: 2_400_000 },
    },
  };
}

function draw(random: Random, { from, to }: Span): number {
  return from + random() * (to - from);
}
