import { createRandom } from 'loadline/base';
import { generateTrace, type Trace, type TraceShape } from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Nothing but its mean. */
const flat: TraceShape = {
  name: 'flat',
  startMs: Date.UTC(2026, 2, 2),
  days: 14,
  stepMs: 60_000,
  meanPerSecond: 1000,
  day: { swing: 0, peakHour: 15, peakedness: 0 },
  weekendFactor: 1,
  growthPerWeek: 0,
  noise: { deviation: 0, persistence: 0 },
  bursts: {
    perDay: 0,
    height: { from: 1, to: 1 },
    riseMs: { from: 60_000, to: 60_000 },
    fallMs: { from: 600_000, to: 600_000 },
  },
};

function generate(shape: Partial<TraceShape>, seed = 1): Trace {
  return generateTrace({ ...flat, ...shape }, createRandom(seed));
}

function meanOf(trace: Trace, keep: (atMs: number) => boolean = () => true): number {
  const kept = trace.ratesPerSecond.filter((_, step) => keep(trace.startMs + step * trace.stepMs));
  return kept.reduce((sum, rate) => sum + rate, 0) / kept.length;
}

const hourOf = (atMs: number): number => new Date(atMs).getUTCHours();

describe('generateTrace()', () => {
  it('repeats a trace by its seed, and makes another one of another seed', () => {
    const noise = { deviation: 0.1, persistence: 0.8 };
    expect(generate({ noise }, 7)).toEqual(generate({ noise }, 7));
    expect(generate({ noise }, 7)).not.toEqual(generate({ noise }, 8));
  });

  it('keeps its mean, with as many steps as the days have', () => {
    const trace = generate({ day: { swing: 0.7, peakHour: 15, peakedness: 1 } });
    expect(trace.ratesPerSecond).toHaveLength(14 * 1440);
    expect(meanOf(trace) / 1000).toBeCloseTo(1, 2);
  });

  it('is busiest at its peak hour, by as much as it swings', () => {
    const trace = generate({ day: { swing: 0.5, peakHour: 15, peakedness: 0 } });
    expect(meanOf(trace, (atMs) => hourOf(atMs) === 15) / 1000).toBeCloseTo(1.5, 1);
    expect(meanOf(trace, (atMs) => hourOf(atMs) === 3) / 1000).toBeCloseTo(0.5, 1);
  });

  it('has other weekends, and grows from week to week', () => {
    const trace = generate({ weekendFactor: 0.6, growthPerWeek: 0.1 });
    const firstWeek = (atMs: number): boolean => atMs < flat.startMs + 7 * dayMs;
    const isSunday = (atMs: number): boolean => new Date(atMs).getUTCDay() === 0;
    const [before, after] = [meanOf(trace, firstWeek), meanOf(trace, (atMs) => !firstWeek(atMs))];
    expect(after / before).toBeCloseTo(1.1, 2);
    expect(meanOf(trace, isSunday) / meanOf(trace, (atMs) => !isSunday(atMs))).toBeLessThan(0.7);
  });

  it('has noise that lasts from one minute to the next', () => {
    const { ratesPerSecond } = generate({ noise: { deviation: 0.1, persistence: 0.9 } });
    const logs = [...ratesPerSecond].map((rate) => Math.log(rate / 1000));
    const variance = logs.reduce((sum, each) => sum + each * each, 0) / logs.length;
    const shared = logs.slice(1).reduce((sum, each, at) => sum + each * (logs[at] as number), 0);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.08);
    expect(Math.sqrt(variance)).toBeLessThan(0.12);
    expect(shared / logs.length / variance).toBeGreaterThan(0.8);
  });

  it('has as many bursts as it was asked for, which rise and fall', () => {
    const { ratesPerSecond } = generate({ days: 100, bursts: { ...flat.bursts, perDay: 4 } });
    const isHigh = (step: number): boolean => (ratesPerSecond[step] ?? 0) > 1500;
    const begins = [...ratesPerSecond.keys()].filter((step) => isHigh(step) && !isHigh(step - 1));
    expect(begins.length).toBeGreaterThan(300);
    expect(begins.length).toBeLessThan(450);
    const high = ratesPerSecond.filter((rate) => rate > 1500).length / begins.length;
    // Twice the traffic falls to one and a half times in 10 minutes × ln 2.
    expect(high).toBeGreaterThan(6);
    expect(high).toBeLessThan(9);
  });

  it('counts whole requests', () => {
    const { ratesPerSecond } = generate({ meanPerSecond: 0.5 });
    expect(
      ratesPerSecond.every((rate) => rate >= 0 && Math.abs(rate * 60 - Math.round(rate * 60)) < 1e-9),
    ).toBe(true);
  });
});
