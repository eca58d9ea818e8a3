import { createVirtualClock, type VirtualClock } from 'loadline/base';
import type { Leases } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { Lease } from '../../src/memory/index.ts';
import { createMemoryStore } from '../memory-store.ts';

interface Two {
  readonly clock: VirtualClock;
  readonly first: Lease;
  readonly second: Lease;
  /** What the first asks of the database comes to this. */
  readonly link: { take: Leases['take']; release: Leases['release'] };
  close(): Promise<void>;
}

async function startTwo(): Promise<Two> {
  const clock = createVirtualClock();
  const { leases } = createMemoryStore(clock);
  const link = { ...leases };
  const first = await Lease.open({ leases: link, clock, name: 'alerts', holder: 'first' });
  const second = await Lease.open({ leases, clock, name: 'alerts', holder: 'second' });
  return {
    clock,
    first,
    second,
    link,
    async close() {
      await first.close();
      await second.close();
    },
  };
}

describe('a lease', () => {
  it('stays with whoever renews it, and is known by its holder to the others', async () => {
    const { clock, first, second, close } = await startTwo();
    for (let seconds = 0; seconds < 60; seconds++) {
      await clock.advance(1000);
      expect([first.standing, second.standing]).toEqual(['held', 'lost']);
    }
    expect(second.holder).toBe('first');
    await close();
    expect(clock.pending).toBe(0);
  });

  it('is held by one at most, whenever that one is cut off, and by the other within seven seconds', async () => {
    for (let moment = 0; moment < 3000; moment += 50) {
      const { clock, first, second, link, close } = await startTwo();
      await clock.advance(10_000 + moment);
      link.take = () => Promise.reject(new Error('away'));
      for (let step = 0; step < 70; step++) {
        await clock.advance(100);
        expect(first.standing === 'held' && second.standing === 'held').toBe(false);
      }
      expect([first.standing, second.standing]).toEqual(['unreachable', 'held']);
      expect(first.failures).toBeGreaterThan(2);
      await close();
    }
  });

  it('is over by its holder’s own clock while the database gives no answer', async () => {
    const { clock, first, second, link, close } = await startTwo();
    let answer = (): void => undefined;
    link.take = () =>
      new Promise((_, reject) => {
        answer = () => reject(new Error('late'));
      });
    await clock.advance(7000);
    expect([first.standing, second.standing]).toEqual(['unreachable', 'held']);
    answer();
    await close();
  });

  it('is never lost in between while the database is away: nobody else can have it', async () => {
    const { clock, first, second, link, close } = await startTwo();
    await second.close();
    const { take } = link;
    for (const away of [() => Promise.reject(new Error('away')), () => new Promise<never>(() => undefined)]) {
      link.take = away;
      for (let step = 0; step < 300; step++) {
        await clock.advance(100);
        expect(first.standing).not.toBe('lost');
      }
      expect(first.standing).toBe('unreachable');
      link.take = take;
      await clock.advance(4000);
      expect(first.standing).toBe('held');
    }
    await close();
  });

  it('is lost to whoever was held up for so long, until it is asked for anew', async () => {
    const { clock, first, close } = await startTwo();
    // No timer of this process ran meanwhile.
    const stopped = clock.monotonicMs() + 20_000;
    clock.monotonicMs = () => stopped;
    expect(first.standing).toBe('lost');
    await close();
  });

  it('is the other’s at its next look when it is given up', async () => {
    const { clock, first, second } = await startTwo();
    await first.close();
    expect(first.standing).toBe('lost');
    await clock.advance(1500);
    expect(second.standing).toBe('held');
    await second.close();
  });
});
