import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runCli, type Terminal } from 'loadline/cli';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let server: Server;
let address: string;
/** `METHOD path body` of each request, and what is answered, one after the other; the last again and again. */
const asked: string[] = [];
let answers: { readonly status: number; readonly body: unknown }[];

const startedAt = '2026-06-06T12:00:00.000Z';
const going = (replaced: number) => groupOf({ state: 'going', startedAt, of: 3, replaced });
const done = groupOf({ state: 'done', startedAt, endedAt: '2026-06-06T12:00:12.340Z', of: 3, replaced: 3 });
const stopped = groupOf({
  ...{ state: 'stopped', startedAt, endedAt: '2026-06-06T12:00:05Z', of: 3, replaced: 1 },
  because: 'shop-5 exited with 1 after 0.2 s\u001b[2J; starts again in 1 s',
});

function groupOf(restart: object) {
  const instances = [
    { id: 'shop-2', state: 'ready' },
    { id: 'shop-4', state: 'starting' },
  ];
  return { group: 'shop', fleet: { instances, restart } };
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    asked.push(`${request.method} ${request.url} ${text}`.trim());
    const [{ status, body }] = (answers.length > 1 ? answers.splice(0, 1) : answers) as [(typeof answers)[0]];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked.length = 0;
});

async function restart(args: readonly string[], further: Partial<Terminal> = {}) {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    ...{ isInteractive: false, width: 120, style: (_, text) => text },
    ...further,
  };
  const { signal } = new AbortController();
  const env = { LOADLINE_CONTROL_PLANE: address };
  const code = await runCli(['scale', 'restart', ...args], { terminal, env, signal });
  return { code, out, err };
}

describe('loadline scale restart', () => {
  it('gives the order, follows it to its end, and tells that', async () => {
    answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [going(1)] } },
      { status: 200, body: { items: [done] } },
    ];
    expect(await restart(['shop', '--reason', 'release 12'])).toEqual({
      code: 0,
      out: 'Done: 3 of 3 instances of shop replaced in 12.3 s.\n',
      err: '0 of 3 instances of shop replaced.\n1 of 3 instances of shop replaced.\n',
    });
    expect(asked.slice(0, 2)).toEqual([
      'POST /performance/scaling/restart {"group":"shop","reason":"release 12"}',
      'GET /performance/scaling/status?group=shop',
    ]);
  });

  it('fails where it was stopped, says why, and draws over one line of a screen', async () => {
    answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [stopped] } },
    ];
    const { code, out, err } = await restart(['shop'], { isInteractive: true, width: 60 });
    expect(code).toBe(99);
    expect(out).toBe(
      [
        'Stopped with 1 of 3 instances of shop replaced; the others',
        '    are as they were: shop-5 exited with 1 after 0.2 s·[2J;',
        '    starts again in 1 s.',
        '',
      ].join('\n'),
    );
    expect(err).toBe(`\r\u001b[K${'·'.repeat(20)} 0 of 3 replaced  shop-4 starting\r\u001b[K`);
  });

  it('only gives the order, or ends one, where that is wanted', async () => {
    answers = [{ status: 202, body: going(0) }];
    expect((await restart(['shop', '--no-wait'])).out).toBe('The restart of shop has begun: 3 instances.\n');
    answers = [{ status: 200, body: stopped }];
    const ended = await restart(['shop', '--end', '--json']);
    expect([ended.code, JSON.parse(ended.out)]).toEqual([0, stopped]);
    expect(asked).toEqual([
      'POST /performance/scaling/restart {"group":"shop"}',
      'DELETE /performance/scaling/restart/shop',
    ]);
  });

  it('says so where nobody knows how it ended', async () => {
    answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [{ group: 'shop', unseen: 'it is away' }] } },
    ];
    expect((await restart(['shop'])).out).toContain('is not known here');
  });

  it.each([
    [[], 'it takes the name of one group'],
    [['shop', '--end', '--no-wait'], '--end has nothing to do with'],
    [['shop', '--key-file', '/nowhere'], '--key-file cannot be read'],
  ])('refuses %j', async (args, said) => {
    const { code, err } = await restart(args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });

  it('tells why it was refused', async () => {
    answers = [{ status: 409, body: { detail: 'Cannot restart shop: the rollout r1 is watching.' } }];
    const { code, err } = await restart(['shop']);
    expect([code, err]).toEqual([2, expect.stringContaining('409: Cannot restart shop: the rollout r1')]);
  });
});
