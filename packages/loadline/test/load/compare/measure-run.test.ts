import { expect, it } from 'vitest';
import { measureRun } from '../../../src/load/compare/measure-run.ts';
import { comparedMetrics } from '../../../src/load/compare/metrics.ts';
import { simulateRun } from './runs.ts';

it('measures the times of messages, which have no status, and none where only failures came', () => {
  const { total, ...run } = simulateRun({ seed: 1 });
  const figuresOf = (given: Partial<typeof total>): number =>
    measureRun({ ...run, total: { ...total, ...given } }).total.figures.filter(Number.isFinite).length;
  expect(figuresOf({ statuses: {} })).toBe(comparedMetrics.length);
  expect(figuresOf({ statuses: {}, errors: total.requests })).toBeLessThan(comparedMetrics.length);
});
