import { type Clock, createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createFunctionTransport,
  type FromWorker,
  type LoadPlan,
  type LoadReport,
  runLoad,
  runWorkers,
  type ToWorker,
  type WorkerLink,
  type WorkersOptions,
  work,
} from 'loadline/load';
import { describe, expect, it } from 'vitest';
import type { ConductorLink } from '../../../src/load/workers/link.ts';
import { createLinkEnd } from '../../../src/load/workers/link-end.ts';
import { answerAfter, planWith, request, scenario, think } from '../../simulation/simulate.ts';

const unwatched = () => ({ samples: [], late: () => undefined, stop: () => undefined });

interface WorkerGiven {
  /** How far its clock is ahead at the start, and by how much more in each millisecond. */
  readonly offsetMs?: number;
  readonly drift?: number;
  /** How long a message is under way. */
  readonly delayMs?: number;
  /** When it dies, or falls silent, after the start of the test. */
  readonly diesAtMs?: number;
  readonly stallsAtMs?: number;
}

interface Sent {
  readonly worker: number;
  readonly path: string;
  readonly atMs: number;
}

interface Outcome {
  readonly report: LoadReport;
  readonly sent: readonly Sent[];
  readonly endedMs: number;
}

/** A clock that goes wrong beside the true one. */
function wrongClock(truth: VirtualClock, offsetMs: number, drift: number): Clock {
  return {
    now: () => truth.now(),
    monotonicMs: () => truth.monotonicMs() * (1 + drift) + offsetMs,
    setTimer: (callback, delayMs) => truth.setTimer(callback, delayMs / (1 + drift)),
  };
}

/** Two ends of a link in which messages take their time; plain data as through a channel. */
function linkPair(name: string, clock: VirtualClock, given: WorkerGiven) {
  const delayMs = given.delayMs ?? 1;
  let isCut = false;
  let onLost: ((because: string) => void) | undefined;
  const isSilent = () => clock.monotonicMs() >= (given.stallsAtMs ?? Number.POSITIVE_INFINITY);
  const end = <Message>() => {
    let handler: ((message: Message) => void) | undefined;
    return {
      receive: (next: (message: Message) => void) => {
        handler = next;
      },
      deliver: (message: Message) =>
        clock.setTimer(() => !isCut && !isSilent() && handler?.(structuredClone(message)), delayMs),
    };
  };
  const toWorker = end<ToWorker>();
  const toConductor = end<FromWorker>();
  let workerLost: (() => void) | undefined;
  const cut = (because: string) => {
    if (isCut) return;
    isCut = true;
    onLost?.(because);
    workerLost?.();
  };
  if (given.diesAtMs !== undefined) clock.setTimer(() => cut('it ended with SIGKILL'), given.diesAtMs);
  const conductorSide: WorkerLink = {
    name,
    send: toWorker.deliver,
    receive: toConductor.receive,
    onLost: (handler) => {
      onLost = handler;
    },
    close: () => {
      onLost = undefined;
      cut('closed');
    },
  };
  const workerSide: ConductorLink = {
    name: 'conductor',
    send: toConductor.deliver,
    receive: toWorker.receive,
    onLost: (handler) => {
      workerLost = () => handler('cut');
    },
    close: () => undefined,
  };
  return { conductorSide, workerSide };
}

async function runOn(
  workers: readonly WorkerGiven[],
  plan: LoadPlan,
  options: WorkersOptions = {},
): Promise<Outcome> {
  const clock = createVirtualClock();
  const sent: Sent[] = [];
  const links = workers.map((given, worker) => {
    const { conductorSide, workerSide } = linkPair(`worker ${worker + 1}`, clock, given);
    void work(workerSide, {
      clock: wrongClock(clock, given.offsetMs ?? 0, given.drift ?? 0),
      plan: async () => plan,
      openTransport: async () =>
        createFunctionTransport(clock, ({ path }) => {
          sent.push({ worker, path, atMs: clock.monotonicMs() });
          return answerAfter(10);
        }),
      watch: unwatched,
    });
    return conductorSide;
  });
  let report: LoadReport | undefined;
  let endedMs = 0;
  const running = runWorkers(plan, links, { ...options, clock }).then((ended) => {
    report = ended;
    endedMs = clock.monotonicMs();
  });
  for (let turn = 0; report === undefined && turn < 4000; turn++) await clock.advance(50);
  await running;
  if (report === undefined) throw new Error('the run did not end');
  return { report, sent, endedMs };
}

const visit = [scenario('visit', [request('/a')])];
const rate = (perSecond: number, seconds: number): LoadPlan =>
  planWith({
    scenarios: visit,
    stages: [{ kind: 'arrivals', from: perSecond, to: perSecond, durationMs: seconds * 1000 }],
  });

/** How far each request was from its place in the schedule, at best. */
function deviationsMs(sent: readonly Sent[], perSecond: number): number[] {
  const times = sent.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  const startMs = times[0] as number;
  return times.map((atMs, index) => Math.abs(atMs - startMs - (index * 1000) / perSecond));
}

describe('a run on several workers', () => {
  it('makes the schedule of one: every arrival once, each in its time', async () => {
    const { report, sent } = await runOn([{}, {}, {}], rate(100, 5));
    expect(report.verdict.status).toBe('passed');
    expect([report.total.requests, report.offered.arrivals, report.offered.dropped]).toEqual([500, 500, 0]);
    expect(new Set(sent.map(({ worker }) => worker)).size).toBe(3);
    for (const deviationMs of deviationsMs(sent, 100)) expect(deviationMs).toBeLessThan(1);
  });

  it('has as many users as one has, with numbers of their own', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [numbered, think(100)])],
      stages: [
        { kind: 'users', from: 0, to: 7, durationMs: 2000 },
        { kind: 'users', from: 7, to: 7, durationMs: 2000 },
      ],
    });
    const { report, sent } = await runOn([{}, {}], plan);
    expect(new Set(sent.map(({ path }) => path))).toEqual(
      new Set(['/0', '/1', '/2', '/3', '/4', '/5', '/6']),
    );
    expect(Math.max(...report.users.map(({ users }) => users))).toBe(7);
  });

  it('adds up to the report of one, second by second', async () => {
    const plan = rate(100, 5);
    const { report } = await runOn([{}, {}], plan);
    const clock = createVirtualClock();
    const alone = runLoad(plan, {
      clock,
      transport: createFunctionTransport(clock, () => answerAfter(10)),
      watch: unwatched,
    });
    await clock.runUntilIdle(60_000);
    const one = await alone;
    expect(report.total.latencyHistogram).toBe(one.total.latencyHistogram);
    expect(report.total.timeline.map(({ requests }) => requests)).toEqual(
      one.total.timeline.map(({ requests }) => requests),
    );
  });

  it.each([
    ['is hours ahead', { offsetMs: 1e7 }],
    ['is behind', { offsetMs: -5e5 }],
    ['goes too fast', { offsetMs: 40, drift: 2e-4 }],
    ['goes too slowly', { drift: -2e-4 }],
  ])('keeps the schedule where a clock %s', async (_, wrong) => {
    const { report, sent } = await runOn([{ delayMs: 0.4 }, { delayMs: 0.4, ...wrong }], rate(50, 60));
    expect(report.verdict).toEqual({ status: 'passed', reasons: [] });
    const deviations = deviationsMs(sent, 50).toSorted((a, b) => a - b);
    expect(deviations.at(-1)).toBeLessThan(2);
  });

  it('is invalid where a clock cannot be told well enough', async () => {
    const { report } = await runOn([{}, { delayMs: 60 }], rate(50, 3));
    expect(report.verdict.status).toBe('invalid');
    expect(report.verdict.reasons[0]).toMatch(/clock of worker 2 is known to within 60 ms only/);
  });

  it('ends by the abort of a threshold on what all of them measured', async () => {
    const plan = {
      ...rate(100, 60),
      thresholds: [
        {
          scope: undefined,
          metric: 'latency' as const,
          statistic: { kind: 'max' as const },
          comparison: '<' as const,
          limit: 5,
          text: 'latency: max < 5ms',
          abort: { graceMs: 2000 },
        },
      ],
    };
    const { report, endedMs } = await runOn([{}, {}], plan);
    expect(report.verdict.status).toBe('failed');
    expect(report.verdict.reasons[0]).toMatch(
      /^latency: max < 5ms, got 10 ms: the run was ended after [2-4] s$/,
    );
    expect(endedMs).toBeLessThan(7000);
  });
});

describe('a worker that is lost', () => {
  it.each([
    ['dies', { diesAtMs: 5000 }, /SIGKILL/],
    ['falls silent', { stallsAtMs: 5000 }, /silent for 1[789]\d\d ms|silent for 2000 ms/],
  ])(
    'and %s is noticed within two seconds, and another goes on with its share',
    async (_, fault, because) => {
      const { report, sent } = await runOn([{}, fault], rate(100, 20));
      const [first, second] = report.workers;
      expect(first?.lost).toBeUndefined();
      expect(second?.lost).toMatchObject({
        takenOverBy: 'worker 1',
        because: expect.stringMatching(because),
      });
      const taken = sent.filter(({ worker, atMs }) => worker === 0 && atMs > 8000);
      // From then on the other one makes the whole rate.
      expect(taken.length).toBeGreaterThan(1100);
      const gone = second?.lost?.atMs as number;
      expect(gone).toBeGreaterThan(3500);
      expect(gone).toBeLessThan(5000);
      expect(report.total.requests + report.offered.dropped).toBeGreaterThanOrEqual(1900);
    },
  );

  it('and left out leaves its arrivals counted as not offered', async () => {
    const { report } = await runOn([{}, { diesAtMs: 5000 }], rate(100, 20), { onLoss: 'leave out' });
    expect(report.workers[1]?.lost?.takenOverBy).toBeUndefined();
    expect(report.offered.dropped).toBeGreaterThan(700);
    expect(report.total.requests).toBeLessThan(1300);
  });

  it('before the run begins keeps it from beginning, at once and with the reason', async () => {
    const clock = createVirtualClock();
    const gone = createLinkEnd<ToWorker, FromWorker>('worker 1', {
      send: () => undefined,
      close: () => undefined,
    });
    gone.lose('it had no disk');
    const running = runWorkers(rate(100, 20), [gone.link], { clock });
    await expect(running).rejects.toMatchObject({
      code: 'LOAD_WORKERS_UNREADY',
      message: expect.stringContaining('worker 1: it had no disk'),
    });
    expect(clock.monotonicMs()).toBe(0);
  });

  it('and the last one makes the run invalid', async () => {
    const { report } = await runOn([{ diesAtMs: 5000 }], rate(100, 20));
    expect(report.verdict.status).toBe('invalid');
    expect(report.verdict.reasons[0]).toMatch(/worker 1 was lost .* nobody could take over/);
  });
});

const numbered = request('/', {
  path: { text: '/{{$user}}', parts: ['/', { slot: { kind: 'user' }, form: 'plain' }] },
});
