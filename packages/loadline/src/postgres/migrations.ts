import { createHash } from 'node:crypto';
import { type Clock, isLoadlineError, type LoadlineError, sleep } from '../base/index.ts';
import type { Queryable } from './connection.ts';
import { postgresError } from './errors.ts';
import type { Postgres } from './postgres.ts';

/** One step of a schema. Once it has been applied anywhere, its text never changes: a further step does. */
export interface Migration {
  /** Unique in its list: `0001 samples`. */
  readonly name: string;
  /** One or more statements, which run in one transaction. */
  readonly sql: string;
}

/** How long steps may take and wait, and where it is noted that they were taken. */
export interface MigrateOptions {
  readonly clock: Clock;
  /** Where it is recorded what was applied; a list of its own has a table of its own. Default `loadline_migrations`. */
  readonly table?: string;
  /** For each lock that a step waits for, so that traffic behind it does not pile up. Default 1,000. */
  readonly lockTimeoutMs?: number;
  /** For each step. Default 60,000. */
  readonly statementTimeoutMs?: number;
  /** How long locks, and other instances that migrate too, are waited for in all. Default 60,000. */
  readonly patienceMs?: number;
  /** Ends it before the next step or try, with the signal's reason; steps that were applied stay. */
  readonly signal?: AbortSignal;
}

/** Which steps were applied now, by this instance. */
export interface MigrationOutcome {
  readonly applied: readonly string[];
}

/**
 * Applies what is missing of a list of steps, in its order, each in a transaction of its own together with its
 * record. Any number of instances may do this at once: an advisory lock lets one go on, and who is killed in the
 * middle has changed nothing. Waiting for a lock gives up soon and comes again, since whoever waits for a strong lock
 * makes everybody else wait behind it.
 *
 * @throws LoadlineError POSTGRES_MIGRATION_CHANGED where a step is no more what was applied,
 *   POSTGRES_MIGRATION_UNKNOWN where the database has steps that this list has not, and whatever a step throws.
 */
export async function migrate(
  postgres: Postgres,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<MigrationOutcome> {
  const { clock, patienceMs = 60_000, signal } = options;
  const deadlineMs = clock.monotonicMs() + patienceMs;
  const steps = migrations.map(({ name, sql }) => ({ name, sql, checksum: checksumOf(sql) }));
  const applied: string[] = [];
  for (;;) {
    signal?.throwIfAborted();
    try {
      const name = await applyNext(postgres, steps, options);
      if (name === undefined) return { applied };
      applied.push(name);
    } catch (error) {
      const isBusy =
        isLoadlineError(error, 'POSTGRES_LOCK_TIMEOUT') || isLoadlineError(error, 'POSTGRES_CONFLICT');
      if (!isBusy || clock.monotonicMs() >= deadlineMs) throw error;
      await sleep(clock, pauseMs, signal);
    }
  }
}

/** Between two tries for a lock: long enough for what waited behind us. */
const pauseMs = 200;

interface Step extends Migration {
  readonly checksum: string;
}

/** The name of the step that was applied, or undefined where none was missing. */
function applyNext(
  postgres: Postgres,
  steps: readonly Step[],
  { table = 'loadline_migrations', lockTimeoutMs = 1000, statementTimeoutMs = 60_000 }: MigrateOptions,
): Promise<string | undefined> {
  return postgres.transaction(
    async (transaction) => {
      await transaction.query({ text: `SET LOCAL lock_timeout = ${Math.ceil(lockTimeoutMs)}` });
      await transaction.query({ text: 'SELECT pg_advisory_xact_lock(hashtext($1))' }, [`loadline ${table}`]);
      const quoted = quoteName(table);
      await transaction.query({
        text: `CREATE TABLE IF NOT EXISTS ${quoted} (position int PRIMARY KEY, name text NOT NULL UNIQUE,
          checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
      });
      const next = await missingStep(transaction, steps, quoted);
      if (next === undefined) return undefined;
      await transaction.query({ text: next.step.sql });
      const record = `INSERT INTO ${quoted} (position, name, checksum) VALUES ($1, $2, $3)`;
      await transaction.query({ text: record }, [next.position, next.step.name, next.step.checksum]);
      return next.step.name;
    },
    { statementTimeoutMs },
  );
}

interface Recorded {
  readonly name: string;
  readonly checksum: string;
}

async function missingStep(
  transaction: Queryable,
  steps: readonly Step[],
  quoted: string,
): Promise<{ readonly step: Step; readonly position: number } | undefined> {
  const text = `SELECT name, checksum FROM ${quoted} ORDER BY position`;
  const { rows } = await transaction.query<Recorded>({ text });
  const refusal = compare(steps, rows);
  if (refusal !== undefined) throw refusal;
  const step = steps[rows.length];
  return step === undefined ? undefined : { step, position: rows.length };
}

/** What is recorded must be the beginning of the list, word for word. Pure. */
function compare(steps: readonly Step[], recorded: readonly Recorded[]): LoadlineError | undefined {
  const known = new Set(steps.map(({ name }) => name));
  const unknown = recorded.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    return postgresError(
      'POSTGRES_MIGRATION_UNKNOWN',
      `Cannot migrate: the database has steps that this program does not know (${unknown.join(', ')}). A newer version has written them; run that one, or restore the database from before.`,
      { facts: { unknown } },
    );
  }
  const at = recorded.findIndex(({ name, checksum }, position) => {
    const step = steps[position] as Step;
    return step.name !== name || step.checksum !== checksum;
  });
  if (at === -1) return undefined;
  const { name } = recorded[at] as Recorded;
  const found = (steps[at] as Step).name === name ? 'its text' : 'its place in the list';
  return postgresError(
    'POSTGRES_MIGRATION_CHANGED',
    `Cannot migrate: ${found} has changed since the step "${name}" was applied. Put it back as it was, and say what is new in a further step.`,
    { facts: { name, position: at } },
  );
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** `table` or `schema.table`, safe to stand in a statement. */
export function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
