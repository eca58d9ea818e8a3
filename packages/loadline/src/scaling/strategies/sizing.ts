import { CapacityTable } from '../../capacity/index.ts';
import { showMetric } from '../policy/metric.ts';
import type { SizingRule } from '../policy/rule.ts';
import { type Observation, see } from './observation.ts';
import type { Proposal, ScalingContext } from './strategy.ts';
import { unseen } from './threshold.ts';

/**
 * As many instances as hold the response time by the theory of queues. Unlike a share of the CPU, arrivals say how
 * much is asked for also where all are busy; and a large group gets by with a smaller share in reserve. Pure.
 */
export function proposeBySizing(
  rule: SizingRule,
  observed: Observation,
  { staleAfterMs }: ScalingContext,
): Proposal {
  const { metric, latencyMs, quantile } = rule;
  const { wanted, ready } = observed;
  const share = rule.of === 'per replica' ? Math.max(1, ready) : 1;
  const named = { metric, kind: 'sizing', isFloor: false } as const;
  const noLimits = { scaleOutAbove: undefined, scaleInBelow: undefined };
  const sight = see(metric, observed, staleAfterMs);
  if ('flaw' in sight) return { ...named, ...noLimits, ...unseen(wanted), because: sight.flaw };
  const table = capacityOf(rule, observed, staleAfterMs);
  if (table === undefined) {
    const service = see('serviceMs', observed, staleAfterMs);
    const because = `tells nothing without a service time${'flaw' in service ? `, which ${service.flaw}` : ''}`;
    return { ...named, ...noLimits, ...unseen(wanted), because };
  }
  const { value: seen, ageMs, count } = sight;
  const found = { ...named, seen, ageMs, count };
  // What is provided for, in what is seen of one.
  const provided = share * (1 + rule.headroom);
  const most = table.instancesFor(seen * provided);
  if (most === undefined && table.latencyMsAlone > latencyMs)
    return { ...found, ...noLimits, ...unseen(wanted), because: tooSlow(table, rule) };
  const wants = most ?? wanted + 1;
  const kept = Math.floor(wanted * (1 - rule.scaleInTolerance));
  const says = wants > wanted ? 'more' : wants < wanted && wants <= kept ? 'fewer' : 'stay';
  const goal = `p${Number((100 * quantile).toFixed(1))} within ${showMetric('latencyMsP95', latencyMs)}`;
  return {
    ...found,
    says,
    wants: says === 'stay' ? wanted : wants,
    scaleOutAbove: table.ratePerSecond(wanted) / provided,
    scaleInBelow: table.ratePerSecond(Math.max(0, Math.min(kept, wanted - 1))) / provided,
    because: `is ${showMetric(metric, seen)}, for which ${wants} hold ${goal}`,
  };
}

function tooSlow(table: CapacityTable, { latencyMs }: SizingRule): string {
  const [alone, limit] = [table.latencyMsAlone, latencyMs].map((ms) => showMetric('latencyMsP95', ms));
  return `cannot be held: served at once, a request takes ${alone}, above ${limit}`;
}

/**
 * What instances carry by a rule, with what is measured of its service times; undefined where those are not known.
 * Kept while neither the rule nor what was measured changes: a decision then looks up what another has worked out.
 */
export function capacityOf(
  rule: SizingRule,
  observed: Pick<Observation, 'readings' | 'atMs'>,
  staleAfterMs: number,
): CapacityTable | undefined {
  const measured = (
    metric: 'serviceMs' | 'serviceVariability' | 'arrivalVariability',
    otherwise: number | undefined,
  ): number | undefined => {
    const sight = see(metric, observed, staleAfterMs);
    return 'flaw' in sight ? otherwise : twoDigits(sight.value);
  };
  const serviceMs = measured('serviceMs', rule.serviceMs);
  if (serviceMs === undefined || serviceMs <= 0) return undefined;
  const serviceVariability = measured('serviceVariability', rule.serviceVariability) as number;
  const arrivalVariability = measured('arrivalVariability', rule.arrivalVariability) as number;
  const key = `${serviceMs} ${serviceVariability} ${arrivalVariability}`;
  const known = tables.get(rule);
  if (known?.key === key) return known.table;
  const { concurrency, quantile, latencyMs } = rule;
  const table = new CapacityTable({
    serviceMs,
    serviceVariability,
    arrivalVariability,
    concurrency,
    quantile,
    latencyMs,
  });
  tables.set(rule, { key, table });
  return table;
}

/** The latest of each rule. */
const tables = new WeakMap<SizingRule, { readonly key: string; readonly table: CapacityTable }>();

/** What is measured varies in its last digits, which is no reason to work everything out again. */
function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}
