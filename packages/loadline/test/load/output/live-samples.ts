import { createHistogram, type Histogram } from 'loadline/metrics';
import type { LiveEndpoint, LiveSample } from '../../../src/load/output/live-metrics.ts';

/** A histogram of these microseconds. */
export function histogramOf(...us: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const each of us) histogram.record(each);
  return histogram;
}

/** An endpoint that nobody has asked yet, but for what is said. */
export function endpointWith(changes: Partial<LiveEndpoint> = {}): LiveEndpoint {
  return {
    scenario: 'browse',
    endpoint: 'discovery',
    requests: 0,
    statuses: new Map(),
    failures: new Map(),
    errors: 0,
    checks: [],
    latency: histogramOf(),
    service: histogramOf(),
    bytesIn: 0,
    bytesOut: 0,
    ...changes,
  };
}

/** A run that has just begun, but for what is said. */
export function sampleWith(changes: Partial<LiveSample> = {}): LiveSample {
  return {
    endpoints: [],
    users: 0,
    dropped: 0,
    iterations: { completed: 0, cutShort: 0, interrupted: 0 },
    generator: undefined,
    ...changes,
  };
}

/** A run in full swing: two endpoints of two scenarios, with everything that can happen. */
export const busySample: LiveSample = sampleWith({
  endpoints: [
    endpointWith({
      statuses: new Map([
        [200, 90],
        [503, 4],
      ]),
      failures: new Map([
        ['timeout', { count: 5 }],
        ['reset', { count: 1 }],
      ]),
      errors: 10,
      checks: [{ name: 'has "items"', passed: 89, failed: 1 }],
      latency: histogramOf(...Array.from({ length: 100 }, (_, at) => (at + 1) * 1000)),
      service: histogramOf(...Array.from({ length: 100 }, (_, at) => (at + 1) * 500)),
      bytesIn: 9000,
      bytesOut: 1000,
    }),
    endpointWith({
      scenario: 'claim',
      endpoint: 'POST /api/food/{{id}}/claim',
      statuses: new Map([[409, 3]]),
      latency: histogramOf(1, 2, 3),
      service: histogramOf(1, 1, 1),
    }),
  ],
  users: 12,
  dropped: 2,
  iterations: { completed: 40, cutShort: 3, interrupted: 1 },
  generator: { loopUtilization: 0.25, cpuRatio: 0.5, loopDelayMsMax: 12, latenessMsP99: 1.5 },
});
