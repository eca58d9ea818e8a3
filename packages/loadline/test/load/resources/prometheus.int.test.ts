import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createRegistry, renderPrometheus } from 'loadline/metrics';
import { observeHttp, observeProcess } from 'loadline/observe';
import { afterEach, describe, expect, it } from 'vitest';
import { createPrometheusProbe } from '../../../src/load/resources/prometheus.ts';
import { serveBytes } from '../../faults/targets.ts';
import { cert, key } from '../transports/certificate.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** Serves on loopback, under a name that does not resolve. */
async function serve(listener: RequestListener, path = '/metrics'): Promise<URL> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(path, `http://service.invalid:${(server.address() as AddressInfo).port}`);
}

function probe(url: URL, ...names: string[]) {
  return createPrometheusProbe({ url, address: '127.0.0.1', names });
}

async function sample(url: URL, ...names: string[]): Promise<Record<string, number>> {
  const readings = await probe(url, ...names).sample(AbortSignal.timeout(5000));
  return Object.fromEntries(readings.map(({ name, value }) => [name, value]));
}

describe('a /metrics address', () => {
  it('that loadline/observe makes gives every number there is', async () => {
    const registry = createRegistry();
    const stop = observeProcess(registry);
    const http = observeHttp(registry);
    http.begin();
    http.end({ method: 'GET', route: '/', status: 200, durationMs: 12 });
    const url = await serve(async (_, response) => {
      for await (const slice of renderPrometheus(registry)) response.write(slice);
      response.end();
    });
    await expect
      .poll(() => sample(url).then(Object.keys), { timeout: 5000 })
      .toEqual([
        'cpu',
        'memory',
        'heap',
        'event loop lag',
        'event loop utilization',
        'requests',
        'request duration',
        'requests in flight',
      ]);
    expect(await sample(url)).toMatchObject({ requests: 1, 'request duration': 12, 'requests in flight': 0 });
    stop();
  });

  it('is asked at the address that was judged, by its own name and with its own user', async () => {
    const asked: unknown[] = [];
    const url = await serve(({ headers, url: path }, response) => {
      asked.push([headers.host, path, headers.authorization]);
      response.end('process_open_fds 1');
    }, '/deep/metrics?token=x');
    url.username = 'ann';
    url.password = 'p%40ss';
    expect(await sample(url)).toEqual({ 'open files': 1 });
    expect(asked).toEqual([[url.host, '/deep/metrics?token=x', `Basic ${btoa('ann:p@ss')}`]]);
    expect(probe(url).source).toBe(`metrics ${url.host}/deep/metrics`);
  });

  it('says which metrics that were asked for it does not have, and what it could not read', async () => {
    const url = await serve((_, response) => response.end('depth 1\ndepth{ 2\n'));
    const asked = probe(url, 'depth', 'width');
    expect(asked.notes?.()).toEqual([]);
    await asked.sample(AbortSignal.timeout(5000));
    expect(asked.notes?.()).toEqual([
      'has no width',
      'could not be read in line 2: "depth{ 2" has labels that cannot be read',
    ]);
  });

  it.each<[string, RequestListener, string]>([
    [
      'fails',
      (_, response) => response.writeHead(503).end('process_open_fds 1'),
      'it answered 503 instead of 200',
    ],
    [
      'leads elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'it answered 302 instead of 200',
    ],
    [
      'is compressed without being asked to',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      'it answered in gzip, which was not asked for',
    ],
    ['shows something else', (_, response) => response.end('<html></html>'), 'none of the metrics'],
    [
      'has too many series',
      (_, response) =>
        response.end(
          Array.from({ length: 10_001 }, (_, at) => `http_requests_total{at="${at}"} 1\n`).join(''),
        ),
      'it has over 10000 series',
    ],
    ['breaks off', (_, response) => response.write('process_', () => response.destroy()), 'aborted'],
  ])('that %s is no sample, and says so', async (_, listener, message) => {
    await expect(sample(await serve(listener))).rejects.toThrow(message);
  });

  it('that never ends is cut off after 4 MiB', async () => {
    let written = 0;
    let isClosed = false;
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_000))) written += 16_000;
      };
      response.on('drain', more).on('close', () => {
        isClosed = true;
      });
      more();
    });
    await expect(sample(url)).rejects.toThrow('it answered with over 4.19 MB');
    await expect.poll(() => isClosed).toBe(true);
    expect(written).toBeLessThan(16_000_000);
  });

  it('that trickles is given up with the signal', async () => {
    let isClosed = false;
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => {
        clearInterval(timer);
        isClosed = true;
      });
    });
    const controller = new AbortController();
    const sampled = expect(probe(url).sample(controller.signal)).rejects.toThrow('aborted');
    setTimeout(() => controller.abort(), 100);
    await sampled;
    await expect.poll(() => isClosed).toBe(true);
  });

  it('that nobody vouches for is not trusted', async () => {
    server = createSecureServer({ key, cert }, (_, response) => response.end('process_open_fds 1'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/metrics`);
    await expect(sample(url)).rejects.toThrow('self-signed certificate');
  });

  it('that speaks something else, or at which nobody listens, says so', async () => {
    const strange = await serveBytes((socket) => socket.end('SSH-2.0-x\r\n'));
    await expect(sample(new URL(strange.target))).rejects.toThrow(/Parse Error/);
    await strange.stop();
    await expect(sample(new URL(strange.target))).rejects.toThrow('connection refused');
  });
});
