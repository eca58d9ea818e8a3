import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Field, formatPath, parse } from '../../base/index.ts';
import { scalingError } from '../errors.ts';
import type { ProcessMark } from './running-process.ts';

/** What a driver writes down of its processes, for the one after it. */
export interface FleetRecord {
  /** How many instances were ever made: names are not given twice. */
  readonly made: number;
  readonly groups: ReadonlyMap<string, GroupRecord>;
}

export interface GroupRecord {
  readonly wanted: number;
  readonly instances: readonly InstanceRecord[];
  /** A rolling restart that goes on. */
  readonly restart?: RestartRecord | undefined;
}

export interface RestartRecord {
  readonly startedAtMs: number;
  /** Everybody who was there when it began. */
  readonly old: readonly string[];
}

export interface InstanceRecord {
  readonly id: string;
  readonly restarts: number;
  /** Undefined while none runs. */
  readonly running: RunningRecord | undefined;
}

export interface RunningRecord extends ProcessMark {
  readonly port: number;
}

const nothing: FleetRecord = { made: 0, groups: new Map() };

/**
 * Reads what the driver before has written down.
 *
 * @throws LoadlineError SCALING_RECORD_UNREADABLE: without it, processes that run would be forgotten.
 */
export function readFleetRecord(folder: string): FleetRecord {
  const path = fileIn(folder);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw unreadable(path, (error as Error).message);
  }
  const parsed = parse(found, readFleet);
  if (parsed.ok) return parsed.value;
  throw unreadable(
    path,
    parsed.problems.map((problem) => `${formatPath(problem.path)} ${problem.message}`).join('; '),
  );
}

/** Writes it so that whoever reads finds the old one or the new one, whole. */
export function writeFleetRecord(folder: string, { made, groups }: FleetRecord): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = fileIn(folder);
  writeFileSync(`${path}.draft`, JSON.stringify({ made, groups: Object.fromEntries(groups) }), {
    mode: 0o600,
  });
  renameSync(`${path}.draft`, path);
}

function fileIn(folder: string): string {
  return join(folder, 'instances.json');
}

function readFleet(root: Field): FleetRecord {
  return { made: wholeOf(root.at('made')), groups: root.at('groups').record(readGroup) };
}

function readGroup(field: Field): GroupRecord {
  const restart = field.at('restart');
  return {
    wanted: wholeOf(field.at('wanted')),
    instances: field.at('instances').array(readInstance),
    restart: restart.value === undefined ? undefined : readRestart(restart),
  };
}

function readRestart(field: Field): RestartRecord {
  return {
    startedAtMs: wholeOf(field.at('startedAtMs')),
    old: field.at('old').array((id) => id.string()),
  };
}

function readInstance(field: Field): InstanceRecord {
  const running = field.at('running');
  return {
    id: field.at('id').string(),
    restarts: wholeOf(field.at('restarts')),
    running: running.value === undefined ? undefined : readRunning(running),
  };
}

function readRunning(field: Field): RunningRecord {
  return {
    // 1 is the system's own, and 0 would be our whole group.
    pid: field.at('pid').number({ atLeast: 2, whole: true }),
    startMark: field.at('startMark').string(),
    port: field.at('port').number({ atLeast: 1, atMost: 65_535, whole: true }),
  };
}

function wholeOf(field: Field): number {
  return field.number({ atLeast: 0, whole: true });
}

function unreadable(path: string, why: string): Error {
  return scalingError(
    'SCALING_RECORD_UNREADABLE',
    `Cannot find the instances that run already: ${path} cannot be read (${why}). Stop them by hand and remove the file.`,
    { facts: { path } },
  );
}
