import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepUpstreams, type ProxyDriver, type WantedUpstream } from 'loadline/traffic';
import { expect, onTestFinished, test } from 'vitest';

const never = new AbortController().signal;
const api: WantedUpstream = { id: 'api-1', host: '127.0.0.1', port: 8080, mode: 'serving' };

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadline-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'upstreams.json');
}

function fakeProxy(): ProxyDriver & { told: (readonly WantedUpstream[])[]; failure: Error | undefined } {
  const proxy = {
    name: 'fake',
    told: [] as (readonly WantedUpstream[])[],
    failure: undefined as Error | undefined,
    observe: async () => [],
    apply: async (wanted: readonly WantedUpstream[]): Promise<void> => {
      if (proxy.failure !== undefined) throw proxy.failure;
      proxy.told.push(wanted);
    },
  };
  return proxy;
}

test('a proxy that is started again begins with what the one before it was told last', async () => {
  const file = place();
  const before = await keepUpstreams(fakeProxy(), file, never);
  await before.proxy.apply([api, { ...api, id: 'api-2' }], never);
  await before.proxy.apply([api], never);
  const again = fakeProxy();

  const kept = await keepUpstreams(again, file, never);

  expect(again.told).toEqual([[api]]);
  expect(kept.because).toBeUndefined();
});

test('the first one begins with nothing, and nothing is wrong', async () => {
  const proxy = fakeProxy();

  expect(await keepUpstreams(proxy, place(), never)).toMatchObject({ because: undefined });
  expect(proxy.told).toEqual([]);
});

test.each([
  ['no JSON', '{', /cannot be read: /],
  ['no upstreams', '{"upstreams":[{"id":"a"}]}', /is no list of upstreams: upstreams\[0\]\.host/],
])('a file that has %s is told and passed over, and the next order mends it', async (_, text, told) => {
  const file = place();
  writeFileSync(file, text);
  const proxy = fakeProxy();

  const kept = await keepUpstreams(proxy, file, never);

  expect(kept.because).toMatch(told);
  expect(proxy.told).toEqual([]);
  await kept.proxy.apply([api], never);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ upstreams: [api] });
});

test('of many orders at once the last one is kept, whole', async () => {
  const file = place();
  const kept = await keepUpstreams(fakeProxy(), file, never);
  const lists = Array.from({ length: 20 }, (_, turn) =>
    Array.from({ length: turn % 2 === 0 ? 1000 : 1 }, (_, index) => ({ ...api, id: `api-${turn}-${index}` })),
  );

  await Promise.all(lists.map((list) => kept.proxy.apply(list, never)));

  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ upstreams: lists.at(-1) });
});

test('what a proxy did not take up is not kept', async () => {
  const file = place();
  const proxy = fakeProxy();
  const kept = await keepUpstreams(proxy, file, never);
  await kept.proxy.apply([api], never);
  proxy.failure = new Error('no');

  await expect(kept.proxy.apply([], never)).rejects.toThrow('no');

  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ upstreams: [api] });
});
