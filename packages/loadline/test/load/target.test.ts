import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolveTarget } from 'loadline/load';
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
