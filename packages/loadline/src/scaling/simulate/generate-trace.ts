import { exponential, normal, type Random } from '../../base/index.ts';
import type { Trace } from './trace.ts';

/** What a generated trace is made of; every part is drawn from one stream, so that a seed repeats it. */
export interface TraceShape {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly days: number;
  readonly stepMs: number;
  readonly meanPerSecond: number;
  readonly day: {
    /** How far the busiest hour lies above the mean, and the quietest below it, as a share; from 0, below 1. */
    readonly swing: number;
    /** 0 to 24, in UTC. */
    readonly peakHour: number;
    /** From 0 for a plain wave to 1 for a short peak and a long night. */
    readonly peakedness: number;
  };
  /** What a Saturday or Sunday has of another day's traffic. */
  readonly weekendFactor: number;
  /** By how much a week differs from the one before: 0.05 for 5 % more. */
  readonly growthPerWeek: number;
  readonly noise: {
    /** Standard deviation of the logarithm, from 0. */
    readonly deviation: number;
    /** What a minute's noise keeps of the minute before, from 0 for none, below 1. */
    readonly persistence: number;
  };
  readonly bursts: BurstShape;
}

/** Bursts come without a pattern: nobody can foresee them. */
interface BurstShape {
  /** On average; the times between them are exponential. */
  readonly perDay: number;
  /** What each adds at its height, as a multiple of the traffic that is there. */
  readonly height: Span;
  /** From its beginning to its height, evenly. */
  readonly riseMs: Span;
  /** The time in which it falls to 1/e. */
  readonly fallMs: Span;
}

/** A value is drawn evenly between the two. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Makes a trace with a daily season, weekends, growth, noise that lasts a while, and bursts. Pure, but for its draws. */
export function generateTrace(shape: TraceShape, random: Random): Trace {
  const { name, startMs, days, stepMs, meanPerSecond } = shape;
  const steps = Math.round((days * dayMs) / stepMs);
  const burst = burstsOf(shape, steps, random);
  const noise = noiseOf(shape, random);
  const ratesPerSecond = Float64Array.from({ length: steps }, (_, step) => {
    const atMs = startMs + (step + 0.5) * stepMs;
    const weeks = (atMs - startMs) / (7 * dayMs);
    const growth = (1 + shape.growthPerWeek) ** weeks;
    const season = dayFactor(shape.day, atMs) * (isWeekend(atMs) ? shape.weekendFactor : 1);
    const rate = meanPerSecond * growth * season * noise() * (1 + (burst[step] as number));
    return counted(rate, stepMs, random);
  });
  return { name, startMs, stepMs, ratesPerSecond };
}

const dayMs = 86_400_000;

/** Two waves, of which the second narrows the peak; their mean over a day is 1. */
function dayFactor({ swing, peakHour, peakedness }: TraceShape['day'], atMs: number): number {
  const turn = 2 * Math.PI * ((atMs % dayMs) / dayMs - peakHour / 24);
  const second = 0.25 * peakedness;
  return 1 + swing * ((1 - second) * Math.cos(turn) + second * Math.cos(2 * turn));
}

function isWeekend(atMs: number): boolean {
  const day = new Date(atMs).getUTCDay();
  return day === 0 || day === 6;
}

/** An autoregressive process of the first order, as a factor with the mean 1. */
function noiseOf({ noise, stepMs }: TraceShape, random: Random): () => number {
  const kept = noise.persistence ** (stepMs / 60_000);
  const fresh = noise.deviation * Math.sqrt(1 - kept * kept);
  let state = normal(random, 0, noise.deviation);
  return () => {
    state = kept * state + normal(random, 0, fresh);
    return Math.exp(state - noise.deviation ** 2 / 2);
  };
}

/** What all bursts together add in each step. */
function burstsOf({ bursts, stepMs }: TraceShape, steps: number, random: Random): Float64Array {
  const added = new Float64Array(steps);
  if (bursts.perDay <= 0) return added;
  const gap = (): number => exponential(random, dayMs / bursts.perDay) / stepMs;
  for (let start = gap(); start < steps; start += gap()) {
    const height = draw(random, bursts.height);
    const rise = draw(random, bursts.riseMs) / stepMs;
    const fall = draw(random, bursts.fallMs) / stepMs;
    const end = Math.min(steps, start + rise + 8 * fall);
    for (let step = Math.ceil(start); step < end; step++) {
      const since = step - start;
      const share = since < rise ? since / rise : Math.exp(-(since - rise) / fall);
      added[step] = (added[step] as number) + height * share;
    }
  }
  return added;
}

function draw(random: Random, { from, to }: Span): number {
  return from + random() * (to - from);
}

/** What is counted of a rate in one step: arrivals are independent of each other, so that few of them vary more. */
function counted(ratePerSecond: number, stepMs: number, random: Random): number {
  const expected = (ratePerSecond * stepMs) / 1000;
  const count = Math.max(0, Math.round(normal(random, expected, Math.sqrt(expected))));
  return (count * 1000) / stepMs;
}
