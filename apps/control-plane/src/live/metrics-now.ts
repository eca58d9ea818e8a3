import type { Histogram } from 'loadline/metrics';
import { scaleOf } from 'loadline/store';
import type { Collector } from '../collect/index.ts';

/** What a service does now, as the live stream tells it; what nobody measures is absent. */
export interface ServiceNow {
  readonly service: string;
  /** Those that answered the last time. */
  readonly instances: number;
  readonly requestsPerSecond?: number;
  readonly errorsPerSecond?: number;
  readonly latencyMsP50?: number;
  readonly latencyMsP95?: number;
  readonly latencyMsP99?: number;
  readonly activeUsers?: number;
}

/** The last minute of every service that is watched, by name. */
export function metricsNow(
  collector: Pick<Collector, 'members' | 'recent' | 'activeUsers'>,
): readonly ServiceNow[] {
  const byService = [...Map.groupBy(collector.members(), ({ service }) => service)];
  return byService.map(([service, members]) => {
    const recent = collector.recent(service);
    const latency = recent.histogram('latency_ms');
    return {
      service,
      instances: members.filter(({ state }) => state === 'up').length,
      ...withoutAbsent({
        requestsPerSecond: recent.perSecond('requests'),
        errorsPerSecond: recent.perSecond('errors'),
        latencyMsP50: quantileMs(latency, 0.5),
        latencyMsP95: quantileMs(latency, 0.95),
        latencyMsP99: quantileMs(latency, 0.99),
        activeUsers: collector.activeUsers(service),
      }),
    };
  });
}

function quantileMs(latency: Histogram | undefined, quantile: number): number | undefined {
  return latency === undefined ? undefined : latency.quantile(quantile) * scaleOf('ms');
}

function withoutAbsent(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as Record<string, number>;
}
