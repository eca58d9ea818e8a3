import { parseInstant } from 'loadline/base';
import { Problem } from '../problems/index.ts';

/** A moment as the API tells it. */
export function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/**
 * A moment that the API was told, in milliseconds since the epoch.
 *
 * @throws Problem where no clock shows it: the schema's format lets a few through, like 28:59:60+05:00.
 */
export function momentOf(time: string): number {
  const atMs = parseInstant(time);
  if (atMs !== undefined) return atMs;
  throw new Problem(
    'CONTROL_PLANE_REQUEST_INVALID',
    `${time} is no time; it must be one with its zone, like 2026-06-06T12:00:00Z.`,
  );
}

/** Between which times something is asked for, as the store is asked: neither of them need be there. */
export function timesOf({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): { readonly fromMs?: number; readonly toMs?: number } {
  return {
    ...(from === undefined ? {} : { fromMs: momentOf(from) }),
    ...(to === undefined ? {} : { toMs: momentOf(to) }),
  };
}
