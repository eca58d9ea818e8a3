import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadReport } from 'loadline/load';
import { renderCsv, renderHtml } from 'loadline/load/output';
import { writeWhole } from '../memory/index.ts';

/** The forms in which a run leaves its report, and their media types. */
export const resultFormats = {
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

export type ResultFormat = keyof typeof resultFormats;

export function resultFileIn(folder: string, format: ResultFormat): string {
  return join(folder, `report.${format}`);
}

/** Leaves a report in all its forms. The JSON comes last: where it is, all are. */
export async function writeResults(folder: string, report: LoadReport): Promise<void> {
  await writeWhole(resultFileIn(folder, 'html'), renderHtml(report));
  await writeWhole(resultFileIn(folder, 'csv'), renderCsv(report));
  await writeWhole(resultFileIn(folder, 'json'), JSON.stringify(report));
}

/** How a run has ended; undefined where it has left no report. */
export async function readVerdict(folder: string): Promise<LoadReport['verdict'] | undefined> {
  try {
    const report = JSON.parse(await readFile(resultFileIn(folder, 'json'), 'utf8')) as LoadReport;
    return report.verdict;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
