import { parseScalingPolicy, type ScalingPolicy } from 'loadline/scaling';
import {
  type SimulatedService,
  type SimulationReport,
  simulate,
  type Trace,
  varyPolicy,
} from 'loadline/scaling/simulate';

const service: SimulatedService = {
  serviceMs: 50,
  serviceVariability: 1,
  arrivalVariability: 1,
  concurrency: 8,
  startMs: 60_000,
  target: { quantile: 0.95, latencyMs: 250 },
  timeoutMs: 30_000,
};

/** Three hours of little, and three of five times as much. */
const trace: Trace = {
  name: 'load.csv',
  startMs: Date.UTC(2026, 5, 6),
  stepMs: 60_000,
  ratesPerSecond: Float64Array.from({ length: 360 }, (_, minute) => (minute < 180 ? 300 : 1500)),
};

const written: Readonly<Record<string, object>> = {
  'sized.yaml': { sizing: { latency: '250ms', service: '50ms', concurrency: 8 } },
  'slow.yaml': { metrics: { cpuRatio: { scaleOutAbove: 0.9, scaleOutCooldown: '5m' } } },
};

function policyOf(name: string): ScalingPolicy {
  const parsed = parseScalingPolicy({ replicas: { min: 1, max: 40 }, ...written[name] });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** Each of the two policies as it is, and at these generosities. */
export function reportOf(
  names: readonly string[] = Object.keys(written),
  generosities: readonly number[] = [1],
): SimulationReport {
  const tried = names.flatMap((policy) =>
    generosities.map((generosity) => ({
      policy,
      generosity,
      result: simulate(varyPolicy(policyOf(policy), generosity), { trace, service }),
    })),
  );
  return { trace, service, tried, price: undefined, assumed: [], leftOut: [], unmodelled: [] };
}

export function swept(): SimulationReport {
  return reportOf(['sized.yaml'], [1, 1.35, 2]);
}
