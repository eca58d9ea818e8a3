import type { Deadline } from './deadline.ts';

/**
 * The field in which a request says how much time it has left, in whole milliseconds. It is Envoy's, so that services behind Envoy,
 * Istio and the like are told already. A time that is left needs no clocks that agree, as a moment would; what it does not count is
 * the way between the two.
 */
export const deadlineHeader = 'x-envoy-expected-rq-timeout-ms';

/** What such a field says, in milliseconds. Undefined where it is absent or no whole number of up to nine digits: then nobody has said anything. Pure. */
export function readDeadlineHeader(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** What such a field is to say; undefined for a time without an end, or longer than it can say. Never more than is left. Pure. */
export function writeDeadlineHeader(remainingMs: number): string | undefined {
  return remainingMs < 1e9 ? String(Math.max(0, Math.floor(remainingMs))) : undefined;
}

/**
 * The fields that hand a deadline on with a request.
 *
 * @example calls.run((deadline) => fetch(url, { signal: deadline.signal, headers: deadlineHeaders(deadline) }), { within });
 */
export function deadlineHeaders(deadline: Pick<Deadline, 'remainingMs'> | undefined): Record<string, string> {
  const value = deadline === undefined ? undefined : writeDeadlineHeader(deadline.remainingMs());
  return value === undefined ? {} : { [deadlineHeader]: value };
}
