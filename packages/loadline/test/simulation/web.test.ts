import type { FunctionReply, LoadPlan, LoadReport, OutgoingRequest, RequestStep } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import {
  answerAfter,
  planWith,
  request,
  type SimulationOptions,
  scenario,
  scripted,
  simulate,
  think,
} from './simulate.ts';

type Answer = NonNullable<SimulationOptions['answer']>;

/** One user that walks through its steps once; gives back what was sent, too. */
async function walk(
  steps: Parameters<typeof scenario>[1],
  answer: Answer,
  given: Partial<LoadPlan> = {},
): Promise<{ readonly report: LoadReport; readonly sent: readonly OutgoingRequest[] }> {
  const sent: OutgoingRequest[] = [];
  const plan = planWith({
    scenarios: [scenario('walk', steps)],
    stages: [{ kind: 'iterations', users: 1, perUser: 1, durationMs: 600_000 }],
    ...given,
  });
  const { report } = await simulate(plan, {
    answer: (each, elapsedMs) => {
      sent.push(each);
      return answer(each, elapsedMs);
    },
  });
  return { report, sent };
}

const cookieOf = ({ headers }: OutgoingRequest): string | undefined =>
  /^cookie: (.*)\r\n/m.exec(headers)?.[1];
const setting = (...lines: string[]): FunctionReply => ({
  ...answerAfter(10),
  headers: { 'set-cookie': lines },
});
const to = (location: string, status = 302): FunctionReply => ({
  ...answerAfter(10, status),
  headers: { location },
});

describe('cookies', () => {
  it('come back with what follows in the iteration, where path, time and security let them', async () => {
    const steps = [
      request('/shop/login'),
      request('/shop/cart'),
      request('/'),
      think(5000),
      request('/shop/cart'),
    ];
    const { sent } = await walk(steps, ({ path }) =>
      path === '/shop/login'
        ? setting('s=1; Path=/; Max-Age=4', 'here=2', 'tls=3; Secure', 'gone=4; Max-Age=0')
        : answerAfter(10),
    );
    expect(sent.map(cookieOf)).toEqual([undefined, 'here=2; s=1', 's=1', 'here=2']);
  });

  it('are changed and taken back by later answers', async () => {
    const steps = [request('/a'), request('/b'), request('/c'), request('/d')];
    const answers: Record<string, FunctionReply> = {
      '/a': setting('a=1', 'b=1'),
      '/b': setting('a=2'),
      '/c': setting('a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'),
    };
    const { sent } = await walk(steps, ({ path }) => answers[path] ?? answerAfter(10));
    expect(sent.map(cookieOf)).toEqual([undefined, 'a=1; b=1', 'b=1; a=2', 'b=1']);
  });

  it('are those of one iteration and one user', async () => {
    const cookies: (string | undefined)[] = [];
    let number = 0;
    const plan = planWith({
      scenarios: [scenario('visit', [request('/a'), request('/b')])],
      stages: [{ kind: 'iterations', users: 3, perUser: 4, durationMs: 60_000 }],
    });
    await simulate(plan, {
      answer: (sent) => {
        cookies.push(cookieOf(sent));
        return sent.path === '/a' ? setting(`n=${number++}`) : answerAfter(10);
      },
    });
    const seen = cookies.filter((cookie) => cookie !== undefined);
    expect(cookies).toHaveLength(24);
    expect(seen.toSorted()).toEqual(Array.from({ length: 12 }, (_, index) => `n=${index}`).toSorted());
  });

  it('can be saved, and belong below the target’s base path', async () => {
    const save = { name: 'id', from: { kind: 'cookie' as const, name: 'id' } };
    const steps = [request('/login', { saves: [save] }), request('/of/{{id}}', { name: 'of' })];
    const { sent } = await walk(steps, () => setting('id=7; Path=/app'), { target: 'http://127.0.0.1/app' });
    expect([sent[1]?.path, sent[1] && cookieOf(sent[1])]).toEqual(['/of/7', 'id=7']);
  });

  it('that are no cookies do no harm', async () => {
    const { sent, report } = await walk([request('/a'), request('/b')], () =>
      setting('', ';', 'a', '=b', 'x=\r\ny: z'),
    );
    expect([sent.map(cookieOf), report.total.errors]).toEqual([[undefined, undefined], 0]);
  });
});

describe('redirects', () => {
  it('are followed within the step: one request in the report, with the time of all', async () => {
    const hops: Record<string, FunctionReply> = {
      '/a': to('/b', 301),
      '/b': to('c?x', 307),
      '/c?x': to('/d', 303),
    };
    const { sent, report } = await walk([request('/a')], ({ path }) => hops[path] ?? answerAfter(50));
    expect(sent.map(({ path }) => path)).toEqual(['/a', '/b', '/c?x', '/d']);
    expect(report.total).toMatchObject({ requests: 1, errors: 0, statuses: { 200: 1 } });
    expect(
      [report.total.latencyMs?.max, report.total.serviceMs?.max].map((ms) => Math.round(ms as number)),
    ).toEqual([80, 80]);
  });

  it('take cookies along, also those that they set', async () => {
    const { sent } = await walk([request('/login')], ({ path }) =>
      path === '/login'
        ? { ...to('/home'), headers: { location: '/home', 'set-cookie': 's=1' } }
        : answerAfter(10),
    );
    expect(sent.map(cookieOf)).toEqual([undefined, 's=1']);
  });

  it.each<[string, Partial<RequestStep>, number, string]>([
    ['ten times', {}, 11, 'more than 10 redirects in a row'],
    ['as often as the step says', { redirectsMax: 3 }, 4, 'more than 3 redirects in a row'],
  ])('go round in circles %s, and then are a failure', async (_, given, requests, message) => {
    const { sent, report } = await walk([request('/a', given)], ({ path }) =>
      to(path === '/a' ? '/b' : '/a'),
    );
    expect(sent).toHaveLength(requests);
    expect(report.total).toMatchObject({
      requests: 1,
      errors: 1,
      failures: { redirect: { count: 1, example: message } },
    });
  });

  it.each([
    ['http://stranger.example/', /a redirect to http:\/\/stranger.example, which is not the target/],
    ['//127.0.0.2/', /a redirect to http:\/\/127.0.0.2,/],
    ['http://127.0.0.1:81/', /not the target/],
    ['http://[', /a redirect to what is no address/],
  ])('to %s are a failure, and nothing is sent there', async (location, message) => {
    const { sent, report } = await walk([request('/a')], () => to(location));
    expect(sent).toHaveLength(1);
    expect(report.total.failures).toEqual({
      redirect: { count: 1, example: expect.stringMatching(message) },
    });
  });

  it('are the answer of a step that expects one, or follows none', async () => {
    const steps = [
      request('/a', { expect: [302] }),
      request('/b', { redirectsMax: 0 }),
      request('/c', { redirectsMax: 0, expect: [200] }),
    ];
    const { sent, report } = await walk(steps, () => to('/elsewhere'));
    expect(sent.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
    expect(report.endpoints.map(({ errors, statuses }) => [errors, statuses])).toEqual([
      [0, { 302: 1 }],
      [0, { 302: 1 }],
      [1, { 302: 1 }],
    ]);
  });

  it('share the time limit of the step', async () => {
    const { report } = await walk([request('/a', { timeoutMs: 100 })], ({ path }) =>
      path === '/a' ? { ...to('/b'), delayMs: 80 } : answerAfter(80),
    );
    expect(report.total.failures.timeout?.count).toBe(1);
    expect(report.total.latencyMs?.max).toBeCloseTo(100, 0);
  });

  it('let a failure on the way be one of the step, timed from its first request', async () => {
    const { report } = await walk([request('/a')], ({ path }) =>
      path === '/a' ? to('/b') : { kind: 'failure', delayMs: 30, reason: 'reset' },
    );
    expect(report.total).toMatchObject({ requests: 1, errors: 1, failures: { reset: { count: 1 } } });
    expect(report.total.serviceMs?.max).toBeCloseTo(40, 0);
  });

  it('go on while the run is ending, and are counted', async () => {
    const plan = planWith({ stages: [{ kind: 'users', from: 1, to: 1, durationMs: 105 }] });
    const { report, sentMs } = await simulate(plan, {
      answer: ({ path }) => (path === '/' ? to('/x') : answerAfter(10)),
    });
    expect([sentMs.length, report.total.requests, report.offered.unfinished]).toEqual([12, 6, 0]);
  });
});

describe('a secret', () => {
  it('does not stand in the report, wherever a server or a script puts it', async () => {
    const secret = 'correct horse "battery"';
    const plan = planWith({
      secrets: [secret],
      scenarios: [
        scenario('steps', [
          request(`/${encodeURIComponent(secret)}`, {
            name: `of ${secret}`,
            checks: [{ kind: 'status', statuses: [201], name: `has ${secret}` }],
          }),
        ]),
        scripted('script', async (user) => {
          const answer = await user.get('/echo');
          throw new Error(`got ${answer.text()} and ${JSON.stringify(secret)}`);
        }),
      ],
      stages: [{ kind: 'users', from: 6, to: 6, durationMs: 2000 }],
    });
    const { report } = await simulate(plan, {
      answer: ({ path }, elapsedMs) => {
        if (path === '/echo') return { ...answerAfter(10), body: secret };
        return elapsedMs < 500 ? to(`http://x/${secret}`) : answerAfter(10);
      },
    });
    const text = JSON.stringify(report);
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), 'battery'])
      expect(text).not.toContain(form);
    expect(text).toContain('has ***');
    expect(text).toContain('got *** and');
  });
});
