import { type Clock, ended, isLoadlineError, type Parsed } from '../../base/index.ts';
import { migrate, type Postgres } from '../../postgres/index.ts';
import { scalingError } from '../errors.ts';
import { tellProblems } from '../flags/file-flags.ts';
import type { Flag, FlagSet } from '../flags/flag.ts';
import type { FlagSource } from '../flags/flag-source.ts';
import { type FlagLook, KeptFlags } from '../flags/kept-flags.ts';
import { flagsMax, parseFlag } from '../flags/parse-flags.ts';
import { flagMigrations, flagMigrationTable } from './migrations.ts';

/** Which database, and how often it is asked. */
export interface PostgresFlagsOptions {
  readonly clock: Clock;
  /** Belongs to whoever made it. */
  readonly postgres: Postgres;
  /** How often the table is read, which a change may take to be seen elsewhere. Default 2,000. */
  readonly everyMs?: number;
}

/** Flags of a database, and how they are changed. */
export interface PostgresFlags extends FlagSource {
  /**
   * Sets a flag; it holds here at once. There may be 5,000.
   *
   * @param definition as it would stand under its name in a file.
   * @throws LoadlineError SCALING_FLAGS_INVALID, SCALING_FLAG_CONFLICT, POSTGRES_….
   */
  put(name: string, definition: unknown, change: FlagAuthor): Promise<FlagRow>;
  /** Whether there was one to remove. @throws LoadlineError POSTGRES_…. */
  remove(name: string): Promise<boolean>;
  /** As they are written, the first 5,000 by their names; `status` says where there are more. @throws LoadlineError POSTGRES_…. */
  rows(): Promise<readonly FlagRow[]>;
}

/** Who changes a flag, and which version of it that is to replace. */
export interface FlagAuthor {
  readonly by: string;
  /** Only where this is the version that is there, 0 for none; absent: whatever is there. */
  readonly replaces?: number;
}

/** A flag as it stands in the table. */
export interface FlagRow {
  readonly name: string;
  /** As it would stand under its name in a file. */
  readonly definition: unknown;
  /** From 1, one more with each change. */
  readonly version: number;
  readonly updatedBy: string;
  readonly updatedAtMs: number;
}

/**
 * Flags of a table of their own, which is made where it is missing. Never throws because the database is away: then
 * what was read last holds on, and where nothing was read yet there are no flags, until it is back.
 */
export async function openPostgresFlags(options: PostgresFlagsOptions): Promise<PostgresFlags> {
  const { clock, postgres, everyMs = 2000 } = options;
  let isMigrated = false;

  async function ready(): Promise<void> {
    if (!isMigrated)
      await migrate(postgres, flagMigrations, { clock, table: flagMigrationTable, patienceMs: 0 });
    isMigrated = true;
  }

  const kept = new KeptFlags({
    name: 'PostgreSQL',
    clock,
    everyMs,
    async look(before): Promise<FlagLook> {
      try {
        await ready();
        const { rows } = await postgres.query<Row>(statements.list, [flagsMax + 1]);
        return readRows(rows, before);
      } catch (error) {
        if (!isLoadlineError(error)) throw error;
        return { kind: 'unreadable', because: error.message };
      }
    },
  });
  await kept.look();
  return Object.assign(kept, {
    async put(name: string, definition: unknown, { by, replaces }: FlagAuthor): Promise<FlagRow> {
      checkFlag(name, parseFlag(name, definition));
      await ready();
      await assertRoom(postgres, name);
      const values = [name, JSON.stringify(definition), by, replaces ?? null];
      const { rows } = await postgres.query<Row>(replaces === 0 ? statements.add : statements.put, values);
      const [row] = rows;
      if (row === undefined) throw conflict(name, replaces);
      await kept.look();
      return toFlagRow(row);
    },
    async remove(name: string): Promise<boolean> {
      await ready();
      const { rowCount } = await postgres.query(statements.remove, [name]);
      await kept.look();
      return rowCount === 1;
    },
    async rows(): Promise<readonly FlagRow[]> {
      await ready();
      const { rows } = await postgres.query<Row>(statements.list, [flagsMax]);
      return rows.map(toFlagRow);
    },
  });
}

interface Row {
  readonly name: string;
  readonly definition: unknown;
  readonly version: number;
  readonly updated_by: string;
  readonly updated_at: Date;
}

function toFlagRow({ name, definition, version, updated_by, updated_at }: Row): FlagRow {
  return { name, definition, version, updatedBy: updated_by, updatedAtMs: updated_at.getTime() };
}

/** A row that somebody has written wrongly by hand keeps nobody else's from holding; its flag stays as it was. */
function readRows(rows: readonly Row[], before: FlagSet): FlagLook {
  const flags = new Map<string, Flag>();
  const wrong: string[] = [];
  for (const { name, definition } of rows.slice(0, flagsMax)) {
    const parsed = parseFlag(name, definition);
    const flag = parsed.ok ? parsed.value : before.get(name);
    if (flag !== undefined) flags.set(name, flag);
    if (!parsed.ok) wrong.push(`${name}: ${tellProblems(parsed.problems)}`);
  }
  const because = [...tooMany(rows), ...wrong.slice(0, wrongMax)];
  return { kind: 'read', flags, ...(because.length === 0 ? {} : { because: because.join('; ') }) };
}

const wrongMax = 20;

/** More come only by hand, or where two set their last ones at a time. */
function tooMany(rows: readonly Row[]): readonly string[] {
  if (rows.length <= flagsMax) return [];
  const last = rows[flagsMax - 1]?.name;
  return [
    `there are more than ${flagsMax} flags: those after ${last} by their names do not hold. Remove what nobody needs`,
  ];
}

async function assertRoom(postgres: Postgres, name: string): Promise<void> {
  const { rows } = await postgres.query<{ readonly flags: number; readonly own: number }>(statements.count, [
    name,
  ]);
  const { flags = 0, own = 0 } = rows[0] ?? {};
  if (own > 0 || flags < flagsMax) return;
  throw scalingError(
    'SCALING_FLAGS_INVALID',
    `Cannot set the flag ${name}: there are ${flags} already, the most that are read. Remove one first.`,
    { facts: { name, flags, flagsMax } },
  );
}

function checkFlag(name: string, parsed: Parsed<Flag>): void {
  if (parsed.ok) return;
  const { problems } = parsed;
  throw scalingError(
    'SCALING_FLAGS_INVALID',
    ended(`Cannot set the flag ${name}: ${tellProblems(problems)}`),
    {
      facts: { name, problems },
    },
  );
}

function conflict(name: string, replaces: number | undefined): Error {
  return scalingError(
    'SCALING_FLAG_CONFLICT',
    `Cannot replace version ${replaces} of the flag ${name}: another one is there. Read it and change that.`,
    { facts: { name, replaces } },
  );
}

const returned = 'name, definition, version, updated_by, updated_at';

const statements = {
  list: { name: 'flags list', text: `SELECT ${returned} FROM feature_flags ORDER BY name LIMIT $1` },
  count: {
    name: 'flags count',
    text: `SELECT count(*)::int AS flags, (count(*) FILTER (WHERE name = $1))::int AS own FROM feature_flags`,
  },
  put: {
    name: 'flags put',
    text: `INSERT INTO feature_flags AS f (name, definition, updated_by)
      SELECT $1, $2::jsonb, $3 WHERE $4::int IS NULL OR EXISTS (SELECT FROM feature_flags WHERE name = $1)
      ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, version = f.version + 1,
        updated_by = excluded.updated_by, updated_at = now()
      WHERE $4::int IS NULL OR f.version = $4 RETURNING ${returned}`,
  },
  add: {
    name: 'flags add',
    text: `INSERT INTO feature_flags (name, definition, updated_by) SELECT $1, $2::jsonb, $3 WHERE $4::int = 0
      ON CONFLICT DO NOTHING RETURNING ${returned}`,
  },
  remove: { name: 'flags remove', text: 'DELETE FROM feature_flags WHERE name = $1' },
} as const;
