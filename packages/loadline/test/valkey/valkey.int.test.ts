import { type FaultProxy, type StartedValkey, startFaultProxy, startValkey } from '@loadline/local-stack';
import { createValkey, defineScript, type Valkey, type ValkeyOptions } from 'loadline/valkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedValkey;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startValkey({ role: 'cache' });
  proxy = await startFaultProxy({ target: server });
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
});

async function withValkey(
  options: Partial<ValkeyOptions>,
  work: (valkey: Valkey) => Promise<void>,
): Promise<void> {
  await using valkey = createValkey({ url: server.url, ...options });
  await valkey.connect();
  await work(valkey);
}

describe('the commands', () => {
  it('store, read, read many in their order, count and remove', () =>
    withValkey({}, async (valkey) => {
      await valkey.set('a', 'one');
      expect(await valkey.get('a')).toBe('one');
      expect(await valkey.get('none')).toBeNull();
      expect(await valkey.getMany(['none', 'a'])).toEqual([null, 'one']);
      expect([await valkey.increment('n'), await valkey.increment('n')]).toEqual([1, 2]);
      expect(await valkey.delete('a', 'n', 'none')).toBe(2);
      await valkey.ping();
    }));

  it('run a script as one step, whether the server knows it or not', () =>
    withValkey({}, async (valkey) => {
      const script = defineScript("return {redis.call('INCRBY', KEYS[1], ARGV[1]), ARGV[2]}");
      const input = { keys: ['scripted'], values: [5, 'text'] };
      expect(await valkey.evaluate(script, input)).toEqual([5, 'text']);
      expect(await valkey.evaluate(script, input)).toEqual([10, 'text']);
      const broken = defineScript("return redis.call('NO')");
      await expect(valkey.evaluate(broken, { keys: [], values: [] })).rejects.toMatchObject({
        code: 'VALKEY_COMMAND_FAILED',
      });
    }));

  it('tell what the server says of itself', () =>
    withValkey({}, async (valkey) => {
      expect(await valkey.info()).toMatch(/^connected_clients:\d+\r$/m);
    }));

  it('take a list of no keys', () =>
    withValkey({}, async (valkey) => {
      expect(await valkey.getMany([])).toEqual([]);
      expect(await valkey.delete()).toBe(0);
    }));

  it('forget a value after its time', () =>
    withValkey({}, async (valkey) => {
      await valkey.set('short', 'x', { expiresMs: 20 });
      await expect.poll(() => valkey.get('short')).toBeNull();
    }));

  it('say what the server refuses', () =>
    withValkey({}, async (valkey) => {
      await valkey.set('text', 'x');
      await expect(valkey.increment('text')).rejects.toMatchObject({ code: 'VALKEY_COMMAND_FAILED' });
    }));
});

describe('a server that is away', () => {
  it('fails at once, and doesn’t queue', async () => {
    await using valkey = createValkey({ url: 'valkey://127.0.0.1:9', connectTimeoutMs: 100 });
    const start = performance.now();
    await expect(valkey.get('a')).rejects.toMatchObject({ code: 'VALKEY_UNREACHABLE' });
    expect(performance.now() - start).toBeLessThan(80);
    await expect(valkey.connect()).rejects.toMatchObject({ code: 'VALKEY_UNREACHABLE' });
    expect(valkey.usage.failures).toBeGreaterThan(0);
  });

  it('is told with its reason, whether nobody listens or the credentials are wrong', async () => {
    await using absent = createValkey({ url: 'valkey://127.0.0.1:9', connectTimeoutMs: 100 });
    await expect(absent.connect()).rejects.toThrow('within 100 ms (connect ECONNREFUSED 127.0.0.1:9)');
    await expect(absent.get('a')).rejects.toThrow('no connection (connect ECONNREFUSED 127.0.0.1:9)');
    const url = new URL(server.url);
    url.username = 'nobody';
    url.password = 'wrong';
    await using stranger = createValkey({ url: url.href });
    await expect.poll(() => stranger.get('a').catch((error) => error.message)).toMatch(/WRONGPASS/);
  });

  it('is connected to again as soon as it is back', () =>
    withValkey({ url: proxy.urlFor(server.url), reconnectDelayMaxMs: 50 }, async (valkey) => {
      await valkey.set('a', 'one');
      await proxy.inject({ kind: 'cut' });
      await expect.poll(() => valkey.get('a').catch((error) => error.code)).toBe('VALKEY_UNREACHABLE');
      await proxy.heal();
      await valkey.connect();
      expect(await valkey.get('a')).toBe('one');
      expect(valkey.usage.reconnectAttempts).toBeGreaterThan(0);
    }));
});

describe('a server that went silent', () => {
  it('costs a command its limit and no more, and gives up the connection', () =>
    withValkey({ url: proxy.urlFor(server.url), commandTimeoutMs: 60 }, async (valkey) => {
      await proxy.inject({ kind: 'half-open' });
      const start = performance.now();
      await expect(valkey.get('a')).rejects.toMatchObject({ code: 'VALKEY_TIMEOUT' });
      expect(performance.now() - start).toBeLessThan(500);
      expect(valkey.usage).toMatchObject({ timeouts: 1, commandsInFlight: 0 });
      await expect.poll(() => valkey.usage.reconnectAttempts, { timeout: 5000 }).toBeGreaterThan(0);
      await proxy.heal();
      await expect.poll(() => valkey.usage.isConnected, { timeout: 5000 }).toBe(true);
    }));

  it('is not given more commands than are allowed at once', () =>
    withValkey(
      { url: proxy.urlFor(server.url), commandTimeoutMs: 60, commandsInFlightMax: 2 },
      async (valkey) => {
        await proxy.inject({ kind: 'half-open' });
        const outcomes = await Promise.allSettled([1, 2, 3].map(() => valkey.get('a')));
        await proxy.heal();
        expect(outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'ok'))).toEqual([
          'VALKEY_TIMEOUT',
          'VALKEY_TIMEOUT',
          'VALKEY_BUSY',
        ]);
      },
    ));
});

describe('the address and the end', () => {
  it('takes valkey: for redis:, and refuses others without repeating them', async () => {
    await withValkey({ url: server.url.replace('redis:', 'valkey:') }, (valkey) => valkey.ping());
    const make = (): Valkey => createValkey({ url: 'http://secret@host' });
    expect(make).toThrow(expect.objectContaining({ code: 'VALKEY_ADDRESS_INVALID' }));
    expect(make).not.toThrow('secret');
  });

  it('refuses commands after close, which may be called twice', async () => {
    const valkey = createValkey({ url: server.url });
    await valkey.connect();
    await valkey.close();
    await valkey.close();
    await expect(valkey.get('a')).rejects.toMatchObject({ code: 'VALKEY_CLOSED' });
    await expect(valkey.connect()).rejects.toMatchObject({ code: 'VALKEY_CLOSED' });
  });
});
