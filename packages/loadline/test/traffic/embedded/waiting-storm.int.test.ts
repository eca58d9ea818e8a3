import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { createRandom, integerBetween, type Random } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import type { EmbeddedProxy, WantedUpstream } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { eventually, get, proxyBefore, RawClient, started, type TestServer, upstream } from './proxied.ts';

const { signal } = new AbortController();
/** More of them: `STORM_SEEDS=200`. */
const seeds = Array.from({ length: Number(process.env.STORM_SEEDS ?? 6) }, (_, nth) => nth + 1);

/** A server that is slow or breaks at random, and counts what it is busy with. */
interface Moody extends TestServer {
  /** With how many it was at once, and not only for the moment in which a connection's end is on its way. */
  busyMax(): number;
}

async function moody(random: Random, limit: number): Promise<Moody> {
  const busy = new Set<Socket>();
  let busyMax = 0;
  const look = (turns: number): void => {
    if (busy.size <= limit) busyMax = Math.max(busyMax, busy.size);
    else if (turns === 0) busyMax = busy.size;
    else setImmediate(() => look(turns - 1));
  };
  const begin = (socket: Socket): void => {
    busy.add(socket);
    look(20);
  };
  const afterAWhile = (run: () => void): void => void setTimeout(run, integerBetween(random, 0, 12));
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const { socket } = request;
    begin(socket);
    response.on('error', () => {});
    void answer(request, response, () => busy.delete(socket));
  });
  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    onEnd: () => void,
  ): Promise<void> {
    const isBroken = random() < 0.04;
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => {
      body += piece;
    });
    request.on('error', () => {});
    request.on('end', () => {
      afterAWhile(() => {
        if (isBroken) request.socket.resetAndDestroy();
        else if (request.url?.startsWith('/events')) tellEvents(response, onEnd);
        else {
          onEnd();
          response.end(`{${request.url}:${body.length}}`);
        }
      });
    });
  }
  function tellEvents(response: ServerResponse, onEnd: () => void): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    afterAWhile(() => {
      onEnd();
      response.end('data: last\n\n');
    });
  }
  server.on('connection', (socket: Socket) => socket.on('close', () => busy.delete(socket)));
  server.on('upgrade', (_, socket: Socket) => {
    begin(socket);
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('end', () => socket.end());
  });
  return { ...(await started(server)), busyMax: () => busyMax };
}

/** What a client says, and what it must hear once where it stays. */
interface Said {
  readonly text: string;
  readonly answers: readonly string[];
  /** Said when the first answer has begun. */
  readonly afterwards?: { readonly after: RegExp; readonly text: string };
}

const kinds: readonly ((path: string, random: Random) => Said)[] = [
  (path) => ({ text: get(path), answers: [`{${path}:0}`] }),
  (path) => ({ text: get(path, 'Connection: close\r\n'), answers: [`{${path}:0}`] }),
  (path) => ({ text: `GET ${path} HTTP/1.0\r\n\r\n`, answers: [`{${path}:0}`] }),
  (path) => ({ text: get(`${path}/1`) + get(`${path}/2`), answers: [`{${path}/1:0}`, `{${path}/2:0}`] }),
  (path, random) => {
    const size = integerBetween(random, 1, 100_000);
    const text = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
    return { text, answers: [`{${path}:${size}}`] };
  },
  (path) => {
    const text = `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    return { text, answers: [`{${path}:5}`] };
  },
  (path) => ({
    text: `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    answers: [`{${path}:5}`],
    afterwards: { after: /100 Continue/, text: 'hello' },
  }),
  (path) => ({ text: get(`/events${path}`), answers: ['data: last'] }),
  (path) => ({
    text: get(path, 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
    answers: ['and back'],
    afterwards: { after: /101 Switching/, text: 'and back' },
  }),
];

/** What it is told in place of an answer, or that it was cut behind a head that had come. */
const refusal = /HTTP\/1\.1 50[234] /g;

/** Asks, and stays, or leaves at any time. @returns what is wrong with what it heard. */
async function ask(port: number, nth: number, random: Random): Promise<string | undefined> {
  const said = (kinds[integerBetween(random, 0, kinds.length - 1)] as (typeof kinds)[number])(
    `/${nth}`,
    random,
  );
  const client = new RawClient(port).send(said.text);
  const leaves = random() < 0.3;
  const leavesAfterMs = integerBetween(random, 0, 30);
  if (leaves) {
    await new Promise((resolve) => setTimeout(resolve, leavesAfterMs));
    client.socket.destroy();
    return undefined;
  }
  const heardOf = (wanted: string): number => client.heard.split(wanted).length - 1;
  const refusals = (): number => client.heard.match(refusal)?.length ?? 0;
  const { afterwards } = said;
  if (afterwards !== undefined) {
    await eventually(() => afterwards.after.test(client.heard) || refusals() > 0 || client.isEnded);
    if (afterwards.after.test(client.heard)) client.send(afterwards.text);
  }
  const count = (): number => said.answers.reduce((sum, each) => sum + heardOf(each), refusals());
  try {
    await eventually(() => client.isEnded || count() >= said.answers.length);
  } catch {
    return `${JSON.stringify(said.text.slice(0, 80))} was left with ${JSON.stringify(client.heard)}`;
  }
  // Nothing comes behind it.
  await new Promise((resolve) => setTimeout(resolve, 2));
  const wasCut = client.isEnded && client.error !== undefined;
  const isRight = count() === said.answers.length || (wasCut && count() < said.answers.length);
  client.socket.destroy();
  return isRight
    ? undefined
    : `${JSON.stringify(said.text.slice(0, 80))} heard ${JSON.stringify(client.heard)}`;
}

/** Takes out, drains, brings back and kills while requests come. */
async function disturb(
  proxy: EmbeddedProxy,
  servers: readonly Moody[],
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const all = servers.map((server, nth) => upstream(`${nth}`, server));
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, integerBetween(random, 2, 15)));
    const wanted = all.flatMap((each): WantedUpstream[] => {
      const chance = random();
      if (chance < 0.15) return [];
      return [chance < 0.3 ? { ...each, mode: 'draining' } : each];
    });
    await proxy.apply(wanted, signal);
    if (random() < 0.1) for (const socket of servers[0]?.sockets ?? []) socket.resetAndDestroy();
  }
  await proxy.apply(all, signal);
}

describe('the line before upstreams that are busy, in a storm', () => {
  it.for(seeds)('answers or refuses each that stays, and leaves nothing behind: seed %i', async (seed) => {
    const random = createRandom(seed);
    const limit = integerBetween(random, 1, 4);
    const servers = await Promise.all(
      Array.from({ length: integerBetween(random, 1, 3) }, (_, nth) =>
        moody(createRandom(seed, nth + 1), limit),
      ),
    );
    const registry = createRegistry();
    const proxy = await proxyBefore([], {
      registry,
      policy:
        (['round robin', 'least connections', 'two choices', 'address hash'] as const)[seed % 4] ??
        'round robin',
      ...(random() < 0.5 ? { hedgeAfterMs: 5 } : {}),
      ...(random() < 0.3 ? { slowStartMs: 50 } : {}),
      ...(random() < 0.3 ? { deadlineMs: 400 } : {}),
      ejection: { failuresMax: 3, durationMs: 20 },
      limits: { upstreamRequestsMax: limit, queueTimeoutMs: integerBetween(random, 100, 1500) },
    });
    await proxy.apply(
      servers.map((server, nth) => upstream(`${nth}`, server)),
      signal,
    );
    let isOver = false;
    const disturbed = disturb(proxy, servers, random, () => isOver);
    const asked: Promise<string | undefined>[] = [];
    for (let nth = 0; nth < 80; nth++) {
      asked.push(ask(proxy.port, nth, random));
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, integerBetween(random, 1, 20)));
    }
    const wrong = (await Promise.all(asked)).filter((each) => each !== undefined);
    isOver = true;
    await disturbed;
    expect(wrong).toEqual([]);
    await eventually(async () => (await proxy.observe(signal)).every(({ inFlight }) => inFlight === 0));
    const queued = registry.snapshot().find(({ name }) => name === 'loadline_proxy_queued');
    expect(queued?.series).toMatchObject([{ value: 0 }]);
    for (const server of servers) expect(server.busyMax()).toBeLessThanOrEqual(limit);
    expect(await proxy.close({ graceMs: 2000 })).toEqual({ cut: 0 });
    for (const server of servers) await server.kill();
  });
});
