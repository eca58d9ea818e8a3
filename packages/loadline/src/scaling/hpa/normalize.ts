import type { HpaSettings } from './observation.ts';
import type { HpaDirection, HpaSpec } from './spec.ts';

/** What was wanted before, and what was changed, both oldest first, in milliseconds since the epoch. */
export interface HpaHistory {
  readonly recommendations: readonly { readonly atMs: number; readonly replicas: number }[];
  readonly steps: readonly { readonly atMs: number; readonly from: number; readonly to: number }[];
}

export interface Normalized {
  readonly replicas: number;
  /** After the windows, before the rates. */
  readonly stabilized: number;
  readonly isStabilized: 'up' | 'down' | undefined;
  /** The controller's word for what limited it, or `DesiredWithinRange`. */
  readonly limit: HpaLimit;
}

/** What kept the number from what was wanted, in the controller's words; `DesiredWithinRange`: nothing. */
export type HpaLimit =
  | 'DesiredWithinRange'
  | 'ScaleUpLimit'
  | 'ScaleDownLimit'
  | 'TooManyReplicas'
  | 'TooFewReplicas';

interface Wish {
  readonly atMs: number;
  readonly current: number;
  readonly wanted: number;
}

/** Brings what the metrics want within the windows, the rates and the limits. Pure. */
export function normalize(spec: HpaSpec, wish: Wish, history: HpaHistory, settings: HpaSettings): Normalized {
  return spec.behavior === undefined
    ? normalizePlainly(spec, wish, history, settings)
    : normalizeByBehavior(spec, spec.behavior, wish, history, settings);
}

/** Without `behavior`: a window downwards only, and up to twice as many or four at once. */
function normalizePlainly(
  { minReplicas, maxReplicas }: HpaSpec,
  { atMs, current, wanted }: Wish,
  { recommendations }: HpaHistory,
  { downscaleStabilizationMs }: HpaSettings,
): Normalized {
  const cutoffMs = atMs - downscaleStabilizationMs;
  const within = recommendations.filter((each) => each.atMs >= cutoffMs).map(({ replicas }) => replicas);
  const stabilized = Math.max(wanted, ...within);
  const upLimit = Math.max(2 * current, 4);
  const most = Math.min(maxReplicas, upLimit);
  const isStabilized = stabilized === wanted ? undefined : 'down';
  if (stabilized < minReplicas)
    return { replicas: minReplicas, stabilized, isStabilized, limit: 'TooFewReplicas' };
  if (stabilized > most) {
    const limit = maxReplicas > upLimit ? 'ScaleUpLimit' : 'TooManyReplicas';
    return { replicas: most, stabilized, isStabilized, limit };
  }
  return { replicas: stabilized, stabilized, isStabilized, limit: 'DesiredWithinRange' };
}

function normalizeByBehavior(
  { minReplicas, maxReplicas }: HpaSpec,
  { scaleUp, scaleDown }: NonNullable<HpaSpec['behavior']>,
  { atMs, current, wanted }: Wish,
  { recommendations, steps }: HpaHistory,
  { downscaleStabilizationMs }: HpaSettings,
): Normalized {
  const upMs = (scaleUp.stabilizationSeconds ?? 0) * 1000;
  const downMs =
    scaleDown.stabilizationSeconds === undefined
      ? downscaleStabilizationMs
      : scaleDown.stabilizationSeconds * 1000;
  const since = (windowMs: number): number[] =>
    recommendations.filter((each) => each.atMs > atMs - windowMs).map(({ replicas }) => replicas);
  const lowest = Math.min(wanted, ...since(upMs));
  const highest = Math.max(wanted, ...since(downMs));
  const stabilized = Math.min(highest, Math.max(lowest, current));
  const isStabilized = stabilized === wanted ? undefined : wanted >= current ? 'up' : 'down';
  const kept = { stabilized, isStabilized } as const;
  const events = keptEvents(steps, { scaleUp, scaleDown });
  if (stabilized > current) {
    const upLimit = Math.max(current, reach(scaleUp, 'up', { atMs, current, events }));
    const most = Math.min(maxReplicas, upLimit);
    if (stabilized > most)
      return { replicas: most, ...kept, limit: maxReplicas > upLimit ? 'ScaleUpLimit' : 'TooManyReplicas' };
  }
  if (stabilized < current) {
    const downLimit = Math.min(current, reach(scaleDown, 'down', { atMs, current, events }));
    const least = Math.max(minReplicas, downLimit);
    if (stabilized < least)
      return {
        replicas: least,
        ...kept,
        limit: minReplicas < downLimit ? 'ScaleDownLimit' : 'TooFewReplicas',
      };
  }
  return { replicas: stabilized, ...kept, limit: 'DesiredWithinRange' };
}

/** How far the policies of a direction let it go: from what there was when the period began. */
function reach(
  { select, policies }: HpaDirection,
  direction: 'up' | 'down',
  {
    atMs,
    current,
    events,
  }: { readonly atMs: number; readonly current: number; readonly events: readonly Event[] },
): number {
  if (select === 'Disabled') return current;
  const proposals = policies.map(({ type, value, periodSeconds }) => {
    const recent = events.filter((event) => event.atMs > atMs - periodSeconds * 1000);
    const start = recent.reduce((replicas, { change }) => replicas - change, current);
    // In 32 bits, as the controller adds: a value next to the largest number wraps round, and nothing can be added.
    if (type === 'Pods') return (direction === 'up' ? start + value : start - value) | 0;
    // Rounded up, so that it may grow at all; and truncated on the way down.
    return direction === 'up' ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
  });
  const picksHighest = (select === 'Max') === (direction === 'up');
  return picksHighest ? Math.max(...proposals) : Math.min(...proposals);
}

interface Event {
  readonly atMs: number;
  /** Above 0 where some were added. */
  readonly change: number;
}

/**
 * The steps that the controller still knows. For each direction it keeps a list of its own, in which a new step takes
 * the place of the last one that is older than the longest period of that direction: what a longer period of the
 * other direction would have counted can be gone.
 */
function keptEvents(
  steps: HpaHistory['steps'],
  { scaleUp, scaleDown }: NonNullable<HpaSpec['behavior']>,
): Event[] {
  const lists = {
    up: { events: [] as Event[], longestMs: longestPeriodMs(scaleUp) },
    down: { events: [] as Event[], longestMs: longestPeriodMs(scaleDown) },
  };
  for (const { atMs, from, to } of steps) {
    const { events, longestMs } = to > from ? lists.up : lists.down;
    const event = { atMs, change: to - from };
    const outdated = events.findLastIndex((each) => each.atMs < atMs - longestMs);
    if (outdated < 0) events.push(event);
    else events[outdated] = event;
  }
  return [...lists.up.events, ...lists.down.events];
}

function longestPeriodMs({ policies }: HpaDirection): number {
  return Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds)) * 1000;
}
