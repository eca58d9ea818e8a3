import type { CostLimit } from '../policy/policy.ts';
import type { ScalingStep } from './decision.ts';

/** How many instances a policy's cost limit allows at most, and which of its limits; undefined where none holds. */
export interface Affordable {
  readonly replicas: number;
  /** For people: `12 an hour`. */
  readonly limit: string;
}

/** Pure. A limit caps growth only: nobody is taken away because of it. */
export function affordable(
  { pricePerInstanceHour, perHourMax, instanceHoursPerDayMax }: CostLimit,
  {
    wanted,
    atMs,
    history,
  }: { readonly wanted: number; readonly atMs: number; readonly history: readonly ScalingStep[] },
): Affordable | undefined {
  const caps: Affordable[] = [];
  if (pricePerInstanceHour !== undefined && perHourMax !== undefined)
    caps.push({
      replicas: Math.floor(perHourMax / pricePerInstanceHour + 1e-9),
      limit: `${perHourMax} an hour`,
    });
  if (instanceHoursPerDayMax !== undefined) {
    const used = instanceHours(history, { wanted, fromMs: atMs - dayMs, toMs: atMs });
    if (used >= instanceHoursPerDayMax)
      caps.push({ replicas: wanted, limit: `${instanceHoursPerDayMax} instance hours in 24 h` });
  }
  return caps.reduce<Affordable | undefined>(
    (least, each) => (least === undefined || each.replicas < least.replicas ? each : least),
    undefined,
  );
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** How many were wanted, over the time in which they were, by the steps that were taken. Pure. */
function instanceHours(
  history: readonly ScalingStep[],
  { wanted, fromMs, toMs }: { readonly wanted: number; readonly fromMs: number; readonly toMs: number },
): number {
  let hours = 0;
  let untilMs = toMs;
  let replicas = wanted;
  for (let at = history.length - 1; at >= 0 && untilMs > fromMs; at--) {
    const step = history[at] as ScalingStep;
    if (step.atMs >= untilMs) {
      replicas = step.from;
      continue;
    }
    const sinceMs = Math.max(fromMs, step.atMs);
    hours += (replicas * (untilMs - sinceMs)) / hourMs;
    untilMs = sinceMs;
    replicas = step.from;
  }
  return hours + (replicas * Math.max(0, untilMs - fromMs)) / hourMs;
}
