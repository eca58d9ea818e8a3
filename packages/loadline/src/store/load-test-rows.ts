import type { LoadTest, TestState } from './load-test.ts';
import type { PageSource } from './page.ts';

/** A row of `load_tests` without what may be large. */
export interface LoadTestRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly target: string | null;
  readonly state: TestState;
  readonly labels: Readonly<Record<string, string>>;
  readonly requested_by: string;
  readonly runner: string | null;
  readonly position: number | null;
  readonly progress: unknown;
  readonly verdict: string | null;
  readonly reason: string | null;
  readonly has_report: boolean;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

const position = `CASE state WHEN 'queued' THEN (SELECT count(*)::int FROM load_tests q
    WHERE q.state = 'queued' AND (q.created_at, q.id) <= (load_tests.created_at, load_tests.id)) END`;

const columns = `id, name, type, target, state, labels, requested_by, runner, ${position} AS position, progress, verdict,
  reason, report IS NOT NULL AS has_report, created_at, started_at, finished_at`;

/** Pages of tests. */
export const testSource: PageSource<LoadTestRow, LoadTest> = {
  table: 'load_tests',
  columns,
  time: 'created_at',
  toItem: toTest,
};

export function toTest(row: LoadTestRow): LoadTest {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    target: row.target ?? undefined,
    state: row.state,
    labels: row.labels,
    requestedBy: row.requested_by,
    runner: row.runner ?? undefined,
    position: row.position ?? undefined,
    progress: row.progress ?? undefined,
    verdict: row.verdict ?? undefined,
    reason: row.reason ?? undefined,
    hasReport: row.has_report,
    createdAtMs: row.created_at.getTime(),
    startedAtMs: row.started_at?.getTime(),
    finishedAtMs: row.finished_at?.getTime(),
  };
}

interface Statement {
  readonly name: string;
  readonly text: string;
}

const ms = "* interval '1 ms'";

export const statements: Readonly<Record<StatementName, Statement>> = {
  /** Who counts and then adds or takes does so alone. */
  lockQueue: {
    name: 'store tests lock',
    text: `SELECT pg_advisory_xact_lock(hashtext('loadline load_tests queue'))`,
  },
  byKey: {
    name: 'store tests by key',
    text: `SELECT ${columns}, fingerprint FROM load_tests
      WHERE requested_by = $1 AND idempotency_key = $2 AND created_at > now() - $3::float8 ${ms}`,
  },
  /** Of a wish that is too old to be repeated: the key is there for another. */
  freeKey: {
    name: 'store tests free key',
    text: 'UPDATE load_tests SET idempotency_key = NULL WHERE requested_by = $1 AND idempotency_key = $2',
  },
  counts: {
    name: 'store tests count',
    text: `SELECT count(*) FILTER (WHERE state = 'queued')::int AS queued,
        count(*) FILTER (WHERE state <> 'queued')::int AS running
      FROM load_tests WHERE state IN ('queued', 'running', 'cancelling')`,
  },
  enqueue: {
    name: 'store tests enqueue',
    text: `INSERT INTO load_tests (name, type, target, plan, labels, requested_by, idempotency_key, fingerprint)
      VALUES (left($1, 100), left($2, 50), left($3, 2000), $4::jsonb, $5::jsonb, $6, $7, $8) RETURNING ${columns}`,
  },
  claim: {
    name: 'store tests claim',
    text: `UPDATE load_tests SET state = 'running', runner = $1, started_at = now(), seen_at = now()
      WHERE id = (SELECT id FROM load_tests WHERE state = 'queued' ORDER BY created_at, id LIMIT 1)
        AND (SELECT count(*) FROM load_tests WHERE state IN ('running', 'cancelling')) < $2
      RETURNING ${columns}, plan`,
  },
  advance: {
    name: 'store tests advance',
    text: `UPDATE load_tests SET progress = coalesce($3::jsonb, progress), seen_at = now()
      WHERE id = $1 AND runner = $2 AND state IN ('running', 'cancelling') RETURNING state`,
  },
  finish: {
    name: 'store tests finish',
    text: `UPDATE load_tests SET state = $3, reason = $4, verdict = left($5, 20), report = $6::json,
        finished_at = coalesce(finished_at, now())
      WHERE id = $1 AND runner = $2
        AND (state IN ('running', 'cancelling') OR state = 'interrupted' AND report IS NULL AND $6::json IS NOT NULL)
      RETURNING ${columns}`,
  },
  cancel: {
    name: 'store tests cancel',
    text: `UPDATE load_tests SET state = CASE state WHEN 'queued' THEN 'cancelled' ELSE 'cancelling' END,
        finished_at = CASE state WHEN 'queued' THEN now() END
      WHERE id = $1 AND state IN ('queued', 'running', 'cancelling') RETURNING ${columns}`,
  },
  interruptSilent: {
    name: 'store tests interrupt',
    text: `UPDATE load_tests SET state = 'interrupted', finished_at = now(),
        reason = 'Its runner has not been heard of since ' || to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.'
      WHERE state IN ('running', 'cancelling') AND seen_at < now() - $1::float8 ${ms} RETURNING ${columns}`,
  },
  forget: {
    name: 'store tests forget',
    text: `DELETE FROM load_tests USING (
        SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM load_tests) placed
      WHERE load_tests.id = placed.id AND state NOT IN ('queued', 'running', 'cancelling')
        AND (place > $1 OR created_at < now() - $2::float8 ${ms})`,
  },
  get: { name: 'store tests get', text: `SELECT ${columns} FROM load_tests WHERE id = $1` },
  report: { name: 'store tests report', text: 'SELECT report::text AS report FROM load_tests WHERE id = $1' },
};

type StatementName =
  | 'lockQueue'
  | 'byKey'
  | 'freeKey'
  | 'counts'
  | 'enqueue'
  | 'claim'
  | 'advance'
  | 'finish'
  | 'cancel'
  | 'interruptSilent'
  | 'forget'
  | 'get'
  | 'report';
