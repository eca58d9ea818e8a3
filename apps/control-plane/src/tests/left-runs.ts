import { readdir } from 'node:fs/promises';
import { type Clock, sleep } from 'loadline/base';
import type { LoadTest, LoadTests } from 'loadline/store';
import type { RunEndings } from './run-endings.ts';
import { removeFolder } from './run-files.ts';
import { endOf } from './test-end.ts';

export interface LeftRunsOptions {
  readonly tests: LoadTests;
  readonly clock: Clock;
  /** Has a folder for each run. */
  readonly folder: string;
  readonly endings: RunEndings;
  readonly isClosing: () => boolean;
  readonly onFailure: (error: unknown) => void;
}

/** The process of a run whose control plane was killed has this long for its last answers and its report. */
const reportLateMs = 120_000;
const lookMs = 500;

const because = 'The control plane was restarted while it ran.';

/** Ends the tests that an earlier process has begun in this folder and was killed in. Reports may come a moment later. */
export async function takeUpLeft(options: LeftRunsOptions): Promise<void> {
  const { tests, folder, endings, onFailure } = options;
  for (const id of await foldersIn(folder)) {
    const test = await tests.get(id);
    if (test !== undefined && isOpen(test)) await takeUp(test, options);
    else await removeFolder(endings.folderOf(id)).catch(onFailure);
  }
}

/** Running, or taken for dead by somebody who could not know its report. */
function isOpen({ state, hasReport }: LoadTest): boolean {
  return state === 'running' || state === 'cancelling' || (state === 'interrupted' && !hasReport);
}

/** Its process notices that it is alone, and leaves a report of what was measured until then. */
async function takeUp(test: LoadTest, options: LeftRunsOptions): Promise<void> {
  const { endings, onFailure } = options;
  if (await takeReport(test, endings)) return;
  await endings.finish(test.id, test.runner ?? '', { state: 'interrupted', reason: because });
  void takeLater(test, options).catch(onFailure);
}

async function takeLater(
  test: LoadTest,
  { clock, endings, isClosing }: Pick<LeftRunsOptions, 'clock' | 'endings' | 'isClosing'>,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < reportLateMs; waitedMs += lookMs) {
    await sleep(clock, lookMs);
    if (isClosing() || (await takeReport(test, endings))) return;
  }
  await endings.tidy(test.id);
}

async function takeReport(test: LoadTest, endings: RunEndings): Promise<boolean> {
  const { id, state, runner = '' } = test;
  const left = await endings.readLeft(id);
  if (left === undefined) return false;
  const wasCancelled = state === 'cancelling';
  const isItsWord = wasCancelled || left.report.verdict.status !== 'interrupted';
  const told = isItsWord ? undefined : because;
  await endings.finish(id, runner, endOf(test, { left, because: told, wasCancelled, wasStopped: true }));
  await endings.tidy(id);
  return true;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
