import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * Who uses a folder, and what runs in it: one file for each run, under a name that no other run ever has.
 * That it has a file of its own lets anybody delete the file of a dead run without a race: nobody can have
 * put a new one in its place.
 */
export interface RunRecord {
  /** The process that started the stack. */
  readonly owner: ProcessIdentity;
  /** The process that keeps the servers; absent until it runs. */
  readonly keeper?: ProcessIdentity;
  readonly servers: readonly ProcessIdentity[];
}

/** The path for a new run's record in this folder. */
export function newRecordPath(folder: string): string {
  const runs = join(folder, 'runs');
  mkdirSync(runs, { recursive: true });
  return join(runs, `${process.pid}-${randomBytes(6).toString('hex')}.json`);
}

/** Paths of all records in this folder; none when the folder was removed meanwhile. */
export function recordPaths(folder: string): string[] {
  const runs = join(folder, 'runs');
  return namesIn(runs)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(runs, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes in one step, so that a reader sees the old record or the new one, never half of it. */
export function writeRecord(path: string, record: RunRecord): void {
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

/** Undefined when the record is gone, or is none: a full disk may leave a file without content. */
export function readRecord(path: string): RunRecord | undefined {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<RunRecord>;
    return found.owner === undefined ? undefined : { servers: [], ...found, owner: found.owner };
  } catch {
    return undefined;
  }
}

export function deleteRecord(path: string): void {
  rmSync(path, { force: true });
}
