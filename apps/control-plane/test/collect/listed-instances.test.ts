import { createVirtualClock, sleep } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createListedInstances, parseListedUrl } from '../../src/collect/listed-instances.ts';

/** A list with one entry, and a DNS whose answers can be changed; what it has not fails. */
function listOf(watched: string) {
  const clock = createVirtualClock();
  const hosts = new Map<string, readonly string[]>();
  const services = new Map<string, readonly { name: string; port: number }[]>();
  const looks = { count: 0, delayMs: 0 };
  const failures: unknown[] = [];
  const answerOf = async <Answer>(from: Map<string, Answer>, name: string): Promise<Answer> => {
    looks.count++;
    if (looks.delayMs > 0) await sleep(clock, looks.delayMs);
    const found = from.get(name);
    if (found === undefined) throw Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' });
    return found;
  };
  const listed = createListedInstances(
    [{ service: 'shop', ...(parseListedUrl(watched) as NonNullable<ReturnType<typeof parseListedUrl>>) }],
    {
      clock,
      resolve: (host) => answerOf(hosts, host),
      resolveService: (name) => answerOf(services, name),
      onFailure: (error) => failures.push(error),
    },
  );
  const instances = async () => (await listed.list()).map(({ instance, address }) => [instance, address]);
  return { clock, hosts, services, looks, failures, listed, instances };
}

describe('a name with addresses', () => {
  it('is an instance for each of them, looked up again after five seconds', async () => {
    const { clock, hosts, looks, instances } = listOf('http://shop.internal:8080');
    hosts.set('shop.internal', ['10.0.0.1', 'fd00::2']);
    const both = [
      ['10.0.0.1:8080', '10.0.0.1'],
      ['[fd00::2]:8080', 'fd00::2'],
    ];
    expect(await instances()).toEqual(both);
    hosts.set('shop.internal', ['10.0.0.3', 'fd00::2']);
    await clock.advance(4000);
    expect([await instances(), looks.count]).toEqual([both, 1]);
    await clock.advance(1000);
    expect((await instances())[0]).toEqual(['10.0.0.3:8080', '10.0.0.3']);
  });

  it('keeps its own name as long as it has one address, and never gets it back', async () => {
    const { clock, hosts, listed } = listOf('http://shop.internal');
    const now = async () => (await listed.list()).map(({ instance, source }) => [instance, source]);
    hosts.set('shop.internal', ['10.0.0.1']);
    expect(await now()).toEqual([['shop.internal:80', 'list']]);
    hosts.set('shop.internal', ['10.0.0.1', '10.0.0.2']);
    await clock.advance(5000);
    expect(await now()).toEqual([
      ['10.0.0.1:80', 'dns'],
      ['10.0.0.2:80', 'dns'],
    ]);
    hosts.set('shop.internal', ['10.0.0.1']);
    await clock.advance(5000);
    expect(await now()).toEqual([['10.0.0.1:80', 'dns']]);
  });

  it('stays as it is known while it cannot be looked up; that is counted, and told once', async () => {
    const { clock, hosts, failures, listed, instances } = listOf('http://shop.internal');
    hosts.set('shop.internal', ['10.0.0.1']);
    const known = await instances();
    hosts.clear();
    for (let look = 0; look < 3; look++) {
      await clock.advance(5000);
      expect(await instances()).toEqual(known);
    }
    expect([listed.counts.failures, failures.length]).toEqual([3, 1]);
    expect(String(failures[0])).toContain('Cannot look up shop.internal of the service shop: ');
  });

  it('that never had any is shown with the reason', async () => {
    const { listed } = listOf('http://shop.internal');
    expect(await listed.list()).toMatchObject([
      { instance: 'shop.internal:80', because: 'its name does not resolve (ENOTFOUND)' },
    ]);
  });

  it('is waited for, for a second and not again', async () => {
    const { clock, hosts, looks, instances } = listOf('http://shop.internal');
    hosts.set('shop.internal', ['10.0.0.1']);
    looks.delayMs = 8000;
    const first = instances();
    await clock.advance(1000);
    expect(await first).toEqual([]);
    expect(await instances()).toEqual([]);
    await clock.advance(6000);
    expect(await instances()).toEqual([]);
    await clock.advance(1000);
    const next = instances();
    await clock.advance(1000);
    expect(await next).toEqual([['shop.internal:80', '10.0.0.1']]);
    expect(looks.count).toBe(2);
  });

  it('is not asked for where it is an address', async () => {
    const { looks, instances } = listOf('http://[::1]:8080');
    expect(await instances()).toEqual([['[::1]:8080', '::1']]);
    expect(looks.count).toBe(0);
  });

  it('has at most 200; more are left out, and counted', async () => {
    const { hosts, listed } = listOf('http://shop.internal');
    hosts.set(
      'shop.internal',
      Array.from({ length: 250 }, (_, at) => `10.0.0.${at}`),
    );
    expect(await listed.list()).toHaveLength(200);
    expect(listed.counts.leftOut).toBe(50);
  });
});

describe('a name with SRV records', () => {
  const name = '_http._tcp.shop.default.svc.cluster.local';
  const targets = [
    { name: 'shop-0.shop.default.svc.cluster.local.', port: 9000 },
    { name: 'shop-1.shop.default.svc.cluster.local', port: 9001 },
  ];

  it('is an instance for each target, at its port', async () => {
    const { hosts, services, listed } = listOf(`https+srv://${name}/custom`);
    services.set(name, targets);
    hosts.set('shop-0.shop.default.svc.cluster.local', ['10.0.0.1', 'fd00::1']);
    hosts.set('shop-1.shop.default.svc.cluster.local', ['10.0.0.2']);
    const found = await listed.list();
    expect(found.map(({ instance, address, source }) => [instance, address, source])).toEqual([
      ['shop-0.shop.default.svc.cluster.local:9000', '10.0.0.1', 'dns'],
      ['shop-1.shop.default.svc.cluster.local:9001', '10.0.0.2', 'dns'],
    ]);
    expect(found[1]?.url.href).toBe('https://shop-1.shop.default.svc.cluster.local:9001/custom');
  });

  it('keeps a target whose own name fails, as it was known', async () => {
    const { clock, hosts, services, listed, instances } = listOf(`http+srv://${name}`);
    services.set(name, targets);
    hosts.set('shop-0.shop.default.svc.cluster.local', ['10.0.0.1']);
    expect((await listed.list())[1]).toMatchObject({ because: expect.stringContaining('ENOTFOUND') });
    const known = await instances();
    hosts.clear();
    await clock.advance(5000);
    expect(await instances()).toEqual(known);
    services.delete(name);
    await clock.advance(5000);
    expect(await instances()).toEqual(known);
    expect(listed.counts.failures).toBe(4);
  });

  it('that offers nothing has none', async () => {
    const { services, instances } = listOf(`http+srv://${name}`);
    services.set(name, [{ name: '.', port: 0 }]);
    expect(await instances()).toEqual([]);
  });
});
