import { describe, expect, it } from 'vitest';
import { ProcessorShares } from '../../src/scaling/processor-shares.ts';

/** What is told of one instance after looks at these moments, each with what it had used by then. */
function shareAfter(
  ...looks: readonly (readonly [nowMs: number, cpuMs: number, state?: 'starting'])[]
): unknown {
  const shares = new ProcessorShares();
  for (const [nowMs, cpuMs, state = 'ready'] of looks)
    shares.see('shop', [{ id: 'shop-1', state, cpuMs }], { nowMs, epochMs: 5000 + nowMs });
  return shares.figures('shop').get('shop-1');
}

describe('the share of a core that an instance takes', () => {
  it('is what it has used since the last look, of the time that has passed', () => {
    expect(shareAfter([0, 40])).toBeUndefined();
    expect(shareAfter([0, 40], [1000, 290])).toEqual({ value: 0.25, atMs: 6000, overMs: 1000 });
    expect(shareAfter([0, 40], [1000, 290], [3000, 290])).toEqual({ value: 0, atMs: 8000, overMs: 2000 });
  });

  it('is of no time so short that the ticks of a clock would make it', () => {
    const once = shareAfter([0, 40], [1000, 290]);
    expect(shareAfter([0, 40], [1000, 290], [1700, 990])).toEqual(once);
    expect(shareAfter([0, 40], [1000, 290], [1700, 300], [2000, 1290])).toMatchObject({
      value: 1,
      overMs: 1000,
    });
  });

  it('is of no time so long that it says nothing of now', () => {
    expect(shareAfter([0, 0], [60_000, 6000])).toBeUndefined();
  });

  it('begins anew with another process, and counts no start', () => {
    expect(shareAfter([0, 5000], [1000, 200])).toBeUndefined();
    expect(shareAfter([0, 0, 'starting'], [1000, 900], [2000, 1000])).toMatchObject({ value: 0.1 });
  });

  it('is not known of who is gone, of other groups, and where the driver does not tell', () => {
    const shares = new ProcessorShares();
    const look = (id: string, nowMs: number, cpuMs?: number): void =>
      shares.see('shop', [{ id, state: 'ready', ...(cpuMs === undefined ? {} : { cpuMs }) }], {
        nowMs,
        epochMs: 0,
      });
    look('shop-1', 0, 0);
    look('shop-1', 1000, 500);
    expect([shares.figures('shop').size, shares.figures('till').size]).toEqual([1, 0]);
    look('shop-2', 2000);
    look('shop-2', 3000);
    expect(shares.figures('shop').size).toBe(0);
  });
});
