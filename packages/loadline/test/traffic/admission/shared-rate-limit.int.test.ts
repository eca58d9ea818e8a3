import { type StartedValkey, startFaultProxy, startValkey } from '@loadline/local-stack';
import { createSharedRateLimit, type SharedRateLimit } from 'loadline/traffic';
import { createValkey, type Valkey } from 'loadline/valkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedValkey;
beforeAll(async () => {
  server = await startValkey({ role: 'cache' });
});
afterAll(async () => {
  await server?.stop();
});

async function connectedTo(url: string): Promise<Valkey> {
  const valkey = createValkey({ url, commandTimeoutMs: 200 });
  await valkey.connect();
  return valkey;
}

/** How many of so many requests at once are let through. */
async function allowedOf(limit: SharedRateLimit, count: number, key = 'ann'): Promise<number> {
  const verdicts = await Promise.all(Array.from({ length: count }, () => limit.take(key)));
  return verdicts.filter(({ allowed }) => allowed).length;
}

function fail(why: string): never {
  throw new Error(why);
}

const rate = { ratePerSecond: 0.001, burst: 10 };

describe('a rate limit that instances share', () => {
  it('is kept by all together, for each key', async () => {
    await using one = await connectedTo(server.url);
    await using other = await connectedTo(server.url);
    const limits = [one, other].map((valkey) =>
      createSharedRateLimit({ ...rate, valkey, name: 'together', instances: () => 2, waitMs: 5000 }),
    ) as [SharedRateLimit, SharedRateLimit];
    const allowed = await Promise.all([allowedOf(limits[0], 20), allowedOf(limits[1], 20)]);
    expect(allowed[0] + allowed[1]).toBe(10);
    const refused = await limits[1].take('ann');
    expect(refused).toMatchObject({ allowed: false });
    expect(refused.allowed === false && refused.retryAfterMs).toBeGreaterThan(900_000);
    expect(await limits[1].take('bob')).toEqual({ allowed: true });
  });

  it('holds to how many there were where nobody can say how many there are', async () => {
    let said: () => number = () => 2;
    const away = { evaluate: () => Promise.reject(new Error('away')) };
    const limit = createSharedRateLimit({ ...rate, valkey: away, name: 'away', instances: () => said() });
    expect(await allowedOf(limit, 4, 'first')).toBe(4);
    for (const broken of [() => Number.NaN, () => Number.POSITIVE_INFINITY, () => fail('no fleet')]) {
      said = broken;
      expect(await allowedOf(limit, 20, String(broken))).toBe(5);
    }
    expect(await allowedOf(limit, 20, 'first')).toBe(1);
  });

  it('gives back what time brings, and leaves nothing behind on the server', async () => {
    await using valkey = await connectedTo(server.url);
    const limit = createSharedRateLimit({
      valkey,
      name: 'quick',
      ratePerSecond: 50,
      burst: 1,
      instances: () => 1,
      waitMs: 5000,
    });
    expect([await limit.take('ann'), await limit.take('ann')]).toMatchObject([
      { allowed: true },
      { allowed: false },
    ]);
    await expect.poll(() => limit.take('ann')).toEqual({ allowed: true });
    const left = async (): Promise<number> => {
      const [, keyspace] = (await valkey.info()).split('# Keyspace');
      return Number(/keys=(\d+)/.exec(keyspace ?? '')?.[1] ?? 0);
    };
    await expect.poll(async () => (await left()) <= 2).toBe(true);
  });

  it('goes on with this instance’s share while the server is frozen, without a wait, and together again after', async () => {
    await using valkey = await connectedTo(server.url);
    const limit = createSharedRateLimit({ ...rate, valkey, name: 'frozen', instances: () => 5, waitMs: 300 });
    expect(await allowedOf(limit, 1, 'before')).toBe(1);
    const shared = limit.usage.shared;
    process.kill(server.pid, 'SIGSTOP');
    // Ten for five instances are two for each.
    expect(await allowedOf(limit, 20)).toBe(2);
    expect(limit.usage.shared).toBe(shared);
    const startMs = performance.now();
    await allowedOf(limit, 1000, 'bob');
    expect(performance.now() - startMs).toBeLessThan(2000);
    process.kill(server.pid, 'SIGCONT');
    await expect
      .poll(
        async () => {
          await limit.take('carol');
          return limit.usage.shared;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(shared);
    expect(await allowedOf(limit, 20, 'dave')).toBe(10);
  });

  it('goes on while the server is killed, and together again when it is back with nothing it knew', async () => {
    await using first = await startValkey({ role: 'cache' });
    const target = { port: first.port };
    // So that another server can come up at the same address.
    await using proxy = await startFaultProxy({ target });
    await using valkey = await connectedTo(proxy.urlFor(first.url));
    const limit = createSharedRateLimit({
      ...rate,
      valkey,
      name: 'killed',
      instances: () => 2,
      waitMs: 5000,
    });
    expect(await allowedOf(limit, 20)).toBe(10);
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => valkey.usage.isConnected).toBe(false);
    expect(await allowedOf(limit, 20)).toBe(5);
    const shared = limit.usage.shared;
    await using second = await startValkey({ role: 'cache' });
    target.port = second.port;
    await expect
      .poll(
        async () => {
          await limit.take('carol');
          return limit.usage.shared;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(shared);
    expect(await allowedOf(limit, 20)).toBe(10);
  });
});
