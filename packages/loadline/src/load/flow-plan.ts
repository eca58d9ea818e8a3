import type { LoadPlan } from './plan.ts';
import { createSchedule, type Schedule } from './schedule.ts';

/** One of the loads of a plan that run side by side. */
export interface FlowPlan {
  /** Of its scenario; empty for the load that the scenarios without one of their own share. */
  readonly name: string;
  readonly schedule: Schedule;
  /** Among which each iteration draws, by their places in the plan. */
  readonly scenarios: readonly { readonly index: number; readonly weight: number }[];
}

/** The scenarios with a load of their own each make a flow, the others share the plan's by their weights. */
export function flowPlansOf(plan: LoadPlan): FlowPlan[] {
  const all = plan.scenarios.map((scenario, index) => ({ ...scenario, index }));
  const shared = all.filter(({ stages }) => stages === undefined);
  const own = all.flatMap(({ name, stages, index }) =>
    stages === undefined
      ? []
      : [
          {
            name,
            schedule: createSchedule(stages, `${plan.seed}/${name}`),
            scenarios: [{ index, weight: 1 }],
          },
        ],
  );
  if (shared.length === 0) return own;
  const schedule = createSchedule(plan.stages, `${plan.seed}/`);
  return [{ name: '', schedule, scenarios: shared.map(({ index, weight }) => ({ index, weight })) }, ...own];
}

/** How long a plan's loads last, and how many arrivals they have. */
export function extentOf(plan: LoadPlan): { readonly plannedMs: number; readonly arrivals: number } {
  const schedules = flowPlansOf(plan).map(({ schedule }) => schedule);
  return {
    plannedMs: schedules.reduce((max, { durationMs }) => Math.max(max, durationMs), 0),
    arrivals: schedules.reduce((sum, { arrivals }) => sum + arrivals, 0),
  };
}
