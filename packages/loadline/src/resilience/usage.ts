import type { Registry } from '../metrics/index.ts';
import type { CircuitState } from './circuit-breaker.ts';

/** How protected calls went; all but `inFlight` and `waiting` count since the start. */
export interface ProtectionUsage {
  /** Also those that were not made. */
  readonly calls: number;
  /** Attempts that failed or took too long. */
  readonly failed: number;
  /** Calls that the breaker or the bulkhead did not let through. */
  readonly refused: number;
  readonly retries: number;
  /** Repetitions that the budget did not allow. */
  readonly retriesDenied: number;
  readonly fallbacks: number;
  readonly circuitOpenings: number;
  /** Work that has not ended, also if nobody waits for it any more. */
  readonly inFlight: number;
  /** Calls that wait for a place. */
  readonly waiting: number;
}

type Counted = { -readonly [Name in Exclude<keyof ProtectionUsage, 'waiting'>]: number };

export function createUsage(): Counted {
  return {
    calls: 0,
    failed: 0,
    refused: 0,
    retries: 0,
    retriesDenied: 0,
    fallbacks: 0,
    circuitOpenings: 0,
    inFlight: 0,
  };
}

/** What can be observed. */
export interface Observed {
  readonly usage: ProtectionUsage;
  readonly circuit: CircuitState;
}

/** Shows protections in a registry, each under its name. Once for each registry: it takes the names of the metrics. */
export function observeProtections(
  registry: Registry,
  protections: Readonly<Record<string, Observed>>,
): void {
  const each = (read: (observed: Observed) => number) => () =>
    Object.entries(protections).map(([target, observed]) => [{ target }, read(observed)] as const);
  const labels = ['target'] as const;
  for (const [name, help, field] of counters)
    registry.counter({ name, help, labels, read: each(({ usage }) => usage[field]) });
  registry.gauge({
    name: 'protected_calls_in_flight',
    help: 'Calls that have not ended.',
    labels,
    read: each(({ usage }) => usage.inFlight),
  });
  registry.gauge({
    name: 'protected_calls_waiting',
    help: 'Calls that wait for their turn.',
    labels,
    read: each(({ usage }) => usage.waiting),
  });
  registry.gauge({
    name: 'protected_circuit_open',
    help: 'Whether calls are refused because others failed: 1, while it is tried again 0.5, otherwise 0.',
    labels,
    read: each(({ circuit }) => openness[circuit]),
  });
}

const openness: Readonly<Record<CircuitState, number>> = { closed: 0, 'half-open': 0.5, open: 1 };

const counters: readonly (readonly [name: string, help: string, field: keyof ProtectionUsage])[] = [
  ['protected_calls_total', 'Calls, also those that were not made.', 'calls'],
  ['protected_calls_failed_total', 'Attempts that failed or took too long.', 'failed'],
  ['protected_calls_refused_total', 'Calls that breaker or bulkhead did not let through.', 'refused'],
  ['protected_call_retries_total', 'Repetitions.', 'retries'],
  ['protected_call_retries_denied_total', 'Repetitions beyond the budget, not made.', 'retriesDenied'],
  ['protected_call_fallbacks_total', 'Calls whose value is that of their fallback.', 'fallbacks'],
  ['protected_circuit_openings_total', 'How often a circuit opened.', 'circuitOpenings'],
];
