import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { fastShare, judgeVital, parseBeacon } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

describe('parseBeacon()', () => {
  it('reads values and a rating', () => {
    const parsed = parseBeacon({ page: '/', lcpMs: 1234.5, cls: 0, rating: 4 });
    expect(parsed).toEqual({
      ok: true,
      value: {
        page: '/',
        values: new Map([
          ['lcp', 1234.5],
          ['cls', 0],
        ]),
        rating: 4,
      },
    });
  });

  it.each([
    ['nothing', undefined],
    ['no value', { page: '/' }],
    ['an unknown field', { page: '/', lcpMs: 1, userId: 7 }],
    ['a value as text', { page: '/', lcpMs: '1' }],
    ['a time that no page takes', { page: '/', lcpMs: 1e9 }],
    ['half a rating', { page: '/', rating: 4.5 }],
    ['a page with a query', { page: '/?token=secret', lcpMs: 1 }],
    ['a page that is no path', { page: 'javascript:alert(1)', lcpMs: 1 }],
    ['a very long page', { page: `/${'x'.repeat(400)}`, lcpMs: 1 }],
  ])('refuses %s', (_, input) => {
    expect(parseBeacon(input).ok).toBe(false);
  });

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        expect(typeof parseBeacon(input).ok).toBe('boolean');
      }),
    );
  });
});

describe('judgeVital()', () => {
  it('judges by the 75th percentile, as the Web Vitals are', () => {
    const lcp = createHistogram();
    for (const ms of [1000, 1500, 2400, 9000]) lcp.record(ms * 1000);
    expect(judgeVital('lcp', lcp)).toMatchObject({ count: 4, goodShare: 0.75, verdict: 'good' });
    lcp.record(3_000_000);
    expect(judgeVital('lcp', lcp)).toMatchObject({ goodShare: 0.6, verdict: 'needs improvement' });
  });

  it('knows that layout shifts are scores', () => {
    const cls = createHistogram();
    cls.record(0.3 / 0.0001);
    expect(judgeVital('cls', cls)).toMatchObject({ verdict: 'poor', goodShare: 0 });
    expect(judgeVital('cls', cls)?.p75).toBeCloseTo(0.3, 2);
    expect(judgeVital('cls', createHistogram())).toBeUndefined();
  });
});

it('fastShare() is the share of "fast" and "very fast"', () => {
  expect(fastShare({ 1: 1, 2: 1, 3: 2, 4: 10, 5: 6 })).toBe(0.8);
  expect(fastShare({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 })).toBeUndefined();
});
