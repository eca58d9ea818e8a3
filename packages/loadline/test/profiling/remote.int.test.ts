import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteProfiler } from 'loadline/profiling';
import { afterEach, describe, expect, it } from 'vitest';

const key = 'the-control-plane-key';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a door for profiles', () => {
  it('is asked at the address that was judged, whatever its name says', async () => {
    const asked: (string | undefined)[] = [];
    const url = await listen(({ headers, url: path }, response) => {
      asked.push(`${headers.host?.split(':')[0]} ${path} ${headers.authorization}`);
      response.end('{"sessions":[]}');
    });
    const named = url.replace('127.0.0.1', 'shop.invalid');
    const profiler = createRemoteProfiler({ url: `${named}/shop/`, key, address: '127.0.0.1' });
    expect(await profiler.sessions()).toEqual([]);
    expect(asked).toEqual([`shop.invalid /shop/loadline/profiles Bearer ${key}`]);
    const unpinned = createRemoteProfiler({ url: named, key });
    await expect(unpinned.sessions()).rejects.toMatchObject({ code: 'PROFILING_UNREACHABLE' });
  });

  it('leads nobody elsewhere', async () => {
    let isAsked = false;
    const elsewhere = await listen((_, response) => {
      isAsked = true;
      response.end('{"sessions":[]}');
    });
    const url = await listen((_, response) =>
      response.writeHead(307, { location: `${elsewhere}/loadline/profiles` }).end(),
    );
    await expect(createRemoteProfiler({ url, key }).sessions()).rejects.toMatchObject({
      code: 'PROFILING_REFUSED',
      facts: { status: 307 },
    });
    expect(isAsked).toBe(false);
  });

  it.each([
    ['no JSON', (): string => '<html>', 'it is no JSON'],
    ['something else', (): string => '{"items":[]}', 'sessions'],
  ])('is none where it answers with %s', async (_, body, found) => {
    const url = await listen((_, response) => response.end(body()));
    await expect(createRemoteProfiler({ url, key }).sessions()).rejects.toMatchObject({
      code: 'PROFILING_REFUSED',
      message: expect.stringContaining(found),
    });
  });

  it('is waited for no longer than was said, also in the midst of its answer', async () => {
    const url = await listen((_, response) => void response.write('{"sessions":'));
    await expect(createRemoteProfiler({ url, key, timeoutMs: 50 }).sessions()).rejects.toMatchObject({
      code: 'PROFILING_UNREACHABLE',
    });
    const silent = await listen(() => undefined);
    await expect(createRemoteProfiler({ url: silent, key, timeoutMs: 50 }).sessions()).rejects.toMatchObject({
      code: 'PROFILING_UNREACHABLE',
    });
  });
});
