import { type HaproxyOptions, writeHaproxyConfiguration } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const file = { path: '/etc/haproxy/haproxy.cfg', listen: ['*:8080'] };
const options = { runtime: { socketPath: '/run/haproxy/admin.sock' }, file };

describe('writeHaproxyConfiguration()', () => {
  it('has the guide’s checks, repeats what may be repeated, and leaves out who drains', () => {
    const text = writeHaproxyConfiguration(options, [
      { id: 'a', host: '10.0.0.1', port: 80, mode: 'serving' },
      { id: 'b', host: '10.0.0.2', port: 80, mode: 'draining' },
    ]);
    expect(text).toMatch(/timeout check 5000ms/);
    expect(text).toMatch(/server a 10\.0\.0\.1:80 .*check inter 10000ms .*rise 2 fall 3/);
    expect(text).toMatch(/option redispatch 1/);
    expect(text).toMatch(/disable-l7-retry unless \{ method GET HEAD OPTIONS PUT DELETE TRACE \}/);
    expect(text).not.toMatch(/server b/);
  });

  it('tells every option that cannot stand in a configuration', () => {
    const bad = {
      runtime: { host: 'haproxy', port: 70_000 },
      backend: 'api\nglobal',
      slowStartMs: -1,
      healthCheck: { path: '/ready ver HTTP/1.0', up: 0 },
      file: {
        path: '/etc/haproxy cfg',
        listen: ['*:80 accept-proxy', '8080'],
        balance: 'static-rr',
        trustsForwarded: 'no',
      },
    } as unknown as typeof options & HaproxyOptions;
    let told: unknown;
    try {
      writeHaproxyConfiguration(bad);
    } catch (error) {
      told = error;
    }
    const paths = (told as { facts: { problems: { path: unknown[] }[] } }).facts.problems.map(({ path }) =>
      path.join('.'),
    );
    expect(told).toMatchObject({ code: 'TRAFFIC_OPTIONS_INVALID' });
    expect(paths.toSorted()).toEqual(
      [
        'runtime.host',
        'runtime.port',
        'backend',
        'slowStartMs',
        'healthCheck.path',
        'healthCheck.up',
        'file.path',
        'file.listen.0',
        'file.listen.1',
        'file.balance',
        'file.trustsForwarded',
      ].toSorted(),
    );
  });

  it.each([
    [{ slowStartMS: 1 }, 'slowStartMS is not known; did you mean slowStartMs?'],
    [{ healthCheck: { pth: '/ready' } }, 'healthCheck.pth is not known; did you mean path?'],
    [{ file: { ...file, balanse: 'random' } }, 'file.balanse is not known; did you mean balance?'],
    [{ file: undefined }, 'file.path must be a text, got nothing; file.listen must be a list'],
    [{ runtime: { socketPath: 'a.sock' } }, 'runtime.socketPath must be a plain path from /, got "a.sock"'],
    [{ runtime: {} }, 'runtime must say where HAProxy takes orders: either by socketPath, or by host and'],
  ])('refuses %o, and says what to write', (further, told) => {
    const given = { ...options, ...further } as typeof options;
    const message = `Cannot write a configuration for HAProxy: ${told}`;
    expect(() => writeHaproxyConfiguration(given)).toThrow(
      expect.objectContaining({ code: 'TRAFFIC_OPTIONS_INVALID', message: expect.stringContaining(message) }),
    );
  });
});
