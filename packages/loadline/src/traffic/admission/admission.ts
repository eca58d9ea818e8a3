import { randomBytes } from 'node:crypto';
import { createRandom, type Random } from '../../base/index.ts';
import { type Counter, createRegistry, type Labelled, type Registry } from '../../metrics/index.ts';
import type { ConcurrencyLimiter, Place, Priority } from '../../resilience/index.ts';
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

/** Whom a service lets in. */
export interface AdmissionOptions {
  /** In this order; the first that refuses answers. */
  readonly rates?: readonly AdmissionRate[];
  /** Of `createConcurrencyLimiter`: sheds what is more than the service can work on. */
  readonly limiter?: ConcurrencyLimiter;
  /** How much a request matters. `normal` by default. */
  readonly priorityOf?: (request: GateRequest) => Priority;
  /** Paths, with all below them, that are never refused. Default `/health`, `/metrics` and `/loadline`. */
  readonly neverShed?: readonly string[];
  /** Takes `admission_requests_total`, `admission_limit` and `admission_in_flight`. */
  readonly registry?: Registry;
  readonly random?: Random;
}

/**
 * Refuses what a service should not or cannot work on, before it has cost anything: `429` to whoever asks too often, `503` where
 * there is more than fits, both with `Retry-After` and a problem document. Register it after health and before everything else.
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
  const { rates, neverShed } = parseAdmission(options);
  const { limiter, priorityOf = (): Priority => 'normal' } = options;
  const random = options.random ?? createRandom(randomBytes(4).readUInt32LE());
  const outcomes = observeAdmission(options.registry ?? createRegistry(), limiter);
  const admitted = outcomes.with({ outcome: 'admitted' });
  const shed = outcomes.with({ outcome: 'shed' });
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

  function enter(request: GateRequest): Passage {
    if (limiter === undefined) {
      admitted.add();
      return undefined;
    }
    const place = limiter.enter(ask(priorityOf, request, 'normal'));
    if (place === undefined) {
      shed.add();
      return busyAnswer(1 + Math.floor(random() * 3));
    }
    admitted.add();
    return new Admitted(place);
  }

  async function takeAll(request: GateRequest): Promise<Passage> {
    for (const { name, keyOf, limiter: rate } of rates) {
      const key = ask(keyOf, request, undefined);
      const verdict = key === undefined ? undefined : await rate.take(key);
      if (verdict !== undefined && !verdict.allowed) {
        outcomes.with({ outcome: name }).add();
        return tooOftenAnswer(name, verdict.retryAfterMs);
      }
    }
    return enter(request);
  }

  return gated({
    take(request) {
      if (isExempt(request.path)) return undefined;
      return rates.length === 0 ? enter(request) : takeAll(request);
    },
  });
}

/** A request that is being worked on. */
class Admitted implements Follower {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  ended(status: number): void {
    // How long it took whoever went away is how long they were patient; what failed at once was no work.
    if (status === 503 || status === 504) this.#place.leave('overdue');
    else this.#place.leave(status === clientWent || status >= 500 ? 'unknown' : 'done');
  }
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
  }
  return registry.counter({
    name: 'admission_requests_total',
    help: 'Requests at the door: admitted, shed for want of room, or refused by the limit of this name; unknown where keyOf or priorityOf threw.',
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
