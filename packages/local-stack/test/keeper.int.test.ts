import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Keeper } from '../src/keeper.ts';
import type { Command } from '../src/keeper-protocol.ts';
import { identify, type ProcessIdentity } from '../src/process-identity.ts';
import { newRecordPath, readRecord, writeRecord } from '../src/run-record.ts';
import { livingOf, processesIn } from './processes.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('ends also when it cannot tidy up', async () => {
  // A folder where its record should be is nothing that it can delete.
  const keeper = new Keeper({ recordPath: folder }, join(folder, 'keeper.log'));
  await expect(keeper.stop()).resolves.toBeUndefined();
});

it('is killed when it doesn’t end in time, as when it is frozen', async () => {
  const { keeper } = createKeeper();
  await keeper.start(sleeper('any'));
  process.kill(keeper.pid ?? 0, 'SIGSTOP');
  await keeper.stop(100);
  expect(livingOf([keeper.pid ?? 0])).toEqual([]);
  for (const line of processesIn(folder)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
});

it('goes on keeping the others when one ends and it cannot write that down', async () => {
  const { keeper, recordPath } = createKeeper();
  const [one, other] = [await keeper.start(sleeper('one')), await keeper.start(sleeper('other'))];
  breakRecord(recordPath);
  process.kill(one.pid, 'SIGKILL');
  await expect(one.ended).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  expect(livingOf([other.pid])).toEqual([other.pid]);
  await expect(other.end()).resolves.toEqual({ code: null, signal: 'SIGTERM' });
  await keeper.stop();
});

it('ends what it cannot write down: nobody could end that after a crash', async () => {
  const { keeper, recordPath } = createKeeper();
  await keeper.start(sleeper('first'));
  breakRecord(recordPath);
  await expect(keeper.start(sleeper('second'))).rejects.toMatchObject({ code: 'LOCAL_STACK_SERVER_FAILED' });
  await vi.waitFor(() => expect(processesIn(join(folder, 'second'))).toEqual([]));
  expect(processesIn(join(folder, 'first'))).toHaveLength(1);
  await keeper.stop();
});

function createKeeper(): { keeper: Keeper; recordPath: string } {
  const recordPath = newRecordPath(folder);
  writeRecord(recordPath, { owner: identify(process.pid) as ProcessIdentity, servers: [] });
  const keeper = new Keeper({ recordPath }, join(folder, 'keeper.log'));
  return { keeper, recordPath };
}

/** Where a folder stands in the place of the next record, writing one fails as on a full disk. */
function breakRecord(recordPath: string): void {
  expect(readRecord(recordPath)?.servers.length).toBeGreaterThan(0);
  mkdirSync(`${recordPath}.new`);
}

/** A program that waits, with its name and the folder in the process list. */
function sleeper(name: string): Command {
  return {
    name,
    path: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1000)', join(folder, name)],
    cwd: folder,
    env: {},
    logPath: join(folder, `${name}.log`),
    stopSignals: [{ signal: 'SIGTERM', afterMs: 0 }],
  };
}
