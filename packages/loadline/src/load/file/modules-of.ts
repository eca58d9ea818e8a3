import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Of `import … from './x.ts'`, `export … from`, `import './x.ts'` and `import('./x.ts')`. */
const relativeImport = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/**
 * Modules with those that they import, and so on, and their texts. What looks like an import, but names no file,
 * is none.
 */
export async function modulesOf(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const pending = [...paths];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    found.set(path, text);
    for (const [, , imported] of text.matchAll(relativeImport))
      pending.push(resolve(dirname(path), imported as string));
  }
  return found;
}
