import { describe, expect, it } from 'vitest';
import { createKnownInstances, type KnownInstances } from '../../src/collect/known-instances.ts';
import type { InstanceSource, Watched } from '../../src/collect/watched.ts';

const addresses: Readonly<Record<string, readonly string[]>> = {
  'shop.internal': ['10.0.0.7'],
  'shop.example': ['93.184.216.34'],
  'moved.internal': ['169.254.169.254'],
};

function watched(more: Partial<Watched> = {}): Watched {
  const url = new URL('http://shop.internal:8080/metrics');
  return { service: 'shop', instance: 'a', url, source: 'list', ...more };
}

function knownOf(found: readonly Watched[], ...further: readonly InstanceSource[]) {
  const failures: unknown[] = [];
  const known: KnownInstances = createKnownInstances({
    sources: [{ list: async () => found }, ...further],
    servers: [{ service: 'orders', instance: 'db:5432', kind: 'postgres' }],
    policy: { allowHosts: ['shop.internal', 'moved.internal'] },
    resolve: async (host) => addresses[host] ?? [],
    onFailure: (error) => failures.push(error),
  });
  return { known, failures };
}

describe('whoever is watched', () => {
  it('is reached at the one address that was judged, beside its metrics', async () => {
    const far = new URL('https://user:secret@shop.internal/shop/metrics?all=1');
    const own = new URL('http://shop.internal:8080/internal/prometheus');
    const { known } = knownOf([
      watched(),
      watched({ instance: 'b', url: far }),
      watched({ instance: 'c', url: own, address: '10.0.0.9' }),
    ]);
    const [a, b, c] = (await Promise.all(['a', 'b', 'c'].map((name) => known.find(name)))).flat();
    expect(a).toMatchObject({ url: 'http://shop.internal:8080', address: '10.0.0.7' });
    expect(b).toMatchObject({ url: 'https://shop.internal/shop', address: '10.0.0.7' });
    expect(c).toMatchObject({ url: 'http://shop.internal:8080', address: '10.0.0.9' });
    expect((await known.list()).map(({ url }) => url)).not.toContain(expect.stringContaining('secret'));
  });

  it.each([
    ['at a public address', 'http://shop.example/metrics', '--allow-watch'],
    ['at a forbidden address that its name has got', 'http://moved.internal/metrics', 'never allowed'],
    ['inside, where nobody named it', 'http://10.0.0.8/metrics', '--allow-watch'],
    ['nowhere', 'http://gone.internal/metrics', 'does not resolve'],
  ])('and only registered, %s, is not reached', async (_, url, because) => {
    const { known } = knownOf([watched({ source: 'registered', url: new URL(url) })]);
    expect(await known.find('a')).toEqual([
      { service: 'shop', instance: 'a', because: expect.stringContaining(because) },
    ]);
  });

  it('and found behind a name, is not reached where nobody may go', async () => {
    const { known } = knownOf([watched({ source: 'dns', address: '169.254.169.254' })]);
    expect(await known.find('a')).toMatchObject([{ because: expect.stringContaining('never allowed') }]);
  });

  it('and registered where the policy names it, is reached', async () => {
    const { known } = knownOf([watched({ source: 'registered' })]);
    expect(await known.find('a')).toMatchObject([{ address: '10.0.0.7' }]);
  });

  it('is not displaced by one that registers under its name', async () => {
    const url = new URL('http://10.0.0.66/metrics');
    const { known } = knownOf([watched({ source: 'registered', url }), watched()]);
    expect(await known.list()).toMatchObject([{ url: 'http://shop.internal:8080' }]);
    expect(await known.find('a')).toMatchObject([{ address: '10.0.0.7' }]);
  });

  it('is found by its service, where several have an instance of its name', async () => {
    const { known } = knownOf([watched(), watched({ service: 'search' })]);
    expect(await known.find('a')).toHaveLength(2);
    expect(await known.find('a', 'search')).toMatchObject([{ service: 'search' }]);
    expect(await known.find('a', 'orders')).toEqual([]);
  });

  it('says why it is not reached: it is silent, or no process of Node.js', async () => {
    const { known } = knownOf([watched({ because: 'its heartbeat does not come any more' })]);
    expect(await known.find('a')).toMatchObject([{ because: 'its heartbeat does not come any more' }]);
    expect(await known.find('db:5432')).toMatchObject([{ because: expect.stringContaining('PostgreSQL') }]);
  });

  it('stays known while another source fails, which is told', async () => {
    const { known, failures } = knownOf([watched()], { list: () => Promise.reject(new Error('away')) });
    expect(await known.list()).toHaveLength(1);
    expect(failures).toEqual([new Error('away')]);
  });
});
