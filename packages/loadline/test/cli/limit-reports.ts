import type { LimitReport, ProbeRow } from 'loadline/load/limit';

/** A run at a rate of a target with a latency that grows as its capacity of 500/s comes near. */
export function probe(ratePerSecond: number, given: Partial<ProbeRow> = {}): ProbeRow {
  const meanMs = 10 / Math.max(0.02, 1 - ratePerSecond / 520);
  const latencyMs = {
    count: ratePerSecond * 10,
    min: 5,
    mean: meanMs,
    p50: meanMs,
    p90: 2 * meanMs,
    p95: 3 * meanMs,
    p99: 4 * meanMs,
    p999: 5 * meanMs,
    max: 6 * meanMs,
  };
  return {
    startMs: 0,
    elapsedMs: 10_000,
    purpose: 'climb',
    ratePerSecond,
    outcome: 'met',
    reasons: [],
    keptUpRatio: 1,
    answeredPerSecond: Math.min(500, ratePerSecond),
    errorRatio: 0,
    dropped: 0,
    latencyMs,
    serviceMs: latencyMs,
    thresholds: [],
    generator: 'The generator kept up.',
    ...given,
  };
}

export const missed = { outcome: 'missed', reasons: ['latency: p99 < 200ms, got 1.2 s'] } as const;

/** What a search looks like that has found 420/s. */
export function limitReport(given: Partial<LimitReport> = {}): LimitReport {
  return {
    schema: 'loadline.limit-report/1',
    name: 'visit',
    target: 'http://127.0.0.1:8080',
    startedAt: '2026-01-01T00:00:00.000Z',
    elapsedMs: 154_000,
    seed: 1,
    asked: { fromRate: 50, toRate: 5000, probeMs: 10_000, precision: 0.05, confirmRuns: 3, runsMax: 40 },
    objectives: { source: 'file', texts: ['latency: p99 < 200ms'], leftOut: ['rate: > 100/s'] },
    status: 'found',
    statement:
      'The limit is 420/s (410/s to 431/s, 90 % sure). The objectives were met in 3 of 3 runs at 408/s, and missed in 2 of 2 at 433/s.',
    limit: {
      ratePerSecond: 420,
      interval: { fromPerSecond: 410, toPerSecond: 431, confidence: 0.9 },
    },
    confirmed: { ratePerSecond: 408, runs: 3 },
    refuted: { ratePerSecond: 433, runs: 2 },
    highestMet: 416,
    probes: [
      probe(50, { purpose: 'warm-up', outcome: 'unjudged' }),
      probe(50),
      probe(100),
      probe(200),
      probe(400),
      probe(800, missed),
      probe(566, { ...missed, purpose: 'search' }),
      probe(416, { purpose: 'search' }),
      probe(408, { purpose: 'confirm' }),
      probe(433, { purpose: 'refute', ...missed }),
    ],
    ...given,
  };
}
