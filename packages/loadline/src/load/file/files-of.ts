import { dirname, isAbsolute, resolve } from 'node:path';
import { namedFiles } from './grammar/named-files.ts';
import { environmentNames } from './grammar/templates.ts';
import { modulesOf } from './modules-of.ts';
import { isModule, readSource } from './read-source.ts';
import { environmentCalls } from './script-environment.ts';

/** What must be there, besides Loadline, to read a scenario file elsewhere. */
export interface FilesOf {
  /** Absolute paths, the scenario file's first. */
  readonly files: readonly string[];
  /** As they stand in the file, where that is no path from it. */
  readonly absolute: readonly string[];
  /** The names of its `{{$env.NAME}}`, and of its scripts' `user.env('NAME')`. */
  readonly env: readonly string[];
}

/**
 * Lists the files that a scenario file is read with: itself, its data, what it sends, its scripts and what they
 * import by a relative path. Whether they are there is not asked.
 *
 * @throws LOAD_FILE_UNREADABLE
 */
export async function filesOf(path: string): Promise<FilesOf> {
  const { value } = await readSource(path);
  const { tables, sent, scripts } = namedFiles(value);
  const beside = (file: string): string => resolve(dirname(path), file);
  const modules = await modulesOf(modulesIn(path, value));
  return {
    files: [...new Set([resolve(path), ...[...tables, ...sent].map(beside), ...modules.keys()])],
    absolute: [...tables, ...sent, ...scripts].filter((file) => isAbsolute(file)),
    env: [...new Set([...environmentNames(value), ...environmentCalls(modules)])],
  };
}

/** The scenario file where it is a module, and the scripts that it names. */
export function modulesIn(path: string, value: unknown): string[] {
  const { scripts } = namedFiles(value);
  return [...(isModule(path) ? [resolve(path)] : []), ...scripts.map((file) => resolve(dirname(path), file))];
}

/**
 * Whether to read a scenario file means to run code. Runs none itself.
 *
 * @throws LOAD_FILE_UNREADABLE
 */
export async function holdsCode(path: string): Promise<boolean> {
  return isModule(path) || namedFiles((await readSource(path)).value).scripts.length > 0;
}
