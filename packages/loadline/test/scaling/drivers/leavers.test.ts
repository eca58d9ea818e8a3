import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, chooseLeavers } from '../../../src/scaling/drivers/leavers.ts';

const one = (state: Candidate['state'], inFlight?: number): Candidate => ({ state, inFlight });

describe('chooseLeavers()', () => {
  it('lets go who carries nothing first, whoever that is', () => {
    const [crashed, starting, ready] = [one('waiting'), one('starting'), one('ready', 0)];
    expect(chooseLeavers([crashed, starting, ready], 2)).toEqual([
      { candidate: crashed, because: 'it had crashed and carries nothing' },
      { candidate: starting, because: 'it was not ready yet and carries nothing' },
    ]);
  });

  it('lets go the youngest of those that carry about as much', () => {
    const fleet = [one('ready', 5), one('ready', 3), one('ready', 6)];
    const [only] = chooseLeavers(fleet, 1);
    expect(only?.candidate).toBe(fleet[2]);
    expect(only?.because).toBe('it is the youngest of those that carry as much');
  });

  it('lets go an older one that has far less to be waited for', () => {
    const fleet = [one('ready', 2), one('ready', 900), one('ready', 800)];
    const [only] = chooseLeavers(fleet, 1);
    expect(only).toEqual({ candidate: fleet[0], because: 'it has the least in flight, 2' });
  });

  it('never lets go one that carries while one stays that does not, and never more than there are', () => {
    const candidate = fc.record({
      state: fc.constantFrom<Candidate['state']>('waiting', 'starting', 'ready'),
      inFlight: fc.option(fc.nat(1000), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 8 }), fc.integer({ min: -2, max: 10 }), (fleet, count) => {
        const gone = chooseLeavers(fleet, count).map((leaver) => leaver.candidate);
        expect(gone).toHaveLength(Math.min(fleet.length, Math.max(0, count)));
        const stay = fleet.filter((each) => !gone.includes(each));
        if (gone.some(({ state }) => state === 'ready'))
          expect(stay.every(({ state }) => state === 'ready')).toBe(true);
      }),
    );
  });
});
