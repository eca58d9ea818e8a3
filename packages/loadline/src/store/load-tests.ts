import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { writeJson } from './json.ts';
import type {
  CancelOutcome,
  ClaimedTest,
  EnqueueOutcome,
  LoadTest,
  RepeatableWish,
  TestEnd,
  TestFilter,
  TestState,
  TestWish,
  WishedBefore,
} from './load-test.ts';
import { type LoadTestRow, statements, testSource, toTest } from './load-test-rows.ts';
import { isId, type Page, readPage } from './page.ts';
import { keepTestFigures } from './test-results.ts';

/**
 * Load tests from the wish to the report, for any number of runners in any number of processes.
 *
 *     queued ──▸ running ──▸ finished | failed | interrupted
 *        │          └──▸ cancelling ──▸ cancelled
 *        └──▸ cancelled
 */
export interface LoadTests {
  /** The test that the same wish has led to before, or the other one that has its key; undefined where neither is. */
  wishedBefore(wish: RepeatableWish): Promise<WishedBefore | undefined>;
  /**
   * Puts one at the end of the queue, unless the same caller has used its key before, or the queue is full.
   *
   * @throws STORE_TOO_LARGE where the plan is above 4 MiB of JSON, or the labels above 4 KiB.
   */
  enqueue(wish: TestWish): Promise<EnqueueOutcome>;
  /** Gives the oldest that is queued to a runner, unless as many run already, in all processes together. */
  claim(claim: { readonly runner: string; readonly runningMax: number }): Promise<ClaimedTest | undefined>;
  /**
   * What a runner tells every few seconds. The answer is how the test stands: `cancelling` asks the runner to stop it,
   * and undefined says that it is the runner's no more. Without `progress`, what was told before stays.
   *
   * @throws STORE_TOO_LARGE where the progress is above 4 MiB of JSON.
   */
  advance(id: string, runner: string, progress?: unknown): Promise<TestState | undefined>;
  /**
   * Ends one, with its figures in the same transaction; undefined where it was the runner's no more. A report is also
   * taken from the runner of a test that was interrupted without one: it then ends as the runner says.
   *
   * @throws STORE_TOO_LARGE where the report is larger than it may be.
   */
  finish(id: string, runner: string, end: TestEnd): Promise<LoadTest | undefined>;
  /** Cancels what is queued, asks for what is running; undefined where there is no such test. */
  cancel(id: string): Promise<CancelOutcome | undefined>;
  /** Ends as `interrupted` what no runner has told anything of for so long, with what was measured until then. */
  interruptSilent(silentMs: number): Promise<readonly LoadTest[]>;
  /** Removes what is over and is too old, or has so many newer ones, with its report. Its figures stay. */
  forget(limits: { readonly keptMax: number; readonly keptMs: number }): Promise<number>;
  /** How many wait, and how many run, in all processes together. */
  counts(): Promise<{ readonly queued: number; readonly running: number }>;
  get(id: string): Promise<LoadTest | undefined>;
  /** As the runner gave it. Kept apart because it may be large; undefined where there is none. */
  report(id: string): Promise<string | undefined>;
  /** The newest first. @throws STORE_QUERY_INVALID where `limit` or `after` is none of ours. */
  list(filter?: TestFilter): Promise<Page<LoadTest>>;
}

/** The load tests of one database. */
export function createLoadTests(postgres: Postgres): LoadTests {
  const tests: LoadTests = {
    wishedBefore: (wish) => wishedBefore(postgres, wish),

    enqueue(wish) {
      const written = {
        plan: writeJson(wish.plan, 'queue a test', planBytesMax),
        labels: writeJson(wish.labels ?? {}, 'queue a test with its labels', labelsBytesMax),
      };
      return postgres.transaction((transaction) => enqueue(transaction, wish, written));
    },

    claim: ({ runner, runningMax }) =>
      postgres.transaction(async (transaction) => {
        await transaction.query(statements.lockQueue);
        const { rows } = await transaction.query<LoadTestRow & { readonly plan: unknown }>(statements.claim, [
          runner,
          runningMax,
        ]);
        return rows.map((row) => ({ ...toTest(row), plan: row.plan }))[0];
      }),

    async advance(id, runner, progress) {
      const json =
        progress === undefined ? null : writeJson(progress, 'keep the progress of a test', planBytesMax);
      const values = [id, runner, json];
      const { rows } = await postgres.query<{ state: TestState }>(statements.advance, values);
      return rows[0]?.state;
    },

    finish(id, runner, { state, reason = null, verdict = null, report = null, figures }) {
      if (report !== null) assertReportFits(report);
      const values = [id, runner, state, reason, verdict, report];
      return postgres.transaction(async (transaction) => {
        const test = await one(transaction, statements.finish, values);
        if (test !== undefined && figures !== undefined) await keepTestFigures(transaction, id, figures);
        return test;
      });
    },

    async cancel(id) {
      if (!isId(id)) return undefined;
      const changed = await one(postgres, statements.cancel, [id]);
      if (changed !== undefined)
        return { outcome: changed.state === 'cancelled' ? 'cancelled' : 'asked', test: changed };
      const test = await tests.get(id);
      return test && { outcome: 'over', test };
    },

    async interruptSilent(silentMs) {
      const { rows } = await postgres.query<LoadTestRow>(statements.interruptSilent, [silentMs]);
      return rows.map(toTest);
    },

    async forget({ keptMax, keptMs }) {
      const { rowCount } = await postgres.query(statements.forget, [keptMax, keptMs]);
      return rowCount ?? 0;
    },

    async counts() {
      const { rows } = await postgres.query<{ queued: number; running: number }>(statements.counts);
      return rows[0] as { queued: number; running: number };
    },

    get: async (id) => (isId(id) ? one(postgres, statements.get, [id]) : undefined),

    async report(id) {
      if (!isId(id)) return undefined;
      const { rows } = await postgres.query<{ report: string | null }>(statements.report, [id]);
      return rows[0]?.report ?? undefined;
    },

    list: ({ state, name, type, target, verdict, fromMs, toMs, ...page } = {}) =>
      readPage(postgres, testSource, page, [
        ['state = ?', state],
        ['name = ?', name],
        ['type = ?', type],
        ['target = ?', target],
        ['verdict = ?', verdict],
        ['created_at >= to_timestamp(?::float8 / 1000)', fromMs],
        ['created_at < to_timestamp(?::float8 / 1000)', toMs],
      ]),
  };
  return tests;
}

const planBytesMax = 4 * 1024 * 1024;
const labelsBytesMax = 4 * 1024;
const reportBytesMax = 16 * 1024 * 1024;
const dayMs = 24 * 3_600_000;

async function wishedBefore(
  queryable: Queryable,
  { requestedBy, idempotencyKey, fingerprint, keyKeptMs = dayMs }: RepeatableWish,
): Promise<WishedBefore | undefined> {
  const values = [requestedBy, idempotencyKey, keyKeptMs];
  const { rows } = await queryable.query<LoadTestRow & { readonly fingerprint: string }>(
    statements.byKey,
    values,
  );
  const same = rows[0];
  if (same === undefined) return undefined;
  return { outcome: same.fingerprint === fingerprint ? 'repeated' : 'key-taken', test: toTest(same) };
}

async function enqueue(
  transaction: Queryable,
  wish: TestWish,
  { plan, labels }: { readonly plan: string; readonly labels: string },
): Promise<EnqueueOutcome> {
  const { name, type, target = null, requestedBy, queuedMax = 100 } = wish;
  const { idempotencyKey = null, fingerprint = null, keyKeptMs = dayMs } = wish;
  await transaction.query(statements.lockQueue);
  if (idempotencyKey !== null) {
    const repeatable = { requestedBy, idempotencyKey, fingerprint: fingerprint ?? '', keyKeptMs };
    const before = await wishedBefore(transaction, repeatable);
    if (before !== undefined) return before;
    await transaction.query(statements.freeKey, [requestedBy, idempotencyKey]);
  }
  const counted = await transaction.query<{ queued: number }>(statements.counts);
  const { queued } = counted.rows[0] as { queued: number };
  if (queued >= queuedMax) return { outcome: 'full', queued };
  const values = [name, type, target, plan, labels, requestedBy, idempotencyKey, fingerprint ?? ''];
  const test = (await one(transaction, statements.enqueue, values)) as LoadTest;
  // The statement that adds it does not see it.
  return { outcome: 'queued', test: { ...test, position: queued + 1 } };
}

function assertReportFits(report: string): void {
  const bytes = Buffer.byteLength(report);
  if (bytes <= reportBytesMax) return;
  throw storeError(
    'STORE_TOO_LARGE',
    `Cannot keep the report of a test: it has ${bytes} bytes, and ${reportBytesMax} are kept.`,
    { facts: { bytes, bytesMax: reportBytesMax } },
  );
}

async function one(
  queryable: Queryable,
  statement: { readonly name: string; readonly text: string },
  values: readonly unknown[],
): Promise<LoadTest | undefined> {
  const { rows } = await queryable.query<LoadTestRow>(statement, values);
  return rows.map(toTest)[0];
}
