import { createVirtualClock, sleep } from 'loadline/base';
import {
  createGracefulStop,
  createHealth,
  describeStop,
  drainWebSockets,
  exitCodeOf,
  type GracefulStopOptions,
  type SignalledProcess,
  type StopReport,
  stopOnSignals,
} from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

/** An instance whose every move is noted, on a clock of the test's own. */
function createInstance(options: GracefulStopOptions = {}) {
  const clock = createVirtualClock();
  const moves: string[] = [];
  const note = (move: string): void => void moves.push(`${clock.monotonicMs()} ${move}`);
  const graceful = createGracefulStop({ clock, onStep: note, ...options });
  return { clock, moves, note, graceful };
}

describe('createGracefulStop()', () => {
  it('stops in five steps: asked, not ready, draining, completing, closing', async () => {
    const { clock, moves, note, graceful } = createInstance({
      noticeMs: 1000,
      health: { drain: () => note('health') },
      drains: { jobs: () => sleep(clock, 300).then(() => note('jobs are done')) },
      closes: { app: () => note('close app'), database: async () => note('close database') },
    });
    graceful.draining.addEventListener('abort', () => note('signal'));
    const stopping = graceful.stop('a test');
    await clock.advance(2000);
    expect(moves).toEqual([
      '0 asked',
      '0 health',
      '0 not ready',
      '1000 draining',
      '1000 signal',
      '1000 completing',
      '1300 jobs are done',
      '1300 closing',
      '1300 close app',
      '1300 close database',
    ]);
    const report = await stopping;
    expect(report).toEqual({
      reason: 'a test',
      stepsMs: { 'not ready': 1000, completing: 300, closing: 0 },
      unfinishedCount: 0,
      unfinished: [],
      failures: [],
    });
    expect([exitCodeOf(report), clock.pending]).toEqual([0, 0]);
  });

  it('makes health say "not ready" from the first moment', async () => {
    const health = createHealth();
    const { graceful, clock } = createInstance({ health, noticeMs: 1000 });
    const stopping = graceful.stop();
    expect(await health.ready()).toMatchObject({ status: 'draining' });
    await clock.advance(1000);
    await stopping;
  });

  it('stops once, however often it is asked', async () => {
    const { graceful } = createInstance();
    const [first, second] = await Promise.all([graceful.stop('first'), graceful.stop('second')]);
    expect(second).toBe(first);
  });

  it('names what is not done in its time, cuts it off, and closes all the same', async () => {
    const cut: string[] = [];
    const { clock, graceful, moves, note } = createInstance({
      graceMs: 500,
      drains: {
        jobs: () => new Promise(() => undefined),
        streams: {
          drain: (signal) => sleep(clock, 10_000, signal),
          unfinished: () => [{ name: 'GET /report', ageMs: 900 }],
          cut: () => void cut.push('streams'),
        },
      },
      closes: { database: () => note('close') },
    });
    const stopping = graceful.stop();
    await clock.advance(500);
    const report = await stopping;
    expect(report).toMatchObject({
      unfinishedCount: 2,
      unfinished: [
        { name: 'jobs', ageMs: 500 },
        { name: 'GET /report', ageMs: 900 },
      ],
      failures: [],
    });
    expect([cut, moves.at(-1), exitCodeOf(report)]).toEqual([['streams'], '500 close', 1]);
    expect(describeStop(report)).toBe(
      'stopped after stop() in 500 ms; 2 unfinished: jobs (500 ms), GET /report (900 ms)',
    );
  });

  it('lets neither a drain nor a close that fails or hangs keep the others', async () => {
    const { clock, graceful, note, moves } = createInstance({
      closeMs: 100,
      drains: { jobs: () => Promise.reject(new Error('lost the queue')) },
      closes: {
        hanging: () => new Promise(() => undefined),
        failing: () => {
          throw new Error('closed twice');
        },
        last: () => note('last'),
      },
    });
    const stopping = graceful.stop();
    await clock.advance(100);
    const report = await stopping;
    expect(report.failures).toMatchObject([
      { name: 'jobs', error: { message: 'lost the queue' } },
      { name: 'hanging', error: { code: 'TRAFFIC_CLOSE_OVERDUE' } },
      { name: 'failing', error: { message: 'closed twice' } },
    ]);
    expect([moves.at(-1), exitCodeOf(report)]).toEqual(['100 last', 1]);
  });

  it('goes on to the end where what it was given fails, and tells of it', async () => {
    const fail = (): never => {
      throw new Error('planted');
    };
    const { graceful, note, moves, clock } = createInstance({
      onStep: fail,
      health: { drain: fail },
      graceMs: 10,
      drains: {
        jobs: {
          beginFarewell: fail,
          drain: () => new Promise(() => undefined),
          unfinished: fail,
          cut: fail,
        },
      },
      closes: { last: () => note('last') },
    });
    const stopping = graceful.stop();
    await clock.advance(10);
    const { failures } = await stopping;
    expect(moves).toEqual(['10 last']);
    expect(new Set(failures.map(({ name }) => name))).toEqual(new Set(['onStep', 'health', 'jobs']));
    expect(failures.filter(({ name }) => name === 'jobs')).toHaveLength(3);
  });

  it('refuses options that cannot work', () => {
    const options = { drains: { jobs: 5 }, closes: { db: 'close' }, graceMs: -1, gracems: 1 };
    expect(() => createGracefulStop(options as unknown as GracefulStopOptions)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        message: expect.stringMatching(/gracems.*drains\.jobs.*closes\.db.*graceMs/),
      }),
    );
  });
});

describe('stopOnSignals()', () => {
  /** A process that notes with which code it would have ended. */
  function createProcess() {
    const listeners = new Map<string, (signal: NodeJS.Signals) => void>();
    const codes: number[] = [];
    const fake: SignalledProcess = {
      on: (signal, listener) => listeners.set(signal, listener),
      exit: (code) => codes.push(code),
    };
    return { fake, codes, send: (signal: NodeJS.Signals) => listeners.get(signal)?.(signal) };
  }

  it('stops at a signal and ends the process', async () => {
    const { graceful, clock } = createInstance({ drains: { jobs: () => sleep(clock, 50) } });
    const { fake, codes, send } = createProcess();
    const reports: StopReport[] = [];
    stopOnSignals(graceful, { process: fake, onStopped: (report) => reports.push(report) });
    send('SIGTERM');
    await clock.advance(49);
    expect(codes).toEqual([]);
    await clock.advance(1);
    expect([codes, reports[0]?.reason]).toEqual([[0], 'SIGTERM']);
  });

  it('gives no more grace after a second signal, and still closes', async () => {
    const closed: string[] = [];
    const { graceful, clock } = createInstance({
      noticeMs: 5000,
      drains: { jobs: () => new Promise(() => undefined) },
      closes: { database: () => void closed.push('database') },
    });
    const { fake, codes, send } = createProcess();
    const reports: StopReport[] = [];
    stopOnSignals(graceful, { process: fake, onStopped: (report) => reports.push(report) });
    send('SIGTERM');
    await clock.advance(1000);
    send('SIGINT');
    await clock.advance(0);
    expect([codes, closed]).toEqual([[130], ['database']]);
    expect(reports).toMatchObject([{ forcedBy: 'SIGINT', unfinished: [{ name: 'jobs' }] }]);
  });

  it('ends the process where it stands after a third', async () => {
    const { graceful, clock } = createInstance({ closes: { stuck: () => new Promise(() => undefined) } });
    const { fake, codes, send } = createProcess();
    stopOnSignals(graceful, { process: fake });
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) send(signal);
    expect(codes).toEqual([1]);
    await clock.advance(10_000);
  });
});

describe('drainWebSockets()', () => {
  /** A WebSocket that closes when its client does. */
  function createSocket(hasClient = true) {
    const noted: string[] = [];
    const listeners: (() => void)[] = [];
    return {
      noted,
      close(code: number, reason: string) {
        noted.push(`${code} ${reason}`);
        if (hasClient) for (const listener of listeners) listener();
      },
      terminate: () => noted.push('terminate'),
      once: (_event: 'close', listener: () => void) => listeners.push(listener),
    };
  }

  it('first lets the service say its last, then closes with 1001', async () => {
    const sockets = [createSocket(), createSocket()];
    const server = { clients: new Set(sockets), on: () => undefined };
    await drainWebSockets(server, async (socket) => socket.noted.push('last message')).drain(
      new AbortController().signal,
    );
    for (const { noted } of sockets) expect(noted).toEqual(['last message', '1001 going away']);
  });

  it('closes a socket whose last message fails, and tells', async () => {
    const socket = createSocket();
    const drain = drainWebSockets({ clients: new Set([socket]), on: () => undefined }, () =>
      Promise.reject(new Error('no')),
    );
    await expect(drain.drain(new AbortController().signal)).rejects.toThrow('no');
    expect(socket.noted).toEqual(['1001 going away']);
  });

  it('names and cuts those whose client does not answer', async () => {
    const socket = createSocket(false);
    const live = drainWebSockets({ clients: new Set([socket]), on: () => undefined });
    const { graceful, clock } = createInstance({ graceMs: 100, drains: { live } });
    const stopping = graceful.stop();
    await clock.advance(100);
    expect(await stopping).toMatchObject({ unfinished: [{ name: 'WebSocket' }] });
    expect(socket.noted).toEqual(['1001 going away', 'terminate']);
  });
});
