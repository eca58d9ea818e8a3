import type { Metrics } from 'loadline/store';
import type { MetricNamePage } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';

export interface NamesAsked {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly service?: string | undefined;
  readonly prefix?: string | undefined;
}

/** A page of the names of metrics. A cursor is the last name of the page before. */
export async function listNames(
  metrics: Pick<Metrics, 'names'>,
  { limit, cursor, service, prefix }: NamesAsked,
): Promise<MetricNamePage> {
  const found = await metrics.names({
    limit: limit + 1,
    ...(cursor === undefined ? {} : { after: nameOf(cursor) }),
    ...(service === undefined ? {} : { service }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  const items = found.slice(0, limit).map(({ metric, units, services }) => ({
    metric,
    units: [...units],
    services: [...services],
  }));
  const last = items.at(-1);
  return {
    items,
    ...(found.length > limit && last !== undefined ? { nextCursor: cursorOf(last.metric) } : {}),
  };
}

function cursorOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function nameOf(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString();
  if (cursorOf(name) === cursor && !name.includes('\0')) return name;
  const detail = 'is none that was given out';
  throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `/cursor ${detail}.`, {
    errors: [{ in: 'query', pointer: '/cursor', detail }],
  });
}
