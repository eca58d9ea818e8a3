import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep, systemClock } from 'loadline/base';
import { localStackError } from './errors.ts';
import { keeperLimitMs } from './keeper-protocol.ts';
import { unusable } from './place.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';
import {
  deleteRecord,
  newRecordPath,
  type RunRecord,
  readRecord,
  recordPaths,
  writeRecord,
} from './run-record.ts';

/**
 * Makes a folder this run's own, and returns the path of the record that says so.
 *
 * Each run first writes its own record and only then looks for others: of two runs, at least one sees the
 * other. That both do and step back is possible, so they try again after an unequal wait. What a killed
 * run left is ended on the way.
 *
 * @throws LOCAL_STACK_FOLDER_IN_USE, LOCAL_STACK_FOLDER_UNUSABLE.
 */
export async function claimFolder(folder: string, signal?: AbortSignal): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const path = writeOwnRecord(folder);
    try {
      const others = otherRecords(folder, path);
      const rival = others.find(([, other]) => isRunning(other.owner))?.[1].owner;
      if (rival === undefined) {
        for (const [otherPath, other] of others) await endLeftovers(otherPath, other, signal);
        return path;
      }
      if (attempt === attemptsMax) throw inUse(folder, rival);
    } catch (error) {
      deleteRecord(path);
      throw error;
    }
    deleteRecord(path);
    await sleep(systemClock, 20 + Math.random() * 80, signal);
  }
}

/**
 * Makes a folder this process's own, also where no server is to run in it; a killed process holds nothing.
 *
 * @returns lets it go.
 * @throws LOCAL_STACK_FOLDER_IN_USE with the `pid` of whoever has it, LOCAL_STACK_FOLDER_UNUSABLE.
 */
export async function holdFolder(folder: string, signal?: AbortSignal): Promise<() => void> {
  const path = await claimFolder(folder, signal);
  return () => deleteRecord(path);
}

const attemptsMax = 4;
const killLimitMs = 10_000;

/**
 * Removes temporary folders whose runs were killed together with their keepers, and ends the servers there:
 * nobody will ever name such a folder again. Only folders of our own, since their records are believed. What
 * can't be removed is told, and is no reason not to start.
 */
export async function removeAbandoned(
  parent: string,
  prefix: string,
  onProgress: (step: string) => void,
): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(parent, name);
    await removeIfAbandoned(folder).catch((error: unknown) => {
      onProgress(`Cannot tidy up ${folder}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}

async function removeIfAbandoned(folder: string): Promise<void> {
  if (!(await isOurs(folder)) || !(await isOurs(join(folder, 'runs')))) return;
  const left = otherRecords(folder, undefined);
  const isUsed = left.some(([, { owner, keeper = owner }]) => isRunning(owner) || isRunning(keeper));
  if (isUsed || left.length === 0) return; // Without a record, it is just being made.
  for (const [path, record] of left) await endLeftovers(path, record);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** False also for one that was removed just now. */
function isOurs(folder: string): Promise<boolean> {
  return lstat(folder).then(
    ({ uid }) => uid === process.getuid?.(),
    () => false,
  );
}

/** Waits for a keeper that still stops its servers; where there is none, stops them itself. */
export async function endLeftovers(path: string, left: RunRecord, signal?: AbortSignal): Promise<void> {
  const { keeper } = left;
  if (keeper !== undefined && isRunning(keeper) && !(await hasEnded(keeper, keeperLimitMs, signal))) {
    signalProcess(keeper.pid, 'SIGKILL');
  }
  // The keeper may have started or ended servers since; when it ended in order, no record is left.
  for (const server of readRecord(path)?.servers ?? []) await endServer(server, signal);
  deleteRecord(path);
}

/**
 * SIGINT asks PostgreSQL for its fast shutdown and Valkey for an orderly one. Both recover from a SIGKILL: their
 * logs are there for that.
 */
async function endServer(server: ProcessIdentity, signal?: AbortSignal): Promise<void> {
  for (const kill of ['SIGINT', 'SIGKILL'] as const) {
    if (!isRunning(server)) return;
    signalProcess(server.pid, kill);
    signalProcess(server.pid, 'SIGCONT');
    if (await hasEnded(server, killLimitMs, signal)) return;
  }
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // It ended just now: as wished.
  }
}

async function hasEnded(who: ProcessIdentity, limitMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + limitMs;
  while (isRunning(who)) {
    if (systemClock.monotonicMs() > deadlineMs) return false;
    await sleep(systemClock, 20, signal);
  }
  return true;
}

function writeOwnRecord(folder: string): string {
  const owner = identify(process.pid);
  if (owner === undefined) throw unusable(folder, 'the system does not say when this process started');
  try {
    const path = newRecordPath(folder);
    writeRecord(path, { owner, servers: [] });
    return path;
  } catch (error) {
    throw unusable(folder, error instanceof Error ? error.message : String(error), error);
  }
}

function otherRecords(folder: string, own: string | undefined): [path: string, record: RunRecord][] {
  const others: [string, RunRecord][] = [];
  for (const path of recordPaths(folder)) {
    if (path === own) continue;
    const record = readRecord(path);
    if (record === undefined) deleteRecord(path);
    else others.push([path, record]);
  }
  return others;
}

function inUse(folder: string, rival: ProcessIdentity): Error {
  const who = rival.pid === process.pid ? `this process (pid ${rival.pid})` : `process ${rival.pid}`;
  return localStackError(
    'LOCAL_STACK_FOLDER_IN_USE',
    `Cannot start servers in ${folder}: ${who} already has a stack there. Stop it, or name another folder.`,
    { facts: { folder, pid: rival.pid } },
  );
}
