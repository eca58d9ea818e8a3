import type { Clock } from '../../base/index.ts';
import {
  type Deadline,
  deadlineHeader,
  type OwnDeadline,
  readDeadlineHeader,
  startDeadline,
} from '../../resilience/index.ts';
import type { GateRequest } from '../gate/gate.ts';

/**
 * The time that a request has left, for whatever its work calls: what its client said when it came in, and what `deadlineMs` of
 * `createAdmission` allows. Its signal aborts when that is over, and when the client goes away.
 *
 * @param request Node's own, also with Express; `request.raw` of Fastify, `context.req.raw` of Hono.
 * @returns undefined where nobody said anything, or the request did not come through an admission.
 * @example const rates = await calls.run(fetchRates, { within: deadlineOf(request) });
 */
export function deadlineOf(request: object): Deadline | undefined {
  return deadlines.get(request);
}

/** They go with their requests. */
const deadlines = new WeakMap<object, OwnDeadline>();

/** Whether the request itself said that it has no more time. */
export function isOfClient(deadline: OwnDeadline): boolean {
  return ofClients.has(deadline);
}

const ofClients = new WeakSet<OwnDeadline>();

export interface DeadlineMeans {
  /** Where the request says no less; Infinity for no limit. */
  readonly limitMs: number;
  readonly clock: Clock;
}

/** Begins a request's time. Undefined where it has no end. */
export function beginDeadline(
  request: GateRequest,
  { limitMs, clock }: DeadlineMeans,
): OwnDeadline | undefined {
  const leftMs = Math.min(readDeadlineHeader(request.header(deadlineHeader)) ?? limitMs, limitMs);
  if (leftMs === Number.POSITIVE_INFINITY) return undefined;
  const deadline = startDeadline(leftMs, { clock });
  deadlines.set(request.raw, deadline);
  if (leftMs < limitMs) ofClients.add(deadline);
  return deadline;
}
