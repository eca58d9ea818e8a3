import { createRandom, createVirtualClock, integerBetween, type Random } from 'loadline/base';
import {
  createFunctionTransport,
  createSchedule,
  type FarEnd,
  type FunctionHandshake,
  type LoadPlan,
  type LoadReport,
  runLoad,
  type Stage,
  type Step,
} from 'loadline/load';
import { describe, expect, it } from 'vitest';
import {
  any,
  connect,
  containing,
  disconnect,
  opensAfter,
  receive,
  type SeenSessions,
  send,
  watchedSessions,
} from './session-plans.ts';
import {
  answerAfter,
  pace,
  planWith,
  request,
  type Simulated,
  scenario,
  simulate,
  think,
} from './simulate.ts';

const once: Stage = { kind: 'iterations', users: 1, perUser: 1, durationMs: 60_000 };

/** One user does these steps once, or as `given` says. */
async function walk(
  steps: readonly Step[],
  answer: Parameters<typeof watchedSessions>[0],
  given: Partial<LoadPlan> = {},
  options: Parameters<typeof simulate>[1] = {},
): Promise<Simulated & { readonly seen: SeenSessions }> {
  const seen = watchedSessions(answer);
  const plan = planWith({ scenarios: [scenario('talk', steps)], stages: [once], ...given });
  return { ...(await simulate(plan, { sessions: seen.sessions, ...options })), seen };
}

/** What the only request of each row took, of every row or of the one of this name. */
function tookMs({ endpoints }: LoadReport): Record<string, readonly (number | undefined)[]> {
  return Object.fromEntries(
    endpoints.map(({ name, latencyMs, serviceMs }) => [
      name,
      [latencyMs?.max, serviceMs?.max].map((each) => (each === undefined ? undefined : Math.round(each))),
    ]),
  );
}

function rowOf({ endpoints }: LoadReport, name: string): LoadReport['total'] {
  const row = endpoints.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

describe('a connect', () => {
  it('is measured from when it was due to the handshake, and counted by its status', async () => {
    const { report } = await walk([think(100), connect('/prices')], () => opensAfter(30));
    expect(tookMs(report)).toEqual({ connect: [30, 30] });
    expect(report.total).toMatchObject({ requests: 1, errors: 0, statuses: { 101: 1 } });
  });

  it('that is refused is an error with its status, and what follows fails without a wait', async () => {
    const { report, endedMs } = await walk([connect('/'), receive(any), request('/after')], () => ({
      kind: 'refused',
      delayMs: 20,
      status: 503,
    }));
    expect(rowOf(report, 'connect')).toMatchObject({ errors: 1, statuses: { 503: 1 }, failures: {} });
    expect(rowOf(report, 'receive').failures).toEqual({
      closed: { count: 1, example: 'the target answered 503' },
    });
    expect(rowOf(report, '/after').requests).toBe(1);
    expect([endedMs, report.iterations.completed]).toEqual([30, 1]);
  });

  it('fills its path and headers for each user, and carries the cookies that it has', async () => {
    const steps = [
      request('/login'),
      connect('/of/{{$user}}', {
        headers: [{ name: 'authorization', value: { text: '', parts: ['ann:secret'] }, encoding: 'basic' }],
      }),
    ];
    const { seen } = await walk(
      steps,
      () => opensAfter(1),
      {},
      {
        answer: () => ({
          kind: 'response',
          delayMs: 1,
          status: 200,
          headers: { 'set-cookie': 'session=7; Path=/' },
        }),
      },
    );
    expect(seen.requests).toMatchObject([
      { path: '/of/0', headers: `authorization: Basic ${btoa('ann:secret')}\r\ncookie: session=7\r\n` },
    ]);
  });

  it('that fails at once lets its user rest before the next iteration', async () => {
    const { report } = await walk(
      [connect('/')],
      () => ({ kind: 'failure', delayMs: 0, reason: 'refused' }),
      {
        stages: [{ kind: 'users', from: 2, to: 2, durationMs: 1000 }],
      },
    );
    expect(report.total.failures.refused?.count).toBe(20);
  });

  it('that nobody answers ends by its own time limit', async () => {
    const { report } = await walk([connect('/', { timeoutMs: 300 })], () => ({ kind: 'silence' }));
    expect(report.total.failures.timeout?.count).toBe(1);
    expect(report.total.latencyMs?.max).toBeCloseTo(300, -2);
  });

  it('by another protocol takes leave of what was connected', async () => {
    const steps = [connect('/a'), connect('/b', { protocol: 'events' }), receive(any), think(5)];
    const { seen, report, pending } = await walk(steps, (farEnd) => {
      farEnd.say('hello', 20);
      return opensAfter(10);
    });
    expect(report.total).toMatchObject({ requests: 3, errors: 0 });
    expect(seen.farEnds.map(({ isOver }) => isOver)).toEqual([true, true]);
    expect([seen.users(), pending]).toEqual([{ opened: 2, closed: 2 }, 0]);
  });
});

describe('a message that is sent', () => {
  const echo =
    (delayMs: number) =>
    (farEnd: FarEnd): FunctionHandshake =>
      opensAfter(10, (text) => farEnd.say(`${text}!`, delayMs));

  it('is measured to the message that answers it, and not to one that came before', async () => {
    const { report } = await walk([connect('/'), think(50), send('id 7', containing('7'))], (farEnd) => {
      farEnd.say('an old 7', 30);
      return echo(40)(farEnd);
    });
    expect(tookMs(report)).toEqual({ connect: [10, 10], send: [40, 40] });
    expect(rowOf(report, 'send')).toMatchObject({ bytesOut: 4, bytesIn: 5, statuses: {} });
  });

  it('and not answered has no latency, costs no time, and counts its bytes', async () => {
    const { report, endedMs } = await walk([connect('/'), send('Zoë'), send('b')], () => opensAfter(10));
    const row = rowOf(report, 'send');
    expect([row.requests, row.errors, row.bytesOut, row.latencyMs]).toEqual([2, 0, 5, undefined]);
    expect([endedMs, report.offered.achieved, report.total.latencyMs?.count]).toEqual([10, 3, 1]);
  });

  it('is a failure where there is no connection, and the iteration goes on', async () => {
    const { report } = await walk([send('a'), send('b', any), connect('/')], () => opensAfter(10));
    expect(rowOf(report, 'send').failures.closed).toEqual({
      count: 2,
      example: 'the session is not connected',
    });
    expect(rowOf(report, 'connect').errors).toBe(0);
  });

  it('can be held to its answer, of which later steps know what they saved', async () => {
    const id = { name: 'id', from: { kind: 'json' as const, pointer: ['id'] } };
    const ok = {
      kind: 'json' as const,
      pointer: ['ok'],
      expected: { kind: 'equals' as const, value: true },
      name: '/ok is true',
    };
    const answer = { ...any, checks: [ok], saves: [id] };
    const sent: string[] = [];
    const { report } = await walk([connect('/'), send('a', answer), send('{{id}}', answer)], (farEnd) =>
      opensAfter(1, (text) => {
        sent.push(text);
        farEnd.say(sent.length === 1 ? '{"id":"x7","ok":true}' : '{"ok":false}', 1);
      }),
    );
    expect(sent).toEqual(['a', 'x7']);
    expect(report.total.checks).toEqual({ passed: 1, failed: 1, failedByName: { '/ok is true': 1 } });
  });
});

describe('a message that is waited for', () => {
  it('is measured from when it was due to its arrival, and has no latency where it came before', async () => {
    const steps = [
      connect('/'),
      receive(containing('late'), 'late'),
      think(500),
      receive(containing('early'), 'early'),
      receive(containing('next'), 'next'),
    ];
    const { report, endedMs } = await walk(steps, (farEnd) => {
      for (const [text, atMs] of [
        ['another', 50],
        ['late', 110],
        ['early', 300],
        ['next', 700],
      ] as const)
        farEnd.say(text, atMs);
      return opensAfter(10);
    });
    expect(tookMs(report)).toEqual({ connect: [10, 10], late: [100, 100], early: [0, 0], next: [90, 90] });
    expect(endedMs).toBe(700);
  });

  it('ended when it came, also for a user who is late', async () => {
    const round: Step = {
      kind: 'repeat',
      from: 2,
      to: 2,
      steps: [pace(100), receive(containing('tick')), request('/slow')],
    };
    const { report } = await walk(
      [connect('/'), round],
      (farEnd) => {
        for (const atMs of [20, 150]) farEnd.say('tick', atMs);
        return opensAfter(10);
      },
      {},
      { answer: () => answerAfter(250) },
    );
    // The second round was due at 110 and begins at 270.
    expect(Math.round(rowOf(report, 'receive').latencyMs?.max as number)).toBe(40);
    expect(Math.round(rowOf(report, '/slow').latencyMs?.max as number)).toBe(270 - 150 + 250);
  });

  it('in vain is a timeout, after which the session goes on', async () => {
    const steps = [connect('/'), receive({ ...any, timeoutMs: 200 }, 'vain'), receive(any, 'found')];
    const { report } = await walk(steps, (farEnd) => {
      farEnd.say('x', 600);
      return opensAfter(10);
    });
    expect(rowOf(report, 'vain').failures.timeout?.count).toBe(1);
    expect(rowOf(report, 'vain').serviceMs?.max).toBeCloseTo(200, -2);
    expect(rowOf(report, 'found').errors).toBe(0);
  });

  it('fails when the server leaves, with its reason', async () => {
    const { report } = await walk([connect('/'), receive(any)], (farEnd) => {
      farEnd.leave('reset', 90);
      return opensAfter(10);
    });
    expect(rowOf(report, 'receive')).toMatchObject({ failures: { reset: { count: 1 } }, statuses: {} });
    expect(rowOf(report, 'receive').latencyMs?.max).toBeCloseTo(80, 0);
  });

  it('cuts the iteration short where nothing is known of what it has to contain', async () => {
    const { report, seen } = await walk([connect('/'), receive(containing('{{gone}}'))], () => opensAfter(1));
    expect(report.iterations.cutShortBecause).toEqual({ 'receive: no value for gone': 1 });
    expect(seen.farEnds[0]?.isOver).toBe(true);
  });
});

describe('a session', () => {
  it('ends with its iteration, and the next one knows nothing of it', async () => {
    const steps = [connect('/'), think(50), disconnect, receive({ ...any, timeoutMs: 100 }), connect('/')];
    const { seen, report } = await walk(
      steps,
      (farEnd) => {
        farEnd.say('early', 20);
        return opensAfter(10);
      },
      { stages: [{ kind: 'iterations', users: 2, perUser: 3, durationMs: 60_000 }] },
    );
    expect(seen.farEnds).toHaveLength(12);
    expect(seen.farEnds.every(({ isOver }) => isOver)).toBe(true);
    expect(rowOf(report, 'receive').failures.closed?.count).toBe(6);
    expect(seen.users()).toEqual({ opened: 2, closed: 2 });
  });

  it('is left as soon as its iteration has ended', async () => {
    const seen = watchedSessions(() => opensAfter(10));
    const levels: boolean[] = [];
    const plan = planWith({
      scenarios: [scenario('talk', [connect('/'), think(100)])],
      stages: [{ kind: 'arrivals', from: 1, to: 1, durationMs: 3000 }],
    });
    const look = (): number => levels.push(seen.farEnds.every(({ isOver }) => isOver));
    await simulate(plan, { sessions: seen.sessions, onEvery: { intervalMs: 50, look } });
    // It begins each second, and ends 110 ms later.
    expect(levels.slice(0, 19)).toEqual([false, false, ...new Array<boolean>(17).fill(true)]);
  });

  it('tells how many messages came, how many nobody waited for, and how many broke', async () => {
    const { report } = await walk([connect('/'), think(1000), receive(any)], (farEnd) => {
      for (let number = 0; number < 150; number++) farEnd.say(`${number}`, 20 + number);
      farEnd.leave('reset', 500);
      return opensAfter(10);
    });
    expect(report.sessions).toEqual({
      messagesIn: 150,
      bytesIn: 10 + 90 * 2 + 50 * 3,
      messagesDropped: 50,
      brokenIdle: 1,
    });
    expect((await simulate(planWith({}))).report).not.toHaveProperty('sessions');
  });

  it('lets the run drain, which gives up on a message that does not come', async () => {
    const { report, endedMs, pending, seen } = await walk(
      [connect('/'), receive({ ...any, timeoutMs: 60_000 })],
      () => opensAfter(10),
      {
        stages: [{ kind: 'users', from: 3, to: 3, durationMs: 1000 }],
        limits: { requestTimeoutMs: 500, usersMax: 10, gracefulStopMs: 1500 },
      },
    );
    expect([endedMs, pending]).toEqual([2500, 0]);
    expect(report.offered.unfinished).toBe(3);
    expect(report.iterations).toMatchObject({ started: 3, interrupted: 3 });
    expect(seen.farEnds.every(({ isOver }) => isOver)).toBe(true);
  });

  it('does not hold up everybody else with a flood, or with what fails at once', async () => {
    const flood: Step = {
      kind: 'repeat',
      from: 20_000,
      to: 20_000,
      steps: [send('x'), disconnect, receive(any)],
    };
    const own: readonly Stage[] = [{ kind: 'users', from: 1, to: 1, durationMs: 300 }];
    const { sentMs } = await walk([], () => opensAfter(1), {
      scenarios: [
        { ...scenario('flood', [connect('/'), flood]), stages: own },
        { ...scenario('calm', [request('/'), think(10)]), stages: own },
      ],
      stages: [],
    });
    // An answer takes 10 ms, and so does a pause.
    expect(sentMs).toHaveLength(15);
  });

  it('is refused before anything is sent where the transport has none', async () => {
    const plan = planWith({ scenarios: [scenario('talk', [connect('/')])] });
    const clock = createVirtualClock();
    await expect(
      runLoad(plan, { clock, transport: createFunctionTransport(clock, () => answerAfter(1)) }),
    ).rejects.toMatchObject({ code: 'LOAD_SESSIONS_MISSING', facts: { missing: ['websocket'] } });
  });
});

describe('a run of any plan with sessions', () => {
  it.each(Array.from({ length: 100 }, (_, seed) => seed))(
    'loses nothing and ends (seed %d)',
    async (seed) => {
      const random = createRandom(seed);
      const plan = randomPlan(random);
      const seen = watchedSessions((farEnd) => randomFarEnd(random, farEnd));
      const plannedMs = createSchedule(plan.stages).durationMs;
      const isAborted = random() < 0.3;
      const { report, sentMs, pending, endedMs } = await simulate(plan, {
        sessions: seen.sessions,
        answer: () => answerAfter(random() * 100),
        ...(isAborted ? { abortAtMs: random() * (plannedMs + 500) } : {}),
      });
      const { offered, iterations, total } = report;
      expect(iterations.started).toBe(iterations.completed + iterations.cutShort + iterations.interrupted);
      expect(total.requests + offered.unfinished).toBe(seen.steps() + sentMs.length);
      expect(total.requests).toBe(offered.achieved + total.errors);
      for (const rows of [report.endpoints, report.scenarios])
        expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(total.requests);
      for (const row of [total, ...report.endpoints])
        expect(row.timeline.reduce((sum, point) => sum + point.requests, 0)).toBe(row.requests);
      expect(seen.farEnds.filter(({ isOver }) => !isOver)).toEqual([]);
      expect(pending).toBe(0);
      expect(endedMs).toBeLessThanOrEqual(plannedMs + Math.max(plan.limits.gracefulStopMs, 2000) + 0.01);
    },
  );
});

function randomPlan(random: Random): LoadPlan {
  const between = (from: number, to: number): number => integerBetween(random, from, to);
  const pick = <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)] as Item;
  const expected = () => ({
    ...pick([any, any, containing('a'), containing('{{x}}')]),
    timeoutMs: between(20, 900),
  });
  const step = (): Step =>
    pick<() => Step>([
      () => connect('/', { protocol: pick(['websocket', 'events']), timeoutMs: between(20, 900) }),
      () => send('a'),
      () => send('ask a', expected()),
      () => receive(expected()),
      () => receive(expected()),
      () => disconnect,
      () => think(between(0, 300)),
      () => request('/'),
    ])();
  const steps = (): Step[] => [connect('/'), ...Array.from({ length: between(0, 6) }, step)];
  const kind = pick(['users', 'arrivals'] as const);
  const stages = Array.from({ length: between(1, 3) }, (): Stage => {
    const level = (): number => between(0, kind === 'users' ? 8 : 30);
    return { kind, from: level(), to: level(), durationMs: between(1, 3000) };
  });
  return planWith({
    seed: between(0, 1e6),
    scenarios: [scenario('talk', steps()), scenario('chat', steps())],
    stages,
    limits: {
      requestTimeoutMs: between(50, 1500),
      usersMax: between(1, 20),
      gracefulStopMs: between(0, 2000),
    },
  });
}

/** Someone who may answer or not, says things unasked, and leaves when it likes. */
function randomFarEnd(random: Random, farEnd: FarEnd): FunctionHandshake {
  const drawn = random();
  if (drawn < 0.05) return { kind: 'silence' };
  if (drawn < 0.1) return { kind: 'failure', delayMs: random() * 50, reason: 'refused' };
  if (drawn < 0.15) return { kind: 'refused', delayMs: random() * 50, status: 403 };
  for (let left = integerBetween(random, 0, 5); left > 0; left--)
    farEnd.say(random() < 0.5 ? 'a' : 'b', 50 + random() * 800);
  if (random() < 0.3) farEnd.leave('reset', 50 + random() * 1000);
  return opensAfter(random() * 50, () => {
    if (random() < 0.8) farEnd.say('a', random() * 100);
  });
}
