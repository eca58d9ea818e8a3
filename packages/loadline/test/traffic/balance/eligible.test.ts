import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newCandidate } from '../../../src/traffic/balance/candidate.ts';
import { eligibleOf, type Member } from '../../../src/traffic/balance/eligible.ts';

/** `a1+` is one of zone `a` that is fit, `b2-` one of zone `b` that is not; of `?1+` nobody told the zone. */
function members(text: string): Member[] {
  return text.split(' ').map((each) => ({
    candidate: newCandidate(each.slice(0, 2), 1),
    zone: each[0] === '?' ? undefined : each[0],
    isFit: each.endsWith('+'),
  }));
}

function eligible(text: string, zone: string | undefined = undefined, panicRatio = 0.5) {
  const { near, far, nearRatio, isPanic } = eligibleOf(members(text), { zone, panicRatio });
  return {
    near: near.map(({ id }) => id).join(' '),
    far: far.map(({ id }) => id).join(' '),
    nearRatio,
    isPanic,
  };
}

describe('eligibleOf()', () => {
  it('leaves out who is not fit', () => {
    expect(eligible('a1+ a2- a3+')).toEqual({ near: 'a1 a3', far: '', nearRatio: 1, isPanic: false });
  });

  it('sends to all when fewer than half are fit', () => {
    expect(eligible('a1+ a2-')).toMatchObject({ near: 'a1', isPanic: false });
    expect(eligible('a1+ a2- a3-')).toMatchObject({ near: 'a1 a2 a3', isPanic: true });
    expect(eligible('a1- a2-')).toMatchObject({ near: 'a1 a2', isPanic: true });
  });

  it('sends to nobody, if panic is not wanted, where nobody is fit', () => {
    expect(eligible('a1- a2-', undefined, 0)).toMatchObject({ near: '', isPanic: false });
  });

  it('keeps to its own zone while that can carry its part', () => {
    expect(eligible('a1+ a2+ b1+ b2+', 'a')).toEqual({
      near: 'a1 a2',
      far: 'b1 b2',
      nearRatio: 1,
      isPanic: false,
    });
    expect(eligible('a1+ a2+ a3+ a4- b1+', 'a')).toMatchObject({ nearRatio: 1 });
  });

  it('takes one of which nobody told the zone for its own, as HAProxy and nginx do here', () => {
    expect(eligible('a1+ ?2+ b3+', 'a')).toMatchObject({ near: 'a1 ?2', far: 'b3', nearRatio: 1 });
    expect(eligible('?1- b2+ b3+', 'a')).toMatchObject({ near: 'b2 b3', far: '' });
  });

  it('sends elsewhere what its own zone is short of', () => {
    expect(eligible('a1+ a2- b1+ b2+', 'a')).toMatchObject({ near: 'a1', far: 'b1 b2', nearRatio: 0.7 });
    expect(eligible('a1- a2- b1+ b2+', 'a')).toMatchObject({ near: 'b1 b2', far: '', nearRatio: 1 });
    expect(eligible('b1+ b2+', 'a')).toMatchObject({ near: 'b1 b2' });
  });

  it('knows no zones when it panics', () => {
    expect(eligible('a1- a2- b1+ b2- b3-', 'a')).toMatchObject({ near: 'a1 a2 b1 b2 b3', isPanic: true });
  });

  it('always has somebody near where anybody is fit, and nobody who is not unless it panics', () => {
    const member = fc.constantFrom('a1+', 'a2-', 'b1+', 'b2-', 'c1+', 'c2-');
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('a', 'z', undefined),
        (list, zone) => {
          const found = eligibleOf(members(list.join(' ')), { zone, panicRatio: 0.5 });
          expect(found.near.length).toBeGreaterThan(0);
          expect(found.nearRatio).toBeGreaterThan(0);
          if (found.nearRatio < 1) expect(found.far.length).toBeGreaterThan(0);
          if (!found.isPanic)
            expect([...found.near, ...found.far].every(({ id }) => id.endsWith('1'))).toBe(true);
        },
      ),
    );
  });
});
