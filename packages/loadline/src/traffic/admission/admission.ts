import { randomBytes } from 'node:crypto';
import { type Clock, createRandom, type Random, systemClock } from '../../base/index.ts';
import { type Counter, createRegistry, type Labelled, type Registry } from '../../metrics/index.ts';
import type {
  ConcurrencyLimiter,
  OwnDeadline,
  Place,
  Priority,
  RateLimiter,
  RateVerdict,
} from '../../resilience/index.ts';
import { type Gated, gated } from '../gate/frameworks.ts';
import {
  clientWent,
  type Follower,
  type GateAnswer,
  type GateRequest,
  type Passage,
  problemAnswer,
} from '../gate/gate.ts';
import { type AdmissionRate, parseAdmission } from './options.ts';
import { beginDeadline, isOfClient } from './request-deadline.ts';

/** Whom a service lets in. */
export interface AdmissionOptions {
  /** In this order; the first that refuses answers. */
  readonly rates?: readonly AdmissionRate[];
  /** Of `createConcurrencyLimiter`: sheds what is more than the service can work on. */
  readonly limiter?: ConcurrencyLimiter;
  /**
   * How long a request may take, in milliseconds, where it says no less itself; `deadlineOf` tells its work. Default: only what
   * requests say counts.
   */
  readonly deadlineMs?: number;
  /** How much a request matters. `normal` by default. */
  readonly priorityOf?: (request: GateRequest) => Priority;
  /** Paths, with all below them, that are never refused. Default `/health`, `/metrics` and `/loadline`. */
  readonly neverShed?: readonly string[];
  /** Takes `admission_requests_total`, `admission_limit`, `admission_in_flight` and `admission_waiting`. */
  readonly registry?: Registry;
  /** Spreads `Retry-After` from 1 to 3 seconds, so that not all come back at once. Default: of chance. */
  readonly random?: Random;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/**
 * Refuses what a service should not or cannot work on, before it has cost anything: `429` to whoever asks too often, `503` where
 * there is more than fits, both with `Retry-After`, and `504` where nobody waits for the answer any more; each with a problem document. Register it after health and before everything else.
 *
 * @example
 * const admission = createAdmission({
 *   rates: [{ name: 'by-address', keyOf: clientAddress(['10.0.0.0/8']), limiter: createLocalRateLimit({ ratePerSecond: 20, burst: 40 }, { clock: systemClock }) }],
 *   limiter: createConcurrencyLimiter(),
 *   priorityOf: ({ path }) => (path.startsWith('/checkout') ? 'critical' : 'normal'),
 * });
 * app.use(admission.express());
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID
 */
export function createAdmission(options: AdmissionOptions): Gated {
  const { rates, neverShed, deadlineMs } = parseAdmission(options);
  const { limiter, priorityOf = (): Priority => 'normal', clock = systemClock } = options;
  const random = options.random ?? createRandom(randomBytes(4).readUInt32LE());
  const outcomes = observeAdmission(options.registry ?? createRegistry(), limiter);
  const admitted = outcomes.with({ outcome: 'admitted' });
  const shed = outcomes.with({ outcome: 'shed' });
  const overdue = outcomes.with({ outcome: 'overdue' });
  const unknown = outcomes.with({ outcome: 'unknown' });
  const isExempt = (path: string): boolean =>
    neverShed.some(
      (each) => path.startsWith(each) && (path.length === each.length || path[each.length] === '/'),
    );

  /** A service's own function must not break its requests. */
  function ask<Told>(of: (request: GateRequest) => Told, request: GateRequest, standIn: Told): Told {
    try {
      return of(request);
    } catch {
      unknown.add();
      return standIn;
    }
  }

  /** One that cannot say is no reason to refuse anybody either. */
  async function verdictOf(rate: RateLimiter, key: string): Promise<RateVerdict | undefined> {
    try {
      return await rate.take(key);
    } catch {
      unknown.add();
      return undefined;
    }
  }

  function knownPriority(request: GateRequest): Priority {
    const priority = priorityOf(request);
    if (!priorities.has(priority)) throw new RangeError(`no priority: ${String(priority)}`);
    return priority;
  }

  function enter(request: GateRequest, deadline: OwnDeadline | undefined): Passage | Promise<Passage> {
    if (limiter === undefined) return admit(undefined, deadline);
    const place = limiter.enterOrWait(ask(knownPriority, request, 'normal'), deadline?.remainingMs());
    return place instanceof Promise
      ? place.then((found) => settle(found, deadline))
      : settle(place, deadline);
  }

  function settle(place: Place | undefined, deadline: OwnDeadline | undefined): Passage {
    if (deadline?.remainingMs() === 0) {
      place?.leave('unknown');
      return refuseOverdue(deadline);
    }
    if (place !== undefined) return admit(place, deadline);
    shed.add();
    deadline?.end();
    return busyAnswer(1 + Math.floor(random() * 3));
  }

  function admit(place: Place | undefined, deadline: OwnDeadline | undefined): Passage {
    admitted.add();
    return place === undefined && deadline === undefined ? undefined : new Admitted(place, deadline);
  }

  function refuseOverdue(deadline: OwnDeadline): GateAnswer {
    overdue.add();
    deadline.end();
    return overdueAnswer;
  }

  async function takeAll(request: GateRequest, deadline: OwnDeadline | undefined): Promise<Passage> {
    for (const { name, keyOf, limiter: rate } of rates) {
      const key = ask(keyOf, request, undefined);
      const verdict = key === undefined ? undefined : await verdictOf(rate, String(key));
      if (verdict !== undefined && !verdict.allowed) {
        outcomes.with({ outcome: name }).add();
        deadline?.end();
        return tooOftenAnswer(name, verdict.retryAfterMs);
      }
    }
    return enter(request, deadline);
  }

  return gated({
    take(request) {
      if (isExempt(request.path)) return undefined;
      const deadline = beginDeadline(request, { limitMs: deadlineMs, clock });
      if (deadline?.remainingMs() === 0) return refuseOverdue(deadline);
      return rates.length === 0 ? enter(request, deadline) : takeAll(request, deadline);
    },
  });
}

const priorities: ReadonlySet<Priority> = new Set(['critical', 'normal', 'low']);

/** A request that is being worked on. */
class Admitted implements Follower {
  readonly #place: Place | undefined;
  readonly #deadline: OwnDeadline | undefined;

  constructor(place: Place | undefined, deadline: OwnDeadline | undefined) {
    this.#place = place;
    this.#deadline = deadline;
  }

  ended(status: number): void {
    const deadline = this.#deadline;
    // Else whoever asks for an answer at once could have the service let in fewer and fewer.
    const isHasty = deadline !== undefined && isOfClient(deadline) && deadline.remainingMs() === 0;
    deadline?.end(status === clientWent ? clientGone() : undefined);
    // How long it took whoever went away is how long they were patient; what failed at once was no work.
    if (status === 504 && isHasty) this.#place?.leave('given up');
    else if (status === 503 || status === 504) this.#place?.leave('overdue');
    else this.#place?.leave(status === clientWent || status >= 500 ? 'unknown' : 'done');
  }
}

/** As a signal says it that was aborted without a reason. */
function clientGone(): DOMException {
  return new DOMException('The client has gone away.', 'AbortError');
}

function observeAdmission(
  registry: Registry,
  limiter: ConcurrencyLimiter | undefined,
): Labelled<'outcome', Counter> {
  if (limiter !== undefined) {
    registry.gauge({
      name: 'admission_limit',
      help: 'How many requests are let in at once, as found out.',
      read: () => limiter.limit,
    });
    registry.gauge({
      name: 'admission_in_flight',
      help: 'Requests that were let in and have not ended.',
      read: () => limiter.inFlight,
    });
    registry.gauge({
      name: 'admission_waiting',
      help: 'Requests that wait for a place.',
      read: () => limiter.waiting,
    });
  }
  return registry.counter({
    name: 'admission_requests_total',
    help: 'Requests at the door: admitted, shed for want of room, overdue, or refused by the limit of this name; unknown where keyOf, priorityOf or a limit threw.',
    labels: ['outcome'],
  });
}

function tooOftenAnswer(name: string, retryAfterMs: number): GateAnswer {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return problemAnswer(
    {
      status: 429,
      title: 'Too Many Requests',
      code: 'TRAFFIC_TOO_OFTEN',
      detail: `The limit ${name} is reached. Come back in ${seconds} s.`,
    },
    { 'retry-after': String(seconds) },
  );
}

/** Not for all the same time: those that were sent away together would come back together. */
function busyAnswer(seconds: number): GateAnswer {
  return problemAnswer(
    {
      status: 503,
      title: 'Service Unavailable',
      code: 'TRAFFIC_SHED',
      detail: 'The service has as many requests as it can work on.',
    },
    { 'retry-after': String(seconds) },
  );
}

const overdueAnswer: GateAnswer = problemAnswer({
  status: 504,
  title: 'Gateway Timeout',
  code: 'TRAFFIC_OVERDUE',
  detail: 'The time that this request had was over before its work began.',
});
