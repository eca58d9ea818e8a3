import { dirname, resolve } from 'node:path';
import type { DataTable } from '../data/data-table.ts';
import { readTable } from '../data/read-table.ts';
import type { ScenarioFunction } from '../scripts/scenario.ts';
import { namedFiles } from './grammar/named-files.ts';
import type { Surroundings } from './grammar/scenario-file.ts';
import { importModule, isClass } from './module-source.ts';
import { readWhole } from './read-file.ts';

interface Problem {
  readonly problem: string;
}

/** Of all files that are sent together: they are held in memory, by every process that makes load. */
const sentBytesMax = 50_000_000;

/** Reads what a scenario file names; what cannot be read is a problem of the line that names it. */
export async function readSurroundings(
  value: unknown,
  path: string,
  env: Surroundings['env'],
): Promise<Surroundings> {
  const named = namedFiles(value);
  const beside = (file: string): string => resolve(dirname(path), file);
  const tables = await readEach<DataTable>(named.tables, (file) => readTable(beside(file)));
  let bytesLeft = sentBytesMax;
  const sent = await readEach<Uint8Array>(named.sent, async (file) => {
    const bytes = await readWhole(beside(file), bytesLeft);
    bytesLeft -= bytes.length;
    return bytes;
  });
  const scripts = await readEach<ScenarioFunction>(named.scripts, (file) => readScript(beside(file)));
  const missing: Problem = { problem: 'was not read' };
  return {
    readTable: (file) => tables.get(file) ?? missing,
    readFile: (file) => sent.get(file) ?? missing,
    readScript: (file) => scripts.get(file) ?? missing,
    env,
  };
}

async function readScript(path: string): Promise<ScenarioFunction | Problem> {
  const { default: script } = await importModule(path);
  if (typeof script === 'function' && !isClass(script)) return script as ScenarioFunction;
  return { problem: 'has no default export that is a function, as in `export default defineScenario(…)`' };
}

/** One after the other, so that not all of them are in memory twice. */
async function readEach<Value>(
  files: readonly string[],
  read: (file: string) => Promise<Value | Problem>,
): Promise<Map<string, Value | Problem>> {
  const found = new Map<string, Value | Problem>();
  for (const file of files) {
    try {
      found.set(file, await read(file));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'ENOENT' ? 'there is no such file' : message;
      found.set(file, { problem: `names a file that cannot be read: ${file}: ${reason}` });
    }
  }
  return found;
}
