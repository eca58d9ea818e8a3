import { describe, expect, it } from 'vitest';
import type { Step } from '../../../../src/load/plan.ts';
import type { ConnectStep, ReceiveStep, SendStep } from '../../../../src/load/steps/session-step.ts';
import { readPlan, refusal } from '../files.ts';

function fileOf(steps: readonly string[], scenario = ''): string {
  return `target: http://127.0.0.1:1
headers: { accept: application/json, x-all: "1" }
scenarios:
  visit:
    ${scenario}steps:
${steps.map((step) => `      - ${step}`).join('\n')}
load: [{ hold: { users: 1, for: 1s } }]
`;
}

async function stepsOf(...steps: string[]): Promise<readonly Step[]> {
  return (await readPlan(fileOf(steps))).scenarios[0]?.steps ?? [];
}

/** What is wrong with steps, without the line and the path to the scenario. */
async function problemsOf(...steps: string[]): Promise<string[]> {
  const { problems } = await refusal(fileOf(steps));
  return problems.map((problem) => problem.replace(/^line \d+, scenarios\.visit\./, ''));
}

const hello = '{ connect: /prices }';

describe('a connect', () => {
  it('is a WebSocket with a name, the headers of all and no other limit, unless it says so', async () => {
    const [plain, events] = (await stepsOf(
      '{ connect: "/prices?of=a b" }',
      '{ connect: /news, as: events, name: news, query: { a: "1 2" }, headers: { X-Own: b }, auth: { bearer: t }, timeout: 2s }',
    )) as ConnectStep[];
    expect(plain).toEqual({
      kind: 'connect',
      name: 'connect /prices',
      protocol: 'websocket',
      path: { text: '/prices?of=a b', parts: ['/prices?of=a b'] },
      headers: [
        { name: 'user-agent', value: { text: 'loadline', parts: ['loadline'] } },
        { name: 'x-all', value: { text: '1', parts: ['1'] } },
      ],
    });
    expect(events).toMatchObject({ name: 'news', protocol: 'events', timeoutMs: 2000 });
    expect(events?.path.parts.join('')).toBe('/news?a=1%202');
    expect(events?.headers.map(({ name, value }) => `${name}: ${value.parts.join('')}`)).toEqual([
      'user-agent: loadline',
      'x-all: 1',
      'x-own: b',
      'authorization: Bearer t',
    ]);
  });

  it.each<[string, RegExp]>([
    ['{ connect: prices }', /^steps\[0\]\.connect must begin with a slash/],
    ['{ connect: /, as: socket }', /^steps\[0\]\.as must be one of websocket, events/],
    [
      '{ connect: /, json: {}, check: {} }',
      /^steps\[0\] is a connection, which has no json, check; write a step of its own$/,
    ],
    ['{ connect: /, headers: { Sec-WebSocket-Key: x } }', /Sec-WebSocket-Key is set by Loadline itself$/],
    ['{ connect: /, get: / }', /^steps\[0\] must be one of get,/],
  ])('%s is refused', async (step, problem) => {
    expect(await problemsOf(step)).toEqual([expect.stringMatching(problem)]);
  });

  it('is enough for a scenario', async () => {
    expect(await stepsOf(hello)).toHaveLength(1);
  });
});

describe('a message', () => {
  it('is a text with holes, or any other value as JSON', async () => {
    const steps = await stepsOf(hello, '{ send: "n {{$user}}" }', '{ send: { "id": "{{$user}}", n: [1] } }');
    const [, text, json] = steps as SendStep[];
    expect(text).toEqual({
      kind: 'send',
      name: 'send n {{$user}}',
      text: { text: 'n {{$user}}', parts: ['n ', { slot: { kind: 'user' }, form: 'plain' }] },
    });
    expect(json?.text.parts).toEqual([
      '{"id":"',
      { slot: { kind: 'user' }, form: 'json text' },
      '","n":[1]}',
    ]);
  });

  it('may have an answer, which may be checked, saved and limited', async () => {
    const steps = await stepsOf(
      hello,
      '{ send: a, await: { json: { /type: ok }, contains: "{{id}}" }, within: 3s, check: { body: { contains: b } }, save: { id: { json: /id }, type: { header: event } } }',
    );
    expect((steps[1] as SendStep).answer).toEqual({
      match: {
        contains: { text: '{{id}}', parts: [{ slot: { kind: 'variable', name: 'id' }, form: 'plain' }] },
        checks: [
          {
            kind: 'json',
            pointer: ['type'],
            expected: { kind: 'equals', value: 'ok' },
            name: '/type is "ok"',
          },
        ],
      },
      timeoutMs: 3000,
      checks: [{ kind: 'body', contains: 'b', name: 'body contains "b"' }],
      saves: [
        { name: 'id', from: { kind: 'json', pointer: ['id'] } },
        { name: 'type', from: { kind: 'header', name: 'event' } },
      ],
    });
  });

  it('that is waited for may be any, and is called by what it has to be', async () => {
    const steps = await stepsOf(
      hello,
      '{ receive: {} }',
      '{ receive: { event: price, contains: soup, matches: "^a" } }',
      '{ receive: { json: { /a/very/long/pointer/indeed: exists } } }',
      '{ receive: {}, name: tick }',
    );
    expect((steps as ReceiveStep[]).slice(1).map(({ name }) => name)).toEqual([
      'receive',
      'receive price soup {"matches":"^a"}',
      'receive {"json":{"/a/very/long/pointer/indeed":…',
      'tick',
    ]);
    expect((steps[1] as ReceiveStep).message).toEqual({ match: { checks: [] }, checks: [], saves: [] });
    expect((steps[2] as ReceiveStep).message.match).toMatchObject({
      event: 'price',
      checks: [{ kind: 'pattern', pattern: /^a/ }],
    });
  });

  it('has a name to which a threshold can be held', async () => {
    const file = `${fileOf([hello, '{ receive: {}, name: tick }'])}thresholds: { tick.latency: p95 < 1s, tock.errors: count < 1 }`;
    expect((await refusal(file)).problems).toEqual([
      expect.stringMatching(/tock\.errors names no scenario or step: "tock"; did you mean tick\?$/),
    ]);
  });

  it.each<[string, RegExp]>([
    ['{ send: 5 }', /^steps\[1\]\.send must be a text, got 5; in quotes it is one$/],
    ['{ send: "{{gone}}" }', /^steps\[1\]\.send uses \{\{gone\}\}, which no step saves$/],
    ['{ send: a, within: 1s }', /^steps\[1\]\.within is about the answer; it goes with await$/],
    ['{ send: a, await: {}, timeout: 1s }', /^steps\[1\] is a message, which has no timeout/],
    ['{ receive: { has: a } }', /^steps\[1\]\.receive\.has is not known/],
    ['{ receive: price }', /^steps\[1\]\.receive must be a map with event, contains, matches, json/],
    ['{ receive: { matches: "(" } }', /^steps\[1\]\.receive\.matches must be a regular expression/],
    ['{ receive: {}, check: { status: 200 } }', /check\.status is of responses; a message has none$/],
    [
      '{ receive: {}, check: { header: { etag: x } } }',
      /check\.header\.etag is of responses; a message has only/,
    ],
    ['{ receive: {}, save: { a: { cookie: b } } }', /save\.a\.cookie is of responses; a message has none$/],
    ['{ receive: {}, save: { a: { header: etag } } }', /save\.a\.header is of responses; a message has only/],
    ['{ disconnect: false }', /^steps\[1\]\.disconnect must be true/],
    ['{ get: /, within: 1s, as: events }', /^steps\[1\] is a request, which has no as, within/],
  ])('%s is refused', async (step, problem) => {
    expect(await problemsOf(hello, step)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('a session step that can never find its connection', () => {
  const unconnected = 'needs a connection; put `- connect: /path` before it';
  const events = 'sends over server-sent events, which take no message';

  it.each<[problem: string, at: number, steps: string[]]>([
    [unconnected, 0, ['{ send: a }', hello]],
    [unconnected, 1, ['{ get: / }', '{ receive: {} }']],
    [unconnected, 0, ['{ disconnect: true }', hello]],
    [unconnected, 2, [hello, '{ disconnect: true }', '{ receive: {} }']],
    [events, 1, ['{ connect: /, as: events }', '{ send: a }']],
    [events, 2, [hello, '{ connect: /, as: events }', '{ send: a }']],
  ])('%s (step %i)', async (problem, at, steps) => {
    expect(await problemsOf(...steps)).toEqual([`steps[${at}] ${problem}`]);
  });

  it('is told within loops and branches', async () => {
    expect(
      await problemsOf(
        '{ choose: [{ steps: [{ connect: /, as: events }, { send: a }] }, { steps: [{ receive: {} }] }] }',
        '{ repeat: { times: 2, steps: [{ disconnect: true }, { send: b }] } }',
      ),
    ).toEqual([
      `steps[0].choose[0].steps[1] ${events}`,
      `steps[0].choose[1].steps[0] ${unconnected}`,
      `steps[1].repeat.steps[1] ${unconnected}`,
    ]);
  });

  it.each<[why: string, steps: string[]]>([
    [
      'a round before has connected',
      [
        '{ repeat: { times: 2, steps: [{ choose: [{ steps: [{ send: a }] }, { steps: [{ connect: / }] }] }] } }',
      ],
    ],
    ['one branch connects', ['{ choose: [{ steps: [{ connect: / }] }, { steps: [] }] }', '{ send: a }']],
    [
      'a loop that may be left out takes leave',
      [
        hello,
        '{ repeat: { times: { from: 0, to: 2 }, steps: [{ disconnect: true }, { get: / }] } }',
        '{ send: a }',
      ],
    ],
    [
      'another branch connects by events',
      [hello, '{ choose: [{ steps: [{ connect: /, as: events }] }, { steps: [{ send: a }] }] }'],
    ],
  ])('is none where %s', async (_, steps) => {
    expect((await stepsOf(...steps)).length).toBe(steps.length);
  });

  it('is not told beside a step that could not be read, which may have connected', async () => {
    expect(await problemsOf('{ conect: / }', '{ send: a }')).toEqual([
      expect.stringMatching(/^steps\[0\]\.conect is not known; did you mean connect\?$/),
    ]);
  });
});
