import type { Sample } from 'loadline/store';

/**
 * What an instance said last, by metric; distributions and what is told by endpoint are left out, and what a service has under
 * the same name in another unit or with labels. Pure.
 */
export function latestFiguresOf(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const figures = new Map<string, number>();
  for (const { series, value } of samples) {
    const { metric, unit, endpoint, labels } = series;
    if (typeof value !== 'number' || endpoint !== undefined || labels !== undefined) continue;
    if (keptUnits.get(metric) !== unit) continue;
    figures.set(metric, value);
  }
  return figures;
}

/** Names come from strangers: only what is asked for is kept. */
const keptUnits: ReadonlyMap<string, string> = new Map([
  ['cpu_ratio', 'ratio'],
  ['memory_bytes', 'bytes'],
  ['memory_ratio', 'ratio'],
  ['disk_ratio', 'ratio'],
  ['heap_bytes', 'bytes'],
  ['heap_limit_bytes', 'bytes'],
  ['event_loop_ratio', 'ratio'],
  ['network_received', 'bytes/s'],
  ['network_sent', 'bytes/s'],
  ['system_network_received', 'bytes/s'],
  ['system_network_sent', 'bytes/s'],
  ['connections', 'count'],
  ['requests_in_flight', 'count'],
  ['requests', 'rps'],
  ['errors', 'rps'],
  ['database_connections', 'count'],
  ['database_connections_max', 'count'],
  ['database_connections_active', 'count'],
  ['database_transactions', 'per second'],
  ['database_hit_ratio', 'ratio'],
  ['database_bytes', 'bytes'],
  ['cache_hits', 'per second'],
  ['cache_lookups', 'per second'],
  ['queue_depth', 'count'],
]);
