import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { namedFiles } from './grammar/named-files.ts';
import { environmentNames } from './grammar/templates.ts';
import { isModule, readSource } from './read-source.ts';

/** What must be there, besides Loadline, to read a scenario file elsewhere. */
export interface FilesOf {
  /** Absolute paths, the scenario file's first. */
  readonly files: readonly string[];
  /** As they stand in the file, where that is no path from it. */
  readonly absolute: readonly string[];
  /** The names of its `{{$env.NAME}}`. */
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
  const modules = [...(isModule(path) ? [resolve(path)] : []), ...scripts.map(beside)];
  return {
    files: [
      ...new Set([resolve(path), ...[...tables, ...sent].map(beside), ...(await withImports(modules))]),
    ],
    absolute: [...tables, ...sent, ...scripts].filter((file) => isAbsolute(file)),
    env: environmentNames(value),
  };
}

/**
 * Whether to read a scenario file means to run code. Runs none itself.
 *
 * @throws LOAD_FILE_UNREADABLE
 */
export async function holdsCode(path: string): Promise<boolean> {
  return isModule(path) || namedFiles((await readSource(path)).value).scripts.length > 0;
}

/** Of `import … from './x.ts'`, `export … from`, `import './x.ts'` and `import('./x.ts')`. */
const relativeImport = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/** Modules with those that they import, and so on. What looks like an import, but names no file, is none. */
async function withImports(modules: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const pending = [...modules];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    found.add(path);
    for (const [, , imported] of text.matchAll(relativeImport))
      pending.push(resolve(dirname(path), imported as string));
  }
  return found;
}
