import { open } from 'node:fs/promises';
import { type Clock, ended, formatBytes, formatPath, type Problem } from '../../base/index.ts';
import { listProblems, readText } from '../../base/source/index.ts';
import { scalingError } from '../errors.ts';
import type { FlagSource } from './flag-source.ts';
import { type FlagLook, KeptFlags } from './kept-flags.ts';
import { parseFlags } from './parse-flags.ts';

/** Which file, and how often it is looked at. */
export interface FileFlagsOptions {
  readonly clock: Clock;
  /** YAML or JSON, at most 1 MiB. */
  readonly path: string;
  /** How often the file is looked at. Default 2,000. */
  readonly everyMs?: number;
}

/**
 * Flags of a file. It is read again and again, since not every place of files tells of changes; a change that cannot
 * be read is told, and the flags from before hold on.
 *
 * @throws LoadlineError SCALING_FLAGS_INVALID where the file cannot be read at the beginning, with every problem.
 */
export async function openFileFlags({ clock, path, everyMs = 2000 }: FileFlagsOptions): Promise<FlagSource> {
  let lastText: string | undefined;
  const source = new KeptFlags({
    name: path,
    clock,
    everyMs,
    async look() {
      const read = await readBounded(path);
      if ('because' in read) {
        lastText = undefined;
        return { kind: 'unreadable', because: read.because };
      }
      if (read.text === lastText) return { kind: 'same' };
      lastText = read.text;
      return readFlags(path, read.text);
    },
  });
  await source.look();
  const { status } = source;
  if (status.kind !== 'never read') return source;
  await source.close();
  throw scalingError('SCALING_FLAGS_INVALID', ended(`Cannot read the flags of ${path}: ${status.because}`), {
    facts: { path },
  });
}

const fileBytesMax = 1024 * 1024;

async function readBounded(path: string): Promise<{ readonly text: string } | { readonly because: string }> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > fileBytesMax) {
      return { because: `it has ${formatBytes(size)}, and ${formatBytes(fileBytesMax)} is the limit` };
    }
    return { text: await file.readFile('utf8') };
  } catch (error) {
    return { because: (error as Error).message };
  }
}

function readFlags(path: string, text: string): FlagLook {
  const source = readText(path, text);
  const parsed = parseFlags(source.value);
  const problems = listProblems(source, parsed.ok ? [] : parsed.problems);
  return parsed.ok && problems.length === 0
    ? { kind: 'read', flags: parsed.value }
    : { kind: 'unreadable', because: tellFirst(problems) };
}

const problemsMax = 20;

/** Every problem with its place; of very many the first, and how many there are. */
export function tellProblems(problems: readonly Problem[]): string {
  return tellFirst(problems.map(({ path, message }) => `${formatPath(path)} ${message}`));
}

function tellFirst(problems: readonly string[]): string {
  const told = problems.slice(0, problemsMax);
  const rest = problems.length - told.length;
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
