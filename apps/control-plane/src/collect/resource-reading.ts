import type { ResourceReading, Sample } from 'loadline/store';
import { latestFiguresOf } from './latest-figures.ts';

/** What the columns hold: three digits before the point. */
const percentMax = 999.99;

/** The row of `system_resources` that an instance's samples make; undefined where there is nothing of it. Pure. */
export function resourceReadingOf(serverId: string, samples: readonly Sample[]): ResourceReading | undefined {
  const values = latestFiguresOf(samples);
  const percent = (metric: string): number | undefined => {
    const ratio = values.get(metric);
    return ratio === undefined ? undefined : Math.min(percentMax, Math.max(0, ratio * 100));
  };
  const received = values.get('network_received');
  const sent = values.get('network_sent');
  const figures = {
    cpuUsagePercent: percent('cpu_ratio'),
    memoryUsagePercent: percent('memory_ratio'),
    diskUsagePercent: percent('disk_ratio'),
    networkIoBytesPerSec:
      received === undefined && sent === undefined ? undefined : (received ?? 0) + (sent ?? 0),
    activeConnections: values.get('connections') ?? values.get('database_connections'),
  };
  const known = Object.entries(figures).filter(([, value]) => value !== undefined);
  if (known.length === 0) return undefined;
  return { serverId, atMs: (samples[0] as Sample).atMs, ...Object.fromEntries(known) };
}
