import fc from 'fast-check';
import type { Upstream, WantedUpstream } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { weigh } from '../../../src/scaling/rollout/weigh.ts';

function upstreams(name: string, weights: readonly (number | undefined)[]): Upstream[] {
  return weights.map((weight, index) => ({
    id: `${name}-${index}`,
    host: '127.0.0.1',
    port: 8000 + index,
    ...(weight === undefined ? {} : { weight }),
  }));
}

function weightOf(wanted: readonly WantedUpstream[], name: string): number {
  return wanted.filter(({ id }) => id.startsWith(name)).reduce((sum, { weight = 1 }) => sum + weight, 0);
}

function shareOf(wanted: readonly WantedUpstream[]): number {
  return weightOf(wanted, 'new') / (weightOf(wanted, 'new') + weightOf(wanted, 'old'));
}

describe('weigh()', () => {
  it('gives the candidate its share, whatever the number of upstreams and their own weights', () => {
    const weights = fc.array(fc.option(fc.integer({ min: 0, max: 256 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 60,
    });
    const shares = fc.oneof(fc.constantFrom(0, 1, 0.01, 0.05), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(weights, weights, shares, (old, next, share) => {
        const wanted = weigh({ baseline: upstreams('old', old), candidate: upstreams('new', next) }, share);
        expect(wanted).toHaveLength(old.length + next.length);
        for (const { weight, mode } of wanted) {
          expect(mode).toBe('serving');
          expect(weight).toBeGreaterThanOrEqual(0);
          expect(weight).toBeLessThanOrEqual(256);
          expect(Number.isInteger(weight)).toBe(true);
        }
        expect(Math.abs(shareOf(wanted) - share)).toBeLessThanOrEqual(0.004);
        if (share === 0 || share === 1) expect(shareOf(wanted)).toBe(share);
      }),
    );
  });

  it('gives all that there is to the build that has upstreams', () => {
    const old = upstreams('old', [undefined, undefined]);
    expect(weigh({ baseline: old, candidate: [] }, 0.5).map(({ weight }) => weight)).toEqual([256, 256]);
    expect(weigh({ baseline: [], candidate: old }, 0.5).map(({ weight }) => weight)).toEqual([256, 256]);
    expect(weigh({ baseline: [], candidate: [] }, 0.5)).toEqual([]);
  });

  it('gives something to a build that is to get anything', () => {
    const wanted = weigh({ baseline: upstreams('old', [1]), candidate: upstreams('new', [1, 1]) }, 0.0001);
    expect(wanted.map(({ weight }) => weight)).toEqual([256, 1, 0]);
  });

  it('keeps the proportions within a build', () => {
    const wanted = weigh({ baseline: upstreams('old', [1, 2, 4]), candidate: upstreams('new', [1]) }, 0.125);
    expect(Object.fromEntries(wanted.map(({ id, weight }) => [id, weight]))).toEqual({
      'old-0': 64,
      'old-1': 128,
      'old-2': 256,
      'new-0': 64,
    });
  });

  it('names the heaviest first, so that a proxy that takes one order after the other is never without any', () => {
    const both = { baseline: upstreams('old', [1, 1]), candidate: upstreams('new', [1]) };
    expect(weigh(both, 1).map(({ id }) => id)).toEqual(['new-0', 'old-0', 'old-1']);
    expect(weigh(both, 0).map(({ id }) => id)).toEqual(['old-0', 'old-1', 'new-0']);
  });

  it('lets those that leave end what they have, and counts on them for nothing', () => {
    const [first, second] = upstreams('old', [1, 1]) as [Upstream, Upstream];
    const wanted = weigh(
      { baseline: [{ ...first, isDraining: true }, second], candidate: upstreams('new', [1]) },
      0.5,
    );
    expect(wanted.map(({ id, mode }) => [id, mode])).toEqual([
      ['old-1', 'serving'],
      ['new-0', 'serving'],
      ['old-0', 'draining'],
    ]);
    expect(wanted.map(({ weight }) => weight)).toEqual([256, 256, 1]);
  });

  it('lets some of a build rest where its share is too small for all', () => {
    const wanted = weigh(
      { baseline: upstreams('old', [1]), candidate: upstreams('new', [1, 1, 1, 1, 1, 1]) },
      0.01,
    );
    expect(wanted.map(({ weight }) => weight)).toEqual([256, 1, 1, 1, 0, 0, 0]);
  });
});
