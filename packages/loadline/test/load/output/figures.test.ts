import { describe, expect, it } from 'vitest';
import { answeredLatency } from '../../../src/load/output/figures.ts';
import { reportFixture } from './fixtures.ts';

const { total } = reportFixture({ seconds: 1, endpoints: ['discovery'] });

describe('the latency of a row', () => {
  it('is that of messages too, which have no status', () => {
    expect(answeredLatency({ ...total, statuses: {}, requests: 10, errors: 9 })).toBe(total.latencyMs);
  });

  it('is none where only failures came', () => {
    expect(answeredLatency({ ...total, statuses: {}, requests: 10, errors: 10 })).toBeUndefined();
  });
});
