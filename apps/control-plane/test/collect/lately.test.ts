import fc from 'fast-check';
import { Histogram } from 'loadline/metrics';
import type { Sample } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { Lately } from '../../src/collect/index.ts';

const startMs = Date.UTC(2026, 0, 1);

/** What an instance says at a time: figures, and how long each request took. */
function said(atMs: number, figures: Readonly<Record<string, number>>, tookMs: readonly number[] = []) {
  const units: Readonly<Record<string, string>> = {
    cpu_ratio: 'ratio',
    requests: 'rps',
    connections: 'count',
  };
  const samples = Object.entries(figures).map(([metric, value]): Sample => {
    return {
      series: { metric, unit: units[metric] ?? 'ratio', service: 'shop' },
      atMs: startMs + atMs,
      value,
    };
  });
  if (tookMs.length === 0) return samples;
  const histogram = new Histogram();
  for (const each of tookMs) histogram.record(each * 1000);
  const series = { metric: 'latency_ms', unit: 'ms', service: 'shop', endpoint: 'GET /' };
  return [...samples, { series, atMs: startMs + atMs, value: histogram.encode() }];
}

const instance = (id: string) => ({ service: 'shop', instance: id });

const open = (): Lately => new Lately(['shop']);

describe('what a service did lately', () => {
  it('is a share of the last second, and of no more where looks are that frequent', () => {
    const lately = open();
    for (const [at, cpu] of [
      [500, 0.1],
      [1000, 0.2],
      [1500, 0.8],
    ] as const)
      lately.take(instance('a'), said(at, { cpu_ratio: cpu, connections: at }), { nowMs: at, elapsedS: 0.5 });
    const cpu = lately.figures('shop', 'cpu_ratio').get('a');
    expect(cpu).toMatchObject({ atMs: startMs + 1500, overMs: 1000 });
    expect(cpu?.value).toBeCloseTo(0.5, 10);
    // What is counted and not measured over a time is as it was last.
    expect(lately.figures('shop', 'connections').get('a')).toMatchObject({ value: 1500, overMs: 0 });
  });

  it('is of the last look at least, however long that was ago', () => {
    const lately = open();
    lately.take(instance('a'), said(60_000, { cpu_ratio: 0.4 }), { nowMs: 60_000, elapsedS: 60 });
    expect(lately.figures('shop', 'cpu_ratio').get('a')).toMatchObject({ value: 0.4, overMs: 60_000 });
  });

  it('counts no time twice, where two look at the same instance', () => {
    const lately = open();
    lately.take(instance('a'), said(500, { requests: 10 }), { nowMs: 500, elapsedS: 0.5 });
    lately.take(instance('a'), said(700, { requests: 99 }), { nowMs: 700, elapsedS: 0.7 });
    lately.take(instance('a'), said(1000, { requests: 20 }), { nowMs: 1000, elapsedS: 0.5 });
    expect(lately.figures('shop', 'requests').get('a')).toMatchObject({ value: 15, overMs: 1000 });
  });

  it('goes by who has looked last, where two look in turn, each in a time of his own', () => {
    const lately = open();
    const look = (nowMs: number, share: number): void =>
      lately.take(instance('a'), said(nowMs, { cpu_ratio: share }, [share * 100]), { nowMs, elapsedS: 1 });
    for (const at of [1000, 2000, 3000]) {
      look(at, 0.2);
      look(at + 900, at === 3000 ? 0.9 : 0.3);
    }
    expect(lately.figures('shop', 'cpu_ratio').get('a')).toMatchObject({ value: 0.9, overMs: 1000 });
    const seen = lately.latency('shop', 5000);
    // Of 0.9 s to 3.9 s: what the other one has seen meanwhile is the same again.
    expect(seen === undefined || seen === 'silent' ? undefined : seen.histogram.count).toBe(3);
  });

  it('leaves out who says nothing any more, while others do', () => {
    const lately = open();
    for (let at = 500; at <= 6000; at += 500) {
      lately.take(instance('a'), said(at, { cpu_ratio: 0.5 }), { nowMs: at, elapsedS: 0.5 });
      if (at <= 1000) lately.take(instance('b'), said(at, { cpu_ratio: 0.9 }), { nowMs: at, elapsedS: 0.5 });
    }
    expect([...lately.figures('shop', 'cpu_ratio').keys()]).toEqual(['a']);
  });

  it('is told of all instances together, request by request', () => {
    const lately = open();
    lately.take(instance('a'), said(500, {}, Array(90).fill(10)), { nowMs: 500, elapsedS: 0.5 });
    lately.take(instance('b'), said(500, {}, Array(10).fill(900)), { nowMs: 500, elapsedS: 0.5 });
    const seen = lately.latency('shop', 5000);
    if (seen === undefined || seen === 'silent') throw new Error('nothing was seen');
    expect(seen.histogram.count).toBe(100);
    expect(seen.histogram.quantile(0.95) / 1000).toBeCloseTo(900, -1);
    expect(seen.histogram.quantile(0.5) / 1000).toBeCloseTo(10, 0);
  });

  it('slides: what was slow before its window counts no more', () => {
    const lately = open();
    lately.take(instance('a'), said(500, {}, [900, 900]), { nowMs: 500, elapsedS: 0.5 });
    for (let at = 1000; at <= 5500; at += 500)
      lately.take(instance('a'), said(at, { requests: 2 }, [10]), { nowMs: at, elapsedS: 0.5 });
    const seen = lately.latency('shop', 5000);
    expect(seen !== undefined && seen !== 'silent' && seen.histogram.count).toBe(10);
  });

  it('knows that there were no requests from that nobody tells of them', () => {
    const lately = open();
    lately.take(instance('a'), said(500, { cpu_ratio: 0 }), { nowMs: 500, elapsedS: 0.5 });
    expect(lately.latency('shop', 5000)).toBe('silent');
    lately.take(instance('a'), said(1000, {}, [10]), { nowMs: 1000, elapsedS: 0.5 });
    for (let at = 1500; at <= 7000; at += 500)
      lately.take(instance('a'), said(at, { cpu_ratio: 0 }), { nowMs: at, elapsedS: 0.5 });
    expect(lately.latency('shop', 5000)).toBeUndefined();
  });

  it('is kept of services that are scaled alone', () => {
    const lately = open();
    lately.take({ service: 'other', instance: 'a' }, said(500, { cpu_ratio: 1 }), {
      nowMs: 500,
      elapsedS: 1,
    });
    expect(lately.figures('other', 'cpu_ratio').size).toBe(0);
  });

  it('never tells a share beyond those that were said', () => {
    const shares = fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(shares, fc.integer({ min: 1, max: 2000 }), (shown, everyMs) => {
        const lately = open();
        shown.forEach((cpu, at) => {
          const told = { nowMs: at * everyMs, elapsedS: everyMs / 1000 };
          lately.take(instance('a'), said(at * everyMs, { cpu_ratio: cpu }), told);
        });
        const value = lately.figures('shop', 'cpu_ratio').get('a')?.value ?? Number.NaN;
        expect(value).toBeGreaterThanOrEqual(Math.min(...shown) - 1e-9);
        expect(value).toBeLessThanOrEqual(Math.max(...shown) + 1e-9);
      }),
    );
  });
});
