import {
  type Clock,
  createRandom,
  createVirtualClock,
  integerBetween,
  type Random,
  type VirtualClock,
} from 'loadline/base';
import {
  createFunctionTransport,
  type FromWorker,
  type FunctionReply,
  type GeneratorSample,
  type GeneratorWatch,
  type LoadPlan,
  type LoadReport,
  runLoad,
  runWorkers,
  type Stage,
  type ToWorker,
  type WorkerLink,
  type WorkerMeans,
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
  /** From its second share on it refuses, or never answers. */
  readonly whenTakingOver?: 'refuses' | 'hangs';
  readonly watch?: WorkerMeans['watch'];
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

interface RunOptions extends WorkersOptions {
  readonly answer?: () => FunctionReply;
  readonly abortAtMs?: number;
}

async function runOn(
  workers: readonly WorkerGiven[],
  plan: LoadPlan,
  { answer = () => answerAfter(10), abortAtMs, ...options }: RunOptions = {},
): Promise<Outcome> {
  const clock = createVirtualClock();
  const aborting = new AbortController();
  if (abortAtMs !== undefined) clock.setTimer(() => aborting.abort(), abortAtMs);
  const sent: Sent[] = [];
  const links = workers.map((given, worker) => {
    const { conductorSide, workerSide } = linkPair(`worker ${worker + 1}`, clock, given);
    let shares = 0;
    void work(workerSide, {
      clock: wrongClock(clock, given.offsetMs ?? 0, given.drift ?? 0),
      plan: async () => plan,
      openTransport: async () => {
        if (++shares > 1 && given.whenTakingOver === 'refuses') throw new Error('no more files');
        if (shares > 1 && given.whenTakingOver === 'hangs') await new Promise(() => undefined);
        return createFunctionTransport(clock, ({ path }) => {
          sent.push({ worker, path, atMs: clock.monotonicMs() });
          return answer();
        });
      },
      watch: given.watch ?? unwatched,
    });
    return conductorSide;
  });
  let report: LoadReport | undefined;
  let endedMs = 0;
  const running = runWorkers(plan, links, { signal: aborting.signal, ...options, clock }).then((ended) => {
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
      expect(report.verdict).toEqual({
        status: 'passed',
        reasons: [
          expect.stringMatching(
            /^worker 2 was lost after 4[.\d]* s \(.*\), and worker 1 took over its share\.$/,
          ),
        ],
      });
    },
  );

  it('leaves no backlog behind: what was due until another one began is dropped, and nothing begins late', async () => {
    const late: number[] = [];
    const watch = () => ({ ...unwatched(), late: (latenessMs: number) => void late.push(latenessMs) });
    const { report, sent } = await runOn([{ watch }, { stallsAtMs: 3000 }], rate(100, 10));
    expect(report.verdict.status).toBe('passed');
    expect(Math.max(...late)).toBeLessThan(1);
    expect(report.total.latencyMs?.max).toBeLessThan(20);
    expect(report.offered.dropped).toBeGreaterThan(50);
    const deviations = deviationsMs(
      sent.filter(({ atMs }) => atMs > 6000),
      100,
    );
    expect(Math.max(...deviations)).toBeLessThan(1);
  });

  it('and left out leaves its arrivals counted as not offered', async () => {
    const { report } = await runOn([{}, { diesAtMs: 5000 }], rate(100, 20), { onLoss: 'leave out' });
    expect(report.workers[1]?.lost?.takenOverBy).toBeUndefined();
    expect(report.offered.dropped).toBeGreaterThan(700);
    expect(report.total.requests).toBeLessThan(1300);
    expect(report.verdict).toEqual({
      status: 'passed',
      reasons: [expect.stringMatching(/^worker 2 was lost after .*, and its share was left out\.$/)],
    });
  });

  it('and left out makes a run with users invalid, which has fewer of them than it should', async () => {
    const users = planWith({
      scenarios: [scenario('visit', [request('/a'), think(100)])],
      stages: [{ kind: 'users', from: 20, to: 20, durationMs: 8000 }],
    });
    const { report } = await runOn([{}, { diesAtMs: 3000 }], users, { onLoss: 'leave out' });
    expect(report.verdict.status).toBe('invalid');
    expect(report.verdict.reasons).toContainEqual(expect.stringMatching(/^10 users were left out/));
  });

  it('and left out after the users of a run have gone spoils nothing', async () => {
    const plan = planWith({
      scenarios: visit,
      stages: [
        { kind: 'users', from: 2, to: 2, durationMs: 1000 },
        { kind: 'arrivals', from: 50, to: 50, durationMs: 6000 },
      ],
    });
    const { report } = await runOn([{}, { diesAtMs: 4000 }], plan, { onLoss: 'leave out' });
    expect(report.verdict.status).toBe('passed');
  });

  it.each(['take over', 'leave out'] as const)(
    'with all others makes the run invalid (%s)',
    async (onLoss) => {
      const { report } = await runOn([{ diesAtMs: 5000 }, { diesAtMs: 3000 }], rate(100, 20), { onLoss });
      expect(report.verdict.status).toBe('invalid');
      expect(report.verdict.reasons).toContain('No worker was left to make the load.');
      expect(report.activeMs).toBeGreaterThan(3500);
      expect(report.activeMs).toBeLessThan(5000);
      expect(report.total.ratePerSecond).toBeGreaterThan(50);
      expect(report.offered.ratePerSecond).toBeCloseTo(100, -1);
    },
  );

  it.each([
    ['refuses', 'worker 1 could not take it over: no more files'],
    ['hangs', 'worker 1 could not take it over: it was not ready within 5 s'],
  ] as const)('has its share go to a third where the second %s', async (whenTakingOver, because) => {
    const { report } = await runOn([{ whenTakingOver }, { diesAtMs: 3000 }, {}], rate(100, 20));
    expect(report.workers[1]?.lost).toMatchObject({
      takenOverBy: 'worker 3',
      because: expect.stringContaining(because),
    });
    expect(report.verdict.status).toBe('passed');
  });

  it('has its share left out where nobody can take it over, and the run ends', async () => {
    const { report } = await runOn([{ whenTakingOver: 'refuses' }, { diesAtMs: 3000 }], rate(100, 10));
    expect(report.workers[1]?.lost?.takenOverBy).toBeUndefined();
    expect(report.verdict.status).toBe('invalid');
    expect(report.verdict.reasons[0]).toMatch(
      /worker 1 could not take it over: no more files\), and nobody could/,
    );
    expect(report.offered.dropped).toBeGreaterThan(300);
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

const seeds = Array.from({ length: 100 }, (_, seed) => seed);

/** Any load of five seconds, of a request each or with pauses. */
function randomLoad(random: Random): LoadPlan {
  const steps = random() < 0.5 ? [request('/a')] : [request('/a'), think(random() * 500), request('/b')];
  const users = integerBetween(random, 1, 30);
  const perSecond = integerBetween(random, 5, 200);
  const loads: readonly Stage[][] = [
    [{ kind: 'arrivals', from: perSecond, to: perSecond, durationMs: 5000 }],
    [{ kind: 'users', from: users, to: integerBetween(random, 1, 30), durationMs: 5000 }],
    [{ kind: 'iterations', users, perUser: integerBetween(random, 1, 20), durationMs: 5000 }],
    [
      { kind: 'users', from: users, to: users, durationMs: 2000 },
      { kind: 'arrivals', from: 1, to: perSecond, durationMs: 3000 },
    ],
  ];
  const stages = loads[integerBetween(random, 0, loads.length - 1)] as Stage[];
  return planWith({ scenarios: [scenario('visit', steps)], stages });
}

describe('a run that loses workers', () => {
  it.each(seeds)(
    'ends, accounts for all that was due, and contradicts itself nowhere (seed %d)',
    async (seed) => {
      const random = createRandom(seed);
      const drawn = (): WorkerGiven => ({
        ...(random() < 0.6 ? { [random() < 0.5 ? 'diesAtMs' : 'stallsAtMs']: random() * 7000 } : {}),
        ...(random() < 0.2 ? { whenTakingOver: random() < 0.5 ? 'refuses' : 'hangs' } : {}),
      });
      const answer = (): FunctionReply => {
        const kind = random();
        if (kind < 0.1) return { kind: 'failure', delayMs: random() * 50, reason: 'reset' };
        return answerAfter(random() * 400, kind < 0.2 ? 500 : 200);
      };
      const plan = randomLoad(random);
      const { report } = await runOn(Array.from({ length: integerBetween(random, 1, 4) }, drawn), plan, {
        onLoss: random() < 0.5 ? 'take over' : 'leave out',
        answer,
        ...(random() < 0.2 ? { abortAtMs: random() * 6000 } : {}),
      });
      const { total, iterations, offered, verdict, workers } = report;
      const answered = Object.values(total.statuses).reduce((sum, count) => sum + count, 0);
      const failed = Object.values(total.failures).reduce((sum, { count }) => sum + count, 0);
      expect(answered + failed).toBe(total.requests);
      expect(total.latencyMs?.count ?? 0).toBe(total.requests);
      expect(total.timeline.reduce((sum, { requests }) => sum + requests, 0)).toBe(total.requests);
      expect(iterations.started).toBe(iterations.completed + iterations.cutShort + iterations.interrupted);
      expect(offered.requests).toBe(
        offered.achieved + total.errors + offered.unfinished + offered.dropped + offered.unreported,
      );
      const isWhole = verdict.status !== 'interrupted' && workers.some(({ lost }) => lost === undefined);
      const isOfArrivals = plan.stages.every(({ kind }) => kind === 'arrivals');
      if (isWhole && isOfArrivals && plan.scenarios[0]?.steps.length === 1)
        expect(offered.requests).toBe(offered.arrivals);
      for (const { name, lost } of workers)
        if (lost !== undefined && verdict.status === 'passed')
          expect(verdict.reasons.join(' ')).toContain(`${name} was lost after`);
    },
  );
});

describe('the generators of a run', () => {
  const second = (endMs: number, given: Partial<GeneratorSample> = {}): GeneratorSample => ({
    endMs,
    durationMs: 1000,
    loopUtilization: 0.2,
    cpuRatio: 0.5,
    loopDelayMsMax: 1,
    steps: 50,
    lateSteps: 0,
    latenessMsP99: 1,
    ...given,
  });
  /** Sees the same in every second. */
  const seeing =
    (given: Partial<GeneratorSample>, opened: number[] = []): NonNullable<WorkerMeans['watch']> =>
    (clock, startMs): GeneratorWatch => {
      const samples: GeneratorSample[] = [];
      opened.push(startMs);
      let timer = clock.setTimer(take, 1000);
      function take(): void {
        samples.push(second(clock.monotonicMs() - startMs, given));
        timer = clock.setTimer(take, 1000);
      }
      return { samples, late: () => undefined, stop: () => timer.cancel() };
    };

  it('are judged by what they were seen to do until they were lost', async () => {
    const { report } = await runOn(
      [{ watch: seeing({}) }, { diesAtMs: 5000, watch: seeing({ loopUtilization: 0.99 }) }],
      rate(100, 10),
    );
    expect(report.verdict.status).toBe('invalid');
    expect(report.generator.statement).toMatch(/^worker 2: The generator was the bottleneck in 4 of 4/);
    expect(report.generator.overloaded[0]?.fromMs).toBeCloseTo(0, -2);
  });

  it('that were lost are not said to have kept up to the end', async () => {
    const { report } = await runOn(
      [{ watch: seeing({}) }, { diesAtMs: 5000, watch: seeing({}) }],
      rate(100, 10),
    );
    expect(report.generator.statement).toBe(
      '1 of 2 generators was heard to the end; all kept up while they were heard.',
    );
  });

  it('are watched once, whoever’s share they take over, by the clock of the run', async () => {
    const opened: number[] = [];
    const { report } = await runOn(
      [{ watch: seeing({ cpuRatio: 0.5 }, opened) }, { diesAtMs: 3000, watch: seeing({ cpuRatio: 0.25 }) }],
      rate(100, 10),
    );
    expect(opened).toHaveLength(1);
    expect(report.generator.cpuRatioMean).toBeCloseTo(0.75);
  });

  it('are shown while the run lasts: the busiest of them, and the CPU time of all', async () => {
    const shown: (GeneratorSample | undefined)[] = [];
    await runOn(
      [
        { watch: seeing({ cpuRatio: 0.5, loopUtilization: 0.8 }) },
        { watch: seeing({ cpuRatio: 0.25, latenessMsP99: 7 }) },
      ],
      rate(100, 5),
      { onSample: ({ generator }) => shown.push(generator) },
    );
    expect(shown.at(-1)).toMatchObject({
      cpuRatio: 0.75,
      loopUtilization: 0.8,
      latenessMsP99: 7,
      steps: 100,
    });
  });
});

const numbered = request('/', {
  path: { text: '/{{$user}}', parts: ['/', { slot: { kind: 'user' }, form: 'plain' }] },
});
