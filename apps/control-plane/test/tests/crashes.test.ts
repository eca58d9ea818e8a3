import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { leaveReport } from '../fake-runner.ts';
import { type CrashPoint, killable } from '../killable.ts';
import { createMemoryStore } from '../memory-store.ts';
import { type Plane, startPlane, until } from '../plane.ts';

const order = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.01 };

/** What somebody who watched the first process knows. */
interface Known {
  /** Of the test that was acknowledged. */
  id?: string;
  /** Its process has left a whole report. */
  hasReport?: boolean;
  /** It was said to be over. */
  isOver?: boolean;
}

/** One test, from the order to its results, in a process that may be killed at any question to the store. */
async function live(plane: Plane, known: Known, isKilled: () => boolean): Promise<void> {
  const started = await plane.ask('operator', 'POST', '/performance/tests', { body: order });
  known.id = started.json.id as string;
  const run = await plane.runner.begun(0);
  run.progress({ requests: 7 });
  await plane.clock.advance(2000);
  // The run of a process that was killed meanwhile is an orphan, which leaves its report later.
  if (isKilled()) return;
  leaveReport(run.job.folder, 'passed');
  known.hasReport = true;
  await run.finish('passed');
  await until(
    () => plane.ask('viewer', 'GET', `/performance/tests/${known.id}`),
    ({ json }) => json.state === 'finished',
  );
  known.isOver = true;
  await plane.clock.advance(2000);
}

/** Lets a process that hangs at a question it was killed at come to rest; true where it was killed. */
async function untilKilled(
  clock: VirtualClock,
  life: Promise<void>,
  isKilled: () => boolean,
): Promise<boolean> {
  let isOver = false;
  void life.then(() => {
    isOver = true;
  });
  while (!isOver && !isKilled()) await clock.advance(0);
  // What it does without the store it still does: files of a report are written, say.
  for (let turn = 0; turn < 20; turn++) await clock.advance(0);
  return isKilled();
}

/** Kills one process, starts the next, and gives how it ends; undefined where the first was not killed. */
async function crash(point: CrashPoint): Promise<boolean> {
  const clock = createVirtualClock();
  const store = createMemoryStore(clock);
  const home = mkdtempSync(join(tmpdir(), 'loadline-crash-'));
  try {
    const first = killable(store, point);
    const known: Known = {};
    const isKilled = (): boolean => first.isKilled;
    const life = startPlane({ clock, home, store: first.store }).then((plane) =>
      live(plane, known, isKilled),
    );
    if (!(await untilKilled(clock, life, isKilled))) return false;
    await using next = await startPlane({ clock, home, store });
    // The process of a run that was under way notices, and leaves its report.
    const orphans = await store.tests.list({ state: 'interrupted' });
    for (const { id, hasReport } of orphans.items)
      if (!hasReport && existsSync(join(home, 'runs', id)))
        leaveReport(join(home, 'runs', id), 'interrupted');
    const rerun = async (): Promise<void> => (await next.runner.begun(0)).finish('passed');
    void rerun();
    await until(
      async () => {
        await clock.advance(2000);
        return store.tests.list();
      },
      ({ items }) => items.every(({ state }) => state === 'finished' || state === 'interrupted'),
    );
    const { items } = await store.tests.list();
    if (known.id !== undefined) expect(items.map(({ id }) => id)).toContain(known.id);
    if (known.hasReport)
      expect(items[0]).toMatchObject({ state: 'finished', verdict: 'passed', hasReport: true });
    for (const { id, hasReport } of items) if (hasReport) expect(store.tests.figures.has(id)).toBe(true);
    await clock.advance(150_000);
    await until(
      async () => (existsSync(join(home, 'runs')) ? readdirSync(join(home, 'runs')) : []),
      (folders) => folders.length === 0,
    );
    return true;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('a control plane that is killed', () => {
  it.each([true, false])(
    'at any question to the store (heard: %s) loses no test and no result, and leaves none running',
    async (isHeard) => {
      let call = 0;
      while (await crash({ call, isHeard })) call++;
      // Its start, the order, the claim, beats, the end.
      expect(call).toBeGreaterThan(12);
    },
  );
});
