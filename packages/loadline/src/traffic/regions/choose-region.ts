import type { Region, RegionPlan, Steps } from './region-plan.ts';

/** How a region is at this moment. */
export interface SeenRegion {
  readonly isUp: boolean;
  /** Requests that it is busy with. */
  readonly inFlight: number;
  /** How much of its share it takes, 0 to 1: less than 1 for a while after it came back. */
  readonly warmRatio: number;
}

/** Which region one request is to go to. */
export interface RegionQuestion {
  readonly plan: RegionPlan;
  /** Where the client comes from; what the plan does not know is elsewhere. */
  readonly area: string;
  /** A region that is not there is down. */
  readonly seen: ReadonlyMap<string, SeenRegion>;
  /** Two draws of [0, 1): which of those that are as near, and whether one that warms up takes this request. */
  readonly pick: number;
  readonly warm: number;
}

/** The region for a request, and why not a nearer one. */
export interface RegionChoice {
  readonly region: string;
  /** `last resort`: nobody takes it, so the nearest that is up gets it all the same, or the nearest where all are down. */
  readonly because: 'nearest' | 'as near' | 'farther' | 'last resort';
  /** Who would have been asked before, and why that did not take it. */
  readonly passedOver: readonly { readonly region: string; readonly why: 'down' | 'full' | 'warming up' }[];
}

/**
 * Chooses the region for one request. Pure: the nearest step first; in it the one that was drawn by weight, then the others;
 * then the next step. `writeRegionConfiguration` has HAProxy do just this.
 *
 * Where nobody takes it, the first in this order that is up gets it: who is full or warming up is slow, who is down answers nothing.
 * Where all are down, the first gets it all the same: that all fail at once is seldom so, and their checks, or the way on which
 * these go, are wrong more often. Who is asked then may answer; who is told 503 at once is lost for sure.
 */
export function chooseRegion({ plan, area, seen, pick, warm }: RegionQuestion): RegionChoice {
  const byName = new Map(plan.regions.map((region) => [region.name, region]));
  const steps = stepsOf(plan, area);
  const passedOver: { region: string; why: 'down' | 'full' | 'warming up' }[] = [];
  for (const [index, step] of steps.entries()) {
    const drawn = drawnOf(step, byName, pick);
    for (const name of [drawn, ...step.filter((other) => other !== drawn)]) {
      const why = whyNot(byName.get(name) as Region, seen.get(name), warm);
      if (why === undefined) {
        return {
          region: name,
          because: index > 0 ? 'farther' : name === drawn ? 'nearest' : 'as near',
          passedOver,
        };
      }
      passedOver.push({ region: name, why });
    }
  }
  const last = passedOver.find(({ why }) => why !== 'down') ?? passedOver[0];
  return { region: last?.region as string, because: 'last resort', passedOver };
}

function stepsOf({ areas, elsewhere }: RegionPlan, area: string): Steps {
  return areas.get(area.toLowerCase()) ?? elsewhere;
}

function drawnOf(step: readonly string[], byName: ReadonlyMap<string, Region>, pick: number): string {
  const total = step.reduce((sum, name) => sum + weightIn(byName, name), 0);
  let upTo = 0;
  for (const name of step) {
    upTo += weightIn(byName, name);
    if (pick * total < upTo) return name;
  }
  return step.at(-1) as string;
}

function weightIn(byName: ReadonlyMap<string, Region>, name: string): number {
  return (byName.get(name) as Region).weight;
}

function whyNot(
  { fullAt }: Region,
  seen: SeenRegion | undefined,
  warm: number,
): 'down' | 'full' | 'warming up' | undefined {
  if (seen === undefined || !seen.isUp) return 'down';
  if (fullAt !== undefined && seen.inFlight >= fullAt) return 'full';
  return warm < seen.warmRatio ? undefined : 'warming up';
}
