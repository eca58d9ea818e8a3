import type { LoadTests, TestWish } from 'loadline/store';
import { beforeEach, describe, expect, it } from 'vitest';

/** Where tests are kept, empty. */
export interface KeptTests {
  readonly tests: LoadTests;
  /** Lets so much time go by. */
  age(durationMs: number): Promise<void>;
}

const hourMs = 3_600_000;
const wish: TestWish = {
  name: 'peak',
  type: 'load',
  target: 'http://127.0.0.1:9',
  plan: { scenario: { a: 1 } },
  labels: { profile: 'peak' },
  requestedBy: 'ann',
};

/** What the control plane relies on, wherever tests are kept: the real store and that of the tests both do it. */
export function describeLoadTests(where: string, open: () => Promise<KeptTests>): void {
  describe(`load tests ${where}`, () => {
    let kept: KeptTests;
    let tests: LoadTests;

    beforeEach(async () => {
      kept = await open();
      tests = kept.tests;
    });

    const queue = async (change: Partial<TestWish> = {}): Promise<string> => {
      const outcome = await tests.enqueue({ ...wish, ...change });
      if (outcome.outcome !== 'queued') throw new Error(`Not queued: ${outcome.outcome}`);
      return outcome.test.id;
    };
    const run = async (runner = 'r'): Promise<string> => {
      const id = await queue();
      expect(await tests.claim({ runner, runningMax: 100 })).toMatchObject({ id });
      return id;
    };

    it('wait in order, and know their place', async () => {
      const first = await tests.enqueue(wish);
      expect(first).toMatchObject({
        outcome: 'queued',
        test: { ...shown, state: 'queued', position: 1, hasReport: false },
      });
      const second = await queue({ name: 'second' });
      expect((await tests.get(second))?.position).toBe(2);
      expect((await tests.list()).items.map(({ position }) => position)).toEqual([2, 1]);
      const claimed = await tests.claim({ runner: 'r', runningMax: 1 });
      expect(claimed).toMatchObject({ ...shown, state: 'running', runner: 'r', plan: wish.plan });
      expect(claimed?.position).toBeUndefined();
      expect(claimed?.startedAtMs).toBeGreaterThan(0);
      expect((await tests.get(second))?.position).toBe(1);
      expect(await tests.claim({ runner: 's', runningMax: 1 })).toBeUndefined();
      expect(await tests.counts()).toEqual({ queued: 1, running: 1 });
    });

    it('are refused while the queue is full', async () => {
      await queue();
      expect(await tests.enqueue({ ...wish, queuedMax: 1 })).toEqual({ outcome: 'full', queued: 1 });
    });

    it('are one for the same wish of the same caller, for as long as its key is kept', async () => {
      const repeatable = { requestedBy: 'ann', idempotencyKey: 'k', fingerprint: 'f' };
      expect(await tests.wishedBefore(repeatable)).toBeUndefined();
      const id = await queue(repeatable);
      expect(await tests.wishedBefore(repeatable)).toMatchObject({ outcome: 'repeated', test: { id } });
      expect(await tests.enqueue({ ...wish, ...repeatable })).toMatchObject({
        outcome: 'repeated',
        test: { id },
      });
      const other = { ...repeatable, fingerprint: 'g' };
      expect(await tests.wishedBefore(other)).toMatchObject({ outcome: 'key-taken', test: { id } });
      expect(await tests.enqueue({ ...wish, ...other })).toMatchObject({ outcome: 'key-taken' });
      expect(await tests.wishedBefore({ ...repeatable, requestedBy: 'eve' })).toBeUndefined();
      await kept.age(24 * hourMs);
      expect(await tests.wishedBefore(repeatable)).toBeUndefined();
      const again = await queue(other);
      expect(again).not.toBe(id);
      expect(await tests.wishedBefore(other)).toMatchObject({ outcome: 'repeated', test: { id: again } });
    });

    it('are advanced by their runner alone', async () => {
      const id = await run('r');
      expect(await tests.advance(id, 'r', { requests: 3 })).toBe('running');
      expect(await tests.advance(id, 'r')).toBe('running');
      expect(await tests.advance(id, 's', { requests: 9 })).toBeUndefined();
      expect((await tests.get(id))?.progress).toEqual({ requests: 3 });
    });

    it('end once, with their report letter by letter', async () => {
      const id = await run('r');
      await tests.advance(id, 'r', { requests: 3 });
      const report = '{"b": 1,\n "a":"\\u0000"}';
      expect(await tests.report(id)).toBeUndefined();
      expect(await tests.finish(id, 's', { state: 'failed' })).toBeUndefined();
      const end = { state: 'finished', verdict: 'passed', reason: 'one\ntwo', report } as const;
      const ended = await tests.finish(id, 'r', end);
      expect(ended).toMatchObject({
        state: 'finished',
        verdict: 'passed',
        reason: 'one\ntwo',
        hasReport: true,
      });
      expect(ended?.progress).toEqual({ requests: 3 });
      expect(await tests.report(id)).toBe(report);
      expect(await tests.finish(id, 'r', end)).toBeUndefined();
      expect(await tests.advance(id, 'r', {})).toBeUndefined();
    });

    it('are cancelled while they wait, asked to end while they run, and over afterwards', async () => {
      const waiting = await queue();
      expect(await tests.cancel(waiting)).toMatchObject({
        outcome: 'cancelled',
        test: { state: 'cancelled' },
      });
      expect((await tests.get(waiting))?.finishedAtMs).toBeGreaterThan(0);
      expect(await tests.cancel(waiting)).toMatchObject({ outcome: 'over', test: { state: 'cancelled' } });
      const running = await run('r');
      for (const _ of [1, 2])
        expect(await tests.cancel(running)).toMatchObject({
          outcome: 'asked',
          test: { state: 'cancelling' },
        });
      expect(await tests.advance(running, 'r')).toBe('cancelling');
      expect(await tests.finish(running, 'r', { state: 'cancelled' })).toMatchObject({ state: 'cancelled' });
    });

    it('are interrupted when nothing is heard of their runner, whose report is taken when it comes', async () => {
      const id = await run('r');
      await tests.advance(id, 'r', { requests: 7 });
      expect(await tests.interruptSilent(hourMs)).toEqual([]);
      await kept.age(2 * hourMs);
      const [interrupted] = await tests.interruptSilent(hourMs);
      expect(interrupted).toMatchObject({ id, state: 'interrupted', progress: { requests: 7 } });
      expect(interrupted?.reason).toContain('not been heard of since');
      expect(await tests.advance(id, 'r', {})).toBeUndefined();
      expect(await tests.finish(id, 'r', { state: 'failed' })).toBeUndefined();
      const late = await tests.finish(id, 'r', { state: 'finished', report: '{}' });
      expect(late).toMatchObject({ state: 'finished', finishedAtMs: interrupted?.finishedAtMs });
      expect(late?.reason).toBeUndefined();
      expect(await tests.finish(id, 'r', { state: 'failed', report: '{}' })).toBeUndefined();
    });

    it('are forgotten when they are old or have many newer ones, but never before they are over', async () => {
      const ids = [];
      for (let count = 0; count < 4; count++) ids.push(await run());
      for (const id of ids.slice(1)) await tests.finish(id, 'r', { state: 'finished' });
      expect(await tests.forget({ keptMax: 2, keptMs: hourMs })).toBe(1);
      const left = async (): Promise<string[]> => (await tests.list()).items.map(({ id }) => id);
      expect(await left()).toEqual([ids[3], ids[2], ids[0]]);
      await kept.age(2 * hourMs);
      expect(await tests.forget({ keptMax: 2, keptMs: hourMs })).toBe(2);
      expect(await left()).toEqual([ids[0]]);
    });

    it('are listed by what is asked for, in pages', async () => {
      const target = 'http://127.0.0.1:8';
      for (const name of ['a', 'b', 'c', 'd']) await queue({ name, ...(name > 'b' ? { target } : {}) });
      for (const verdict of ['passed', 'failed']) {
        const { id } = (await tests.claim({ runner: 'r', runningMax: 1 })) as { id: string };
        await tests.finish(id, 'r', { state: 'finished', verdict });
      }
      const names = async (filter: Parameters<LoadTests['list']>[0]): Promise<string> =>
        (await tests.list(filter)).items.map(({ name }) => name).join('');
      expect(await names({ verdict: 'passed' })).toBe('a');
      expect(await names({ state: 'finished' })).toBe('ba');
      expect(await names({ target })).toBe('dc');
      expect(await names({ target, name: 'c' })).toBe('c');
      const created = (await tests.list({ name: 'b' })).items[0]?.createdAtMs ?? 0;
      expect(await names({ toMs: created - hourMs })).toBe('');
      expect(await names({ fromMs: created + hourMs })).toBe('');
      expect(await names({ fromMs: created - hourMs, toMs: created + hourMs })).toBe('dcba');
      const first = await tests.list({ limit: 3 });
      expect(first.items.map(({ name }) => name)).toEqual(['d', 'c', 'b']);
      const rest = await tests.list({ limit: 3, after: first.next as string });
      expect(rest.items.map(({ name }) => name)).toEqual(['a']);
      expect(rest.next).toBeUndefined();
      await expect(tests.list({ after: 'nonsense' })).rejects.toMatchObject({ code: 'STORE_QUERY_INVALID' });
    });

    it.each(['nonsense', '', '00000000-0000-4000-8000-000000000000'])('are not there as %j', async (id) => {
      expect(await tests.get(id)).toBeUndefined();
      expect(await tests.report(id)).toBeUndefined();
      expect(await tests.cancel(id)).toBeUndefined();
    });
  });
}

const { plan: _, ...shown } = wish;
