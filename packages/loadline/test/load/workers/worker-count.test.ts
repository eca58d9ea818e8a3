import { expect, it } from 'vitest';
import { countWorkers } from '../../../src/load/workers/worker-count.ts';
import { connect } from '../../simulation/session-plans.ts';
import { planWith, request, scenario } from '../../simulation/simulate.ts';

it('a user with sessions has two connections, so that a process holds half as many', () => {
  const stages = [{ kind: 'users', from: 8000, to: 8000, durationMs: 1000 }] as const;
  const limits = { cores: 2, filesMax: 10_000 };
  const talk = scenario('talk', [request('/'), connect('/')]);
  expect(countWorkers(planWith({ stages }), undefined, limits).count).toBe(1);
  expect(countWorkers(planWith({ stages, scenarios: [talk] }), undefined, limits).count).toBe(2);
  expect(countWorkers(planWith({ stages, scenarios: [talk] }), 1, limits).problem).toMatch(
    /^8000 users need at least 2 workers: .* a user with sessions has two connections$/,
  );
});
