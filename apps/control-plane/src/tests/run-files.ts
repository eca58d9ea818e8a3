import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadReport } from 'loadline/load';
import { writeWhole } from '../memory/index.ts';

/** What a run has left in its folder. */
export interface LeftReport {
  readonly report: LoadReport;
  /** The same, letter by letter. */
  readonly text: string;
}

/** Makes the folder of a run, which only this user may look into, with its scenario in it. */
export async function writeScenario(folder: string, scenario: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(scenarioFileIn(folder), scenario);
}

export function scenarioFileIn(folder: string): string {
  return join(folder, 'scenario.json');
}

export function writeReport(folder: string, report: LoadReport): Promise<void> {
  return writeWhole(reportFileIn(folder), JSON.stringify(report));
}

/** Undefined where the run has left none. */
export async function readReport(folder: string): Promise<LeftReport | undefined> {
  try {
    const text = await readFile(reportFileIn(folder), 'utf8');
    return { text, report: JSON.parse(text) as LoadReport };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A process that is about to end may still write into it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

function reportFileIn(folder: string): string {
  return join(folder, 'report.json');
}
