import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneOfEach } from '../../src/collect/one-of-each.ts';
import type { Watched, WatchSource } from '../../src/collect/watched.ts';

function watched(source: WatchSource, instance: string, url: string, more: Partial<Watched> = {}): Watched {
  return { service: 'shop', instance, url: new URL(url), source, ...more };
}

const named = (found: readonly Watched[]): string[] => found.map(({ instance }) => instance);

describe('whoever is known in several ways', () => {
  it('is asked once where the place is one: a pod that registers as well', () => {
    const pod = watched('kubernetes', 'shop-1', 'http://10.0.0.1:8080/metrics');
    const said = watched('registered', '10.0.0.1:8080', 'http://10.0.0.1:8080/metrics');
    expect(oneOfEach([said, pod])).toEqual([pod]);
    expect(oneOfEach([said])).toEqual([said]);
  });

  it('is at one place, too, where a name was resolved to it', () => {
    const behind = watched('dns', '10.0.0.1:8080', 'http://shop.internal:8080/metrics', {
      address: '10.0.0.1',
    });
    const pod = watched('kubernetes', 'shop-1', 'http://10.0.0.1:8080/metrics');
    expect(named(oneOfEach([behind, pod]))).toEqual(['10.0.0.1:8080']);
  });

  it('is not displaced by one that registers under its name from elsewhere', () => {
    const listed = watched('list', 'a', 'http://10.0.0.1/metrics');
    const said = watched('registered', 'a', 'http://10.0.0.66/metrics');
    expect(oneOfEach([said, listed])).toEqual([listed]);
  });

  it('stays two where anything tells them apart: service, port, path or scheme', () => {
    const all = [
      watched('list', 'a', 'http://10.0.0.1/metrics'),
      watched('list', 'b', 'http://10.0.0.1:81/metrics'),
      watched('list', 'c', 'http://10.0.0.1/other'),
      watched('list', 'd', 'https://10.0.0.1:80/metrics'),
      watched('list', 'a', 'http://10.0.0.1/metrics', { service: 'till' }),
    ];
    expect(oneOfEach(all)).toEqual(all);
  });

  it('leaves of any list nobody twice, and nobody out who is somebody else', () => {
    const any = fc.record({
      service: fc.constantFrom('shop', 'till'),
      instance: fc.constantFrom('a', 'b', 'c'),
      url: fc
        .constantFrom('http://10.0.0.1/m', 'http://10.0.0.2/m', 'http://10.0.0.3/m')
        .map((text) => new URL(text)),
      source: fc.constantFrom<WatchSource[]>('list', 'kubernetes', 'registered'),
    });
    const isOne = (a: Watched, b: Watched): boolean =>
      a.service === b.service && (a.instance === b.instance || a.url.href === b.url.href);
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (found) => {
        const left = oneOfEach(found);
        for (const one of left) expect(left.filter((other) => isOne(one, other))).toEqual([one]);
        for (const one of found) expect(left.some((other) => isOne(one, other))).toBe(true);
        expect(oneOfEach(left)).toEqual(left);
      }),
    );
  });
});
