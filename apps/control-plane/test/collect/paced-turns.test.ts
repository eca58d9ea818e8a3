import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { inPacedTurns } from '../../src/collect/paced-turns.ts';

describe('inPacedTurns()', () => {
  it('begins nothing more once the signal aborts', async () => {
    const end = new AbortController();
    const begun: number[] = [];
    const pace = { clock: createVirtualClock(), withinMs: 3000, signal: end.signal };
    await inPacedTurns([1, 2, 3, 4, 5, 6], pace, async (item) => {
      begun.push(item);
      if (item === 2) end.abort();
    });
    expect(begun).toEqual([1, 2]);
  });
});
