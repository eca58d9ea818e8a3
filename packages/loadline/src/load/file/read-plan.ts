import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { formatBytes, formatPath, type Problem } from '../../base/index.ts';
import { loadError } from '../errors.ts';
import type { LoadPlan } from '../plan.ts';
import { type DataTable, parseDataFile } from './data-file.ts';
import { type PlanChoice, planFrom } from './plan-from.ts';
import { dataFilesOf, listProblems, parseScenarioFile } from './scenario-file.ts';
import { readYaml } from './yaml-source.ts';

/**
 * Reads a scenario file with its data files, and makes the plan that was asked for.
 *
 * @throws LOAD_FILE_UNREADABLE; LOAD_FILE_INVALID with every problem and its line, also as `facts.problems`;
 *   LOAD_OPTIONS_INVALID with every option that does not fit.
 */
export async function readLoadPlan(path: string, choice: Omit<PlanChoice, 'name'> = {}): Promise<LoadPlan> {
  const source = readYaml(await readText(path, scenarioBytesMax));
  const tables = await readTables(path, dataFilesOf(source.value));
  const parsed = parseScenarioFile(source.value, (file) => tables.get(file) ?? { problem: 'was not read' });
  if (source.problems.length > 0) throw invalid(path, source.problems);
  if (!parsed.ok) throw invalid(path, listProblems(parsed.problems, source.locate));
  const plan = planFrom(parsed.value, { ...choice, name: basename(path).replace(/\.ya?ml$/, '') });
  if (plan.ok) return plan.value;
  throw loadError('LOAD_OPTIONS_INVALID', optionsMessage(path, plan.problems), {
    facts: { problems: plan.problems },
  });
}

/** Who has this many to correct need not be told of more at once. */
const problemsMax = 100;
const scenarioBytesMax = 5_000_000;
/** Rows are held in memory. */
const dataBytesMax = 500_000_000;

async function readTables(
  path: string,
  files: readonly string[],
): Promise<Map<string, DataTable | { readonly problem: string }>> {
  const tables = new Map<string, DataTable | { readonly problem: string }>();
  for (const file of files) {
    try {
      tables.set(file, parseDataFile(await readText(resolve(dirname(path), file), dataBytesMax)));
    } catch (error) {
      tables.set(file, {
        problem: (error as Error).message.replace(/^Cannot read /, 'names a file that cannot be read: '),
      });
    }
  }
  return tables;
}

async function readText(path: string, bytesMax: number): Promise<string> {
  try {
    const { size } = await stat(path);
    const pieces: Buffer[] = [];
    let readBytes = 0;
    // A pipe or a device does not say beforehand how much it has.
    if (size <= bytesMax) {
      for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
        readBytes += piece.length;
        if (readBytes > bytesMax) break;
        pieces.push(piece);
      }
    }
    if (Math.max(size, readBytes) > bytesMax) throw new Error(`the limit is ${formatBytes(bytesMax)}`);
    return Buffer.concat(pieces).toString('utf8');
  } catch (cause) {
    const found =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw loadError('LOAD_FILE_UNREADABLE', `Cannot read ${path}: ${found}.`, { cause, facts: { path } });
  }
}

function invalid(path: string, problems: readonly string[]): Error {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const shown = problems.slice(0, problemsMax).map((problem) => `  ${problem}`);
  const rest = problems.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
  return loadError('LOAD_FILE_INVALID', `Cannot use ${path}: it has ${count}.\n${list}`, {
    facts: { path, problems },
  });
}

function optionsMessage(path: string, problems: readonly Problem[]): string {
  const list = problems.map(
    (problem) => `  ${problem.path.length === 0 ? 'the load' : formatPath(problem.path)} ${problem.message}`,
  );
  return `Cannot plan the load of ${path}.\n${list.join('\n')}`;
}
