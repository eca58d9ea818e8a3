import type { Clock } from 'loadline/base';
import {
  type ClaimedTest,
  type LoadTest,
  type LoadTests,
  type RepeatableWish,
  storeError,
  type TestFigures,
  type TestFilter,
  type TestState,
  type TestWish,
  type WishedBefore,
} from 'loadline/store';
import { createIds } from '../src/memory/index.ts';

/** Load tests within this process, so that routes are tested in virtual time. The contract holds it to the real one. */
export interface MemoryLoadTests extends LoadTests {
  /** What was kept of the tests that have ended. */
  readonly figures: ReadonlyMap<string, TestFigures>;
}

interface Row extends Omit<ClaimedTest, 'position' | 'hasReport'> {
  readonly report: string | undefined;
  readonly seenAtMs: number;
  readonly key: string | undefined;
  readonly fingerprint: string;
}

const dayMs = 24 * 3_600_000;
const openStates: readonly TestState[] = ['queued', 'running', 'cancelling'];

export function createMemoryLoadTests(clock: Clock): MemoryLoadTests {
  const nextId = createIds(clock);
  const rows = new Map<string, Row>();
  const figures = new Map<string, TestFigures>();
  /** In the order in which they were wished for. */
  const inState = (...states: readonly TestState[]): readonly Row[] =>
    [...rows.values()].filter(({ state }) => states.includes(state));

  const view = ({ plan: _plan, report, seenAtMs: _seen, key: _key, fingerprint: _print, ...row }: Row) => {
    const place = inState('queued').findIndex(({ id }) => id === row.id);
    const position = place < 0 ? undefined : place + 1;
    return { ...row, position, hasReport: report !== undefined };
  };
  const change = (row: Row, changes: Partial<Row>): LoadTest => {
    const changed = { ...row, ...changes };
    rows.set(row.id, changed);
    return view(changed);
  };
  const told = (progress: unknown): Partial<Row> =>
    progress === undefined ? {} : { progress: copy(progress) };
  const before = (wish: Partial<RepeatableWish>): WishedBefore | undefined => {
    const { requestedBy, idempotencyKey, fingerprint, keyKeptMs = dayMs } = wish;
    const found = [...rows.values()].find(
      (row) =>
        idempotencyKey !== undefined &&
        row.key === idempotencyKey &&
        row.requestedBy === requestedBy &&
        row.createdAtMs > clock.now() - keyKeptMs,
    );
    if (found === undefined) return undefined;
    return { outcome: found.fingerprint === fingerprint ? 'repeated' : 'key-taken', test: view(found) };
  };

  return {
    figures,
    wishedBefore: async (wish) => before(wish),
    async enqueue(wish) {
      const known = before(wish);
      if (known !== undefined) return known;
      const queued = inState('queued').length;
      if (queued >= (wish.queuedMax ?? 100)) return { outcome: 'full', queued };
      for (const row of rows.values())
        if (row.key === wish.idempotencyKey && row.requestedBy === wish.requestedBy)
          change(row, { key: undefined });
      const row = rowOf(wish, nextId(), clock.now());
      rows.set(row.id, row);
      return { outcome: 'queued', test: view(row) };
    },
    async claim({ runner, runningMax }) {
      const [first] = inState('queued');
      if (first === undefined || inState('running', 'cancelling').length >= runningMax) return undefined;
      const nowMs = clock.now();
      const test = change(first, { state: 'running', runner, startedAtMs: nowMs, seenAtMs: nowMs });
      return { ...test, plan: first.plan };
    },
    async advance(id, runner, progress) {
      const row = rows.get(id);
      if (row?.runner !== runner || !isRunning(row)) return undefined;
      return change(row, { ...told(progress), seenAtMs: clock.now() }).state;
    },
    async finish(id, runner, { state, reason, verdict, report, figures: ended }) {
      const row = rows.get(id);
      if (row?.runner !== runner) return undefined;
      const isLate = row.state === 'interrupted' && row.report === undefined && report !== undefined;
      if (!isRunning(row) && !isLate) return undefined;
      if (ended !== undefined) figures.set(id, ended);
      const finishedAtMs = row.finishedAtMs ?? clock.now();
      return change(row, { state, reason, verdict, report, finishedAtMs });
    },
    async cancel(id) {
      const row = rows.get(id);
      if (row === undefined) return undefined;
      if (!openStates.includes(row.state)) return { outcome: 'over', test: view(row) };
      if (row.state !== 'queued') return { outcome: 'asked', test: change(row, { state: 'cancelling' }) };
      return { outcome: 'cancelled', test: change(row, { state: 'cancelled', finishedAtMs: clock.now() }) };
    },
    async interruptSilent(silentMs) {
      const nowMs = clock.now();
      return inState('running', 'cancelling')
        .filter(({ seenAtMs }) => seenAtMs < nowMs - silentMs)
        .map((row) => {
          const reason = `Its runner has not been heard of since ${new Date(row.seenAtMs).toISOString()}.`;
          return change(row, { state: 'interrupted', reason, finishedAtMs: nowMs });
        });
    },
    async forget({ keptMax, keptMs }) {
      const old = [...rows.values()]
        .toReversed()
        .filter(({ createdAtMs }, place) => place >= keptMax || createdAtMs < clock.now() - keptMs)
        .filter(({ state }) => !openStates.includes(state));
      for (const { id } of old) rows.delete(id);
      return old.length;
    },
    counts: async () => ({
      queued: inState('queued').length,
      running: inState('running', 'cancelling').length,
    }),
    get: async (id) => {
      const row = rows.get(id);
      return row && view(row);
    },
    report: async (id) => rows.get(id)?.report,
    async list({ limit = 50, after, ...filter } = {}) {
      if (after !== undefined && !/^[0-9a-f-]{36}$/.test(after))
        throw storeError(
          'STORE_QUERY_INVALID',
          'Cannot read a page: `after` is not the `next` of a page before.',
        );
      const found = [...rows.values()]
        .toReversed()
        .filter((row) => (after === undefined || row.id < after) && fits(row, filter));
      return {
        items: found.slice(0, limit).map(view),
        next: found.length > limit ? found[limit - 1]?.id : undefined,
      };
    },
  };
}

function rowOf(wish: TestWish, id: string, nowMs: number): Row {
  return {
    id,
    name: wish.name.slice(0, 100),
    type: wish.type.slice(0, 50),
    target: wish.target?.slice(0, 2000),
    state: 'queued',
    labels: copy(wish.labels ?? {}),
    plan: copy(wish.plan),
    requestedBy: wish.requestedBy,
    key: wish.idempotencyKey,
    fingerprint: wish.fingerprint ?? '',
    runner: undefined,
    progress: undefined,
    verdict: undefined,
    reason: undefined,
    report: undefined,
    createdAtMs: nowMs,
    startedAtMs: undefined,
    seenAtMs: nowMs,
    finishedAtMs: undefined,
  };
}

/** As it comes back from a database. */
function copy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function isRunning({ state }: Row): boolean {
  return state === 'running' || state === 'cancelling';
}

function fits(row: Row, { fromMs = 0, toMs = Number.POSITIVE_INFINITY, ...same }: TestFilter): boolean {
  const wanted = Object.entries(same) as [keyof Row, unknown][];
  return (
    row.createdAtMs >= fromMs &&
    row.createdAtMs < toMs &&
    wanted.every(([key, value]) => value === undefined || row[key] === value)
  );
}
