import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'loadline/base';
import { runCli, type Terminal } from 'loadline/cli';
import { deadlineHeader } from 'loadline/resilience';
import { createRemoteProxy } from 'loadline/traffic';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { run, start } from './command.ts';

const never = new AbortController().signal;
const key = 'gives-orders-to-proxies';
const orders = { LOADLINE_PROXY_KEY: key, LOADLINE_PROXY_ORDERS_PORT: '0' };

/** A service that answers with its name, at `/left` with how much time it was told, and at `/for` with whom for; its place as HOST:PORT. */
async function serve(name: string): Promise<string> {
  const server = createServer(({ url, headers }, response) => {
    const told: Record<string, unknown> = {
      '/left': headers[deadlineHeader],
      '/for': headers['x-forwarded-for'],
    };
    response.end(url !== undefined && url in told ? told[url] : name);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts the proxy, and gives where it takes requests and orders. */
async function startProxy(args: readonly string[]) {
  const started = start(['proxy', '--listen', '127.0.0.1:0', ...args], orders);
  let text = '';
  started.child.stderr?.on('data', (piece: string) => {
    text += piece;
  });
  onTestFinished(() => void started.child.kill('SIGTERM'));
  await started.shows('takes requests at');
  const urlAfter = (words: string): string =>
    new RegExp(`${words} (http\\S+?)\\.\\n`).exec(text)?.[1] as string;
  return { ...started, url: urlAfter('requests at'), orders: urlAfter('orders at') };
}

type Wanted = Parameters<ReturnType<typeof createRemoteProxy>['apply']>[0][number];

function wantedAt(place: string): Wanted {
  const [host = '', port] = place.split(':');
  return { id: `at-${port}`, host, port: Number(port), mode: 'serving' };
}

/** The proxy within this process, whose clock a test may own. */
async function proxyHere(
  args: readonly string[],
): Promise<{ readonly url: string; readonly orders: string }> {
  let said = '';
  const stop = new AbortController();
  const terminal: Terminal = {
    out: () => undefined,
    err: (piece) => {
      said += piece;
    },
    ...{ isInteractive: false, width: 80, style: (_, piece) => piece },
  };
  const ended = runCli(['proxy', '--listen', '0', ...args], { terminal, env: orders, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort(new Error('SIGTERM'));
    await ended;
    vi.restoreAllMocks();
  });
  const urlAfter = (words: string) => new RegExp(`${words} (http\\S+?)\\.\\n`).exec(said)?.[1];
  await expect.poll(() => urlAfter('requests at'), { timeout: 20_000 }).toBeDefined();
  return { url: urlAfter('requests at') as string, orders: urlAfter('orders at') as string };
}

const text = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(url, { headers })).text();

describe('loadline proxy', () => {
  it('spreads requests over its instances, takes orders, and begins again with what it was told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loadline-proxy-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const state = ['--state', join(folder, 'state.json')];
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map(serve));
    const nobody = '127.0.0.1:1';
    const places = [one as string, two as string, nobody].flatMap((place) => ['--upstream', place]);
    const first = await startProxy([...state, ...places]);
    const answers = await Promise.all(Array.from({ length: 40 }, () => text(first.url)));
    expect(new Set(answers)).toEqual(new Set(['one', 'two']));
    await first.shows(`${nobody} is left out`);

    const port = Number(three?.split(':')[1]);
    const remote = createRemoteProxy({ url: first.orders, key });
    await remote.apply([{ id: 'three', host: '127.0.0.1', port, mode: 'serving' }], never);
    expect(await text(first.url)).toBe('three');
    expect(await text(`${first.orders}/metrics`)).toMatch(/loadline_proxy_requests_total\{[^}]*\} [1-9]/);

    first.child.kill('SIGTERM');
    await first.ended;
    const second = await startProxy([...state, '--deadline', '1h']);
    expect(await text(second.url)).toBe('three');
    expect(await text(`${second.url}/left`)).toMatch(/^3[56]\d{5}$/);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  it('believes clients nothing of their time and origin, unless it is told that a proxy is before it', async () => {
    const upstream = ['--upstream', await serve('shop')];
    const [doubting, trusting] = await Promise.all([
      startProxy(upstream),
      startProxy([...upstream, '--trusts-forwarded']),
    ]);
    const claims = { 'x-forwarded-for': '192.0.2.7', [deadlineHeader]: '90000' };
    expect(await text(`${doubting.url}/for`, claims)).toBe('127.0.0.1');
    expect(await text(`${doubting.url}/left`, claims)).toBe('');
    expect(await text(`${trusting.url}/for`, claims)).toBe('192.0.2.7, 127.0.0.1');
    expect(await text(`${trusting.url}/left`, claims)).toMatch(/^[78]\d{4}$/);
  });

  it('lets the share of a new instance grow where it is told to', async () => {
    let passedMs = 0;
    const { monotonicMs } = systemClock;
    vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => monotonicMs() + passedMs);
    const proxy = await proxyHere(['--slow-start', '20s']);
    const [one, two] = (await Promise.all(['one', 'two'].map(serve))).map(wantedAt) as [Wanted, Wanted];
    const remote = createRemoteProxy({ url: proxy.orders, key });
    await remote.apply([one], never);
    expect(await text(proxy.url)).toBe('one');
    passedMs = 20_000;
    await remote.apply([one, two], never);
    const shareOfTwo = async (): Promise<number> => {
      const answers: string[] = [];
      for (let turn = 0; turn < 44; turn++) answers.push(await text(proxy.url));
      return answers.filter((answer) => answer === 'two').length / 44;
    };
    expect(await shareOfTwo()).toBeCloseTo(0.1 / 1.1, 1);
    passedMs = 40_000;
    expect(await shareOfTwo()).toBeCloseTo(0.5, 1);
  });

  it('keeps answers, and asks a second instance where the first takes long, where it is told to', async () => {
    const asked: string[] = [];
    const servers = ['one', 'two'].map(() =>
      createServer((request, response) => {
        asked.push(request.url ?? '');
        // The first that is asked never answers.
        if (request.url === '/slow' && asked.length === 1) return;
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`answer ${asked.length}`);
      }),
    );
    const places: string[] = [];
    for (const server of servers) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      places.push('--upstream', `127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    const proxy = await startProxy([...places, '--cache', '--hedge-after', '50ms']);
    expect(await text(`${proxy.url}/slow`)).toBe('answer 2');
    expect(await text(`${proxy.url}/slow`)).toBe('answer 2');
    expect(asked).toEqual(['/slow', '/slow']);
    const plain = await startProxy(places);
    for (const count of [3, 4]) expect(await text(`${plain.url}/slow`)).toBe(`answer ${count}`);
  });

  it('has requests wait where an instance is busy with as many as it may have, and says 503 after a while', async () => {
    const answering: (() => void)[] = [];
    const slow = createServer((_, response) => void answering.push(() => response.end('at last')));
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void slow.close());
    const place = `127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const words = ['--requests-max', '1', '--queue-timeout', '200ms'];
    const proxy = await startProxy(['--upstream', place, ...words]);
    const first = text(proxy.url);
    await vi.waitFor(() => expect(answering).toHaveLength(1));
    const refused = await fetch(proxy.url);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('none became free in time');
    answering[0]?.();
    expect(await first).toBe('at last');
    expect(answering).toHaveLength(1);
  });

  it('tells everything that is wrong with its words at once', async () => {
    const words = [
      '--listen',
      'here',
      '--balance',
      'best',
      '--upstream',
      'there',
      '--check',
      'ready',
      '--grace',
      '5',
      '--deadline',
      '0s',
      '--slow-start',
      '30',
      '--requests-max',
      '0',
      '--queue-timeout',
      'soon',
    ];
    const { code, err } = await run(['proxy', ...words], { LOADLINE_PROXY_ORDERS_PORT: '1' });
    expect(code).toBe(2);
    for (const told of [
      '--listen must be a port, or an address of this machine with one, like 8080 or 0.0.0.0:8080, got "here"',
      '--balance must be one of round-robin, least-connections, address-hash, two-choices, got "best"',
      '--upstream must be HOST:PORT, like 127.0.0.1:8081, each once, got "there"',
      '--check must begin with /',
      '--grace must be a duration, like 10s, got "5"',
      '--deadline must be a duration above 0, like 10s, got "0s"',
      '--slow-start must be a duration, like 10s, got "30"',
      '--requests-max must be a whole number of at least 1, like 100, got "0"',
      '--queue-timeout must be a duration above 0 and at most 10m, like 10s, got "soon"',
      'need a key in LOADLINE_PROXY_KEY',
    ])
      expect(err).toContain(told);
  });

  it('refuses a time to wait where nobody waits, or that is longer than a services file may say', async () => {
    const [alone, long] = await Promise.all([
      run(['proxy', '--listen', '0', '--queue-timeout', '1s']),
      run(['proxy', '--listen', '0', '--requests-max', '5', '--queue-timeout', '11m']),
    ]);
    expect([alone.code, long.code]).toEqual([2, 2]);
    expect(alone.err).toContain('--queue-timeout needs --requests-max beside it');
    expect(long.err).toContain('at most 10m, like 10s, got "11m"');
  });

  it('says where it cannot take orders, or keep its instances', async () => {
    const taken = (await serve('somebody')).split(':')[1] as string;
    const words = ['proxy', '--listen', '0'];
    const [wrong, busy, lost] = await Promise.all([
      run([...words, '--check', '/a b'], { ...orders, LOADLINE_PROXY_ORDERS_PORT: '99999' }),
      run(words, { ...orders, LOADLINE_PROXY_ORDERS_PORT: taken }),
      run([...words, '--state', '/nowhere/state.json', '--upstream', '127.0.0.1:1']),
    ]);
    expect([wrong.code, busy.code, lost.code]).toEqual([2, 2, 2]);
    expect(wrong.err).toContain('--check must begin with / and have no blanks, got "/a b"');
    expect(wrong.err).toContain('LOADLINE_PROXY_ORDERS_PORT must be a port, got "99999"');
    expect(busy.err).toContain(
      `Cannot start the proxy: it cannot take orders at port ${taken} of LOADLINE_PROXY_ORDERS_PORT: somebody listens there already.`,
    );
    expect(lost.err).toContain(
      'Cannot start the proxy: --state /nowhere/state.json cannot be written: there is no folder /nowhere',
    );
  });

  it('says where somebody else listens already', async () => {
    const taken = await serve('somebody');
    const { code, err } = await run(['proxy', '--listen', taken]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /Cannot take requests at 127\.0\.0\.1, port \d+: somebody listens there already\. End that, or give another --listen\./,
    );
  });
});
