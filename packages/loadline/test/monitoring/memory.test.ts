import { type AlertState, type Change, createMonitorMemory, type MonitorState } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../src/monitoring/memory.ts';
import { Recorder } from '../../src/monitoring/recorder.ts';
import { ruleOf, times, watch } from './alert-policies.ts';
import { notificationOf } from './notifications.ts';

const stateOf = (alerts: MonitorState['alerts']): MonitorState => ({ alerts, incidents: [], silences: [] });
const forget = (id: string): Change => ({ kind: 'notification', id, value: undefined });

describe('changesBetween()', () => {
  const rule = ruleOf({ for: '3s' });
  const pending = watch(rule, [150]).states;

  it('has an alert that is new, that changes, and that is over', () => {
    const fired = watch(rule, times(3, 150), { states: pending, fromMs: 1000 }).states;
    const over = watch(rule, [50], { states: fired, fromMs: 5000 }).states;
    const kinds = [stateOf([]), stateOf(pending), stateOf(fired), stateOf(over)];
    const changes = kinds.slice(1).map((after, at) => changesBetween(kinds[at] as MonitorState, after));
    expect(changes).toMatchObject([
      [{ kind: 'alert', value: { phase: 'pending' } }],
      [{ kind: 'alert', value: { phase: 'firing' } }],
      [{ kind: 'alert', value: undefined }],
    ]);
  });

  it('has nothing of an alert whose value alone is another, but once an hour, or once a minute while it is pending', () => {
    const countAfter = (said: Readonly<Record<string, unknown>>, laterMs: number) => {
      const { states } = watch(ruleOf(said), [150]);
      const later = watch(ruleOf(said), [160], { states, fromMs: laterMs }).states;
      return changesBetween(stateOf(states), stateOf(later)).length;
    };
    expect([59_999, 60_000].map((laterMs) => countAfter({ for: '2h' }, laterMs))).toEqual([0, 1]);
    expect([3_599_999, 3_600_000].map((laterMs) => countAfter({ for: 0 }, laterMs))).toEqual([0, 1]);
  });

  it('has an alert of which anything but its value is another', () => {
    const [alert] = pending as [AlertState];
    const level = { sinceMs: 0, isActive: false };
    const others: readonly Partial<AlertState>[] = [
      { severity: 'critical' },
      { levels: { warning: { ...level, isActive: true } } },
      { levels: { warning: { ...level, sinceMs: 1 } } },
      { labels: { service: 'web' } },
      { silencedBy: 's' },
      { runbook: 'https://r.example' },
      { limit: 1 },
      { startedAtMs: 1 },
      { firedAtMs: 1 },
    ];
    for (const other of others)
      expect(
        changesBetween(stateOf([alert]), stateOf([{ ...alert, ...other }])),
        JSON.stringify(other),
      ).toHaveLength(1);
  });

  it('has an alert of which only was told again, or that somebody acknowledged', () => {
    const [alert] = pending as [AlertState];
    const told = { ...alert, announced: { severity: 'warning' as const, atMs: 1000 } };
    const again = { ...told, announced: { severity: 'warning' as const, atMs: 2000 } };
    const known = { ...again, acknowledged: { by: 'ada', atMs: 3000 } };
    const course = [alert, told, again, known, { ...known }];
    const counts = course
      .slice(1)
      .map((after, at) => changesBetween(stateOf([course[at] as AlertState]), stateOf([after])).length);
    expect(counts).toEqual([1, 1, 1, 0]);
  });
});

describe('Recorder', () => {
  /** A memory that fails while it is told to. */
  function setUp() {
    const batches: (readonly Change[])[] = [];
    const memory = createMonitorMemory();
    const world = { isAway: false };
    const recorder = new Recorder({
      load: memory.load,
      async save(changes) {
        if (world.isAway) throw new Error('away');
        batches.push(changes);
        await memory.save(changes);
      },
    });
    return { recorder, batches, memory, world };
  }

  it('saves at once, also after it had nothing to save', async () => {
    const { recorder, batches } = setUp();
    await recorder.record([]);
    await recorder.record([forget('a')]);
    expect(batches).toEqual([[forget('a')]]);
  });

  it('keeps the newest of what could not be saved, and saves it with the next', async () => {
    const { recorder, batches, world } = setUp();
    const value = notificationOf({ id: 'a' });
    world.isAway = true;
    await recorder.record([{ kind: 'notification', id: 'a', value }]);
    await recorder.record([forget('b'), forget('a')]);
    expect(recorder.counts).toEqual({ waiting: 2, failures: 2, dropped: 0 });
    world.isAway = false;
    await recorder.record([]);
    expect(batches).toEqual([[forget('b'), forget('a')]]);
    expect(recorder.counts.waiting).toBe(0);
  });

  it('does not put what failed in the place of what came meanwhile', async () => {
    const batches: (readonly Change[])[] = [];
    const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve()];
    const recorder = new Recorder({
      ...createMonitorMemory(),
      async save(changes) {
        batches.push(changes);
        // The first save fails only once the second change is there.
        if (batches.length === 1) void recorder.record([forget('a')]);
        await answers[batches.length - 1]?.();
      },
    });
    await recorder.record([{ kind: 'notification', id: 'a', value: notificationOf({ id: 'a' }) }]);
    await recorder.record([]);
    expect(batches[1]).toEqual([forget('a')]);
  });

  it('saves very many a part at a time', async () => {
    const { recorder, batches } = setUp();
    await recorder.record(Array.from({ length: 1100 }, (_, at) => forget(String(at))));
    expect(batches.map(({ length }) => length)).toEqual([500, 500, 100]);
  });

  it('drops the oldest of more than it has room for', async () => {
    const { recorder, world } = setUp();
    world.isAway = true;
    await recorder.record(Array.from({ length: 50_003 }, (_, at) => forget(String(at))));
    expect(recorder.counts).toMatchObject({ waiting: 50_000, dropped: 3 });
  });
});
