import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolveRedirectHosts, resolveTarget } from 'loadline/load';
import { describe, expect, it } from 'vitest';

const laptop = { allowLoopback: true, allowPrivate: true };

describe('resolveTarget()', () => {
  it('takes the address that accepts connections where a name has several', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const addresses = async (): Promise<string[]> => ['127.0.0.9', '127.0.0.1'];
    expect(await resolveTarget(`http://service.test:${port}`, laptop, addresses)).toBe('127.0.0.1');
    server.close();
  });

  it('takes the first where none accepts, so that the run reports the refusal', async () => {
    const addresses = async (): Promise<string[]> => ['127.0.0.1', '127.0.0.9'];
    expect(await resolveTarget('http://service.test:1', laptop, addresses)).toBe('127.0.0.1');
  });

  it('refuses a name as soon as one of its addresses is not allowed', async () => {
    const addresses = async (): Promise<string[]> => ['127.0.0.1', '93.184.215.14'];
    await expect(resolveTarget('http://service.test', laptop, addresses)).rejects.toMatchObject({
      code: 'LOAD_TARGET_REFUSED',
      message: expect.stringContaining('--allow-host service.test'),
    });
  });

  it('never offers to allow a metadata address', async () => {
    await expect(
      resolveTarget('http://169.254.169.254', { ...laptop, allowHosts: ['169.254.169.254'] }),
    ).rejects.toThrow(/which is never allowed\.$/);
  });

  it('says so when a name does not resolve', async () => {
    await expect(resolveTarget('http://no-such-host.invalid', laptop)).rejects.toMatchObject({
      code: 'LOAD_TARGET_UNKNOWN',
    });
  });
});

describe('resolveRedirectHosts()', () => {
  const addresses: Readonly<Record<string, readonly string[]>> = {
    'shop.test': ['::1', '127.0.0.7'],
    'far.test': ['93.184.215.14'],
    'metadata.test': ['169.254.169.254'],
  };
  const hostsFor = (...allowHosts: string[]): Promise<unknown> =>
    resolveRedirectHosts(
      'http://127.0.0.1:8080/base',
      '127.0.0.1',
      { ...laptop, allowHosts },
      async (host) => addresses[host] ?? [],
    );

  it("are the target's own, and those that were named, at addresses of the target's kind", async () => {
    expect(await hostsFor()).toEqual({ '127.0.0.1': '127.0.0.1' });
    expect(await hostsFor('Shop.test', 'far.test', '::1', '127.0.0.1')).toEqual({
      '127.0.0.1': '127.0.0.1',
      'shop.test': '127.0.0.7',
      'far.test': '93.184.215.14',
      '[::1]': '::1',
    });
  });

  it('are never at a metadata address, and have names', async () => {
    await expect(hostsFor('metadata.test')).rejects.toMatchObject({ code: 'LOAD_TARGET_REFUSED' });
    for (const name of ['a b', '', 'http://[', '::', 'shop.test:8080', 'shop.test/x', 'ann@shop.test'])
      await expect(hostsFor(name).then((hosts) => JSON.stringify(hosts))).rejects.toMatchObject({
        code: expect.stringMatching(/^LOAD_(?:OPTIONS_INVALID|TARGET_REFUSED)$/),
      });
  });
});
