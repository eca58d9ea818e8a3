import type { Registry } from 'loadline/metrics';
import type { Tests } from './tests.ts';

/** Shows how many load tests there are, and what could not be written down of them. */
export function observeTests(registry: Registry, tests: Pick<Tests, 'counts'>): void {
  registry.gauge({
    name: 'loadline_tests',
    help: 'Load tests that are not over, of all control planes of the database, by what they do.',
    labels: ['state'],
    read: () => [
      [{ state: 'queued' }, tests.counts.queued],
      [{ state: 'running' }, tests.counts.running],
    ],
  });
  registry.counter({
    name: 'loadline_tests_unremembered_total',
    help: 'Changes of load tests that could not be written down.',
    read: () => tests.counts.unremembered,
  });
}
