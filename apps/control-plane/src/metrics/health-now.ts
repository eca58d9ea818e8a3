import { type HealthReadings, healthScore } from 'loadline/observe';
import type { ServiceNow } from '../contract/index.ts';
import { present, ratioOf } from './figures-now.ts';
import type { Seen } from './seen.ts';

/** One number for how a service is, and what it comes of. Pure. */
export function healthOf(now: Partial<ServiceNow>, instances: readonly Seen[]): ServiceNow['health'] {
  const content = [
    now.apdex?.score,
    now.speedRatings?.fastRatio,
    // The three that are judged; the others say where their time goes.
    ...(['lcp', 'inp', 'cls'] as const).map((name) => now.webVitals?.[name]?.goodRatio),
  ].filter((ratio) => ratio !== undefined);
  const readings: HealthReadings = present({
    latencyMsP95: now.latencyMs?.p95,
    errorRatio: now.errorRatio,
    saturationRatio: saturationOf(instances),
    databaseMsP95: now.database?.queryMs?.p95,
    cacheHitRatio: now.cache?.hitRatio,
    satisfiedRatio: content.length === 0 ? undefined : Math.min(...content),
  });
  const { score, parts, missing, heldDownBy } = healthScore(readings);
  return {
    ...present({ score: score === undefined ? undefined : Math.round(score * 10) / 10, heldDownBy }),
    parts: parts.map((part) => ({ ...part, score: Math.round(part.score * 10) / 10 })),
    missing: [...missing],
  };
}

/** Of the instance that has least left of anything. A cache is meant to be full. */
function saturationOf(instances: readonly Seen[]): number | undefined {
  const ratios = instances.flatMap(({ view, figures }) => [
    figures.get('cpu_ratio'),
    figures.get('event_loop_ratio'),
    view.kind === 'valkey' ? undefined : figures.get('memory_ratio'),
    ratioOf(figures.get('database_connections'), figures.get('database_connections_max')),
  ]);
  const known = ratios.filter((ratio) => ratio !== undefined);
  return known.length === 0 ? undefined : Math.min(1, Math.max(...known));
}
