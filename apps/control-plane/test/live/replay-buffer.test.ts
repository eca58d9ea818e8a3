import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayBuffer } from '../../src/live/replay-buffer.ts';

describe('what is kept for those who come back', () => {
  it('is what came after an event, or says how many are missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 }),
        fc.nat(70),
        (lengths, heard) => {
          const buffer = new ReplayBuffer({ eventsMax: 20, charactersMax: 200 });
          for (const [at, length] of lengths.entries())
            buffer.add({ sequence: at + 1, topic: 'tests', text: 'x'.repeat(length) });
          const { missed, events } = buffer.after(heard);
          const last = lengths.length;
          // Everything since is either there or counted, in order and once.
          expect(events.length + missed).toBe(Math.max(0, last - heard));
          expect(events.map(({ sequence }) => sequence)).toEqual(
            events.map((_, at) => last - events.length + 1 + at),
          );
          const { events: all } = buffer.after(0);
          expect(all.length).toBeLessThanOrEqual(20);
          expect(all.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(200);
          // No more is forgotten than must be.
          const next = lengths[last - all.length - 1];
          const total = all.reduce((sum, { text }) => sum + text.length, 0);
          if (next !== undefined) expect(all.length === 20 || total + next > 200).toBe(true);
        },
      ),
    );
  });

  it('is nothing where nothing came', () => {
    expect(new ReplayBuffer({ eventsMax: 1, charactersMax: 1 }).after(0)).toEqual({ missed: 0, events: [] });
  });
});
