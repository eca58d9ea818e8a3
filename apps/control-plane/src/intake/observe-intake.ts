import type { Registry } from 'loadline/metrics';
import type { StoreCounts } from 'loadline/store';
import { type Intake, intakeDoors, intakeOutcomes } from './intake.ts';

/** Shows what came in by which door, and what the store made of all that it was given, from whomever. */
export function observeIntake(
  registry: Registry,
  { intake, store }: { readonly intake: Intake; readonly store: { readonly counts: StoreCounts } },
): void {
  registry.counter({
    name: 'loadline_intake_samples_total',
    help: 'Samples that others brought, by the door they came through and by what became of them at first.',
    labels: ['door', 'outcome'],
    read: () =>
      intakeDoors.flatMap((door) => {
        const counts = intake.counts(door);
        return intakeOutcomes.map((outcome) => [{ door, outcome }, counts[outcome]]);
      }),
  });
  registry.counter({
    name: 'loadline_store_samples_total',
    help: 'Samples of everybody, collected and brought, by what became of them in the end.',
    labels: ['outcome'],
    read: () =>
      (['committed', 'refused', 'dropped'] as const).map((outcome) => [{ outcome }, store.counts[outcome]]),
  });
  registry.gauge({
    name: 'loadline_store_samples_waiting',
    help: 'Samples in memory that the database has not taken yet.',
    read: () => store.counts.waiting,
  });
  registry.gauge({
    name: 'loadline_store_waiting_bytes',
    help: 'Memory that those take, roughly.',
    read: () => store.counts.waitingBytes,
  });
  registry.gauge({
    name: 'loadline_store_away',
    help: 'Whether the database took nothing at the last attempt.',
    read: () => (store.counts.isAway ? 1 : 0),
  });
  registry.counter({
    name: 'loadline_store_retries_total',
    help: 'Attempts to write that failed and were repeated.',
    read: () => store.counts.retries,
  });
}
