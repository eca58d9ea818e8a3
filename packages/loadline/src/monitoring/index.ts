/** Targets, objectives, burn rates, alerts, uptime, peak-day calendar. */
export type { JudgedTarget, Observed, Target, TargetMetric } from './targets.ts';
export { judgeTargets, targetPresets } from './targets.ts';
