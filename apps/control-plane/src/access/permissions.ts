import type { OperationName } from '../contract/index.ts';

/**
 * From the least to the most; whoever may do more may do all that is less. But a reporter stands beside the viewer, and not below
 * it: it tells what an operator may tell, and is told nothing.
 */
export const roles = ['reporter', 'viewer', 'operator', 'admin'] as const;

export type Role = (typeof roles)[number];

/**
 * Who may ask for what: everybody (`open`), whoever has a key, or comes from an address that is listed for it
 * (`metrics`), or a key of at least this role. The compiler sees to it that no operation is missing.
 */
export const permissions: Readonly<Record<OperationName, Role | 'open' | 'metrics'>> = {
  isAlive: 'open',
  isReady: 'open',
  getOwnMetrics: 'metrics',
  getOpenApi: 'viewer',
  getApiPage: 'viewer',
  // With a key in its body: whoever has none is refused there.
  openSession: 'open',
  getSession: 'viewer',
  closeSession: 'viewer',
  listKeys: 'admin',
  createKey: 'admin',
  revokeKey: 'admin',
  listAudit: 'admin',
  startTest: 'operator',
  getTest: 'viewer',
  cancelTest: 'operator',
  getTestResults: 'viewer',
  listTests: 'viewer',
  getMetrics: 'viewer',
  getCpuMetrics: 'viewer',
  getMemoryMetrics: 'viewer',
  getNetworkMetrics: 'viewer',
  getDatabaseMetrics: 'viewer',
  getCacheMetrics: 'viewer',
  getEventLoopMetrics: 'viewer',
  getRequestMetrics: 'viewer',
  getWebVitalMetrics: 'viewer',
  getMetricSeries: 'viewer',
  listMetricNames: 'viewer',
  listInstances: 'viewer',
  registerInstance: 'reporter',
  beatInstance: 'reporter',
  removeInstance: 'reporter',
  writeMetrics: 'reporter',
  writeMetricsText: 'reporter',
  remoteWriteMetrics: 'reporter',
  listSchedules: 'viewer',
  createSchedule: 'operator',
  deleteSchedule: 'operator',
  getScalingStatus: 'viewer',
  configureScaling: 'operator',
  scaleManually: 'operator',
  endManualScaling: 'operator',
  restartInstances: 'operator',
  endRestart: 'operator',
  listScalingEvents: 'viewer',
  listScalingDecisions: 'viewer',
  listRollouts: 'viewer',
  startRollout: 'operator',
  getRollout: 'viewer',
  pauseRollout: 'operator',
  resumeRollout: 'operator',
  promoteRollout: 'operator',
  rollBackRollout: 'operator',
  startProfiling: 'operator',
  stopProfiling: 'operator',
  listProfilingSessions: 'viewer',
  getProfilingSession: 'viewer',
  getProfile: 'viewer',
  listRecommendations: 'viewer',
  listAlerts: 'viewer',
  getAlert: 'viewer',
  acknowledgeAlert: 'operator',
  listAlertRules: 'viewer',
  createAlertRule: 'operator',
  replaceAlertRule: 'operator',
  deleteAlertRule: 'operator',
  listSilences: 'viewer',
  createSilence: 'operator',
  endSilence: 'operator',
  listIncidents: 'viewer',
  getIncident: 'viewer',
  takeIncident: 'operator',
  noteIncident: 'operator',
  judgeTargets: 'viewer',
  streamLive: 'viewer',
};

/** Whether a role may do what needs another. */
export function includes(role: Role, needed: Role): boolean {
  if (needed === 'reporter' && role === 'viewer') return false;
  return roles.indexOf(role) >= roles.indexOf(needed);
}
