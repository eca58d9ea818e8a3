import type { Postgres, Queryable } from '../postgres/index.ts';
import { writeJson } from './json.ts';
import { type Page, type PageRequest, readPage } from './page.ts';
import { keepTestFigures, type TestFigures } from './test-results.ts';

/**
 * Load tests from the wish to the report, for any number of runners in any number of processes.
 *
 *     queued ──▸ running ──▸ finished | failed | interrupted
 *        │          └──▸ cancelling ──▸ cancelled
 *        └──▸ cancelled
 */
export interface LoadTests {
  /** Puts one at the end of the queue, unless the same caller has used its key before, or the queue is full. */
  enqueue(wish: TestWish): Promise<EnqueueOutcome>;
  /** Gives the oldest that is queued to a runner, unless as many run already, in all processes together. */
  claim(claim: { readonly runner: string; readonly runningMax: number }): Promise<LoadTest | undefined>;
  /**
   * What a runner tells every few seconds. The answer is how the test stands: `cancelling` asks the runner to stop it,
   * and undefined says that it is the runner's no more.
   */
  advance(id: string, runner: string, progress: unknown): Promise<TestState | undefined>;
  /** Ends one, with its figures in the same transaction; undefined where it was the runner's no more. */
  finish(id: string, runner: string, end: TestEnd): Promise<LoadTest | undefined>;
  /** Cancels what is queued, asks for what is running; undefined where there is no such test. */
  cancel(id: string): Promise<LoadTest | undefined>;
  /** Ends as `interrupted` what no runner has told anything of for so long, with what was measured until then. */
  interruptSilent(silentMs: number): Promise<readonly LoadTest[]>;
  get(id: string): Promise<LoadTest | undefined>;
  /** Kept apart because it may be large; undefined where there is none. */
  report(id: string): Promise<unknown>;
  list(filter?: TestFilter): Promise<Page<LoadTest>>;
}

export type TestState =
  | 'queued'
  | 'running'
  | 'cancelling'
  | 'finished'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

export interface TestWish {
  /** At most 100 characters; longer ones are cut. */
  readonly name: string;
  /** `load`, `stress`, `spike` …; at most 50 characters. */
  readonly type: string;
  /** Whatever a runner needs to run it; at most 4 MiB of JSON. */
  readonly plan: unknown;
  readonly requestedBy: string;
  /** The same wish sent twice is one test. */
  readonly idempotencyKey?: string;
  /** A hash of the wish, to tell a repetition from another wish under the same key. */
  readonly fingerprint?: string;
  /** Default 100: further wishes are refused while as many wait. */
  readonly queuedMax?: number;
}

export type EnqueueOutcome =
  | { readonly outcome: 'queued' | 'repeated' | 'key-taken'; readonly test: LoadTest }
  | { readonly outcome: 'full'; readonly queued: number };

export interface LoadTest {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly state: TestState;
  readonly plan: unknown;
  readonly requestedBy: string;
  readonly runner: string | undefined;
  /** What the runner told last; after the end, what was measured until then. */
  readonly progress: unknown;
  /** Why it ended as it did, where that needs words. */
  readonly reason: string | undefined;
  readonly hasReport: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
}

export interface TestEnd {
  readonly state: 'finished' | 'failed' | 'cancelled' | 'interrupted';
  readonly reason?: string;
  /** At most 16 MiB of JSON. */
  readonly report?: unknown;
  readonly figures?: TestFigures;
}

export interface TestFilter extends PageRequest {
  readonly state?: TestState;
  readonly name?: string;
  readonly type?: string;
  /** By when it was wished for. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** The load tests of one database. */
export function createLoadTests(postgres: Postgres): LoadTests {
  const tests: LoadTests = {
    enqueue(wish) {
      const plan = writeJson(wish.plan, 'queue a test', planBytesMax);
      return postgres.transaction((transaction) => enqueue(transaction, wish, plan));
    },

    claim: ({ runner, runningMax }) =>
      postgres.transaction(async (transaction) => {
        await transaction.query(statements.lockQueue);
        return one(transaction, statements.claim, [runner, runningMax]);
      }),

    async advance(id, runner, progress) {
      const json = writeJson(progress, 'keep the progress of a test', planBytesMax);
      const { rows } = await postgres.query<{ state: TestState }>(statements.advance, [id, runner, json]);
      return rows[0]?.state;
    },

    finish(id, runner, { state, reason = null, report, figures }) {
      const json =
        report === undefined ? null : writeJson(report, 'keep the report of a test', reportBytesMax);
      return postgres.transaction(async (transaction) => {
        const test = await one(transaction, statements.finish, [id, runner, state, reason, json]);
        if (test !== undefined && figures !== undefined) await keepTestFigures(transaction, id, figures);
        return test;
      });
    },

    async cancel(id) {
      return (await one(postgres, statements.cancel, [id])) ?? (await tests.get(id));
    },

    async interruptSilent(silentMs) {
      const { rows } = await postgres.query<Row>(statements.interruptSilent, [silentMs]);
      return rows.map(toTest);
    },

    get: (id) => one(postgres, statements.get, [id]),

    async report(id) {
      const { rows } = await postgres.query<{ report: unknown }>(statements.report, [id]);
      return rows[0]?.report ?? undefined;
    },

    list: ({ state, name, type, fromMs, toMs, ...page } = {}) =>
      readPage(postgres, source, page, [
        ['state = ?', state],
        ['name = ?', name],
        ['type = ?', type],
        ['created_at >= to_timestamp(?::float8 / 1000)', fromMs],
        ['created_at < to_timestamp(?::float8 / 1000)', toMs],
      ]),
  };
  return tests;
}

const planBytesMax = 4 * 1024 * 1024;
const reportBytesMax = 16 * 1024 * 1024;

async function enqueue(transaction: Queryable, wish: TestWish, plan: string): Promise<EnqueueOutcome> {
  const { name, type, requestedBy, idempotencyKey = null, fingerprint = null, queuedMax = 100 } = wish;
  await transaction.query(statements.lockQueue);
  if (idempotencyKey !== null) {
    const { rows } = await transaction.query<Row>(statements.byKey, [requestedBy, idempotencyKey]);
    const same = rows[0];
    if (same !== undefined) {
      return { outcome: same.fingerprint === fingerprint ? 'repeated' : 'key-taken', test: toTest(same) };
    }
  }
  const counted = await transaction.query<{ queued: number }>(statements.countQueued);
  const queued = (counted.rows[0] as { queued: number }).queued;
  if (queued >= queuedMax) return { outcome: 'full', queued };
  const values = [name, type, plan, requestedBy, idempotencyKey, fingerprint];
  return { outcome: 'queued', test: (await one(transaction, statements.enqueue, values)) as LoadTest };
}

async function one(
  queryable: Queryable,
  statement: { readonly name: string; readonly text: string },
  values: readonly unknown[],
): Promise<LoadTest | undefined> {
  const { rows } = await queryable.query<Row>(statement, values);
  return rows.map(toTest)[0];
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly state: TestState;
  readonly plan: unknown;
  readonly requested_by: string;
  readonly fingerprint: string | null;
  readonly runner: string | null;
  readonly progress: unknown;
  readonly reason: string | null;
  readonly has_report: boolean;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

const columns = `id, name, type, state, plan, requested_by, fingerprint, runner, progress, reason,
  report IS NOT NULL AS has_report, created_at, started_at, finished_at`;

const source = { table: 'load_tests', columns, time: 'created_at', toItem: toTest } as const;

function toTest(row: Row): LoadTest {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    state: row.state,
    plan: row.plan,
    requestedBy: row.requested_by,
    runner: row.runner ?? undefined,
    progress: row.progress ?? undefined,
    reason: row.reason ?? undefined,
    hasReport: row.has_report,
    createdAtMs: row.created_at.getTime(),
    startedAtMs: row.started_at?.getTime(),
    finishedAtMs: row.finished_at?.getTime(),
  };
}

const statements = {
  /** Who counts and then adds or takes does so alone. */
  lockQueue: {
    name: 'store tests lock',
    text: `SELECT pg_advisory_xact_lock(hashtext('loadline load_tests queue'))`,
  },
  byKey: {
    name: 'store tests by key',
    text: `SELECT ${columns} FROM load_tests WHERE requested_by = $1 AND idempotency_key = $2`,
  },
  countQueued: {
    name: 'store tests count',
    text: `SELECT count(*)::int AS queued FROM load_tests WHERE state = 'queued'`,
  },
  enqueue: {
    name: 'store tests enqueue',
    text: `INSERT INTO load_tests (name, type, plan, requested_by, idempotency_key, fingerprint)
      VALUES (left($1, 100), left($2, 50), $3::jsonb, $4, $5, $6) RETURNING ${columns}`,
  },
  claim: {
    name: 'store tests claim',
    text: `UPDATE load_tests SET state = 'running', runner = $1, started_at = now(), seen_at = now()
      WHERE id = (SELECT id FROM load_tests WHERE state = 'queued' ORDER BY created_at, id LIMIT 1)
        AND (SELECT count(*) FROM load_tests WHERE state IN ('running', 'cancelling')) < $2
      RETURNING ${columns}`,
  },
  advance: {
    name: 'store tests advance',
    text: `UPDATE load_tests SET progress = $3::jsonb, seen_at = now()
      WHERE id = $1 AND runner = $2 AND state IN ('running', 'cancelling') RETURNING state`,
  },
  finish: {
    name: 'store tests finish',
    text: `UPDATE load_tests SET state = $3, reason = $4, report = $5::jsonb, finished_at = now()
      WHERE id = $1 AND runner = $2 AND state IN ('running', 'cancelling') RETURNING ${columns}`,
  },
  cancel: {
    name: 'store tests cancel',
    text: `UPDATE load_tests SET state = CASE state WHEN 'queued' THEN 'cancelled' ELSE 'cancelling' END,
        finished_at = CASE state WHEN 'queued' THEN now() END
      WHERE id = $1 AND state IN ('queued', 'running') RETURNING ${columns}`,
  },
  interruptSilent: {
    name: 'store tests interrupt',
    text: `UPDATE load_tests SET state = 'interrupted', finished_at = now(),
        reason = 'Its runner has not been heard of since ' || to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.'
      WHERE state IN ('running', 'cancelling') AND seen_at < now() - $1::float8 * interval '1 ms' RETURNING ${columns}`,
  },
  get: { name: 'store tests get', text: `SELECT ${columns} FROM load_tests WHERE id = $1` },
  report: { name: 'store tests report', text: 'SELECT report FROM load_tests WHERE id = $1' },
} as const;
