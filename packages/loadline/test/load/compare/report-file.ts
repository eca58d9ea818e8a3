import { writeFile } from 'node:fs/promises';
import type { ReportedRun } from 'loadline/load/compare';

/** Writes a run as a report's file has it, and gives the path. */
export async function writeReport(path: string, run: ReportedRun): Promise<string> {
  await writeFile(path, JSON.stringify({ schema: 'loadline.load-report/3', ...run }));
  return path;
}
