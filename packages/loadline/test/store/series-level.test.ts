import fc from 'fast-check';
import type { SeriesQuery } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { planRead } from '../../src/store/series-level.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const nowMs = Date.UTC(2026, 10, 29, 12, 34, 56);
const keepMs = { raw: 7 * dayMs, minute: 30 * dayMs, hour: 400 * dayMs };

describe('planRead()', () => {
  it.each([
    ['raw samples for seconds', hourMs, 15_000, 'raw', 15_000],
    ['minutes for a step of minutes', 6 * hourMs, 5 * minuteMs, 'minute', 5 * minuteMs],
    ['minutes for a step that is no whole number of them', 6 * hourMs, 90_000, 'minute', 2 * minuteMs],
    ['hours for a step of hours', 30 * dayMs, hourMs, 'hour', hourMs],
    ['minutes where raw samples are gone', 8 * dayMs, 59_000, 'raw-or-more', minuteMs],
    ['hours where minutes are gone', 31 * dayMs, 10 * minuteMs, 'hour', hourMs],
    ['hours where even these are gone', 500 * dayMs, 2 * dayMs, 'hour', 2 * dayMs],
  ] as const)('reads %s', (_, windowMs, stepMs, level, effectiveMs) => {
    const stepLongEnoughMs = Math.max(stepMs, windowMs / 11_000);
    const plan = read({ fromMs: nowMs - windowMs, stepMs: Math.ceil(stepLongEnoughMs) });
    expect(plan.level).toBe(level === 'raw-or-more' ? 'minute' : level);
    expect(plan.stepMs).toBe(Math.max(effectiveMs, plan.stepMs));
  });

  it('widens the window to whole steps since the epoch', () => {
    const plan = read({ fromMs: nowMs - hourMs, stepMs: minuteMs });
    expect(new Date(plan.fromMs).toISOString()).toBe('2026-11-29T11:34:00.000Z');
    expect(new Date(plan.toMs).toISOString()).toBe('2026-11-29T12:35:00.000Z');
  });

  it('always covers what was asked for, in steps that are no shorter', () => {
    const query = fc.record({
      fromMs: fc.integer({ min: nowMs - 500 * dayMs, max: nowMs - 1 }),
      stepMs: fc.integer({ min: 4_000_000, max: 40 * dayMs }),
    });
    fc.assert(
      fc.property(query, ({ fromMs, stepMs }) => {
        const plan = read({ fromMs, stepMs });
        expect(plan.stepMs).toBeGreaterThanOrEqual(stepMs);
        expect(plan.fromMs).toBeLessThanOrEqual(fromMs);
        expect(plan.toMs).toBeGreaterThanOrEqual(nowMs);
        expect(plan.fromMs % plan.stepMs).toBe(0);
      }),
    );
  });

  it('tells everything that is wrong with a question', () => {
    const wrong = { metric: '', fromMs: 2, toMs: 1, stepMs: 0.5, quantiles: [2, Number.NaN] };
    expect(() => planRead(wrong, { nowMs, keepMs })).toThrow(
      expect.objectContaining({
        code: 'STORE_QUERY_INVALID',
        facts: { problems: expect.toSatisfy((all) => all.length === 5) },
      }),
    );
  });

  it('refuses more points than a chart can show', () => {
    expect(() => read({ fromMs: nowMs - dayMs, stepMs: 1000 })).toThrow('86400 steps');
  });
});

function read(query: Partial<SeriesQuery>): ReturnType<typeof planRead> {
  return planRead({ metric: 'cpu', fromMs: 0, toMs: nowMs, stepMs: 1, ...query }, { nowMs, keepMs });
}
