import type { Evidence } from 'loadline/metrics';
import { timeOf } from '../contract/index.ts';

/** Stands in the evidence for the metrics of a service until it is known which of them are meant. */
const servicePrefix = 'service:';

export function servicePlace(service: string): string {
  return `${servicePrefix}${service}`;
}

export function profilePlace(id: string): string {
  return `/performance/profiling/${id}/profile`;
}

export function testPlace(id: string): string {
  return `/performance/tests/${id}/results`;
}

/** Which chart shows a number of a service; the others are of its requests. */
const charts: Readonly<Record<string, string>> = {
  eventLoopRatio: 'event-loop',
  cpuRatio: 'cpu',
  instances: 'cpu',
  memoryRatio: 'memory',
  usedBytes: 'memory',
  limitBytes: 'memory',
  growthBytesPerSecond: 'memory',
  connectionsMax: 'database',
  waiting: 'database',
  refused: 'database',
  ratePerSecond: 'database',
  holdMsMean: 'database',
  hitRatio: 'cache',
  hitRatioTarget: 'cache',
  lookupsPerSecond: 'cache',
};

/** Where a number can be looked at: the chart of its window, or the place as it is. Pure. */
export function placeOf({ name, source, window }: Evidence): string {
  if (!source.startsWith(servicePrefix)) return source;
  const chart = charts[name] ?? 'requests';
  const query = new URLSearchParams({ service: source.slice(servicePrefix.length) });
  if (window !== undefined) {
    query.set('from', timeOf(window.fromMs));
    query.set('to', timeOf(window.toMs));
  }
  return `/performance/metrics/${chart}?${query}`;
}
