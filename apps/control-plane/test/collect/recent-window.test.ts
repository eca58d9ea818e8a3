import { createHistogram } from 'loadline/metrics';
import type { Sample } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { RecentWindow } from '../../src/collect/recent-window.ts';

const units = new Map([
  ['requests', 'rps'],
  ['latency_ms', 'ms'],
]);

/** A minute of a shop whose instances are asked every so often, one after the other. */
function shop(everyS: number) {
  const window = new RecentWindow({ sliceMs: 10_000, slices: 6, units });
  const ask = (instance: string, atS: number, rps: number, elapsedS = everyS): void =>
    window.add({ service: 'shop', instance }, [rate('requests', rps)], { elapsedS, nowMs: atS * 1000 });
  return { window, ask, perSecond: (atS: number) => window.of('shop', atS * 1000).perSecond('requests') };
}

function rate(metric: string, value: number, more: Partial<Sample['series']> = {}): Sample {
  return { series: { metric, service: 'shop', unit: 'rps', ...more }, atMs: 0, value };
}

describe('what came a second', () => {
  it.each([1, 5, 15, 60])(
    'is what it was where everybody is asked every %i s, from the second time on',
    (everyS) => {
      const { ask, perSecond } = shop(everyS);
      ask('a', 9, 0, 0);
      ask('b', 9.5, 0, 0);
      expect(perSecond(9.9)).toBeUndefined();
      for (let time = 1; time < 40; time++) {
        ask('a', 9 + time * everyS, 10);
        ask('b', 9.5 + time * everyS, 30);
        expect(perSecond(9.9 + time * everyS)).toBeCloseTo(40);
      }
    },
  );

  it('falls with an instance that has gone, and to nothing with all of them', () => {
    const { ask, perSecond } = shop(5);
    for (let time = 1; time <= 30; time++) {
      ask('a', time * 5, 10);
      if (time <= 24) ask('b', time * 5, 10);
    }
    // Of 65 seconds that are kept the second one was there for 35.
    expect(perSecond(150)).toBeCloseTo(10 + (10 * 35) / 65);
    expect(perSecond(190)).toBeLessThan(8);
    expect(perSecond(300)).toBeUndefined();
  });

  it('is not made of what a service has by the same name', () => {
    const { window, ask, perSecond } = shop(5);
    ask('a', 5, 10);
    const others = [
      rate('requests', 7, { labels: { kind: 'x' } }),
      rate('requests', 7, { unit: 'per second' }),
    ];
    const slow = createHistogram();
    slow.record(9_000_000);
    const times = { metric: 'latency_ms', service: 'shop', unit: 's' };
    window.add(
      { service: 'shop', instance: 'a' },
      [...others, { series: times, atMs: 0, value: slow.encode() }],
      {
        elapsedS: 0,
        nowMs: 5000,
      },
    );
    expect(perSecond(5)).toBe(10);
    expect(window.of('shop', 5000).histogram('latency_ms')).toBeUndefined();
  });
});
