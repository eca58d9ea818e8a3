import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, type Terminal } from 'loadline/cli';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let server: Server;
let address: string;
/** What was asked, and what is answered. */
const asked: IncomingMessage[] = [];
let restarts: readonly { readonly at: string; readonly reason: string }[];
let answer: { status: number; body: unknown };
/** What is answered before that. */
const next: unknown[] = [];

const items = [
  {
    from: '2026-06-06T12:00:30.000Z',
    until: '2026-06-06T12:10:30.000Z',
    count: 41,
    action: 'hold',
    before: 4,
    after: 4,
    reason: 'Hold shop at 4: cpuRatio is 50 %, between 42 % and 70 %.',
    otherwise: 'More with cpuRatio above 70 %; fewer with cpuRatio below 42 %.',
    sure: 0.92,
    seen: { cpuRatio: [0.45, 0.6] },
  },
  {
    from: '2026-06-06T12:00:15.000Z',
    until: '2026-06-06T12:00:15.000Z',
    count: 1,
    action: 'scale out',
    before: 2,
    after: 4,
    reason: 'Scale out shop from 2 to 4: cpuRatio is 90 %, above 70 %.',
    sure: 1,
    outcome: 'refused',
    problem: 'the engine is full',
    seen: { cpuRatio: [0.9, 0.9] },
  },
  {
    from: '2026-06-06T12:00:00.000Z',
    until: '2026-06-06T12:00:00.000Z',
    count: 1,
    action: 'unseen',
    reason: 'the driver gave no answer within 10 s\u001b[2J',
  },
];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    if (request.url?.startsWith('/performance/scaling/history') === true) {
      response.end(JSON.stringify({ items: restarts }));
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    const body = next.shift() ?? answer.body;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked.length = 0;
  restarts = [];
  answer = { status: 200, body: { items } };
});

const why = (args: readonly string[], env: Readonly<Record<string, string>> = {}, width = 100) =>
  scale(['why', ...args], env, width);

async function scale(words: readonly string[], env: Readonly<Record<string, string>> = {}, width = 100) {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width,
    style: (_, text) => text,
  };
  const surroundings = {
    terminal,
    env: { LOADLINE_CONTROL_PLANE: address, ...env },
    signal: new AbortController().signal,
  };
  const code = await runCli(['scale', ...words], surroundings);
  return { code, out, err };
}

describe('loadline scale why', () => {
  it('tells each decision with what belongs to it, the newest last', async () => {
    const { code, out } = await why(['shop']);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '2026-06-06 12:00:00  Not seen: the driver gave no answer within 10 s·[2J.',
        '2026-06-06 12:00:15  Scale out shop from 2 to 4: cpuRatio is 90 %, above 70 %. (refused: the engine',
        '                     is full)',
        '                     100 % sure',
        '2026-06-06 12:00:30  Hold shop at 4: cpuRatio is 50 %, between 42 % and 70 %.',
        '                     41 times in 10 m · 92 % sure · cpuRatio 45 % to 60 %',
        '                     More with cpuRatio above 70 %; fewer with cpuRatio below 42 %.',
        '',
      ].join('\n'),
    );
  });

  it('asks for the last hour, with the key, of the group that was named', async () => {
    await why(['shop'], { LOADLINE_KEY: 'll_secret' });
    const url = new URL(asked[0]?.url ?? '', address);
    const { group, from, to } = Object.fromEntries(url.searchParams) as Record<string, string>;
    expect([url.pathname, group]).toEqual(['/performance/scaling/decisions', 'shop']);
    expect(Date.parse(to as string) - Date.parse(from as string)).toBe(3_600_001);
    expect(asked[0]?.headers.authorization).toBe('Bearer ll_secret');
  });

  it('tells rolling restarts where they belong', async () => {
    restarts = [{ at: '2026-06-06T12:00:20.000Z', reason: 'Restarted shop: 3 of 3 replaced in 11 s.' }];
    const lines = (await why(['shop', '--steps'])).out.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('2026-06-06 12:00:20  Restarted shop: 3 of 3 replaced in 11 s.');
    const url = new URL(asked.at(-1)?.url ?? '', address);
    expect([url.searchParams.get('group'), url.searchParams.get('action')]).toEqual(['shop', 'restart']);
  });

  it('asks for one moment, by the clock or ago', async () => {
    await why(['shop', '--at', '2026-06-06T12:00:00Z']);
    await why(['shop', '--at', '2h']);
    await why(['shop', '--at', '2016-12-31T23:59:60Z']);
    const times = asked.map(({ url }) => new URL(url ?? '', address).searchParams.get('at'));
    expect(times[0]).toBe('2026-06-06T12:00:00.000Z');
    expect(times[1]).toMatch(/^20\d\d-.*Z$/);
    expect(times[2]).toBe('2017-01-01T00:00:00.000Z');
    expect((await why(['shop', '--at', '999999999d'])).err).toContain('--at must be a time');
  });

  it('tells steps alone, or what was answered as it is', async () => {
    expect((await why(['shop', '--steps'])).out).not.toContain('Hold');
    expect(JSON.parse((await why(['shop', '--json'])).out)).toEqual({ items });
  });

  it('asks on for what was before, where an answer does not hold all of it', async () => {
    const [first] = items;
    const full = Array.from({ length: 1000 }, (_, at) => ({
      ...first,
      from: new Date(Date.UTC(2026, 5, 6, 12, 0, -at)).toISOString(),
    }));
    next.push({ items: full });
    const { out, err } = await why(['shop', '--json']);
    expect(JSON.parse(out).items).toHaveLength(1003);
    expect(err).toBe('');
    const times = asked.map(({ url }) => new URL(url ?? '', address).searchParams.get('to'));
    expect(times).toEqual([expect.any(String), full.at(-1)?.from]);
  });

  it('says so where nothing was decided', async () => {
    answer.body = { items: [] };
    expect((await why(['shop'])).out).toBe('Nothing was decided about shop then.\n');
  });

  it('fits into a narrow screen', async () => {
    const { out } = await why(['shop'], {}, 40);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
  });

  it('reads the key from a file', async () => {
    const file = join(tmpdir(), `loadline-key-${process.pid}`);
    await writeFile(file, 'll_other\n');
    await why(['shop', '--key-file', file]);
    expect(asked[0]?.headers.authorization).toBe('Bearer ll_other');
  });

  it('takes a key that is empty for none, and says of a file with nothing in it that it is empty', async () => {
    await why(['shop'], { LOADLINE_KEY: '' });
    expect(asked[0]?.headers.authorization).toBeUndefined();
    const file = join(tmpdir(), `loadline-key-${process.pid}`);
    await writeFile(file, '\n');
    const { code, err } = await why(['shop', '--key-file', file]);
    expect([code, err]).toEqual([
      2,
      `CLI_USAGE: Cannot ask the control plane: --key-file ${file} is empty.\n`,
    ]);
  });

  it.each([
    [[], 'it takes the name of one group'],
    [['shop', '--at', 'noon'], '--at must be a time'],
    [['shop', '--at', '2026-06-06T12:00:00'], '--at must be a time with its zone'],
    [['shop', '--last', '8d'], '--last must be a time with its unit, at most 7d'],
    [['shop', '--last', '1h', '--at', '1h'], 'exclude each other'],
    [['shop', '--control-plane', 'ftp://here'], 'it is no address'],
    [['shop', '--control-plane', 'http://127.0.0.1:9'], 'Cannot ask the control plane at http://127.0.0.1:9'],
  ])('refuses %j', async (args, said) => {
    const { code, err } = await why(args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });

  it.each([
    [401, { detail: 'A key is needed.' }, 'it answered 401: A key is needed; give a key in LOADLINE_KEY'],
    [404, { detail: 'There is no such group.' }, 'it answered 404: There is no such group.\n'],
    [404, { detail: 'Did you mean shop?' }, 'it answered 404: Did you mean shop?\n'],
    [200, '<html>', 'it answered 200: it gave no reason'],
  ])('says what a control plane answered that did not tell: %d', async (status, body, said) => {
    answer = { status, body };
    const { code, err } = await why(['shop']);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });
});

describe('loadline scale status', () => {
  const shop = {
    group: 'shop',
    policy: { mode: 'dry run', replicas: { min: 1, max: 4 } },
    manual: { replicas: 3, until: '2026-06-06T13:00:00.000Z', setBy: 'ada', reason: 'the fair' },
    fleet: {
      wanted: 3,
      ready: 2,
      instances: [
        { id: 'shop-1', state: 'ready' },
        { id: 'shop-2', state: 'ready' },
        { id: 'shop-3', state: 'waiting', remark: 'it ended with code 1\u001b[2J' },
        { id: 'shop-4', state: 'starting', remark: 'is ready, and waits for it' },
      ],
      quota: { by: 'nothing', cores: 0.25, because: 'the group cannot be made' },
    },
    proxies: [
      { name: 'the proxy of shop', url: 'http://127.0.0.1:8080', isAnswering: true },
      { name: 'haproxy at /run/it.sock', isAnswering: false, trouble: 'connect ENOENT' },
      { name: 'nginx in /srv', isAnswering: true, trouble: 'it refuses' },
    ],
    last: { reason: 'Hold shop at 3: set by hand to 3 for another 59 m.' },
  };
  const unseen = 'the driver gave no answer';
  const lost = { group: 'jobs', policy: {}, unseen, last: { reason: unseen } };

  it('tells how many are ready and why, and all that is not as it should be', async () => {
    answer.body = { items: [shop, lost] };
    expect((await scale(['status'])).out).toBe(
      [
        'shop  2 of 3 ready, 1 to 4 allowed  dry run',
        '  Hold shop at 3: set by hand to 3 for another 59 m.',
        '  set by hand to 3 until 2026-06-06 13:00:00 by ada: the fair',
        '  shop-3 is waiting: it ended with code 1·[2J',
        '  shop-4 is ready, and waits for it',
        '  each was to be held to 0.25 of a core, and is not held: the group cannot be made',
        '  the proxy of shop answers at http://127.0.0.1:8080',
        '  haproxy at /run/it.sock does not answer: connect ENOENT',
        '  nginx in /srv answers, and is not in step: it refuses',
        '',
        'jobs  not seen: the driver gave no answer',
        '',
      ].join('\n'),
    );
    expect(asked[0]?.url).toBe('/performance/scaling/status');
    for (const line of (await scale(['status'], {}, 40)).out.split('\n'))
      expect(line.length).toBeLessThanOrEqual(40);
  });

  it('tells of one group alone, also as JSON', async () => {
    answer.body = { items: [shop, lost] };
    expect((await scale(['status', 'jobs'])).out).toBe('jobs  not seen: the driver gave no answer\n');
    expect(JSON.parse((await scale(['status', 'jobs', '--json'])).out)).toEqual({ items: [lost] });
  });

  it('only counts those that are ready, and names at most ten others', async () => {
    const instances = Array.from({ length: 30 }, (_, at) => ({
      id: `shop-${at}`,
      state: at < 15 ? 'ready' : 'starting',
    }));
    answer.body = { items: [{ ...lost, fleet: { wanted: 30, ready: 15, instances } }] };
    const { out } = await scale(['status']);
    expect(out.match(/is starting/g)).toHaveLength(10);
    expect(out).toContain('  5 more are not ready\n');
  });

  it('says so where there is no such group, or none', async () => {
    answer.body = { items: [shop] };
    expect(await scale(['status', 'shpo'])).toMatchObject({
      code: 2,
      err: 'CLI_USAGE: Cannot tell the status: there is no group "shpo"; did you mean shop?\n',
    });
    answer.body = { items: [] };
    expect((await scale(['status'])).out).toBe(
      'There is no group. `loadline serve --services FILE` looks after some.\n',
    );
  });
});
