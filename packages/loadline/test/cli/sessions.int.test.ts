import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { LoadReport } from 'loadline/load';
import type { LimitReport } from 'loadline/load/limit';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { run, start, startBench } from './command.ts';

/** A machine that is busy with other tests may make a generator late. */
const verdictCodes = [0, 98];

const trade = (target: string, load: string): string => `target: ${target}
limits: { request_timeout: 2s }
scenarios:
  trade:
    steps:
      - post: /login
      - connect: /prices?of={{$user}}
      - send: { type: subscribe, id: "{{$uuid}}" }
        await: { json: { /type: subscribed } }
        name: subscribe
        check: { json: { /id: exists } }
        save: { id: { json: /id } }
      - repeat:
          times: 3
          steps:
            - { receive: { contains: "{{id}}" }, name: price, check: { json: { /price: exists } } }
      - { send: bye, name: bye }
      - connect: /news
        as: events
        name: news
      - { receive: { event: headline }, name: headline, save: { what: { header: event } } }
      - disconnect: true
      - get: /after/{{what}}
        name: after
load:
  - ${load}
`;

describe('loadline run of a file with sessions', { retry: 3 }, () => {
  it.each([1, 2])('measures each step against a real server (%i workers)', async (workers) => {
    await using server = await startExchange();
    await using bench = await startBench();
    const file = await bench.file(
      'trade.yaml',
      trade(server.target, 'iterations: { users: 5, each: 4, within: 20s }'),
    );
    const json = join(bench.folder, 'report.json');
    const { code, out, err } = await run(['run', file, '--json', json, '--workers', `${workers}`]);
    const report = JSON.parse(await readFile(json, 'utf8')) as LoadReport;
    expect(err).toBe(`The report is in ${json}.\n`);
    expect(verdictCodes, out).toContain(code);
    expect(report.iterations).toMatchObject({ started: 20, completed: 20 });
    expect(
      report.endpoints.map(({ name, requests, errors, statuses }) => [name, requests, errors, statuses]),
    ).toEqual([
      ['POST /login', 20, 0, { 200: 20 }],
      ['connect /prices', 20, 0, { 101: 20 }],
      ['subscribe', 20, 0, {}],
      ['price', 60, 0, {}],
      ['bye', 20, 0, {}],
      ['news', 20, 0, { 200: 20 }],
      ['headline', 20, 0, {}],
      ['after', 20, 0, { 200: 20 }],
    ]);
    expect(report.total.checks).toMatchObject({ passed: 80, failed: 0 });
    const price = report.endpoints.find(({ name }) => name === 'price');
    expect(price?.latencyMs?.max).toBeGreaterThan(5);
    // What nobody waited for came too.
    expect(report.sessions?.messagesIn).toBeGreaterThanOrEqual(100);
    expect(report.sessions).toMatchObject({ messagesDropped: 0, brokenIdle: 0 });
    expect(server.seen).toMatchObject({
      cookies: new Set(['session=ann']),
      paths: new Set(['/after/headline']),
    });
    expect(out).toMatch(/sessions +\d+ messages came, /);
    await server.isLeft();
  });

  it('tells of a server that dies in mid-session, and ends', async () => {
    await using server = await startExchange();
    await using bench = await startBench();
    const file = await bench.file('trade.yaml', trade(server.target, 'hold: { users: 4, for: 3s }'));
    const json = join(bench.folder, 'report.json');
    const command = start(['run', file, '--json', json]);
    await server.subscribed(8);
    server.die();
    await command.ended;
    const { total, offered, iterations, endpoints } = JSON.parse(await readFile(json, 'utf8')) as LoadReport;
    expect(total.requests).toBe(offered.achieved + total.errors);
    expect(iterations.started).toBe(iterations.completed + iterations.cutShort + iterations.interrupted);
    expect(Object.keys(total.failures)).toContain('refused');
    const connected = endpoints.find(({ name }) => name === 'connect /prices');
    expect(connected?.statuses['101']).toBeGreaterThanOrEqual(8);
  });

  it('ends soon after an interrupt, while messages are waited for that never come', async () => {
    await using server = await startExchange();
    await using bench = await startBench();
    const file = await bench.file(
      'wait.yaml',
      `target: ${server.target}
scenarios:
  wait: { steps: [{ connect: /prices }, { receive: { contains: never }, within: 1h }] }
load: [{ hold: { users: 3, for: 1h } }]
`,
    );
    const json = join(bench.folder, 'report.json');
    const command = start(['run', file, '--json', json]);
    await server.connected(3);
    command.child.kill('SIGINT');
    const { code, tookMs } = await command.ended;
    const { offered, iterations } = JSON.parse(await readFile(json, 'utf8')) as LoadReport;
    expect([code, offered.unfinished, iterations.interrupted]).toEqual([130, 3, 3]);
    expect(tookMs).toBeLessThan(8000);
    await server.isLeft();
  });

  it('is found by find-limit too', async () => {
    await using server = await startExchange();
    await using bench = await startBench();
    const file = await bench.file(
      'news.yaml',
      `target: ${server.target}
scenarios:
  news: { steps: [{ connect: /news, as: events }, { receive: { event: headline } }] }
load: [{ arrivals: { rate: 5/s, for: 1s } }]
thresholds: { latency: p95 < 2s }
`,
    );
    const json = join(bench.folder, 'limit.json');
    await run([
      'find-limit',
      file,
      '--probe',
      '2s',
      '--from',
      '5',
      '--to',
      '10',
      '--runs',
      '1',
      '--json',
      json,
    ]);
    const { probes } = JSON.parse(await readFile(json, 'utf8')) as LimitReport;
    expect(probes[0]?.answeredPerSecond).toBeGreaterThan(1);
  });
});

interface Exchange extends AsyncDisposable {
  readonly target: string;
  readonly seen: { readonly cookies: Set<string | undefined>; readonly paths: Set<string | undefined> };
  /** Waits until so many sessions were opened, or so many subscriptions made. */
  connected(count: number): Promise<void>;
  subscribed(count: number): Promise<void>;
  /** Waits until nobody is connected any more. */
  isLeft(): Promise<void>;
  /** Cuts every connection and listens no more. */
  die(): void;
}

/** Prices over WebSockets to whoever subscribes, and noise to all; news as server-sent events. */
async function startExchange(): Promise<Exchange> {
  const seen = { cookies: new Set<string | undefined>(), paths: new Set<string | undefined>() };
  const server = createServer((request, response) => answer(request, response, seen.paths));
  const sockets = new WebSocketServer({ server });
  let [connections, subscriptions] = [0, 0];
  sockets.on('connection', (socket, request) => {
    connections++;
    if (request.url !== '/prices') seen.cookies.add(request.headers.cookie);
    const timers: NodeJS.Timeout[] = [];
    socket.on('error', () => undefined);
    socket.on('close', () => timers.forEach(clearInterval));
    socket.on('message', (data) => {
      const text = String(data);
      if (!text.startsWith('{')) return;
      subscriptions++;
      const { id } = JSON.parse(text) as { id: string };
      socket.send(JSON.stringify({ type: 'noise' }));
      socket.send(JSON.stringify({ type: 'subscribed', id }));
      timers.push(setInterval(() => socket.send(JSON.stringify({ id, price: 7 })), 10));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const die = (): void => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  };
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connected: (count) => until(() => connections >= count),
    subscribed: (count) => until(() => subscriptions >= count),
    isLeft: () => until(() => sockets.clients.size === 0),
    die,
    async [Symbol.asyncDispose]() {
      die();
    },
  };
}

function answer(
  { url, method }: IncomingMessage,
  response: ServerResponse,
  paths: Set<string | undefined>,
): void {
  if (method === 'POST') {
    response.writeHead(200, { 'set-cookie': 'session=ann; Path=/' }).end();
    return;
  }
  if (url !== '/news') {
    paths.add(url);
    response.end('fine');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': hello\n\ndata: nothing new\n\n');
  const timer = setTimeout(() => response.write('event: headline\ndata: it works\n\n'), 10);
  response.on('close', () => clearTimeout(timer));
}
