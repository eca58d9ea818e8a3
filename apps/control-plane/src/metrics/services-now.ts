import type { ServiceNow } from '../contract/index.ts';
import type { SeenNow } from './seen.ts';
import { instanceNowOf, serviceNowOf } from './service-now.ts';

export interface NowQuery {
  readonly apdexTargetMs: number;
  /** Only this one. */
  readonly service?: string | undefined;
  /** `instance`: each of them besides. */
  readonly by: 'service' | 'instance';
}

/** As in the specification of Apdex. */
export const apdexTargetMsDefault = 500;

/** What every service that is watched does now, by name. */
export function servicesNow(seen: SeenNow, { service, by, apdexTargetMs }: NowQuery): readonly ServiceNow[] {
  const byService = Map.groupBy(seen.latest(), ({ view }) => view.service);
  const asked = service === undefined ? [...byService.keys()].toSorted() : [service];
  return asked.flatMap((name) => {
    const instances = byService.get(name);
    if (instances === undefined) return [];
    const now = serviceNowOf({
      service: name,
      instances,
      recent: seen.recent(name),
      vitals: seen.recentVitals(name),
      activeUsers: seen.activeUsers(name),
      apdexTargetMs,
    });
    if (by === 'service') return [now];
    const each = instances.map(instanceNowOf).toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
    return [{ ...now, instances: each }];
  });
}
