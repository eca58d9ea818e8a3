import { createRandom, createVirtualClock, integerBetween, sleep, type VirtualClock } from 'loadline/base';
import {
  createMonitorMemory,
  Dispatcher,
  Monitor,
  type MonitorMemory,
  type MonitorOptions,
  type MonitorPart,
  type Notification,
  type Notifier,
} from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { policyOf } from './alert-policies.ts';

const policy = policyOf({
  rules: [{ name: 'slow', metric: 'latency_ms', above: { warning: 100 }, for: '30s' }],
});

/** A monitor over a service whose latency is a function of time, on a clock that the test owns. */
function setUp(
  latencyMs: (nowMs: number) => number | Promise<number>,
  options: Partial<MonitorOptions> & {
    readonly clock?: VirtualClock;
    readonly deliver?: Notifier['notify'];
  } = {},
) {
  const clock = options.clock ?? createVirtualClock(0);
  const memory = options.memory ?? createMonitorMemory();
  const delivered: (Notification & { readonly deliveredAtMs: number })[] = [];
  const notifier: Notifier = {
    name: 'test',
    async notify(notification, signal) {
      await options.deliver?.(notification, signal);
      delivered.push({ ...notification, deliveredAtMs: clock.now() });
    },
  };
  const monitor = new Monitor({
    policy,
    memory,
    clock,
    dispatcher: new Dispatcher({ routes: [{ notifier }], clock }),
    source: {
      async read(rules, nowMs) {
        const value = await latencyMs(nowMs);
        return rules.map(({ name }) => ({ rule: name, labels: { service: 'api' }, value, atMs: nowMs }));
      },
    },
    ...options,
  });
  const told = () =>
    delivered.map(({ alerts, deliveredAtMs }) => `${deliveredAtMs / 1000} ${alerts[0]?.change}`);
  return { clock, memory, monitor, delivered, told };
}

async function closed(clock: VirtualClock, monitor: Monitor): Promise<void> {
  const closing = monitor.close();
  await clock.advance(10_000);
  await closing;
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('Monitor', () => {
  it('tells of a breach and of its end', async () => {
    const { clock, monitor, told } = setUp((nowMs) => (nowMs >= 10_000 && nowMs < 60_000 ? 150 : 50));
    monitor.start();
    await clock.advance(100_000);
    expect(told()).toEqual(['40 fired', '60 resolved']);
    await closed(clock, monitor);
    expect(clock.pending).toBe(0);
  });

  it('tells within the rule’s duration and five seconds, whenever a breach begins', async () => {
    const random = createRandom('breaches');
    for (let run = 0; run < 50; run++) {
      const forMs = integerBetween(random, 0, 20_000);
      const breachMs = integerBetween(random, 5000, 15_000);
      const { clock, monitor, delivered } = setUp((nowMs) => (nowMs >= breachMs ? 150 : 50), {
        policy: policyOf({
          rules: [{ name: 'slow', metric: 'm', above: { warning: 100 }, for: `${forMs}ms` }],
        }),
      });
      monitor.start();
      await clock.advance(45_000);
      const delayMs = (delivered[0]?.deliveredAtMs ?? Number.NaN) - breachMs;
      expect(delayMs).toBeGreaterThanOrEqual(forMs);
      expect(delayMs).toBeLessThanOrEqual(forMs + 5000);
      await closed(clock, monitor);
    }
  });

  it('fires nothing anew after a restart, whenever that comes, and ends what it began', async () => {
    for (const restartMs of [5000, 15_000, 39_000, 41_000, 55_000, 61_000]) {
      const memory = createMonitorMemory();
      const latency = (nowMs: number) => (nowMs >= 10_000 && nowMs < 60_000 ? 150 : 50);
      const first = setUp(latency, { memory });
      first.monitor.start();
      await first.clock.advance(restartMs);
      const second = setUp(latency, { memory, clock: createVirtualClock(restartMs) });
      second.monitor.start();
      await second.clock.advance(100_000);
      // The first was not closed: it was killed. Time passed for it no more.
      const changes = [...first.delivered, ...second.delivered].map(({ alerts }) => alerts[0]?.change);
      expect(changes).toEqual(['fired', 'resolved']);
      expect(memory.kept()).toMatchObject({ alerts: [], incidents: [], notifications: [] });
      await closed(second.clock, second.monitor);
    }
  });

  it('judges one at a time of several, and the next goes on where the one before has stopped', async () => {
    for (const changeMs of [20_000, 45_000, 65_000]) {
      const clock = createVirtualClock(0);
      const memory = createMonitorMemory();
      const latency = (nowMs: number) => (nowMs >= 10_000 && nowMs < 80_000 ? 150 : 50);
      let judge = 'first';
      const first = setUp(latency, {
        clock,
        memory,
        partNow: () => (judge === 'first' ? 'judges' : 'rests'),
      });
      const second = setUp(latency, {
        clock,
        memory,
        partNow: () => (judge === 'second' ? 'judges' : 'rests'),
      });
      first.monitor.start();
      second.monitor.start();
      await clock.advance(changeMs);
      expect(second.monitor.report().rounds, 'it has looked at nothing').toBe(0);
      judge = 'second';
      await clock.advance(95_000 - changeMs);
      expect([...first.told(), ...second.told()].map((told) => told.split(' ')[1])).toEqual([
        'fired',
        'resolved',
      ]);
      // And back again: what the second has ended is over for the first, too.
      judge = 'first';
      await clock.advance(20_000);
      expect(first.told().length + second.told().length).toBe(2);
      expect(first.monitor.state.alerts).toEqual([]);
      await closed(clock, first.monitor);
      await closed(clock, second.monitor);
    }
  });

  it('keeps what it knows while nobody can say whether another judges, and fires and resolves nothing', async () => {
    const clock = createVirtualClock(0);
    let part: MonitorPart = 'judges';
    const { monitor, memory, told } = setUp((nowMs) => (nowMs < 50_000 ? 150 : 50), {
      clock,
      partNow: () => part,
    });
    const idle = setUp(() => 150, { clock, memory, partNow: () => 'blind' });
    monitor.start();
    idle.monitor.start();
    await clock.advance(40_000);
    expect(told()).toEqual(['30 fired']);
    part = 'blind';
    await clock.advance(30_000);
    expect(monitor.state.alerts).toMatchObject([{ phase: 'firing' }]);
    expect(monitor.report()).toMatchObject({
      readsFailed: 15,
      lastReadProblem: expect.stringContaining('judges'),
    });
    expect(told()).toEqual(['30 fired']);
    expect(idle.monitor.report().rounds, 'who never judged does not begin so').toBe(0);
    part = 'judges';
    await clock.advance(5000);
    expect(told()).toEqual(['30 fired', '72 resolved']);
    await closed(clock, monitor);
    await closed(clock, idle.monitor);
  });

  it('tells nothing of a look that took so long that another judges by then', async () => {
    const clock = createVirtualClock(0);
    let mayJudge = true;
    const slow = async (nowMs: number): Promise<number> => {
      if (nowMs >= 40_000) {
        await sleep(clock, 3000);
        mayJudge = false;
      }
      return 150;
    };
    const { monitor, memory, told } = setUp(slow, {
      clock,
      partNow: () => (mayJudge ? 'judges' : 'rests'),
      policy: policyOf({ rules: [{ name: 'slow', metric: 'm', above: { warning: 100 }, for: '40s' }] }),
    });
    monitor.start();
    await clock.advance(60_000);
    expect(told()).toEqual([]);
    expect((await memory.load()).notifications).toEqual([]);
    await closed(clock, monitor);
  });

  it('sends after a restart what was on its way, under the same id', async () => {
    const memory = createMonitorMemory();
    const first = setUp(() => 150, { memory, deliver: (_, signal) => never(signal) });
    first.monitor.start();
    await first.clock.advance(40_000);
    const [waiting] = memory.kept().notifications;
    expect(waiting?.alerts).toMatchObject([{ change: 'fired' }]);
    const second = setUp(() => 150, { memory, clock: createVirtualClock(41_000) });
    second.monitor.start();
    await second.clock.advance(10_000);
    expect(second.delivered.map(({ id }) => id)).toEqual([waiting?.id]);
    expect(memory.kept().notifications).toEqual([]);
  });

  it('sends what was on its way in the order in which it happened, however its memory gives it', async () => {
    const memory = createMonitorMemory();
    const latency = (nowMs: number) => (nowMs < 50_000 ? 150 : 50);
    const first = setUp(latency, { memory, deliver: (_, signal) => never(signal) });
    first.monitor.start();
    await first.clock.advance(60_000);
    const remembered = memory.kept();
    expect(remembered.notifications).toHaveLength(2);
    const turned = {
      ...memory,
      load: async () => ({ ...remembered, notifications: remembered.notifications.toReversed() }),
    };
    const second = setUp(latency, { memory: turned, clock: createVirtualClock(61_000) });
    second.monitor.start();
    await second.clock.advance(10_000);
    expect(second.told().map((each) => each.split(' ')[1])).toEqual(['fired', 'resolved']);
    await closed(second.clock, second.monitor);
  });

  it('remembers what is on its way before it remembers that it was told', async () => {
    const kinds: string[] = [];
    const memory: MonitorMemory = {
      ...createMonitorMemory(),
      save: async (changes) => void kinds.push(...changes.map(({ kind }) => kind)),
    };
    const { clock, monitor } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(31_000);
    expect(kinds).toEqual(['alert', 'notification', 'alert', 'incident', 'notification']);
    await closed(clock, monitor);
  });

  it('forgets what was on its way for more than an hour', async () => {
    const memory = createMonitorMemory();
    const first = setUp(() => 150, { memory, deliver: (_, signal) => never(signal) });
    first.monitor.start();
    await first.clock.advance(40_000);
    const [waiting] = memory.kept().notifications;
    const startMs = (waiting?.atMs ?? Number.NaN) + 3_600_001;
    const second = setUp(() => 150, { memory, clock: createVirtualClock(startMs) });
    second.monitor.start();
    await second.clock.advance(10_000);
    expect(second.delivered.map(({ id }) => id)).not.toContain(waiting?.id);
    expect(memory.kept().notifications).toEqual([]);
  });

  it('saves at its end what could not be saved before, and takes no round for it', async () => {
    const kept = createMonitorMemory();
    let isAway = true;
    let isHanging = false;
    const memory: MonitorMemory = {
      load: kept.load,
      save: (changes) => (isAway ? Promise.reject(new Error('away')) : kept.save(changes)),
    };
    const { clock, monitor } = setUp(() => (isHanging ? new Promise<number>(() => {}) : 150), { memory });
    monitor.start();
    await clock.advance(35_000);
    isHanging = true;
    await clock.advance(2000);
    isAway = false;
    const { rounds } = monitor.report();
    await closed(clock, monitor);
    expect(kept.kept()).toMatchObject({ alerts: [{ phase: 'firing' }], incidents: [{ phase: 'open' }] });
    expect(monitor.report().rounds).toBe(rounds);
  });

  it('leaves to the next start what its end cuts short', async () => {
    const memory = createMonitorMemory();
    const { clock, monitor } = setUp(() => 150, { memory, deliver: (_, signal) => never(signal) });
    monitor.start();
    await clock.advance(40_000);
    await closed(clock, monitor);
    expect(memory.kept().notifications).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('neither fires nor resolves where nothing can be read, and counts it', async () => {
    let problem: 'none' | 'fails' | 'hangs' = 'none';
    const { clock, monitor, told } = setUp((nowMs) => {
      if (problem === 'fails') throw new Error('no database');
      return problem === 'hangs' ? new Promise<number>(() => {}) : nowMs < 200_000 ? 150 : 50;
    });
    monitor.start();
    await clock.advance(40_000);
    problem = 'fails';
    await clock.advance(20_000);
    expect(monitor.report().lastReadProblem).toBe('Error: no database');
    problem = 'hangs';
    await clock.advance(60_000);
    expect(monitor.report().lastReadProblem).toBe('it took longer than 5000 ms');
    expect(monitor.report().readsFailed).toBeGreaterThan(15);
    problem = 'none';
    await clock.advance(100_000);
    expect(told().map((each) => each.split(' ')[1])).toEqual(['fired', 'resolved']);
    await closed(clock, monitor);
  });

  it('tells although its memory is away, and saves all of it once it is back', async () => {
    const kept = createMonitorMemory();
    let isAway = true;
    const memory: MonitorMemory = {
      load: kept.load,
      save: (changes) => (isAway ? Promise.reject(new Error('away')) : kept.save(changes)),
    };
    const { clock, monitor, told } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(40_000);
    expect(told()).toEqual(['30 fired']);
    expect(monitor.report().memory.failures).toBeGreaterThan(0);
    isAway = false;
    await clock.advance(2000);
    expect(kept.kept()).toMatchObject({
      alerts: [{ phase: 'firing' }],
      incidents: [{ phase: 'open' }],
      notifications: [],
    });
    expect(monitor.report().memory.waiting).toBe(0);
    await closed(clock, monitor);
  });

  it('is held up by a memory that hangs for a second, and not for longer', async () => {
    const memory: MonitorMemory = { ...createMonitorMemory(), save: () => new Promise(() => {}) };
    const { clock, monitor, delivered } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(40_000);
    expect(delivered[0]?.deliveredAtMs).toBeLessThanOrEqual(35_000);
    await closed(clock, monitor);
    expect(clock.pending).toBe(0);
  });

  it('does not lose a silence that is asked for while it still remembers', async () => {
    const kept = createMonitorMemory();
    let ready: (() => void) | undefined;
    const memory: MonitorMemory = {
      ...kept,
      load: async () => {
        const before = await kept.load();
        await new Promise<void>((resolve) => {
          ready = resolve;
        });
        return before;
      },
    };
    const { clock, monitor } = setUp(() => 150, { memory });
    monitor.start();
    const asked = { match: { rule: ['*'] }, fromMs: 0, untilMs: 1e9, by: 'ada', why: 'works' };
    await clock.advance(0);
    const silence = await monitor.silence(asked);
    ready?.();
    await clock.advance(40_000);
    expect(monitor.state).toMatchObject({ silences: [silence], alerts: [{ silencedBy: silence.id }] });
    await closed(clock, monitor);
  });

  it('waits half a minute for its memory at the start, and then begins with nothing', async () => {
    const memory: MonitorMemory = { ...createMonitorMemory(), load: () => Promise.reject(new Error('away')) };
    const { clock, monitor, told } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(29_000);
    expect(monitor.report()).toMatchObject({ rounds: 0 });
    await clock.advance(40_000);
    expect(told()).toHaveLength(1);
    expect(monitor.report().loadsFailed).toBeGreaterThan(20);
    await closed(clock, monitor);
  });

  it('does what people ask of it, and remembers that too', async () => {
    const memory = createMonitorMemory();
    const { clock, monitor, told } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(31_000);
    const [alert] = monitor.state.alerts;
    const [incident] = monitor.state.incidents;
    await monitor.acknowledge(alert?.fingerprint ?? '', 'ada');
    await monitor.note(incident?.id ?? '', 'ada', 'a query without its index');
    const silence = await monitor.silence({
      match: { rule: ['slow'] },
      fromMs: 0,
      untilMs: 1e9,
      by: 'ada',
      why: 'known',
    });
    await clock.advance(2000);
    expect(memory.kept()).toMatchObject({
      alerts: [{ acknowledged: { by: 'ada' }, silencedBy: silence.id }],
      incidents: [{ taken: { by: 'ada' } }],
      silences: [silence],
    });
    await monitor.endSilence(silence.id);
    expect(memory.kept().silences).toEqual([]);
    monitor.usePolicy(policyOf({ rules: [] }));
    await clock.advance(2000);
    expect(told().at(-1)).toMatch(/resolved$/);
    await closed(clock, monitor);
  });

  it('writes to its memory only what has changed', async () => {
    let saved = 0;
    const memory: MonitorMemory = {
      ...createMonitorMemory(),
      save: async (changes) => {
        saved += changes.length;
      },
    };
    const { clock, monitor } = setUp(() => 150, { memory });
    monitor.start();
    await clock.advance(40_000);
    const before = saved;
    await clock.advance(600_000);
    expect(before).toBeGreaterThan(0);
    expect(saved - before).toBe(0);
    await closed(clock, monitor);
  });
});
