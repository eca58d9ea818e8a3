import { createRandom } from 'loadline/base';
import { generateTrace, simulate, type Trace } from 'loadline/scaling/simulate';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { autoscalerByCpu, ours, serviceOf } from './contenders.ts';
import { judgedCase } from './judgement-traces.ts';

/** How long does it take to try a month, and an afternoon of a hundred services with a thousand instances? */
export function measureSimulating(options: BenchOptions): readonly Row[] {
  const judged = judgedCase('bursty', 1);
  const service = serviceOf(judged);
  const month = traceOf(30, 'a month');
  const rounds = options.short ? 1 : 5;
  const timed = (name: string, work: () => void, target: string, secondsMax: number): Row => {
    options.progress(name);
    work();
    const seconds = Array.from({ length: rounds }, () => {
      const startMs = performance.now();
      work();
      return (performance.now() - startMs) / 1000;
    });
    const { median, spread } = figureOf(seconds);
    return rowOf({ name, unit: 's', value: median, spread }, { target, met: median < secondsMax });
  };
  const afternoon = Array.from({ length: 100 }, (_, seed) => traceOf(0.25, `service ${seed}`));
  return [
    timed(
      '30 days at one-minute steps, by queueing and forecast',
      () => simulate(ours.policyOf(judged, 2), { trace: month, service, intervalMs: 60_000 }),
      'under 2 s',
      2,
    ),
    timed(
      "30 days at one-minute steps, Kubernetes' algorithm",
      () => simulate(autoscalerByCpu.policyOf(judged, 60), { trace: month, service, intervalMs: 60_000 }),
      'under 2 s',
      2,
    ),
    timed(
      '6 hours of 100 services, 1,000 instances in all, a decision every 15 s',
      () => {
        for (const trace of afternoon) simulate(ours.policyOf(judged, 2), { trace, service });
      },
      'under 10 s',
      10,
    ),
  ];
}

/** About ten instances' load, with all that a trace has. */
function traceOf(days: number, name: string): Trace {
  const judged = judgedCase('bursty', 1);
  const perInstance = (1000 * judged.slots) / judged.serviceMs;
  return generateTrace(
    {
      name,
      startMs: Date.UTC(2026, 2, 2),
      days,
      stepMs: 60_000,
      meanPerSecond: 8 * perInstance,
      day: { swing: 0.6, peakHour: 14, peakedness: 0.5 },
      weekendFactor: 0.7,
      growthPerWeek: 0.05,
      noise: { deviation: 0.06, persistence: 0.8 },
      bursts: {
        perDay: 5,
        height: { from: 0.3, to: 2 },
        riseMs: { from: 60_000, to: 600_000 },
        fallMs: { from: 300_000, to: 1_800_000 },
      },
    },
    createRandom(name),
  );
}
