import type { PoolSeen } from 'loadline/advice';
import { countOf, meanOf, type ServiceFigures } from './service-figures.ts';

const stepMs = 60_000;

/** The pool of connections of an instance, of each service that tells who waits for one: on average over the instances. */
export async function readPools(figures: ServiceFigures): Promise<ReadonlyMap<string, PoolSeen>> {
  const { metrics, window } = figures;
  const hold = {
    metric: 'database_connection_hold_ms',
    unit: 'ms',
    ...window,
    stepMs,
    by: 'service',
  } as const;
  const [waiting, max, refused, holds, latest] = await Promise.all([
    figures.meansOf('database_connections_waiting', 'count'),
    figures.meansOf('database_connections_max', 'count'),
    figures.meansOf('database_connections_refused', 'per second'),
    metrics.series(hold),
    metrics.latest({ metric: 'database_connections_waiting', sinceMs: window.fromMs }),
  ]);
  const seconds = (window.toMs - window.fromMs) / 1000;
  const pools = [...waiting].flatMap(([service, waits]): [string, PoolSeen][] => {
    const connectionsMax = max.get(service);
    if (connectionsMax === undefined) return [];
    const instances = Math.max(1, latest.filter(({ series }) => series.service === service).length);
    const held = holds.lines.find(({ name }) => name === service);
    const use =
      held === undefined || countOf(held) === 0
        ? {}
        : { ratePerSecond: countOf(held) / seconds / instances, holdMsMean: meanOf(held) };
    const refusals = Math.round((refused.get(service) ?? 0) * seconds * instances);
    return [
      [service, { connectionsMax: Math.round(connectionsMax), waiting: waits, refused: refusals, ...use }],
    ];
  });
  return new Map(pools);
}
