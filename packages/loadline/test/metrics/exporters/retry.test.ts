import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../src/metrics/exporters/retry.ts';

const nowMs = Date.UTC(2026, 0, 1);

function delayMs(attempt: number, retryAfter?: string, drawn = 1): number {
  return retryDelayMs(attempt, { retryAfter, nowMs, random: () => drawn });
}

describe('retryDelayMs()', () => {
  it('doubles from 250 ms to ten seconds, from half of it to the whole', () => {
    expect([1, 2, 3, 6, 7, 20].map((attempt) => delayMs(attempt))).toEqual([
      250, 500, 1000, 8000, 10_000, 10_000,
    ]);
    expect(delayMs(1, undefined, 0)).toBe(125);
  });

  it('waits as long as the receiver asks, to half a minute', () => {
    expect(delayMs(1, '7')).toBe(7000);
    expect(delayMs(1, ' 3600 ')).toBe(30_000);
    expect(delayMs(1, 'Thu, 01 Jan 2026 00:00:05 GMT')).toBe(5000);
  });

  it('never waits less than it would by itself', () => {
    expect(delayMs(3, '0')).toBe(1000);
    expect(delayMs(3, 'Wed, 31 Dec 2025 00:00:00 GMT')).toBe(1000);
    expect(delayMs(3, 'soon')).toBe(1000);
    expect(delayMs(3, '-5')).toBe(1000);
  });
});
