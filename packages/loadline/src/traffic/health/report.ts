/** How a service is, as a whole. `degraded` still serves, with less than it wants. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy' | 'starting' | 'draining';

/** What came of one check. Why it failed may name servers and users: that is for the log, not for whoever asks. */
export type CheckResult = 'ok' | 'failed' | 'no answer in time' | 'not asked';

/** What a health endpoint says. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, CheckResult>>;
  /** As the options of `createHealth` say it. */
  readonly version?: string;
}

/** Where in its life a service is. */
export type Phase = 'starting' | 'serving' | 'draining';

/**
 * What the checks mean for the whole. One that is critical and not well makes a service unhealthy; another one makes it
 * degraded, so that the loss of what it can do without does not take out every instance at once.
 */
export function judgeHealth(
  phase: Phase,
  checks: Readonly<Record<string, CheckResult>>,
  isCritical: (name: string) => boolean,
): HealthStatus {
  if (phase !== 'serving') return phase;
  const unwell = Object.keys(checks).filter((name) => checks[name] !== 'ok');
  if (unwell.length === 0) return 'healthy';
  return unwell.some(isCritical) ? 'unhealthy' : 'degraded';
}

/** Whether requests may be sent here. */
export function isReady(status: HealthStatus): boolean {
  return status === 'healthy' || status === 'degraded';
}
