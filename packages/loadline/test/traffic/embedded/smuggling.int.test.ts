import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRandom, integerBetween, type Random } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { attacks } from './attacks.ts';
import { bodyOf, exchange, proxyBefore, RawClient, serve } from './proxied.ts';

describe('the embedded proxy', () => {
  it('hands on no request that can be understood in two ways', async () => {
    const seen: string[] = [];
    await using server = await serve((request, response) => {
      request.on('error', () => {});
      request.resume();
      request.on('end', () => seen.push(`${request.method} ${request.url}`));
      response.end('answered');
    });
    await using proxy = await proxyBefore([server]);
    for (const { name, text, status = 400 } of attacks) {
      const heard = await exchange(proxy.port, `${text}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
      // Of a body in chunks the head has gone before the attack is seen; the answer to it may be cut, or be there already.
      if (heard !== '') expect(heard, name).toMatch(new RegExp(`^HTTP/1\\.1 (?:${status}|200) `));
      expect(heard, name).not.toMatch(/HTTP\/1\.1 200[\s\S]*HTTP\/1\.1 200/);
    }
    expect(seen).toEqual([]);
  });

  it('answers what it refuses with problem details, and ends the connection', async () => {
    await using proxy = await proxyBefore([]);
    const heard = await exchange(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\n/);
    expect(heard).toContain('\r\nconnection: close\r\n');
    const body = heard.slice(heard.indexOf('\r\n\r\n') + 4);
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'Cannot take the request: more than one Host.',
    });
  });

  it('hands on, of whatever comes, only what Node.js reads as the same requests', async () => {
    const [proxied, direct]: [Seen, Seen] = [[], []];
    const seed = 20_261_129;
    const random = createRandom(seed);
    const texts = Array.from(
      { length: turnCount },
      (_, turn) =>
        `${mutated(random, turn)}GET /${turn}/marker HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    let refused = 0;
    {
      await using server = await serve((request, response) => note(proxied, request, response));
      await using oracle = await serve((request, response) => note(direct, request, response));
      await using proxy = await proxyBefore([server]);
      for (const text of texts) {
        const [heard] = await Promise.all([sendOnce(proxy.port, text), sendOnce(oracle.port, text)]);
        if (/HTTP\/1.1 4\d\d/.test(heard)) refused++;
      }
    }
    // Only now: a request of one turn may come to the server in the next.
    for (const [turn, text] of texts.entries()) {
      const [mine, others] = [proxied[turn] ?? [], direct[turn] ?? []];
      // The proxy may refuse sooner than Node.js does; what it lets through is what Node.js would have read, and no more.
      expect(mine.length, `turn ${turn}: ${JSON.stringify(text)}`).toBeLessThanOrEqual(others.length);
      for (const [at, { request, body }] of mine.entries())
        expect(
          { request, body: body ?? others[at]?.body },
          `seed ${seed}, turn ${turn}: ${JSON.stringify(text)}`,
        ).toEqual(others[at]);
    }
    expect([proxied[turnCount], direct[turnCount]]).toEqual([undefined, undefined]);
    // Else it would have tested only that everything is refused, or nothing.
    const whole = proxied.flat().filter(({ request, body }) => request === 'GET marker' && body === '');
    expect(whole.length).toBeGreaterThan(60);
    expect(refused).toBeGreaterThan(60);
  });
});

const turnCount = 400;

/** By turn, with whatever names none behind them, in the order in which they came: Node.js reads several at a time, and their bodies end in any order. */
type Seen = { request: string; body: string | undefined }[][];

async function note(seen: Seen, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, turn = String(turnCount), rest] = /^\/(\d+)\/(.*)$/.exec(request.url ?? '') ?? [];
  const noted = { request: `${request.method} ${rest}`, body: undefined as string | undefined };
  seen[Number(turn)] = [...(seen[Number(turn)] ?? []), noted];
  // Cut off where whoever had sent it has hung up.
  const body = await bodyOf(request).catch(() => undefined);
  if (body === undefined) return;
  noted.body = body;
  response.end('answered');
}

/** Hangs up when nothing comes any more: what was sent may be the beginning of something longer. */
async function sendOnce(port: number, text: string): Promise<string> {
  const client = new RawClient(port).send(text);
  let heard = -1;
  const looking = setInterval(() => {
    if (client.heard.length === heard) client.socket.end();
    heard = client.heard.length;
  }, 20);
  await client.ends();
  clearInterval(looking);
  return client.heard;
}

/** A request that is right, and mostly one small thing that is not. */
function mutated(random: Random, turn: number): string {
  const body = 'x'.repeat(integerBetween(random, 1, 20));
  const path = `/${turn}/`;
  const isChunked = random() < 0.5;
  const cut = integerBetween(random, 0, body.length);
  const chunk = (piece: string): string =>
    piece === '' ? '' : `${piece.length.toString(16)}\r\n${piece}\r\n`;
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const written = isChunked ? `${chunk(body.slice(0, cut))}${chunk(body.slice(cut))}0\r\n\r\n` : body;
  const text = `POST ${path} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n${framing}\r\n\r\n${written}`;
  if (random() < 0.3) return text;
  const at = integerBetween(random, path.length + 5, text.length - written.length - 1);
  const inserted = oddities[integerBetween(random, 0, oddities.length - 1)] as string;
  const isReplacing = random() < 0.3;
  return text.slice(0, at) + inserted + text.slice(at + (isReplacing ? inserted.length : 0));
}

const oddities = [
  ' ',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '\0',
  ':',
  ',',
  ';',
  '0',
  'A: b\r\n',
  '\r\nA: b',
  '\r\n\r\n',
  '\r\n ',
  '\r\nContent-Length: 3',
  '\r\nTransfer-Encoding: chunked',
  '\r\nTransfer-Encoding: identity',
  '\x0b',
  '\xa0',
  '_',
];
